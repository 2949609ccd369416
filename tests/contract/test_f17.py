"""Contract F 17 as the web client really sends its rows; row numbers kept.

Rows 5 and 26-28 (sign-in) stand in test_a19_linking and test_a19_auth, row 30 in test_d14_offers. Row 8 has
no *visible* card (decision 2). Row 7 is told here of a service without a database; an outage: tests/chaos.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import trio

from aurora.settings import Settings
from tests.contract.test_b23 import CORE, chips, gaps, has_artifact, has_profile, house, tell, types
from tests.support.photos import photo_house, picture, taken_in
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient, web
from tests.web.test_photo_upload import B
from tests.web.test_photo_upload import body as multipart
from tests.web.test_photo_upload import photo as part

PAGE = "https://aurora.pivota.cc"
SEVEN = [
    "content-type",
    "authorization",
    "x-aurora-uid",
    "x-trace-id",
    "x-brief-id",
    "x-lang",
    "x-aurora-lang",
]
CLIENT = {"Origin": PAGE, "X-Trace-ID": "t-1", "X-Brief-ID": "b-1", "X-Lang": "EN", "X-Aurora-Lang": "en"}
CHINESE = {**CLIENT, "X-Lang": "CN", "X-Aurora-Lang": "cn"}
TO_RECO_GATE = {
    "trigger_source": "chip",
    "trigger_id": "chip.start.routine",
    "requested_next_state": "RECO_GATE",
}
ROUTINE = {
    "schema_version": "aurora.routine_intake.v1",
    "am": [{"step": "cleanser", "product": "Soft Wash"}],
    "pm": [{"step": "treatment", "product": "Night Serum"}],
}


def page(answer: WebAnswer) -> WebAnswer:
    """The browser hands the answer to the page only with CORS headers."""
    assert answer.headers["access-control-allow-origin"] in (PAGE, "*")
    return answer


async def send(client: WebClient, path: str, body: dict[str, Any], how: dict[str, str] = CLIENT) -> WebAnswer:
    return page(await client.post(path, body, headers=how))


async def bootstrap(client: WebClient, **headers: str) -> WebAnswer:
    return page(await client.get("/v1/session/bootstrap", headers={**CLIENT, **headers}))


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/v1/session/bootstrap", "GET"),
        ("/v1/chat", "POST"),
        ("/v1/photos/upload", "POST"),
        ("/v1/events", "POST"),
        ("/agent/v1/products/resolve", "POST"),
    ],
)
async def test_rows_1_and_2_every_call_of_the_page_passes_its_preflight(path: str, method: str) -> None:
    asks = {
        "Origin": PAGE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ",".join(SEVEN),
    }
    async with web(Settings(retention_days=0)) as client:
        answer = page(await client.send("OPTIONS", path, headers=asks, uid=None, content_type=None))
    assert 200 <= answer.status < 300
    assert method in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(SEVEN) <= allowed


async def test_row_3_a_new_visitor_is_greeted_despite_a_json_type_without_a_body() -> None:
    async with web(Settings(retention_days=0)) as client:
        answer = await bootstrap(client)
    assert answer.status == 200
    card = answer.payload("session_bootstrap")
    assert card["profile"] is None
    assert card["is_returning"] is False


async def test_row_4_a_returning_visitor_gets_the_whole_profile_twice() -> None:
    async with web(Settings(retention_days=0)) as client:
        await has_profile(client)
        answer = await bootstrap(client)
    for where in (answer.payload("session_bootstrap"), answer.patch):
        assert where["is_returning"] is True
        assert {name: where["profile"][name] for name in CORE} == CORE
        assert len(where["profile"]) == 15


async def test_row_6_an_expired_bearer_makes_a_guest() -> None:
    async with web(Settings(retention_days=0)) as client:
        answer = await bootstrap(client, Authorization="Bearer long-gone")
    assert answer.status == 200
    assert answer.payload("session_bootstrap")["profile"] is None


async def test_row_7_without_a_database_the_page_opens() -> None:
    async with web(Settings(embedded_postgres=False)) as client:
        answer = await bootstrap(client)
    assert answer.status == 200
    assert answer.payload("session_bootstrap")["db_ready"] is False


async def test_row_8_the_diagnosis_card_is_answered_with_words_and_chips(sandbox: Served) -> None:
    patch = {**CORE, "goals": ["acne"]}
    action = {"action_id": "profile.patch", "kind": "action", "data": {"profile_patch": patch}}
    body = {"action": action, "client_state": "DIAG_PROFILE", "session": {"state": "S2_DIAGNOSIS"}}
    async with house(sandbox) as client:
        answer = await send(client, "/v1/chat", {**body, "language": "EN"})
    assert answer.status == 200
    assert {name: answer.patch["profile"][name] for name in patch} == patch
    assert answer.text
    assert {"chip.intake.upload_photos", "chip.intake.skip_analysis"} <= set(chips(answer))
    assert set(types(answer)) <= {"gate_notice"}, "nothing that hides the chips"


async def test_row_9_a_recommendation_without_a_profile_meets_the_gate(sandbox: Served) -> None:
    asked = {**TO_RECO_GATE, "trigger_source": "text_explicit", "trigger_id": "recommend a moisturizer"}
    body = {"message": "recommend a moisturizer", "client_state": "IDLE_CHAT", "requested_transition": asked}
    async with house(sandbox) as client:
        answer = await send(client, "/v1/chat", body)
    assert answer.status == 200
    assert "diagnosis_gate" in types(answer)
    assert "recommendations" not in types(answer)


@pytest.mark.parametrize("message", ["recommend a moisturizer", "build me a routine", "推荐一款面霜"])
async def test_row_10_the_same_words_inside_the_diagnosis_are_no_error(sandbox: Served, message: str) -> None:
    async with house(sandbox) as client:
        body = {"message": message, "client_state": "DIAG_PROFILE"}
        answer = await send(client, "/v1/chat", body)
    assert answer.status == 200
    assert answer.text
    assert "recommendations" not in types(answer)


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("chip", ["chip.start.routine", "chip.action.reco_routine"])
async def test_row_11_a_complete_profile_and_a_diagnosis_give_a_routine(
    sandbox: Served, lang: str, chip: str
) -> None:
    data = {"reply_text": "Build a routine", "include_alternatives": True}
    action = {"action_id": chip, "kind": "chip", "data": data}
    moved = {**TO_RECO_GATE, "trigger_id": chip}
    body = {"action": action, "client_state": "IDLE_CHAT", "requested_transition": moved}
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        with trio.fail_after(15):
            how = CHINESE if lang == "CN" else CLIENT
            answer = await send(client, "/v1/chat", {**body, "language": lang}, how)
    assert answer.status == 200
    items = answer.payload("recommendations")["recommendations"]
    assert items
    for item in items:
        assert item["slot"] in ("am", "pm", "other")
        assert item["sku"]["brand"] or item["sku"]["name"]
    assert answer.patch["next_state"] == "RECO_RESULTS"
    assert is_chinese(answer.text) == (lang == "CN")


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_row_12_an_upstream_that_stalls_gives_a_notice_in_time(sandbox: Served, lang: str) -> None:
    action = {
        "action_id": "chip.start.routine",
        "kind": "chip",
        "data": {"reply_text": "Build a routine", "include_alternatives": True},
    }
    body = {"action": action, "client_state": "IDLE_CHAT", "requested_transition": TO_RECO_GATE}
    async with house(sandbox, reco_budget_ms=1000) as client:
        await has_profile(client)
        await has_artifact(client, 0.8)
        tell(sandbox, "stall")
        with trio.fail_after(14):
            how = CHINESE if lang == "CN" else CLIENT
            answer = await send(client, "/v1/chat", {**body, "language": lang}, how)
    assert answer.status == 200
    notice = answer.payload("confidence_notice")
    assert notice["reason"] == "timeout_degraded"
    assert is_chinese(notice["message"]) == (lang == "CN")
    assert notice["actions"]
    assert all(isinstance(action, str) for action in notice["actions"])
    assert "recommendations" not in types(answer)


@pytest.mark.parametrize(
    "profile", [None, {}, {"pregnancy_status": "not_pregnant"}], ids=["none", "core", "told"]
)
async def test_row_13_a_retinoid_and_an_acid_are_in_conflict_whoever_asks(
    sandbox: Served, profile: dict[str, Any] | None
) -> None:
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        if profile is not None:
            await has_profile(client, **profile)
        message = "My PM treatment is retinol. Can I add a glycolic acid toner?"
        body = {
            "message": message,
            "language": "EN",
            "client_state": "IDLE_CHAT",
            "session": {"state": "idle"},
        }
        answer = await send(client, "/v1/chat", body)
    assert answer.status == 200
    simulation, drawn = answer.payload("routine_simulation"), answer.payload("conflict_heatmap")
    assert simulation["safe"] is False
    for conflict in simulation["conflicts"]:
        assert conflict["rule_id"]
        assert len(conflict["step_indices"]) == 2
    assert drawn["schema_version"] == "aurora.ui.conflict_heatmap.v1"
    # The client joins a conflict with a cell by rule and steps; nothing joined reads as "compatible".
    cells = {(cell["row_index"], cell["col_index"], *cell["rule_ids"]) for cell in drawn["cells"]["items"]}
    assert {(*c["step_indices"], c["rule_id"]) for c in simulation["conflicts"]} == cells


async def test_row_14_chinese_is_answered_in_chinese(sandbox: Served) -> None:
    async with house(sandbox) as client:
        body = {"message": "推荐一款面霜", "language": "CN", "client_state": "IDLE_CHAT"}
        answer = await send(client, "/v1/chat", body, CHINESE)
    assert is_chinese(answer.text)
    labels = [chip["label"] for chip in answer.json["suggested_chips"]]
    assert labels
    assert all(is_chinese(label) for label in labels)


async def upload(client: WebClient, consent: str, how: dict[str, str]) -> WebAnswer:
    """A chosen photo, its parts in the client's order."""
    form = multipart(part(picture("golden")), slot_id="daylight", consent=consent)
    sent = f"multipart/form-data; boundary={B}"
    return page(await client.send("POST", "/v1/photos/upload", body=form, headers=how, content_type=sent))


@pytest.mark.parametrize("how", [CLIENT, CHINESE])
async def test_row_15_an_upload_brings_its_check_and_no_analysis(
    sandbox: Served, how: dict[str, str]
) -> None:
    """The client asks for the analysis itself (T13)."""
    async with photo_house(sandbox) as client:
        answer = await upload(client, "true", how)
    assert answer.status == 200
    assert types(answer) == ["photo_confirm"]
    assert answer.payload("photo_confirm")["photo_id"]
    assert answer.payload("photo_confirm")["qc_status"] == "passed"


@pytest.mark.parametrize("how", [CLIENT, CHINESE])
async def test_row_16_without_consent_nothing_is_sent_on(sandbox: Served, how: dict[str, str]) -> None:
    async with photo_house(sandbox) as client:
        answer = await upload(client, "false", how)
    assert 400 <= answer.status < 500
    assert answer.payload("error")["error"] == "USER_CONSENT_REQUIRED"
    assert is_chinese(answer.text) is (how is CHINESE)
    assert not sandbox.state.calls


@pytest.mark.parametrize("how", [CLIENT, CHINESE])
async def test_row_17_a_dead_storage_is_told_in_words(sandbox: Served, how: dict[str, str]) -> None:
    async with photo_house(sandbox) as client:
        sandbox.state.script("*", "status=503", times=None)
        answer = await upload(client, "true", how)
    assert answer.status >= 500 or answer.payload("photo_confirm")["qc_status"] is None
    assert isinstance(answer.json["cards"], list)
    assert answer.text
    assert is_chinese(answer.text) is (how is CHINESE)


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_row_18_a_summary_of_two_photos_fills_the_client_s_card(sandbox: Served, lang: str) -> None:
    """Three features and three numbered lines, objects for payloads, readable or not."""
    async with photo_house(sandbox) as client:
        photos = [
            {"slot_id": slot, "photo_id": await taken_in(client, picture(name)), "qc_status": "passed"}
            for slot, name in (("daylight", "red"), ("indoor_white", "golden"))
        ]
        for known in (photos, [{**photo, "photo_id": "upl_unknown"} for photo in photos]):
            sent = {"use_photo": True, "photos": known}
            answer = await send(client, "/v1/analysis/skin", sent, CLIENT if lang == "EN" else CHINESE)
            shown = answer.payload("analysis_summary")
            assert shown["used_photos"] is (known is photos)
            assert len(shown["analysis"]["features"]) >= 3
            assert len(re.findall(r"(?m)^\d\. ", shown["analysis"]["strategy"])) >= 3
            assert all(isinstance(card["payload"], dict) for card in answer.json["cards"])
            assert is_chinese(answer.text) is (lang == "CN")


async def test_row_19_a_summary_without_a_photo_says_what_it_rests_on(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await send(client, "/v1/analysis/skin", {"use_photo": False})
    assert answer.status == 200
    summary = answer.payload("analysis_summary")
    assert summary["analysis_source"] in ("rule_based", "baseline_low_confidence") or gaps(answer)
    assert len(summary["analysis"]["features"]) >= 3


async def test_row_20_a_routine_from_the_sheet_comes_back_whole(sandbox: Served) -> None:
    async with house(sandbox) as client:
        asked = {"use_photo": False, "currentRoutine": ROUTINE}
        answer = await send(client, "/v1/analysis/skin", asked)
        assert answer.status == 200
        kept = (await bootstrap(client)).patch["profile"]["currentRoutine"]
    assert {part: kept[part] for part in ("am", "pm")} == {part: ROUTINE[part] for part in ("am", "pm")}


@pytest.mark.parametrize("how", [CLIENT, CHINESE])
async def test_row_21_a_product_is_parsed_then_judged(sandbox: Served, how: dict[str, str]) -> None:
    async with house(sandbox) as client:
        parsed = await send(client, "/v1/product/parse", {"text": "Mock Parsed Product"}, how)
        product = parsed.payload("product_parse")["product"]
        assert isinstance(product, dict)
        judged = await send(client, "/v1/product/analyze", {"product": product}, how)
    assert judged.status == 200
    assert judged.payload("product_analysis")["assessment"]["verdict"]
    assert judged.payload("product_analysis")["profile_prompt"]["needed"] is True


@pytest.mark.parametrize("how", [CLIENT, CHINESE])
async def test_rows_22_and_23_a_dupe_is_suggested_then_compared(sandbox: Served, how: dict[str, str]) -> None:
    """The client sends back the objects as it got them, with whatever they hold."""
    async with house(sandbox) as client:
        asked = {"original_text": "Understudy Quiet Barrier Cream"}
        shown = (await send(client, "/v1/dupe/suggest", asked, how)).payload("dupe_suggest")
        rows = [*shown["dupes"], *shown["comparables"]]
        assert rows
        assert all(isinstance(row["product"], dict) and 0 <= row["similarity"] <= 100 for row in rows)
        pair = {
            "original": {**shown["original"], "odd": {"a": [1]}},
            "dupe": {**rows[0]["product"], "odd": 2},
        }
        compared = await send(client, "/v1/dupe/compare", pair, how)
    assert compared.status == 200
    assert 0 <= compared.payload("dupe_compare")["similarity"] <= 100
    assert compared.payload("dupe_compare")["tradeoffs"]


async def test_row_24_a_check_in_is_in_the_patch() -> None:
    async with web(Settings(retention_days=0)) as client:
        body = {"redness": 2, "acne": 1, "hydration": 3, "notes": "calm"}
        answer = await send(client, "/v1/tracker/log", body)
    assert answer.status == 200
    assert {name: answer.patch["recent_logs"][0][name] for name in body} == body
    assert isinstance(answer.patch["checkin_due"], bool)
    assert answer.text


async def test_row_25_the_profile_sheet_comes_back_as_sent() -> None:
    sheet = {
        **CORE,
        "region": "Singapore",
        "budgetTier": "¥500",
        "age_band": "25_34",
        "pregnancy_status": "unknown",
        "lactation_status": "unknown",
        "high_risk_medications": ["isotretinoin"],
        "travel_plan": {
            "destination": "Oslo",
            "start_date": "2026-12-01",
            "end_date": "2026-12-05",
            "indoor_outdoor_ratio": 0.4,
        },
        "itinerary": "a week of snow",
    }
    async with web(Settings(retention_days=0)) as client:
        with trio.fail_after(4):
            answer = await send(client, "/v1/profile/update", sheet)
    assert answer.status == 200, answer.body
    assert "profile" in types(answer)
    assert {name: answer.patch["profile"][name] for name in sheet} == sheet


async def test_row_29_one_odd_event_does_not_refuse_a_batch() -> None:
    good = {
        "event_name": "ui_chip_clicked",
        "brief_id": "b" * 128,
        "trace_id": "t",
        "timestamp": 1700000000000,
    }
    batch = [{**good, "data": {"lang": "en", "session_id": None}} for _ in range(24)] + [{"event_name": 7}]
    async with web(Settings(retention_days=0)) as client:
        body = {"source": "pivota-aurora-chatbox", "events": batch}
        answer = page(await client.post("/v1/events", body, uid=None, headers={"Origin": PAGE}))
    assert answer.status == 204


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("GET", "/v1/nowhere", {}, 404),
        ("GET", "/v1/chat", {}, 405),
        ("POST", "/v1/chat", {"body": b"{}", "uid": None}, 400),
        ("POST", "/v1/chat", {"body": b'{"foo": 1}'}, 400),
        ("POST", "/v1/chat", {"body": b"a" * (11 * 1024 * 1024)}, 413),
        ("POST", "/v1/tracker/log", {"body": b'{"redness": 9}'}, 400),
        ("POST", "/v1/chat", {"body": b"{broken"}, 400),
    ],
    ids=["404", "405", "no uid", "unknown key", "too large", "out of range", "row 32: broken JSON"],
)
async def test_rows_31_and_32_every_refusal_is_an_envelope_that_the_page_may_read(
    method: str, path: str, how: dict[str, Any], status: int
) -> None:
    async with web(Settings(retention_days=0)) as client:
        answer = page(await client.send(method, path, headers={"Origin": PAGE}, **how))
    assert answer.status == status
    assert isinstance(answer.json["request_id"], str)
    assert isinstance(answer.json["cards"], list)
    assert answer.text


async def test_row_31_an_outage_is_an_envelope_too() -> None:
    async with web(Settings(embedded_postgres=False)) as client:
        answer = await send(client, "/v1/tracker/log", {"redness": 2})
    assert answer.status == 503
    assert answer.error
    assert answer.text
