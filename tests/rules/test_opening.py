"""How a product opens, as the shop says it or not (contract D 5.8); rows of its catalogue (D 1.5)."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.actors.findings import Answer, Failure
from aurora.actors.links import Reply
from aurora.actors.opening import RESOLVE_PATH, STABLE_ID_PATH, read_opening, request_of
from aurora.actors.questions import OpenProduct, ProductOpening
from aurora.rules.catalogue_rows import product_of
from aurora.rules.normalise_reco import normalise
from aurora.rules.pdp_open import needs_shop, not_in_shop, opened_by_shop, opening_stats
from aurora.rules.upstream_reason import reason_of, reason_of_failure

UUID = "00000000-0000-4000-8000-000000000000"


def item(**sku: Any) -> dict[str, Any]:
    (found,) = normalise(
        [{"sku": {"sku_id": "s1", "brand": "B", "name": "Cream", **sku}}], lang="EN", profile=None
    )
    return found


def test_only_what_says_nothing_itself_needs_the_shop() -> None:
    assert needs_shop(item())
    assert not needs_shop(item(product_group_id="pg:m:p"))
    assert not needs_shop(item(product_id="p1", merchant_id="m1"))
    assert needs_shop(item(product_id=UUID, merchant_id="m1"))


@pytest.mark.parametrize(
    ("query", "path"), [("", "ref"), ("B Cream", "resolve")], ids=["by id", "by its name"]
)
def test_a_reference_replaces_the_ids_of_the_sku(query: str, path: str) -> None:
    opened = opened_by_shop(item(), product_id="p9", merchant_id="m9", group_id="", query=query, took_ms=7)
    assert opened["pdp_open"]["path"] == path
    assert opened["pdp_open"]["product_ref"] == {"product_id": "p9", "merchant_id": "m9"}
    assert opened["pdp_open"].get("resolved_via_query", "") == query
    assert (opened["sku"]["product_id"], opened["sku"]["sku_id"], opened["sku"]["merchant_id"]) == (
        "p9",
        "p9",
        "m9",
    )
    assert opened["product_id"] == "p9"
    assert opened["metadata"] == {
        "pdp_open_path": "internal", "pdp_open_mode": path, "time_to_pdp_ms": 7,
    }  # fmt: skip


def test_a_group_wins_and_a_failure_says_why() -> None:
    grouped = opened_by_shop(item(), product_id="", merchant_id="", group_id="pg:m:p", query="", took_ms=1)
    assert grouped["pdp_open"]["path"] == "group"
    assert grouped["pdp_open"]["get_pdp_v2_payload"]["subject"] == {"type": "product_group", "id": "pg:m:p"}
    assert grouped["sku"]["sku_id"] == "s1"
    failed = not_in_shop(item(), reason="db_error", took_ms=3)
    assert failed["pdp_open"]["path"] == "external"
    assert failed["pdp_open"]["resolve_reason_code"] == "db_error"
    assert (
        failed["metadata"]["resolve_fail_reason"] == failed["metadata"]["pdp_open_fail_reason"] == "db_error"
    )
    assert failed["metadata"]["pdp_open_resolve_attempted"] is True
    stats = opening_stats([grouped, failed, item()])
    assert stats["pdp_open_path_stats"] == {"group": 1, "ref": 0, "resolve": 0, "external": 2}
    assert stats["resolve_fail_reason_counts"] == {"db_error": 1, "upstream_timeout": 0, "no_candidates": 1}
    assert stats["time_to_pdp_ms_stats"] == {"count": 3, "mean": 1, "p50": 1, "p90": 3, "max": 3}
    assert opening_stats([])["time_to_pdp_ms_stats"]["count"] == 0


# --- the questions


def test_what_the_shop_is_asked() -> None:
    path, body = request_of(
        OpenProduct(by="stable_id", query="B Cream", product_id="p1", sku_id="s1", brand="B", name="Cream"),
        900,
    )
    assert path == STABLE_ID_PATH
    assert body == {
        "operation": "offers.resolve",
        "payload": {
            "product": {
                "product_id": "p1", "sku_id": "s1", "brand": "B", "name": "Cream", "query": "B Cream",
            },
            "product_id": "p1", "sku_id": "s1", "query": "B Cream",
        },
    }  # fmt: skip
    path, body = request_of(
        OpenProduct(by="text", query="面霜", lang="CN", product_id="p1", merchant_id="m1"), 900
    )
    assert path == RESOLVE_PATH
    assert (body["lang"], body["caller"], body["options"]["timeout_ms"]) == ("zh", "aurora_chatbox", 900)
    assert body["hints"] == {"product_ref": {"product_id": "p1", "merchant_id": "m1"}}


REF = {"product_id": "p1", "merchant_id": "m1"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"resolved": True, "product_ref": REF}, ProductOpening(product_id="p1", merchant_id="m1")),
        ({"resolved": True, "canonical_product_ref": REF}, ProductOpening(product_id="p1", merchant_id="m1")),
        (
            {"resolved": True, "product_ref": {**REF, "product_id": UUID}},
            ProductOpening(reason="no_candidates"),
        ),
        ({"resolved": True, "product_ref": {"product_id": "p1"}}, ProductOpening(reason="no_candidates")),
        ({"resolved": "yes", "product_ref": REF}, ProductOpening(reason="no_candidates")),
        ({"resolved": False, "reason_code": "DB_ERROR"}, ProductOpening(reason="db_error")),
        (
            {
                "status": "success",
                "mapping": {"canonical_product_group_id": "pg:1", "canonical_product_ref": REF},
            },
            ProductOpening(product_id="p1", merchant_id="m1", group_id="pg:1"),
        ),
        (
            {"status": "success", "pdp_target": {"v1": {"product_group_id": "pg:2"}}},
            ProductOpening(group_id="pg:2"),
        ),
        ({"status": "success", "mapping": []}, ProductOpening(reason="no_candidates")),
        ({"status": "success", "mapping": {"group_id": "x" * 201}}, ProductOpening(reason="no_candidates")),
        ({"status": "error", "error": "upstream_busy"}, ProductOpening(reason="upstream_timeout")),
    ],
)
def test_what_the_shop_answers(body: dict[str, Any], expected: ProductOpening) -> None:
    finding = read_opening(Reply(status=200, body=body, raw=b"{}"))
    assert isinstance(finding, Answer)
    assert finding.value == expected


def test_an_answer_that_is_no_object_is_no_answer() -> None:
    finding = read_opening(Reply(status=200, body=[1], raw=b"[1]"))
    assert isinstance(finding, Failure)
    assert finding.code == "bad_shape"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"reason_code": "no_candidates", "error": "db_down"}, "no_candidates"),
        ({"metadata": {"reasonCode": "DB_ERROR"}}, "db_error"),
        ({"message": "Postgres is away"}, "db_error"),
        ({"error": "search timeout"}, "upstream_timeout"),
        ({"metadata": {"sources": [3, {"reason": "upstream_error"}]}}, "upstream_timeout"),
        ({"reason": "low_confidence"}, "no_candidates"),
        ({"reason": "something else"}, "no_candidates"),
        ([], "no_candidates"),
    ],
)
def test_reasons_of_bodies(body: Any, reason: str) -> None:
    assert reason_of(body) == reason


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("timeout", None, "upstream_timeout"), ("reset", None, "upstream_timeout"),
        ("http_5xx", 503, "upstream_timeout"), ("http_4xx", 429, "upstream_timeout"),
        ("http_4xx", 408, "upstream_timeout"), ("http_4xx", 404, "no_candidates"),
        ("not_json", 200, "no_candidates"), ("not_configured", None, "no_candidates"),
    ],
)  # fmt: skip
def test_reasons_of_failures(code: str, status: int | None, reason: str) -> None:
    assert reason_of_failure(code, status) == reason


# --- rows


def test_a_row_is_read_under_all_its_names() -> None:
    assert product_of({"id": 7, "title": "T", "brand_name": "B", "thumbnail_url": "https://x/y.png"}) == {
        "product_id": "7", "brand": "B", "name": "T", "image_url": "https://x/y.png",
    }  # fmt: skip
    full = product_of({
        "productId": "p1", "merchant": {"merchant_id": "m1"}, "name": "N", "product_type": "cream",
        "price": {"amount": "9.5", "currency": "EUR"}, "ingredient_tokens": ["a"] * 50, "skin_type_tags": "x",
    })  # fmt: skip
    assert full is not None
    assert full["price"] == {"amount": 9.5, "currency": "EUR", "unknown": False}
    assert full["canonical_product_ref"] == {"product_id": "p1", "merchant_id": "m1"}
    assert len(full["ingredient_tokens"]) == 36
    assert "skin_type_tags" not in full


@pytest.mark.parametrize("row", [{}, {"name": "N"}, {"product_id": "  "}, {"product_id": {"a": 1}}])
def test_a_row_without_an_id_is_none(row: dict[str, Any]) -> None:
    assert product_of(row) is None


def test_a_uuid_is_no_reference_and_a_bad_price_no_price() -> None:
    found = product_of({"product_id": UUID, "merchant_id": "m", "price": -1, "image_url": "http://x"})
    assert found == {"product_id": UUID, "merchant_id": "m"}
