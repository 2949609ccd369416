"""/ops/replay as an operator sees it: in Chromium, over a service that has had a bad morning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SCRIPT

Open = Callable[..., Page]


def open_turn(page: Page, show: str, *, kind: str = "") -> None:
    """The newest turn of a filter."""
    page.goto(f"/ops/replay?show={show}&kind={kind}")
    page.locator("table.turns tbody a").first.click()
    expect(page.locator("#picture")).to_be_visible()


def too_wide(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return wide


def test_the_list_pages_and_filters(open_page: Open) -> None:
    page = open_page()
    rows = page.locator("table.turns tbody tr")
    expect(rows).to_have_count(25)
    newest = rows.all_inner_texts()
    page.get_by_role("button", name="Older turns").click()
    page.wait_for_url("**after=**")
    assert rows.count() >= 1
    assert not set(rows.all_inner_texts()) & set(newest)
    for label, outcome in (("Degraded", "degraded"), ("Blocked", "blocked"), ("Client gone", "abandoned")):
        page.get_by_role("link", name=label).click()
        expect(page.get_by_role("link", name=label)).to_have_attribute("aria-current", "page")
        assert set(page.locator("table.turns .tag").all_inner_texts()) == {outcome}
    page.get_by_role("link", name="Slow").click()
    expect(page.get_by_role("link", name="Slow")).to_have_attribute("aria-current", "page")
    assert 1 <= rows.count() < 25
    page.goto("/ops/replay?show=failed&kind=tracker_log")
    expect(page.get_by_role("heading", name="No such turn")).to_be_visible()


def test_a_person_is_found_without_being_named_in_the_address(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("UID").fill("mallory")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("table.turns tbody tr")).to_have_count(1)
    assert "mallory" not in page.url
    assert "mallory" not in page.title()


def test_what_was_said_is_shown_and_never_run(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("UID").fill("mallory")
    page.get_by_role("button", name="Find").click()
    page.locator("table.turns tbody a").first.click()
    expect(page.locator("blockquote")).to_have_text(SCRIPT)


def test_a_cut_turn_shows_budget_cut_and_reserve(open_page: Open) -> None:
    page = open_page()
    open_turn(page, "degraded", kind="chat")
    expect(page.locator(".budget-line")).to_have_count(1)
    expect(page.locator(".cut-line")).to_have_count(1)
    assert page.locator(".mark.cut").count() >= 1
    assert page.locator(".mark.closed").count() >= 1
    expect(page.locator(".big")).to_contain_text("its budget of 1,500 ms")


def test_the_marks_are_walked_by_keyboard_and_say_what_they_mean(open_page: Open) -> None:
    page = open_page()
    open_turn(page, "all", kind="analysis")
    marks = page.locator("#picture .mark")
    count = marks.count()
    assert count >= 4
    assert page.locator('#picture .mark[tabindex="0"]').count() == 1, "one stop for the tab key"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('mark')"):
            break
    else:
        pytest.fail("the tab key never comes to the picture")
    said = []
    for _ in range(count):
        said.append(page.locator("#detail").inner_text())
        page.keyboard.press("ArrowRight")
    assert said == [marks.nth(n).get_attribute("aria-label") for n in range(count)]
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert page.locator("#detail").inner_text() not in ("", said[0])


def test_the_tables_say_the_same_as_the_picture(open_page: Open) -> None:
    page = open_page()
    open_turn(page, "all", kind="analysis")
    page.get_by_text("The same as tables").click()
    questions = page.get_by_role("table", name="Questions").locator("tbody tr")
    drawn = page.locator("#picture .mark.answered, #picture .mark.failed, #picture .mark.cut")
    assert questions.count() == drawn.count()
    gates = page.get_by_role("table", name="Gates").locator("tbody tr")
    assert gates.count() == page.locator("#picture .mark.passed, #picture .mark.closed").count()


def test_what_changed_in_memory_is_marked_in_words(open_page: Open) -> None:
    page = open_page()
    page.goto("/ops/replay?kind=profile_update")
    page.locator("table.turns tbody a").first.click()
    changed = page.locator("table.diff tr.changed", has_text="profile.skinType")
    expect(changed).to_contain_text("changed")
    expect(changed).to_contain_text("oily")


def test_times_are_in_the_readers_zone_with_utc_on_hover(open_page: Open) -> None:
    page = open_page()
    time = page.locator("table.turns time").first
    utc = time.get_attribute("title") or ""
    assert utc.endswith("Z")
    hour = (int(utc[11:13]) + 8) % 24
    assert time.inner_text()[11:13] == f"{hour:02}"


def test_the_command_can_be_copied(open_page: Open) -> None:
    page = open_page()
    open_turn(page, "all")
    assert page.locator("#command").inner_text().startswith("aurora replay --request ")
    page.get_by_role("button", name="Copy command").click()
    expect(page.locator('button[data-copy="#command"]')).to_have_text("Copied")


def test_without_scripts_everything_is_there(open_page: Open) -> None:
    page = open_page(script=False)
    open_turn(page, "all", kind="analysis")
    expect(page.locator("#picture .mark").first).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1280, 2560])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_the_window(open_page: Open, images: Path, width: int, dark: bool) -> None:
    page = open_page(width, dark=dark)
    look = "dark" if dark else "light"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 22, 26)" if dark else "rgb(251, 250, 248)")
    assert not too_wide(page)
    page.screenshot(path=images / f"replay-list-{width}-{look}.png")
    open_turn(page, "degraded", kind="chat")
    assert not too_wide(page)
    page.screenshot(path=images / f"replay-turn-{width}-{look}.png", full_page=True)


def test_a_turn_prints_on_one_page(open_page: Open) -> None:
    page = open_page()
    open_turn(page, "degraded", kind="chat")
    printed = page.pdf(format="A4", print_background=True)
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1


def test_who_signs_out_is_out(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/ops/replay/turn?request=x")
    expect(page.get_by_label("Admin key")).to_be_visible()
