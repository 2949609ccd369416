"""A product check that read the product's own page: safety counts, and its words do nothing but tell."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.page_questions import ProductPage, ReadProductPage
from aurora.actors.questions import DecisionChat
from aurora.contract.memory import Memory
from aurora.contract.validation import decode
from aurora.flows.product import analyze
from tests.flows.chat_kit import CORE
from tests.support.fakes import NEVER, Played, play, turn_for

URL = "https://shop.example/p/night"
FILLERS = [f"Hydrolyzed Something {number}" for number in range(100)]
PLAIN = ["Aqua", "Glycerin", "Butylene Glycol", "Panthenol", "Phenoxyethanol"]


async def checked(page: ProductPage, lang: str = "EN", **profile: Any) -> Played:
    turn = turn_for("product_analyze", decode("product_analyze", {"url": URL}), lang=lang)
    known = msgspec.structs.replace(CORE, **profile)
    return await play(
        analyze,
        turn,
        budget=("product_analysis", 12000),
        memory=Memory(profile=known),
        answers={ReadProductPage: page, DecisionChat: NEVER},
    )


def verdicts(played: Played) -> list[str]:
    return [card["assessment"]["verdict"] for card in played.cards("product_analysis")]


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    "forbidden", ["Retinol", "Hydroxypinacolone Retinoate", "Hydroquinone", "维A醇", "氢醌"]
)
@pytest.mark.parametrize("before", [[], FILLERS])
async def test_what_pregnancy_forbids_is_never_likely(
    autojump_clock: Any, forbidden: str, lang: str, before: list[str]
) -> None:
    page = ProductPage(url=URL, name="Night", inci=[*PLAIN, "Niacinamide", *before, forbidden])
    played = await checked(page, lang, pregnancy_status="pregnant")
    assert not {"Suitable", "Likely Suitable", "适合", "较适合"}.intersection(verdicts(played))
    plain = await checked(ProductPage(url=URL, name="Night", inci=PLAIN), lang, pregnancy_status="pregnant")
    assert verdicts(plain) == ["较适合" if lang == "CN" else "Likely Suitable"]


@pytest.mark.parametrize("code", ["off", "url_refused", "unresolved", "timeout", "unreadable"])
async def test_a_page_that_was_not_read_says_nothing(autojump_clock: Any, code: Any) -> None:
    played = await checked(ProductPage(code=code))
    assert verdicts(played) == ["Unknown"]


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_words_of_a_page_that_would_act_do_not_leave(autojump_clock: Any, lang: str) -> None:
    evil = "javascript:alert(1)"
    page = ProductPage(
        url=URL, brand=evil, name="[buy](javascript:alert(1)) kb:secret-1", inci=[*PLAIN, evil]
    )
    played = await checked(page, lang)
    told = msgspec.json.encode(played.body).decode()
    assert "javascript:" not in told
    assert "kb:" not in told
