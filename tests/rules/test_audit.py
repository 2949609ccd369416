"""The quality score and the soft rules: what they reward, what they name (contract A 4.2, B 19)."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import aurora
from aurora.rules import gap_reasons
from aurora.rules.audit import quality_audit, soft_violations
from aurora.rules.errors_text import error_text


def audit(message: str = "How does it feel?", cards: Any = (), **how: Any) -> dict[str, Any]:
    given = {
        "is_markdown": False, "chip_count": 0, "next_state": "IDLE_CHAT", "internal_state": None,
        "template_id": None, "pending": False, "low_confidence": False, "critical_gaps": 0, **how,
    }  # fmt: skip
    return quality_audit(
        message,
        given.pop("is_markdown"),
        list(cards),
        given.pop("chip_count"),
        given.pop("next_state"),
        given.pop("internal_state"),
        **given,
    )


RECOS = ("recommendations", {"recommendations": [{}]})
NO_OFFER = ("offers_resolved", {"items": [{"offer": None}, None]})


@pytest.mark.parametrize(
    ("how", "score"),
    [
        ({}, 100),
        ({"message": "x" * 281}, 75),
        ({"message": "x" * 281, "is_markdown": True}, 100),
        ({"message": "x" * 521, "is_markdown": True}, 75),
        ({"cards": [RECOS]}, 75),
        ({"cards": [RECOS], "next_state": "RECO_RESULTS"}, 100),
        ({"pending": True}, 80),
        ({"pending": True, "chip_count": 4}, 100),
        ({"pending": True, "chip_count": 4, "message": "One? Two?"}, 85),
        ({"cards": [NO_OFFER], "message": "It is in stock, shall I?"}, 85),
        ({"cards": [NO_OFFER], "message": "No offer yet."}, 100),
        ({"message": "This cures acne."}, 0),
        ({"message": "可以根治痘痘。"}, 0),
        ({"message": "You have rosacea."}, 0),
    ],
)
def test_the_score(how: dict[str, Any], score: int) -> None:
    found = audit(**how)
    assert found["total_score"] == score
    assert bool(found["hard_fail_reasons"]) is (score == 0)


def test_flags_and_invariants_are_complete() -> None:
    found = audit(cards=[NO_OFFER, ("analysis_summary", {"used_photos": True})], low_confidence=True)
    assert found["key_flags"] == {"used_photos": True, "low_confidence": True, "offers_null_count": 2}
    assert [(i["id"], i["passed"], i["applicable"], i["reason"]) for i in found["invariants"]] == [
        ("recommendations_reco_state", True, False, "not_applicable"),
        ("pending_clarification_step_constraints", True, False, "not_applicable"),
        ("offers_null_inventory_assertion_guard", True, True, "ok"),
        ("critical_missing_fields_require_field_missing_reason", True, True, "ok"),
    ]


def test_a_violated_invariant_says_so() -> None:
    found = {i["id"]: i for i in audit(cards=[RECOS])["invariants"]}
    assert found["recommendations_reco_state"] == {
        "id": "recommendations_reco_state", "passed": False, "applicable": True, "reason": "violated",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "cards", "chips", "state", "reasons", "expected"),
    [
        ("Fine.", [], 0, "IDLE_CHAT", [], ["missing_action"]),
        ("Fine?", [], 0, "IDLE_CHAT", [], []),
        ("好。", [], 0, "IDLE_CHAT", [], ["missing_action"]),
        ("你可以先保湿。", [], 0, "IDLE_CHAT", [], []),
        ("Fine.", [], 1, "IDLE_CHAT", [], []),
        ("", [], 0, "IDLE_CHAT", [], []),
        ("See below.", [RECOS], 0, "IDLE_CHAT", [], ["recommendations_state_mismatch"]),
        ("See below.", [RECOS], 0, "RECO_RESULTS", [], []),
        ("Good morning, \nHello, try this.", [], 0, "IDLE_CHAT", [], ["duplicate_prefix"]),
        ("Try it.", [], 0, "IDLE_CHAT", ["never_heard_of"], ["field_missing_reason_unknown"]),
        ("Try it.", [], 0, "IDLE_CHAT", ["upstream_timeout"], []),
        ("Try product_id p1.", [RECOS], 0, "RECO_RESULTS", [], ["card_duplicate_recommendations"]),
        ("Try: ESS 80, radar high.", [("env_stress", {})], 0, "IDLE_CHAT", [], ["card_duplicate_env"]),
    ],
)
def test_soft_rules(
    message: str, cards: Any, chips: int, state: str, reasons: list[str], expected: list[str]
) -> None:
    assert soft_violations(message, cards, chips, state, reasons) == expected


def test_what_leads_on_by_itself_is_no_violation():
    assert soft_violations("Fine.", [], 0, "IDLE_CHAT", [], quoted=True) == []
    assert soft_violations("Fine.", [("error", {"error": "X"})], 0, "IDLE_CHAT", []) == []
    assert soft_violations("Fine.", [("confidence_notice", {"actions": ["retry"]})], 0, "IDLE_CHAT", []) == []
    assert soft_violations("Fine.", [("note", {"actions": []})], 0, "IDLE_CHAT", []) == ["missing_action"]


def _given_reasons():
    """Codes that stand as literals where the source declares that something is missing."""
    for path in sorted(Path(aurora.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = {"FieldMissing": node.args[1:2], "missing": node.args[1:2], "lacks": node.args[1:2],
                     "_gap": node.args[:1]}.get(name, [])  # fmt: skip
            for arg in given:
                if isinstance(arg, ast.Constant) and isinstance(arg.value, str):
                    yield path.name, arg.value


def test_every_reason_that_the_source_gives_is_a_known_one():
    found = list(_given_reasons())
    assert len(found) >= 5
    assert [one for one in found if one[1] not in gap_reasons.KNOWN] == []


CODES = [
    "BAD_REQUEST", "INVALID_JSON", "MISSING_AURORA_UID", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED", "OVERLOADED", "SHUTTING_DOWN", "STATE_TRANSITION_REJECTED", "DB_NOT_CONFIGURED",
    "DB_SCHEMA_NOT_READY", "DB_UNAVAILABLE", "INTERNAL_SCHEMA_ERROR", "CHAT_FAILED", "SOMETHING_NEW",
]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_every_error_reads_in_both_languages(code: str, status: int) -> None:
    english, chinese = error_text(code, status, "EN"), error_text(code, status, "CN")
    assert english.isascii()
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese)
    assert len(english) < 160


@pytest.mark.parametrize("code", ["DB_NOT_CONFIGURED", "DB_SCHEMA_NOT_READY", "DB_UNAVAILABLE"])
def test_a_storage_refusal_never_pretends_that_something_was_saved(code: str) -> None:
    assert "saved" in error_text(code, 503, "EN")
    assert "shortly" in error_text(code, 503, "EN")
    assert "请稍后再试" in error_text(code, 503, "CN")


def test_an_unknown_code_is_told_by_its_status() -> None:
    texts = {error_text("NEW", status, "EN") for status in (400, 500, 503)}
    assert len(texts) == 3
