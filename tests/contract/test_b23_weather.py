"""Contract B 23, rows 35 and 36, and B 22, rows 2 and 15, over the whole house: weather and availability."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.settings import Settings
from tests.contract.test_b23 import LANGS, chat, chips, gaps, has_profile, house, names, sells, types
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, web

SNOW = {"EN": "It will snow tomorrow, what should I watch out for?", "CN": "明天要下雪，我应该注意什么？"}
BRAND = {"EN": "Do you have anything from Winona?", "CN": "有没有薇诺娜的产品"}
TRIP = {
    "EN": "I'm travelling to Lisbon, 2099-07-01 to 2099-07-05. How do I keep my skin calm?",
    "CN": "我要去里斯本旅行，2099-07-01 到 2099-07-05，皮肤怎么护？",
}
UPSTREAM_CALLS = "upstream_call_total{"


def drawable(payload: dict[str, Any]) -> bool:
    """What the client needs for an env_stress card (contract F 13)."""
    return (
        payload["schema_version"] == "aurora.ui.env_stress.v1"
        and 0 <= payload["ess"] <= 100
        and 1 <= len(payload["radar"]) <= 8
        and len(payload["notes"]) <= 4
    )


async def decision_calls(client: Any) -> float:
    lines = (await client.get("/metrics")).body.decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(UPSTREAM_CALLS))


# --- row 35


@LANGS
@pytest.mark.parametrize("fault", ["stall", "reset", "status=503", "absent"])
async def test_row_35_snow_is_answered_with_everything_down(sandbox: Served, lang: str, fault: str) -> None:
    if fault != "absent":
        sandbox.state.script("*", fault, times=None)
    base = "" if fault == "absent" else sandbox.url
    settings = Settings(retention_days=0, decision_base_url=base, backend_base_url=base)
    async with web(settings) as client:
        answer = await chat(client, {"message": SNOW[lang], "client_state": "DIAG_PROFILE"}, lang)
        assert answer.status == 200
        assert types(answer) == ["env_stress"]
        assert drawable(answer.payload("env_stress"))
        assert answer.event("value_moment")["data"] == {"kind": "weather_advice", "scenario": "snow"}
        assert chips(answer)[:2] == ["chip.start.routine", "chip.start.reco_products"]
        pinned = {"CN": ("对应产品清单", "防晒", "润唇"), "EN": ("SPF 30+", "lip balm")}[lang]
        assert all(fragment in answer.text for fragment in pinned)
        assert not sandbox.state.calls
        assert sells(answer) == []


@LANGS
async def test_row_35_and_the_tap_below_it_leads_on(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        first = await chat(client, {"message": SNOW[lang], "client_state": "DIAG_PROFILE"}, lang)
        for chip in first.json["suggested_chips"][:2]:
            tap = {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}
            answer = await chat(client, {"action": tap}, lang)
            assert "env_stress" not in types(answer)


# --- row 36


@LANGS
@pytest.mark.parametrize("fault", ["absent", "status=503", "reset", "html", "wrong_types", "null_cards"])
async def test_row_36_a_brand_without_a_shop(sandbox: Served, lang: str, fault: str) -> None:
    settings = Settings(
        retention_days=0,
        decision_base_url=sandbox.url,
        backend_base_url="" if fault == "absent" else sandbox.url,
        breaker_enabled=False,
    )
    if fault != "absent":
        sandbox.state.script("commerce", fault, times=None)
    async with web(settings) as client:
        before = await decision_calls(client)
        answer = await chat(client, {"message": BRAND[lang]}, lang)
        assert answer.status == 200
        assert types(answer) == ["product_parse", "offers_resolved"]
        assert answer.payload("product_parse")["intent"] == "availability"
        assert answer.payload("offers_resolved")["items"][0]["offer"] is None
        assert ("items[0].offer", "catalog_not_available") in gaps(answer)
        event = answer.event("catalog_availability_shortcircuit")["data"]
        assert (event["ok"], event["brand_id"]) == (False, "brand_winona")
        assert "diagnosis_gate" not in types(answer)
        assert chips(answer) == []
        assert not any(
            word in answer.text for word in ("skin type", "肤质", "在库", "in stock", "有货", "现货")
        )
        assert await decision_calls(client) == before
        assert "decision" not in [call.upstream for call in sandbox.state.calls]


@LANGS
async def test_row_36_twin_with_a_shop_that_lists_it(sandbox: Served, lang: str) -> None:
    message = {
        "EN": "Is Understudy Quiet Barrier Cream in stock?",
        "CN": "Understudy 静护屏障面霜有没有现货？",
    }[lang]
    async with house(sandbox) as client:
        answer = await chat(client, {"message": message}, lang)
        assert types(answer) == ["product_parse", "offers_resolved"]
        items = answer.payload("offers_resolved")["items"]
        assert items
        assert all(item["offer"] is None for item in items)
        assert {item["pdp_open"]["path"] for item in items} == {"ref"}
        event = answer.event("catalog_availability_shortcircuit")["data"]
        assert (event["ok"], event["resolved_via"]) == (True, "products_search")
        assert [call.upstream for call in sandbox.state.calls] == ["commerce"]
        assert sandbox.state.calls[0].path == "/agent/v1/products/search"


@LANGS
async def test_row_36_twin_a_specific_product_is_resolved(sandbox: Served, lang: str) -> None:
    sandbox.state.script("commerce", "", match="", body=b'{"products":[]}')
    message = {"EN": "Is Understudy Quiet Barrier Cream in stock?", "CN": "Understudy 静护屏障面霜有货吗"}[
        lang
    ]
    async with house(sandbox) as client:
        answer = await chat(client, {"message": message}, lang)
        event = answer.event("catalog_availability_shortcircuit")["data"]
        assert (event["ok"], event["resolved_via"]) == (True, "products_resolve")
        assert answer.payload("product_parse")["product"]["product_id"] == "mock_moisturizer_1"
        resolve = sandbox.state.calls[-1]
        assert resolve.path == "/agent/v1/products/resolve"
        assert resolve.body["caller"] == "aurora_chatbox"
        assert resolve.body["lang"] == ("zh" if lang == "CN" else "en")
        assert 0 < resolve.body["options"]["timeout_ms"] <= 1400


# --- B 22


@pytest.mark.parametrize(
    "message",
    [
        "What is hyaluronic acid?",
        "How often should I exfoliate?",
        "Is it normal that my skin feels tight?",
        "请问玻尿酸是什么？",
        "请问多久去一次角质？",
        "请问孕期护肤要注意什么",
    ],
)
async def test_b22_row_2_a_question_mark_is_no_question_for_the_shop(sandbox: Served, message: str) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": message}, "CN" if message[0] == "请" else "EN")
        assert "catalog_availability_shortcircuit" not in names(answer)
        assert "offers_resolved" not in types(answer)
        assert "commerce" not in [call.upstream for call in sandbox.state.calls]


@pytest.mark.parametrize(
    "message",
    [
        "Should I start retinol next week?",
        "What is the weekend plan for my skin?",
        "there is a risk in the louvre",
        "How do I repair my skin?",
        "有什么风险",
        "下周开始可以去角质吗",
        "这个风格我喜欢",
        "周末怎么护肤",
        "我的皮肤很干燥",
    ],
)
async def test_b22_row_15_bare_time_words_and_parts_of_words_are_no_weather(
    sandbox: Served, message: str
) -> None:
    async with house(sandbox) as client:
        await has_profile(client, pregnancy_status="not_pregnant", age_band="25_34")
        answer = await chat(client, {"message": message}, "EN" if message.isascii() else "CN")
        assert answer.status == 200
        assert "env_stress" not in types(answer)
        assert "weather_advice" not in str(answer.json["events"])


# --- live weather, over real sockets


async def travelling(sandbox: Served, lang: str, **flags: Any) -> WebAnswer:
    live = {
        "travel_weather_live": True,
        "weather_geocoding_base_url": sandbox.url,
        "weather_forecast_base_url": sandbox.url,
    }
    async with house(sandbox, **{**live, **flags}) as client:
        return await chat(client, {"message": TRIP[lang]}, lang)


@LANGS
async def test_a_live_forecast_from_its_wire_to_the_card(sandbox: Served, lang: str) -> None:
    """The turn is also played again from its trace, like every turn of the tests."""
    answer = await travelling(sandbox, lang)
    payload = answer.payload("env_stress")
    assert drawable(payload)
    assert payload["env_source"] == "weather_api"
    assert payload["travel_context"] == {"start": "2099-07-01", "end": "2099-07-05"}
    assert f"{payload['epi']}/100" in answer.text
    assert [call.path for call in sandbox.state.calls] == ["/v1/search", "/v1/forecast"]
    assert [call.upstream for call in sandbox.state.calls] == ["weather", "weather"]
    assert not any(call.authorised for call in sandbox.state.calls)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("status=503", "geocode_http_503"),
        ("reset", "geocode_network_error"),
        ("html", "geocode_network_error"),
        ("wrong_types", "geocode_network_error"),
        ("huge=1", "geocode_network_error"),
    ],
)
async def test_a_weather_service_that_fails_costs_the_forecast_never_the_answer(
    sandbox: Served, script: str, reason: str
) -> None:
    sandbox.state.script("weather", script, times=None)
    answer = await travelling(sandbox, "EN")
    assert answer.status == 200
    assert answer.payload("env_stress")["env_source"] == "climate_fallback"
    assert answer.event("value_moment")["data"]["env_reason"] == reason


async def test_the_second_call_may_fail_alone(sandbox: Served) -> None:
    sandbox.state.script("weather", "status=400", match=",", times=None)
    answer = await travelling(sandbox, "CN")
    assert answer.event("value_moment")["data"]["env_reason"] == "forecast_http_400"


async def test_without_the_flag_the_weather_service_hears_nothing(sandbox: Served) -> None:
    answer = await travelling(sandbox, "EN", travel_weather_live=False)
    assert "epi" not in answer.payload("env_stress")
    assert not sandbox.state.calls
