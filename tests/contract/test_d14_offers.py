"""Contract D 14 rows 5, 41-43 and A 19 rows 26-29 (offers), F 17 row 30 (the client's look-up), over sockets.

Mock mode only points the upstreams at the sandbox (decision 15): rows marked M hold through its answers.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.contract.test_b23 import gaps, house, types
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient

RESOLVE = "/v1/offers/resolve"
URL = "https://shop.example/p/1"
ITEM: dict[str, Any] = {"product": {"name": "A cream"}, "offer": {"affiliate_url": URL, "price": 0}}


async def resolve(client: WebClient, *items: dict[str, Any], **more: Any) -> WebAnswer:
    answer = await client.post(RESOLVE, {"items": list(items), **more})
    assert answer.status == 200, answer.body
    return answer


def items(answer: WebAnswer) -> list[dict[str, Any]]:
    return list(answer.payload("offers_resolved")["items"])


def metadata(answer: WebAnswer) -> dict[str, Any]:
    return dict(answer.payload("offers_resolved")["metadata"])


async def test_row_d5_without_a_uid_it_is_refused(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await client.post(RESOLVE, {"items": [ITEM]}, uid=None)
    assert answer.status == 400
    assert answer.error == "MISSING_AURORA_UID"
    assert answer.text


async def test_rows_a26_and_d41_an_offer_gets_a_picture_and_a_price(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await resolve(client, ITEM)
    (item,) = items(answer)
    assert item["product"]["image_url"]
    assert item["offer"]["price"] > 0
    assert item["offer"]["currency"] == "USD"
    assert answer.payload("offers_resolved")["market"] == "US"
    assert metadata(answer)["pdp_open_path_stats"] == {"internal": 0, "external": 1}
    assert answer.patch["next_state"] == "PRODUCT_LINK_EVAL"
    assert answer.event("offers_resolved")["data"]["count"] == 1
    assert answer.card("offers_resolved")["card_id"] == f"offers_{answer.json['request_id']}"
    assert answer.text


async def test_row_a27_what_the_shop_says_is_patched_in(sandbox: Served) -> None:
    said = {
        "ok": True,
        "offer": {
            "title": "Ignored, there is a name",
            "brand": "Understudy",
            "imageUrl": "https://img.example/1.png",
            "price": {"amount": 31.5, "currency": "EUR"},
            "canonicalUrl": "https://shop.example/p/one",
        },
    }
    sandbox.state.script("commerce", body=msgspec.json.encode(said))
    async with house(sandbox, backend_api_key="an-agent-key") as client:
        answer = await resolve(client, ITEM, market="DE")
    (item,) = items(answer)
    assert item["product"]["name"] == "A cream"
    assert item["product"]["brand"] == "Understudy"
    assert item["product"]["image_url"] == "https://img.example/1.png"
    assert item["offer"]["price"] == 31.5
    assert item["offer"]["currency"] == "EUR"
    assert item["offer"]["affiliate_url"] == "https://shop.example/p/one"
    assert item["metadata"]["offer_resolve_attempted"] is True
    assert metadata(answer)["time_to_pdp_ms_stats"]["count"] == 1
    (call,) = sandbox.state.calls
    assert call.path == "/api/offers/external/resolve"
    assert call.body == {"market": "DE", "url": URL, "forceRefresh": False}
    assert not call.auth, "this call carries no key (contract D 1.5)"


async def test_row_a28_a_page_that_hangs_leaves_the_item_as_it_was(sandbox: Served) -> None:
    sandbox.state.script("commerce", "stall")
    async with house(sandbox, offers_budget_ms=1000) as client:
        answer = await resolve(client, ITEM)
    (item,) = items(answer)
    assert item["offer"]["affiliate_url"] == URL
    missing = [("offer.snapshot", "external_offer_resolve_timeout_or_network")]
    assert gaps(answer) == missing
    assert metadata(answer)["fail_reason_counts"]["upstream_timeout"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [ITEM] * 21},
        {},
        {"items": [ITEM], "more": 1},
        {"items": [{"product": {}}]},
        {"items": [{"product": [], "offer": {}}]},
        {"items": [{"product": {}, "offer": "https://shop.example"}]},
        {"items": [{**ITEM, "quantity": 1}]},
        {"items": [ITEM], "market": ""},
        {"items": [ITEM], "market": "x" * 33},
        {"items": [ITEM], "market": None},
        {"items": [{**ITEM, "product": {"name": "x" * 20_000}}]},
        {"items": [ITEM, {**ITEM, "offer": {"badges": ["x" * 100] * 200}}]},
    ],
)
async def test_rows_a29_and_d43_bad_bodies_are_refused(body: dict[str, Any], sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await client.post(RESOLVE, body)
    assert answer.status == 400
    assert answer.error == "BAD_REQUEST"
    assert not sandbox.state.calls


async def test_row_d42_a_database_error_there_keeps_the_item_and_its_way_into_the_shop(
    sandbox: Served,
) -> None:
    sandbox.state.script("commerce", body=b'{"ok":false,"code":"db_error"}')
    async with house(sandbox) as client:
        product = {"merchant_id": "m1", "product_id": "p1", "name": "A"}
        answer = await resolve(client, {"product": product, "offer": {"url": URL}})
    (item,) = items(answer)
    assert item["pdp_open"]["path"] == "ref"
    assert item["pdp_open"]["product_ref"] == {"merchant_id": "m1", "product_id": "p1"}
    assert item["metadata"]["pdp_open_path"] == "internal"
    assert item["metadata"]["resolve_fail_reason"] == "db_error"
    assert item["offer"] == {"url": URL}
    assert gaps(answer) == [("offer.snapshot", "external_offer_resolve_db_error")]
    assert metadata(answer)["fail_reason_counts"]["db_error"] == 1


async def test_a_status_500_without_a_reason_is_a_failure_of_its_own(sandbox: Served) -> None:
    sandbox.state.script("commerce", "status=500")
    async with house(sandbox) as client:
        answer = await resolve(client, ITEM)
    assert gaps(answer) == [("offer.snapshot", "external_offer_resolve_failed")]


async def test_row_d43_an_offer_without_an_address_stays(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await resolve(client, {"product": {"name": "A"}, "offer": {"price": 5}})
    (item,) = items(answer)
    assert item["offer"] == {"price": 5}
    assert gaps(answer) == [("offer.affiliate_url", "missing_affiliate_url")]
    assert not sandbox.state.calls


async def test_twenty_offers_of_which_half_hang(sandbox: Served) -> None:
    sandbox.state.script("commerce", "stall", times=None, match="hang")
    sent = [
        {"product": {"name": f"P{n}"}, "offer": {"url": f"{URL}{'?hang' if n % 2 else ''}#{n}"}}
        for n in range(20)
    ]
    async with house(sandbox, offers_budget_ms=2500) as client:
        answer = await resolve(client, *sent)
    found = items(answer)
    assert [item["product"]["name"] for item in found] == [f"P{n}" for n in range(20)]
    assert ["price" in item["offer"] for item in found] == [n % 2 == 0 for n in range(20)]
    missing = [("offer.snapshot", "external_offer_resolve_timeout_or_network")]
    assert gaps(answer) == missing


@pytest.mark.parametrize(
    "behaviour",
    ["html", "empty_body", "truncated", "bad_utf8", "array_root", "scalar_root", "wrong_types", "reset",
     "close_mid_body", "status=404", "redirect", "deep=2000", "nan", "surrogate", "nul"],
)  # fmt: skip
async def test_whatever_the_backend_does_the_item_comes_back(behaviour: str, sandbox: Served) -> None:
    sandbox.state.script("commerce", behaviour)
    async with house(sandbox) as client:
        answer = await resolve(client, ITEM)
    assert types(answer) == ["offers_resolved"]
    (item,) = items(answer)
    assert item["product"]["name"] == "A cream"
    assert item["offer"]["affiliate_url"] == URL
    assert answer.card("offers_resolved")["field_missing"]


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_ware_of_the_sandbox_is_read_in_its_market(lang: str, sandbox: Served) -> None:
    market, currency = ("CN", "CNY") if lang == "CN" else ("US", "USD")
    async with house(sandbox) as client:
        answer = await resolve(
            client,
            {"product": {}, "offer": {"url": "https://shop.example/p/mock_sunscreen_1"}},
            market=market,
        )
    (item,) = items(answer)
    assert item["product"]["name"] == ("日光轻纱防晒 SPF50" if lang == "CN" else "Daylight Veil SPF 50")
    assert item["offer"]["currency"] == currency


async def test_row_f30_the_clients_own_look_up_of_an_unknown_product(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await client.post(
            "/agent/v1/products/resolve",
            {
                "query": "teapot",
                "lang": "en",
                "caller": "aurora_chatbox",
                "session_id": "b-1",
                "hints": {"brand": "Nobody", "title": "teapot"},
                "options": {
                    "timeout_ms": 3500, "search_all_merchants": True, "upstream_retries": 0,
                    "candidates_limit": 12, "allow_external_seed": False,
                },
            },
        )  # fmt: skip
    assert answer.status == 200
    assert answer.json["resolved"] is False
    assert answer.json["reason_code"] == "NO_CANDIDATES"
