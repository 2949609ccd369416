"""The two product turns under the clock: who is asked beside whom, what a budget costs, what is kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.findings import Failure, Finding
from aurora.actors.knowledge_questions import KeepKnowledge, Knowledge, RecallKnowledge, RefreshLater
from aurora.actors.links import Reply
from aurora.actors.opening import read_opening
from aurora.actors.page_questions import ProductPage, ReadProductPage
from aurora.actors.questions import CommerceSearch, DecisionChat, DecisionReply, OpenProduct
from aurora.contract.memory import Memory, Profile
from aurora.contract.validation import decode
from aurora.flows import asking
from aurora.flows.product import analyze, parse, refresh
from aurora.flows.product_scan import HEDGE_MS
from aurora.rules.knowledge_facts import personal_in
from aurora.rules.product_knowledge import row_in
from aurora.settings import Settings
from tests.flows.chat_kit import CORE
from tests.support.fakes import NEVER, Played, after, play, turn_for

SERUM = {"sku_id": "s1", "brand": "Dewfield", "name": "Even Serum"}
DOWN = Failure(actor="decision", code="http_5xx")
GIVES_UP = Failure(actor="decision", code="timeout")
INCI = ["Aqua", "Glycolic Acid", "Niacinamide", "Glycerin", "Panthenol", "Parfum"]


def parsed(product: dict[str, Any] | None = None) -> DecisionReply:
    body = {"product": product or SERUM, "confidence": 0.8, "missing_info": []}
    return DecisionReply(answer=msgspec.json.encode(body).decode())


def scanned(verdict: str = "Suitable", reason: str = "Light.", key: str = "niacinamide") -> DecisionReply:
    analyze = {"verdict": verdict, "reasons": [reason], "science_evidence": [{"key": key}], "confidence": 0.6}
    return DecisionReply(structured={"analyze": analyze})


def opened(product_id: str = "") -> Finding:
    """What the commerce actor makes of the shop's own words."""
    ref = {"product_id": product_id, "merchant_id": "m"}
    row = {"product_id": product_id, "title": "Even Serum", "brand": "Dewfield"}
    body: dict[str, Any] = {"resolved": True, "product_ref": ref, "candidates": [row]}
    if not product_id:
        body = {"resolved": False, "reason_code": "no_candidates"}
    return read_opening(Reply(status=200, body=body, raw=msgspec.json.encode(body)))


def decision(*, parse: Any = NEVER, hers: Any = NEVER, plain: Any = NEVER) -> Any:
    """The decision system by what it is asked: which product, for her, or the product alone."""

    def answer(question: DecisionChat) -> Any:
        if "Task: Parse" in question.query:
            return parse
        return hers if "profile=" in question.query else plain

    return answer


async def analysed(body: dict[str, Any], *, lang: str = "EN", flow: Any = analyze, **how: Any) -> Played:
    kind = "product_refresh" if flow is refresh else "product_analyze"
    turn = turn_for(kind, decode("product_analyze", body), lang=lang)
    return await play(flow, turn, budget=("product_analysis", 12000), **how)


async def recognised(body: dict[str, Any], **how: Any) -> Played:
    turn = turn_for("product_parse", decode("product_parse", body))
    return await play(parse, turn, budget=("product_parse", 6000), **how)


def asked(played: Played, kind: type) -> list[Any]:
    return [question for question in played.asked if isinstance(question, kind)]


def verdict(played: Played) -> dict[str, Any]:
    (card,) = played.cards("product_analysis")
    found: dict[str, Any] = card["assessment"]
    return found


def kept(played: Played) -> KeepKnowledge:
    (question,) = asked(played, KeepKnowledge)
    return question  # type: ignore[no-any-return]


# --- parse


async def test_parse_answers_within_its_budget_when_nobody_does(autojump_clock: Any) -> None:
    played = await recognised(
        {"text": "Even Serum"}, settings=Settings(product_catalog_fallback=True),
        answers={DecisionChat: NEVER, OpenProduct: NEVER, CommerceSearch: NEVER},
    )  # fmt: skip
    assert played.elapsed_ms <= 6000
    assert played.finished.cut_reason is None
    (card,) = played.cards("product_parse")
    assert card == {"product": None, "confidence": None, "missing_info": ["upstream_missing_or_unstructured"]}


async def test_parse_and_the_shop_are_asked_at_the_same_time(autojump_clock: Any) -> None:
    played = await recognised(
        {"text": "Even Serum"}, settings=Settings(product_catalog_fallback=True),
        answers={DecisionChat: after(1000, DOWN), OpenProduct: after(1000, opened("p9"))},
    )  # fmt: skip
    assert played.elapsed_ms < 1200
    assert played.cards("product_parse")[0]["product"]["product_id"] == "p9"


async def test_without_the_fallback_parse_leaves_the_shop_alone(autojump_clock: Any) -> None:
    played = await recognised({"text": "Even Serum"}, answers={DecisionChat: parsed()})
    assert [type(question) for question in played.asked] == [DecisionChat]
    assert played.text == "I read this as Dewfield Even Serum."


async def test_a_product_that_nobody_typed_is_asked_back(autojump_clock: Any) -> None:
    played = await recognised({"text": "Retinol night cream"}, answers={DecisionChat: parsed()})
    assert played.text == "This looks like Dewfield Even Serum, but I'm not sure. Is that the one?"


async def test_the_search_stands_in_where_nothing_resolves(autojump_clock: Any) -> None:
    played = await recognised(
        {"text": "Even Serum"}, settings=Settings(product_catalog_fallback=True),
        answers={
            DecisionChat: DOWN,
            OpenProduct: opened(),
            CommerceSearch: lambda _: [{"product_id": "p7", "title": "Even Serum", "brand": "Dewfield"}],
        },
    )  # fmt: skip
    (card,) = played.cards("product_parse")
    assert card["product"]["product_id"] == "p7"
    gaps = played.body["cards"][0]["field_missing"]
    assert {"field": "parse.fallback", "reason": "catalog_search"} in gaps


# --- analyze: who is asked when


async def test_an_id_costs_one_question_and_its_time(autojump_clock: Any) -> None:
    played = await analysed({"product": SERUM}, answers={DecisionChat: after(2000, scanned())})
    assert 2000 <= played.elapsed_ms < 2050
    assert len(asked(played, DecisionChat)) == 1
    assert asked(played, OpenProduct) == []


async def test_what_is_known_is_not_asked_again(autojump_clock: Any) -> None:
    first = await analysed({"product": SERUM}, answers={DecisionChat: scanned()})
    row = Knowledge(found=True, key="product:s1|lang:EN", facts=kept(first).facts, fresh=True)
    played = await analysed({"product": SERUM}, answers={RecallKnowledge: row})
    assert asked(played, DecisionChat) == []
    assert asked(played, RefreshLater) == []
    assert verdict(played) == verdict(first)


async def test_an_old_row_is_served_and_renewed_behind_her_back(autojump_clock: Any) -> None:
    first = await analysed({"product": SERUM}, answers={DecisionChat: scanned()})
    row = Knowledge(found=True, key="product:s1|lang:EN", facts=kept(first).facts, fresh=False)
    played = await analysed({"product": SERUM}, answers={RecallKnowledge: row})
    assert verdict(played)["verdict"] == "Suitable"
    (later,) = asked(played, RefreshLater)
    assert (later.kind, later.key) == ("product_refresh", "product:s1|lang:EN")
    again = await analysed(later.body, flow=refresh, answers={DecisionChat: scanned("Caution")})
    assert kept(again).key == later.key
    assert row_in(kept(again).facts).analysis.verdict == "caution"  # type: ignore[union-attr]


async def test_a_recall_that_hangs_costs_little(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, answers={RecallKnowledge: NEVER, DecisionChat: after(100, scanned())}
    )
    assert played.elapsed_ms <= 600
    assert verdict(played)["verdict"] == "Suitable"


@pytest.mark.parametrize(
    "facts", [{}, {"analysis": 1}, {"analysis": {"verdict": "unknown"}}, {"analysis": {"verdict": "avoid"}}]
)
async def test_a_row_that_is_none_of_ours_is_no_row(autojump_clock: Any, facts: dict[str, Any]) -> None:
    row = Knowledge(found=True, key="product:s1|lang:EN", facts=facts, fresh=True)
    played = await analysed({"product": SERUM}, answers={RecallKnowledge: row, DecisionChat: scanned()})
    assert len(asked(played, DecisionChat)) == 1


async def test_the_shop_stands_in_for_a_slow_parse(autojump_clock: Any) -> None:
    played = await analysed(
        {"name": "Even Serum"},
        answers={DecisionChat: decision(plain=scanned()), OpenProduct: after(300, opened("p9"))},
    )
    assert verdict(played)["anchor_product"]["product_id"] == "p9"
    assert played.elapsed_ms < 2000
    scan = asked(played, DecisionChat)[-1]
    assert scan.anchor_product_id == "p9"


# --- analyze: the hedge


async def test_her_own_verdict_is_waited_for(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, memory=Memory(profile=CORE),
        answers={DecisionChat: decision(hers=after(3000, scanned(reason="For you.")), plain=scanned())},
    )  # fmt: skip
    assert "For you." in verdict(played)["reasons"]
    assert len(asked(played, DecisionChat)) == 1


async def test_a_slow_one_is_hedged_by_the_product_alone(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, memory=Memory(profile=CORE),
        answers={DecisionChat: decision(plain=after(2000, scanned(reason="Plain.")))},
    )  # fmt: skip
    assert HEDGE_MS + 2000 <= played.elapsed_ms <= HEDGE_MS + 2600
    assert "Plain." in verdict(played)["reasons"]
    assert "oily" in verdict(played)["reasons"][0]
    assert asked(played, KeepKnowledge)


async def test_her_late_verdict_still_counts_while_the_other_hangs(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, memory=Memory(profile=CORE),
        answers={DecisionChat: decision(hers=after(5200, scanned(reason="For you.")))},
    )  # fmt: skip
    assert 5200 <= played.elapsed_ms < 5300
    assert "For you." in verdict(played)["reasons"]


async def test_one_that_fails_is_followed_at_once(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, memory=Memory(profile=CORE),
        answers={DecisionChat: decision(hers=after(100, DOWN), plain=after(100, scanned()))},
    )  # fmt: skip
    assert played.elapsed_ms <= 700
    assert verdict(played)["verdict"] == "Suitable"


@pytest.mark.parametrize("profile", [None, CORE])
async def test_when_nobody_answers_the_budget_holds_and_the_card_is_whole(
    autojump_clock: Any, profile: Profile | None
) -> None:
    played = await analysed(
        {"name": "Even Serum"}, memory=Memory(profile=profile), lang="CN",
        answers={DecisionChat: NEVER, OpenProduct: NEVER, ReadProductPage: NEVER},
    )  # fmt: skip
    assert played.elapsed_ms <= 12000
    assert verdict(played)["verdict"] == "未知"
    assert asked(played, KeepKnowledge) == []


async def test_a_scan_that_never_ends_leaves_the_reserve(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, memory=Memory(profile=CORE), answers={DecisionChat: decision()}
    )
    assert 11_000 <= played.elapsed_ms < 12_000
    assert played.finished.cut_reason is None
    assert verdict(played)["anchor_product"]["name"] == "Even Serum"
    assert played.body["cards"][0]["field_missing"]


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_cut_gives_a_whole_card_without_a_notice(
    autojump_clock: Any, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "RESERVE_MS", -60_000)  # every wait goes on beyond the budget
    played = await analysed({"product": SERUM}, lang=lang, answers={DecisionChat: NEVER})
    assert played.finished.cut_reason == "budget"
    assert played.card_types == ["product_analysis"]
    assert verdict(played)["anchor_product"]["name"] == "Even Serum"
    assert played.cards("product_analysis")[0]["provenance"]["dogfood_mode"] is False
    assert "Even Serum" in played.text


async def test_a_cut_parse_is_a_parse_without_a_product(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "RESERVE_MS", -60_000)
    played = await recognised({"url": "https://cerave.example/foam-cleanser"}, answers={DecisionChat: NEVER})
    assert played.finished.cut_reason == "budget"
    assert played.card_types == ["product_parse"]
    assert played.cards("product_parse")[0]["product"]["name"] == "Foam Cleanser"
    assert played.events("value_moment") == [{"kind": "product_parse"}]


# --- analyze: a page


async def test_a_page_answers_without_a_scan(autojump_clock: Any) -> None:
    url = "https://shop.example/p/glow"
    page = ProductPage(url=url, brand="Dewfield", name="Glow Acid", inci=INCI, price_amount=20.0,
                       price_currency="EUR", themes=["soothing", "sticky"])  # fmt: skip
    played = await analysed({"url": url}, answers={ReadProductPage: page, DecisionChat: NEVER})
    told = verdict(played)
    assert told["verdict"] == "Likely Suitable"
    assert told["anchor_product"]["price"] == {"amount": 20.0, "currency": "EUR"}
    assert played.events("value_moment")[0]["mode"] == "url_realtime_product_intel"
    (card,) = played.cards("product_analysis")
    assert 0.35 <= card["confidence"] <= 0.84
    assert card["evidence"]["social_signals"]["typical_negative"] == ["sticky or heavy"]
    assert card["ingredient_intel"]["inci_raw"].startswith("Aqua, Glycolic Acid")
    assert kept(played).key == f"url:{url}|lang:EN"
    assert kept(played).verified is True


async def test_a_page_with_acids_is_no_plain_yes_for_sensitive_skin(autojump_clock: Any) -> None:
    page = ProductPage(url="https://shop.example/p/glow", name="Glow Acid", inci=INCI)
    sensitive = Profile(skinType="oily", sensitivity="medium", barrierStatus="healthy", goals=["acne"])
    played = await analysed(
        {"url": page.url}, memory=Memory(profile=sensitive), lang="CN", answers={ReadProductPage: page}
    )
    assert verdict(played)["verdict"] == "谨慎"
    row = row_in(kept(played).facts)
    assert row is not None
    assert row.analysis.verdict == "likely"


async def test_a_page_that_cannot_be_read_leads_to_the_scan_by_address(autojump_clock: Any) -> None:
    url = "https://shop.example/p/glow-serum"
    played = await analysed(
        {"url": url},
        answers={
            ReadProductPage: ProductPage(code="timeout"),
            DecisionChat: decision(parse=DOWN, plain=scanned()),
        },
    )
    assert asked(played, DecisionChat)[-1].anchor_product_url == url
    assert verdict(played)["verdict"] == "Suitable"


# --- what is kept


async def test_nothing_of_the_person_is_kept(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, memory=Memory(profile=CORE),
        answers={DecisionChat: decision(hers=DOWN, plain=scanned())},
    )  # fmt: skip
    question = kept(played)
    assert personal_in({"facts": question.facts}, ("uid-1", "brief-1", "req-1")) == ""
    assert "oily" not in str(question.facts)


async def test_her_verdict_is_not_kept_but_asked_for_everybody_later(autojump_clock: Any) -> None:
    played = await analysed(
        {"name": "my sister's serum"}, memory=Memory(profile=CORE),
        answers={DecisionChat: decision(parse=parsed(), hers=scanned())},
    )  # fmt: skip
    assert asked(played, KeepKnowledge) == []
    (later,) = asked(played, RefreshLater)
    assert later.body == {"name": "Dewfield Even Serum"}
    assert "sister" not in str(later)


@pytest.mark.parametrize("said", [DOWN, scanned("Unknown"), DecisionReply(answer="I don't know.")])
async def test_what_failed_is_not_kept(autojump_clock: Any, said: Any) -> None:
    played = await analysed({"product": SERUM}, answers={DecisionChat: said})
    assert verdict(played)["verdict"] == "Unknown"
    assert not [question for question in played.asked if isinstance(question, KeepKnowledge | RefreshLater)]


async def test_a_claimed_name_does_not_become_what_everybody_reads(autojump_clock: Any) -> None:
    played = await analysed({"product": SERUM}, answers={DecisionChat: scanned()})
    assert kept(played).verified is False
    looked_up = await analysed(
        {"name": "Even Serum"}, answers={DecisionChat: decision(parse=parsed(), plain=scanned())}
    )
    assert kept(looked_up).verified is True


async def test_a_store_that_keeps_slowly_does_not_keep_her_waiting(autojump_clock: Any) -> None:
    played = await analysed({"product": SERUM}, answers={DecisionChat: scanned(), KeepKnowledge: NEVER})
    assert played.elapsed_ms <= 400
    assert played.finished.outcome == "ok"


async def test_a_refresh_is_nobodys(autojump_clock: Any) -> None:
    played = await analysed(
        {"product": SERUM}, flow=refresh, memory=Memory(profile=CORE), answers={DecisionChat: scanned()}
    )
    assert [question.actor for question in played.asked] == ["decision", "knowledge"]
    assert "profile=" not in asked(played, DecisionChat)[0].query


@pytest.mark.parametrize(("name", "lang"), [("Retinol 0.5% Night Serum", "EN"), ("0.5% 视黄醇晚霜", "CN")])
async def test_what_she_asked_about_counts_even_if_a_source_took_it_for_something_else(
    autojump_clock: Any, name: str, lang: str
) -> None:
    expecting = Memory(profile=msgspec.structs.replace(CORE, pregnancy_status="pregnant"))
    played = await analysed(
        {"name": name}, lang=lang, memory=expecting,
        answers={DecisionChat: decision(parse=parsed(), hers=scanned())},
    )  # fmt: skip
    assert played.cards("product_analysis") == []
    (notice,) = played.cards("confidence_notice")
    assert notice["reason"] == "safety_block"
