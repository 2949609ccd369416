"""Offers resolved: a few at once, each with its share of the time, and none lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.findings import Failure
from aurora.actors.links import Reply
from aurora.actors.offer_reading import read_offer
from aurora.actors.questions import ResolveOffer
from aurora.contract.memory import Memory, Profile
from aurora.contract.offer_requests import OffersResolve, OfferToResolve
from aurora.flows.offers import AT_ONCE, resolve
from aurora.settings import Settings
from aurora.store.port import StoreError
from tests.support.fakes import NEVER, FakeStore, Played, after, play, turn_for

SETTINGS = Settings(backend_base_url="http://backend.example")
BUDGET = ("offers", 12000)


def page(**offer: Any) -> Any:
    """The backend's answer, as it comes over the wire."""
    raw = msgspec.json.encode({"ok": True, "offer": offer})
    return read_offer(Reply(status=200, body=msgspec.json.decode(raw), raw=raw))


READ = page(title="Cream", price={"amount": 12.5, "currency": "USD"}, imageUrl="https://img.example/1.png")
LATE = {"field": "offer.snapshot", "reason": "external_offer_resolve_timeout_or_network"}


def url(number: int) -> str:
    return f"https://shop.example/p/{number}"


def body(count: int, **product: Any) -> OffersResolve:
    return OffersResolve(
        items=[
            OfferToResolve(product={"name": f"P{number}", **product}, offer={"affiliate_url": url(number)})
            for number in range(count)
        ]
    )


async def resolved(asked: OffersResolve, answer: Any, **how: Any) -> Played:
    lang = how.pop("lang", "EN")
    answers = {ResolveOffer: answer, **how.pop("answers", {})}
    return await play(
        resolve,
        turn_for("offers_resolve", asked, lang=lang),
        settings=how.pop("settings", SETTINGS),
        answers=answers,
        budget=BUDGET,
        **how,
    )


def card(played: Played) -> dict[str, Any]:
    (payload,) = played.cards("offers_resolved")
    return payload


def gaps(played: Played) -> list[dict[str, str]]:
    (found,) = [one["field_missing"] for one in played.body["cards"] if one["type"] == "offers_resolved"]
    return list(found)


def asked_urls(played: Played) -> list[str]:
    return [question.url for question in played.asked if isinstance(question, ResolveOffer)]


async def test_every_item_comes_back_in_its_order_with_what_its_page_says(autojump_clock: Any) -> None:
    played = await resolved(body(3), after(200, READ))
    payload = card(played)
    assert [item["product"]["name"] for item in payload["items"]] == ["P0", "P1", "P2"]
    assert [item["offer"]["price"] for item in payload["items"]] == [12.5] * 3
    assert [item["metadata"]["time_to_pdp_ms"] for item in payload["items"]] == [200] * 3
    assert payload["market"] == "US"
    stats = {"count": 3, "mean": 200, "p50": 200, "p90": 200, "max": 200}
    assert payload["metadata"]["time_to_pdp_ms_stats"] == stats
    assert payload["metadata"]["pdp_open_path_stats"] == {"internal": 0, "external": 3}
    assert played.events("offers_resolved") == [{"count": 3, "market": "US", **payload["metadata"]}]
    assert played.body["session_patch"]["next_state"] == "PRODUCT_LINK_EVAL"
    assert played.elapsed_ms == 200
    assert gaps(played) == []
    assert not played.facts


async def test_at_most_five_are_under_way_at_once(autojump_clock: Any) -> None:
    open_now = most = 0

    def answer(question: ResolveOffer) -> Any:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)

        def done(_: ResolveOffer) -> Any:
            nonlocal open_now
            open_now -= 1
            return READ

        return after(100, done)

    played = await resolved(body(20), answer)
    assert most == AT_ONCE
    assert asked_urls(played) == [url(number) for number in range(20)]
    assert played.elapsed_ms == 400


@pytest.mark.parametrize("hangs", [lambda n: n % 2 == 0, lambda n: n < 10, lambda n: n >= 10])
async def test_of_twenty_of_which_half_hang_the_others_are_resolved(hangs: Any, autojump_clock: Any) -> None:
    def answer(question: ResolveOffer) -> Any:
        return NEVER if hangs(int(question.url.rpartition("/")[2])) else after(300, READ)

    played = await resolved(body(20), answer)
    items = card(played)["items"]
    assert len(items) == 20
    for number, item in enumerate(items):
        assert item["offer"].get("price") == (None if hangs(number) else 12.5)
        assert item["metadata"].get("resolve_fail_reason") == (
            "upstream_timeout" if hangs(number) else "no_candidates"
        )
    assert gaps(played) == [LATE]
    assert card(played)["metadata"]["fail_reason_counts"]["upstream_timeout"] == 10
    assert played.elapsed_ms <= 11_600
    assert played.finished.cut_reason is None
    assert "10 of 20" in played.text


async def test_where_all_hang_every_item_comes_back_as_it_was_within_the_budget(autojump_clock: Any) -> None:
    played = await resolved(body(20), NEVER)
    items = card(played)["items"]
    assert [item["offer"]["affiliate_url"] for item in items] == [url(number) for number in range(20)]
    assert gaps(played) == [LATE]
    assert played.elapsed_ms <= 11_600
    assert len(asked_urls(played)) == 20


async def test_one_slow_page_may_take_nearly_all_of_the_time(autojump_clock: Any) -> None:
    played = await resolved(body(1), after(11_000, READ))
    assert card(played)["items"][0]["offer"]["price"] == 12.5


async def test_the_budget_is_a_setting(autojump_clock: Any) -> None:
    played = await resolved(
        body(7), NEVER, settings=Settings(backend_base_url="http://b.example", offers_budget_ms=1000)
    )
    assert len(card(played)["items"]) == 7
    assert played.elapsed_ms <= 1000


async def test_cut_at_once_the_items_leave_as_they_were(autojump_clock: Any) -> None:
    settings = Settings(backend_base_url="http://b.example", offers_budget_ms=0)
    played = await resolved(body(2), NEVER, settings=settings, store=FakeStore(read_ms=60_000))
    assert played.finished.cut_reason == "budget"
    assert played.card_types == ["offers_resolved"]
    assert [item["offer"]["affiliate_url"] for item in card(played)["items"]] == [url(0), url(1)]
    assert gaps(played) == [LATE]
    assert played.text
    assert played.events("offers_resolved")[0]["count"] == 2


async def test_cut_at_once_what_may_be_forbidden_stays_here(autojump_clock: Any) -> None:
    settings = Settings(backend_base_url="http://b.example", offers_budget_ms=0)
    retinol = body(1, name="Night Retinol Serum")
    played = await resolved(retinol, NEVER, settings=settings, store=FakeStore(read_ms=60_000))
    assert played.cards("offers_resolved") == []


async def test_a_slow_store_leaves_time_for_the_pages(autojump_clock: Any) -> None:
    settings = Settings(backend_base_url="http://b.example", offers_budget_ms=1000)
    played = await resolved(body(6), after(100, READ), settings=settings, store=FakeStore(read_ms=60_000))
    assert [item["offer"].get("price") for item in card(played)["items"]] == [12.5] * 6
    assert played.finished.cut_reason is None


@pytest.mark.parametrize("store", [FakeStore(error=StoreError("unavailable")), FakeStore(read_ms=60_000)])
async def test_a_store_that_is_away_costs_nothing_but_closes_the_gate(
    store: FakeStore, autojump_clock: Any
) -> None:
    played = await resolved(body(2), after(50, READ), store=store)
    assert [item["offer"]["price"] for item in card(played)["items"]] == [12.5] * 2
    retinol = await resolved(body(1, name="Night Retinol Serum"), after(50, READ), store=store)
    assert retinol.cards("offers_resolved") == []


PREGNANT = Memory(profile=Profile(pregnancy_status="pregnant"))


async def test_what_a_rule_forbids_this_person_is_held_back_and_not_counted(autojump_clock: Any) -> None:
    asked = OffersResolve(
        items=[
            OfferToResolve(product={"name": "Night Retinol Serum"}, offer={"url": url(0)}),
            OfferToResolve(product={"name": "Quiet Cream"}, offer={"url": url(1)}),
        ]
    )
    played = await resolved(asked, READ, memory=PREGNANT)
    payload = card(played)
    assert [item["product"]["name"] for item in payload["items"]] == ["Quiet Cream"]
    assert payload["metadata"]["time_to_pdp_ms_stats"]["count"] == 1
    assert played.events("offers_resolved")[0]["count"] == 1
    assert gaps(played) == [{"field": "items", "reason": "safety_held_back"}]


async def test_a_page_that_turns_out_to_sell_what_is_forbidden_is_held_back_too(autojump_clock: Any) -> None:
    asked = OffersResolve(items=[OfferToResolve(product={}, offer={"url": url(0)})])
    played = await resolved(asked, page(title="Retinol 1% Night Serum"), memory=PREGNANT)
    assert played.card_types == ["confidence_notice"]
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
    assert "etinol 1%" not in played.text
    assert played.text


async def test_while_a_fact_is_unknown_its_question_comes_along(autojump_clock: Any) -> None:
    played = await resolved(body(1, name="Night Retinol Serum"), READ)
    assert played.card_types == ["confidence_notice"]
    assert any(chip.startswith("profile.pregnancy") or "pregnan" in chip for chip in played.chip_ids)
    assert played.text


@pytest.mark.parametrize(
    ("offer", "gap"),
    [
        ({}, "missing_affiliate_url"),
        ({"affiliate_url": ""}, "missing_affiliate_url"),
        ({"affiliate_url": "javascript:alert(1)"}, "invalid_affiliate_url"),
        ({"affiliate_url": "https://me@evil.example/"}, "invalid_affiliate_url"),
        ({"affiliate_url": "ftp://shop.example/"}, "invalid_affiliate_url"),
    ],
)
async def test_an_offer_that_leads_nowhere_stays_and_nobody_is_asked(
    offer: dict[str, Any], gap: str, autojump_clock: Any
) -> None:
    asked = OffersResolve(items=[OfferToResolve(product={"name": "A"}, offer=offer)])
    played = await resolved(asked, READ)
    assert asked_urls(played) == []
    (item,) = card(played)["items"]
    assert "offer_resolve_attempted" not in item["metadata"]
    assert gaps(played) == [{"field": "offer.affiliate_url", "reason": gap}]


async def test_without_a_backend_everything_stays(autojump_clock: Any) -> None:
    played = await resolved(body(2), READ, settings=Settings())
    assert asked_urls(played) == []
    assert gaps(played) == [{"field": "offer.snapshot", "reason": "pivota_backend_not_configured"}]
    assert len(card(played)["items"]) == 2


@pytest.mark.parametrize(
    ("failure", "gap", "reason"),
    [
        (Failure(actor="commerce", code="connect"), "timeout_or_network", "upstream_timeout"),
        (Failure(actor="commerce", code="http_5xx", status=500), "failed", "upstream_timeout"),
        (Failure(actor="commerce", code="http_5xx", status=503, detail="db_error"), "db_error", "db_error"),
        (Failure(actor="commerce", code="bad_shape", status=200), "failed", "no_candidates"),
    ],
)
async def test_failures_are_named(failure: Failure, gap: str, reason: str, autojump_clock: Any) -> None:
    played = await resolved(body(1), failure)
    assert gaps(played) == [{"field": "offer.snapshot", "reason": f"external_offer_resolve_{gap}"}]
    assert card(played)["metadata"]["fail_reason_counts"][reason] == 1


async def test_words_are_in_the_persons_language(autojump_clock: Any) -> None:
    played = await resolved(body(1), READ, lang="CN")
    assert played.text == "商品页已经核对过，下面是最新信息。"


async def test_the_market_goes_along(autojump_clock: Any) -> None:
    asked = OffersResolve(items=body(1).items, market=" CN ")
    played = await resolved(asked, READ)
    (question,) = [one for one in played.asked if isinstance(one, ResolveOffer)]
    assert question.market == "CN"
    assert card(played)["market"] == "CN"


async def test_an_address_with_a_token_is_asked_for_whole_and_traced_without_it(autojump_clock: Any) -> None:
    links = [f"https://shop.example/p/{number}?token=very-secret-{number}&x=1" for number in range(6)]
    asked = OffersResolve(
        items=[OfferToResolve(product={"name": "A"}, offer={"affiliate_url": link}) for link in links]
    )
    played = await resolved(asked, lambda q: NEVER if "/p/2" in q.url else after(50, READ))
    assert asked_urls(played) == links
    assert [item["offer"]["affiliate_url"] for item in card(played)["items"]] == links
    assert ["price" in item["offer"] for item in card(played)["items"]] == [n != 2 for n in range(6)]
    assert b"very-secret" not in msgspec.json.encode(played.trace.events)
