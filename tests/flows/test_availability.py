"""Availability questions in the chat: the catalogue answers, or it is said that it cannot (contract B 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from aurora import telemetry
from aurora.actors.commerce import read_search
from aurora.actors.findings import Failure, Finding
from aurora.actors.links import Reply
from aurora.actors.opening import read_opening
from aurora.actors.questions import CommerceSearch, DecisionChat, OpenProduct
from aurora.contract.memory import Profile
from aurora.settings import Settings
from tests.flows.chat_kit import CORE, asked_decision, known, talk
from tests.rules.test_availability import CN, EN
from tests.support.fakes import NEVER, Played, after

LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])
BRAND = {"EN": "Do you have anything from Winona?", "CN": "有没有薇诺娜的产品"}
SPECIFIC = {"EN": "Is Winona Soothing Repair Serum in stock?", "CN": "薇诺娜舒敏保湿特护霜有货吗"}
OBSCURE = "Is Winona Night Balm 50g in stock?"
EVENT = "catalog_availability_shortcircuit"
ROWS: list[dict[str, Any]] = [
    {"product_id": "other_1", "merchant_id": "m", "brand": "Other", "title": "Cream"},
    {"product_id": "w1", "merchant_id": "m", "brand": "Winona", "title": "Soothing Cream", "price": 12.5},
    {"title": "without an id"},
    {
        "product_id": "w2",
        "brand_name": "薇诺娜",
        "name": "特护霜",
        "image_url": "https://shop.example/w2.png",
    },
]
RESOLVED = {
    "resolved": True,
    "product_ref": {"product_id": "w9", "merchant_id": "m"},
    "candidates": [{"product_id": "w9", "brand": "Winona", "title": "Soothing Repair Serum"}],
}
UNRESOLVED = {"resolved": False, "reason_code": "no_candidates", "candidates": []}


def said(reader: Callable[[Reply], Finding], body: Any) -> Finding:
    return reader(Reply(status=200, body=body, raw=msgspec.json.encode(body)))


def shop(search: Any = None, resolve: Any = None) -> dict[Any, Any]:
    answers: dict[Any, Any] = {}
    if search is not None:
        answers[CommerceSearch] = search
    if resolve is not None:
        answers[OpenProduct] = resolve
    return answers


def found(rows: list[dict[str, Any]]) -> Finding:
    return said(read_search, {"products": rows})


NOTHING = found([])


def failed(code: Any, status: int | None = None) -> Failure:
    return Failure(actor="commerce", code=code, status=status)


def cards(played: Played) -> tuple[dict[str, Any], dict[str, Any]]:
    (parse,), (offers,) = played.cards("product_parse"), played.cards("offers_resolved")
    return parse, offers


def gaps(played: Played) -> set[tuple[str, str]]:
    return {(gap["field"], gap["reason"]) for card in played.body["cards"] for gap in card["field_missing"]}


def counted(series: str) -> float:
    lines = telemetry.render_metrics().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))


@LANGS
async def test_a_brand_that_the_shop_lists(autojump_clock: Any, lang: str) -> None:
    played = await talk({"message": BRAND[lang]}, lang=lang, answers=shop(after(50, found(ROWS))))
    assert played.card_types == ["product_parse", "offers_resolved"]
    parse, offers = cards(played)
    assert parse["intent"] == "availability"
    assert (parse["brand_id"], parse["brand_name"], parse["confidence"]) == ("brand_winona", "Winona", 1)
    assert [item["product"]["product_id"] for item in offers["items"]] == ["w1", "w2", "other_1"]
    assert all(item["offer"] is None for item in offers["items"])
    assert [item["pdp_open"]["path"] for item in offers["items"]] == ["ref", "external", "ref"]
    assert offers["metadata"]["pdp_open_path_stats"] == {"internal": 2, "external": 1}
    assert offers["market"] == "US"
    assert {("items[0].offer", "catalog_not_available"), ("items[2].offer", "catalog_not_available")} <= gaps(
        played
    )
    assert played.events(EVENT) == [
        {
            "brand_id": "brand_winona",
            "reason": "availability_hint",
            "ok": True,
            "count": 3,
            "query": "Winona" if lang == "EN" else "薇诺娜",
            "resolved_via": "products_search",
            "specific_query": False,
            "catalog_reason": None,
            "resolve_reason_code": None,
            "resolve_attempted": False,
            "local_resolve_attempted": False,
            "local_resolve_reason_code": None,
        }
    ]
    assert "3" in played.text
    assert asked_decision(played) == []
    assert played.body["session_patch"]["next_state"] == "PRODUCT_LINK_EVAL"
    (search,) = [question for question in played.asked if isinstance(question, CommerceSearch)]
    assert (search.cap_ms, search.limit) == (1200, 8)


@LANGS
@pytest.mark.parametrize(
    ("search", "reason", "late"),
    [
        (failed("not_configured"), "pivota_backend_not_configured", True),
        (failed("timeout"), "upstream_timeout", True),
        (failed("http_5xx", 503), "upstream_timeout", True),
        (failed("http_4xx", 404), "no_candidates", False),
        (failed("bad_shape", 200), "no_candidates", False),
        (NOTHING, "no_candidates", False),
        (
            said(read_search, {"products": [], "metadata": {"proxy_search_fallback": {"reason": "timeout"}}}),
            "upstream_timeout",
            True,
        ),
        (NEVER, "upstream_timeout", True),
    ],
)
async def test_what_the_shop_does_not_bring_is_said_and_declared(
    autojump_clock: Any, lang: str, search: Any, reason: str, late: bool
) -> None:
    played = await talk({"message": BRAND[lang]}, lang=lang, answers=shop(search))
    parse, offers = cards(played)
    assert parse["product"]["product_id"] == "brand:brand_winona"
    assert parse["product"]["brand"] == ("Winona" if lang == "EN" else "薇诺娜")
    assert [item["product"] for item in offers["items"]] == [parse["product"]]
    assert offers["items"][0]["pdp_open"]["path"] == "external"
    assert {("catalog.products", reason), ("items[0].offer", "catalog_not_available")} <= gaps(played)
    (event,) = played.events(EVENT)
    assert (event["ok"], event["count"], event["resolved_via"]) == (False, 0, "none")
    assert event["catalog_reason"] == reason
    assert ("couldn't fetch" in played.text or "暂时没能查到" in played.text) is late
    if lang == "EN":
        assert "official store" in played.text


@LANGS
async def test_one_specific_product_is_resolved_by_its_name(autojump_clock: Any, lang: str) -> None:
    answers = shop(after(30, NOTHING), after(70, said(read_opening, RESOLVED)))
    played = await talk({"message": SPECIFIC[lang]}, lang=lang, answers=answers)
    parse, offers = cards(played)
    (item,) = offers["items"]
    assert item["product"]["product_id"] == parse["product"]["product_id"] == "w9"
    assert item["product"]["name"] == "Soothing Repair Serum"
    assert item["pdp_open"]["path"] == "resolve"
    assert item["metadata"]["time_to_pdp_ms"] == 100
    assert offers["metadata"]["time_to_pdp_ms_stats"]["max"] == 100
    (event,) = played.events(EVENT)
    assert (event["resolved_via"], event["specific_query"], event["ok"]) == ("products_resolve", True, True)
    (question,) = [each for each in played.asked if isinstance(each, OpenProduct)]
    assert (question.by, question.cap_ms, question.brand) == ("text", 1400, "Winona")
    assert question.aliases == ["Winona", "薇诺娜"]
    assert question.lang == lang


@pytest.mark.parametrize(
    ("resolve", "reason"),
    [
        (said(read_opening, UNRESOLVED), "no_candidates"),
        (failed("timeout"), "upstream_timeout"),
        (NEVER, "upstream_timeout"),
        (said(read_opening, {"resolved": False, "reason_code": "db_error"}), "db_error"),
        (said(read_opening, {"resolved": "yes", "product_ref": {"product_id": 5}}), "no_candidates"),
    ],
)
async def test_a_resolve_that_brings_nothing_is_declared_too(
    autojump_clock: Any, resolve: Any, reason: str
) -> None:
    played = await talk({"message": OBSCURE}, answers=shop(NOTHING, resolve))
    assert gaps(played) >= {
        ("catalog.products", "no_candidates"),
        ("catalog.resolve", reason),
        ("catalog.local_resolver", "no_candidates"),
    }
    (event,) = played.events(EVENT)
    assert (event["resolve_attempted"], event["resolve_reason_code"]) == (True, reason)
    assert (event["local_resolve_attempted"], event["local_resolve_reason_code"]) == (True, "no_candidates")
    _, offers = cards(played)
    assert offers["metadata"]["fail_reason_counts"][reason] == 1


@LANGS
@pytest.mark.parametrize("search", [NOTHING, failed("not_configured"), failed("timeout")])
async def test_a_product_of_the_hot_set_is_known_without_the_shop(
    autojump_clock: Any, lang: str, search: Any
) -> None:
    message = {"EN": SPECIFIC["EN"], "CN": "茵芙莎流金水有货吗"}[lang]
    played = await talk({"message": message}, lang=lang, answers=shop(search, failed("timeout")))
    _, offers = cards(played)
    (item,) = offers["items"]
    assert item["pdp_open"]["path"] == "ref"
    assert item["pdp_open"]["product_ref"]["merchant_id"] == "merch_efbc46b4619cfbdf"
    (event,) = played.events(EVENT)
    assert (event["ok"], event["resolved_via"]) == (True, "local_resolver")
    assert event["catalog_reason"] is not None


@pytest.mark.parametrize(
    ("flags", "search", "message", "asked"),
    [
        ({}, NOTHING, SPECIFIC["EN"], 1),
        ({}, NOTHING, BRAND["EN"], 0),
        ({}, failed("timeout"), SPECIFIC["EN"], 0),
        ({"avail_resolve_on_transient": True}, failed("timeout"), SPECIFIC["EN"], 1),
        ({"avail_resolve_on_transient": True}, failed("not_configured"), SPECIFIC["EN"], 0),
        ({"avail_resolve_fallback": False}, NOTHING, SPECIFIC["EN"], 0),
        ({}, found(ROWS), SPECIFIC["EN"], 0),
    ],
)
async def test_when_a_resolve_is_asked_for(
    autojump_clock: Any, flags: dict[str, Any], search: Any, message: str, asked: int
) -> None:
    played = await talk({"message": message}, answers=shop(search), settings=Settings(**flags))
    assert len([each for each in played.asked if isinstance(each, OpenProduct)]) == asked


async def test_each_call_ends_at_its_own_cap(autojump_clock: Any) -> None:
    played = await talk({"message": SPECIFIC["EN"]}, answers=shop(NEVER, NEVER))
    assert played.elapsed_ms == pytest.approx(1200, abs=5)
    flags = Settings(
        avail_resolve_on_transient=True, avail_search_timeout_ms=300, avail_resolve_timeout_ms=400
    )
    both = await talk({"message": SPECIFIC["EN"]}, answers=shop(NEVER, NEVER), settings=flags)
    assert both.elapsed_ms == pytest.approx(700, abs=5)


async def test_the_turns_budget_cuts_to_the_same_honest_answer(autojump_clock: Any) -> None:
    tight = Settings(chat_budget_ms=1000)
    played = await talk({"message": BRAND["CN"]}, lang="CN", answers=shop(NEVER), settings=tight)
    assert played.elapsed_ms == 1000
    assert ("catalog.products", "upstream_timeout") in gaps(played)
    assert "官方旗舰店" in played.text


@LANGS
async def test_it_never_asks_for_the_skin_and_never_speaks_of_stock(autojump_clock: Any, lang: str) -> None:
    for search in (found(ROWS), NOTHING, failed("timeout")):
        played = await talk({"message": BRAND[lang]}, lang=lang, answers=shop(search))
        assert played.cards("diagnosis_gate") == []
        assert played.chip_ids == []
        for word in ("skin type", "肤质", "in stock", "available", "有货", "现货"):
            assert word not in played.text
        (audit,) = played.events("quality_audit")
        assert audit["key_flags"]["offers_null_count"] > 0
        guard = next(each for each in audit["invariants"] if each["id"].startswith("offers_null"))
        assert (guard["applicable"], guard["passed"]) == (True, True)


@LANGS
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"product_id": "x", "brand": "Winona", "title": "Eczema Cure Cream 湿疹治疗膏"}], BRAND),
        (ROWS, {"EN": "Winona: does it cure me? Do you have it?", "CN": "有没有薇诺娜治疗皮炎的"}),
    ],
)
async def test_medical_words_get_a_boundary_in_place_of_an_answer(
    autojump_clock: Any, lang: str, rows: list[dict[str, Any]], message: dict[str, str]
) -> None:
    before = counted("claims_violation_total{")
    played = await talk({"message": message[lang]}, lang=lang, answers=shop(found(rows)))
    assert ("pharmacist" if lang == "EN" else "药师") in played.text
    assert "cure" not in played.text.lower()
    assert "治疗" not in played.text
    assert counted("claims_violation_total{") == before + 1


async def test_a_known_profile_is_echoed_and_its_region_is_the_market(autojump_clock: Any) -> None:
    memory = known(Profile(skinType="oily", region="cn-shanghai-1"))
    played = await talk({"message": BRAND["EN"]}, answers=shop(NOTHING), memory=memory)
    assert cards(played)[1]["market"] == "CN-SHANG"
    assert played.body["session_patch"]["profile"]["skinType"] == "oily"
    nobody = await talk({"message": BRAND["EN"]}, answers=shop(NOTHING))
    assert "profile" not in nobody.body["session_patch"]


async def test_every_question_is_counted(autojump_clock: Any) -> None:
    series = 'catalog_availability_shortcircuit_total{brand_id="brand_winona",reason="availability_hint"}'
    before = counted(series)
    await talk({"message": BRAND["EN"]}, answers=shop(NOTHING))
    assert counted(series) == before + 1


async def test_it_is_no_commerce_and_needs_no_gate(autojump_clock: Any) -> None:
    """Decision 18: no offer leaves, so neither profile nor diagnosis is asked for."""
    bare = await talk({"message": BRAND["EN"]}, answers=shop(found(ROWS)))
    full = await talk({"message": BRAND["EN"]}, answers=shop(found(ROWS)), memory=known(CORE))
    assert bare.card_types == full.card_types == ["product_parse", "offers_resolved"]


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "table"), [("EN", EN), ("CN", CN)])
async def test_no_step_before_it_takes_an_availability_question_away(
    autojump_clock: Any, lang: str, table: list[tuple[str, Any]]
) -> None:
    """Every sentence of the rules' tables, through all the steps; a wish for a verdict is a fit check's."""
    for text, wanted in table:
        if "怎么样" in text:
            continue
        played = await talk({"message": text}, lang=lang, memory=known(CORE), answers=shop(NOTHING))
        assert bool(played.events(EVENT)) is (wanted is not None), text


async def test_off_means_off(autojump_clock: Any) -> None:
    played = await talk({"message": BRAND["EN"]}, settings=Settings(avail_fast_path=False))
    assert played.cards("offers_resolved") == []
    assert any(isinstance(question, DecisionChat) for question in played.asked)


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_question_that_safety_has_to_answer_is_not_answered_from_the_shelf(
    autojump_clock: Any, lang: str
) -> None:
    message = "Do you have Winona retinol cream?" if lang == "EN" else "有没有薇诺娜的A醇面霜"
    for status in ("pregnant", None):
        memory = known(Profile(pregnancy_status=status))
        played = await talk({"message": message}, lang=lang, answers=shop(found(ROWS)), memory=memory)
        assert played.cards("offers_resolved") == []
