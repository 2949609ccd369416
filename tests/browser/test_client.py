"""The service as the web client meets it: from another origin, in Chromium, with its headers (F 2, F 15)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

PRODUCT = "Mock Parsed Product"

Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: str, origin: str) -> Iterator[Visit]:
    """Opens the page on a device of its own; in the end no script may have failed."""
    failed: list[str] = []
    opened: list[Page] = []

    def open_one(lang: str = "en") -> Page:
        context = browser.new_context()
        context.set_default_timeout(8_000)
        page = context.new_page()
        page.on("pageerror", lambda error: failed.append(str(error)))
        opened.append(page)
        page.goto(f"{origin}/client.html?api={site}&lang={lang}")
        expect(page.locator("#answered")).to_have_text("1")
        return page

    yield open_one
    for page in opened:
        page.context.close()
    assert failed == []


def press(page: Page, name: str, *, calls: int = 1, status: int = 200) -> None:
    """Press a button and wait until its calls are answered."""
    before = int(page.locator("#answered").inner_text())
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#answered")).to_have_text(str(before + calls))
    expect(page.locator("#status")).to_have_text(str(status))


def check(page: Page, product: str = PRODUCT) -> str:
    """Check a product; what its card says."""
    page.get_by_label("Product").fill(product)
    with page.expect_response("**/v1/events") as told:
        press(page, "Check", calls=2)
    assert told.value.status == 204
    return page.locator('.card[data-type="product_analysis"]').last.inner_text()


def sign_in(page: Page, mails: Path, email: str) -> None:
    """By a code from the mail; the page boots anew, without the token."""
    page.get_by_label("Email").fill(email)
    press(page, "Send code")
    letter = mails.read_text("utf-8").rpartition(f"To: {email}")[2]
    page.get_by_label("Code").fill(re.findall(r"\b\d{6}\b", letter)[0])
    press(page, "Sign in", calls=2)


def person(page: Page) -> dict[str, Any]:
    """The profile that the page has."""
    text = page.locator("#person").text_content()
    return dict(json.loads(text)) if text else {}


def test_a_guest_checks_a_product(visit: Visit) -> None:
    page = visit()
    verdict, *reasons = check(page).splitlines()
    assert verdict == "Suitable"
    assert len([line for line in reasons if not line.startswith("?")]) >= 2
    assert "?skinType" in reasons


def test_the_stock_page_lives_on_when_the_profile_is_complete(visit: Visit) -> None:
    """T2: `profile_prompt` is sent to whoever would die without it."""
    page = visit()
    press(page, "Tell my skin")
    assert person(page)["skinType"] == "oily"
    assert not [line for line in check(page).splitlines() if line.startswith("?")]
    assert check(page)


def test_a_check_in_chinese(visit: Visit) -> None:
    said = check(visit("cn"))
    assert re.search(r"[一-鿿]{4}", said)


def test_a_refusal_can_be_read_across_origins(visit: Visit) -> None:
    """An answer without CORS headers would be a network error to the page, with nothing to show."""
    page = visit()
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Code").fill("000000")
    press(page, "Sign in", status=401)
    expect(page.locator('.card[data-type="error"]')).to_have_count(1)
    expect(page.locator(".said").last).not_to_be_empty()


def test_memory_follows_whoever_signs_in(visit: Visit, mails: Path) -> None:
    """Told to one device, found on another; gone from it after signing out (F 11, F 17.5, 26-28)."""
    phone = visit()
    press(phone, "Tell my skin")
    sign_in(phone, mails, "mei@example.com")
    assert person(phone)["skinType"] == "oily", "the first bootstrap has no token"

    laptop = visit()
    assert person(laptop) == {}
    sign_in(laptop, mails, "mei@example.com")
    assert person(laptop)["skinType"] == "oily"

    press(laptop, "Sign out", calls=2)
    laptop.reload()
    expect(laptop.locator("#answered")).to_have_text("1")
    assert person(laptop) == {}
    phone.reload()
    expect(phone.locator("#answered")).to_have_text("1")
    assert person(phone)["skinType"] == "oily", "the other session lives on"
