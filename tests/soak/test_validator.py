"""The envelope validator finds what it must find and nothing else (contract A 4.6, E 3.5)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soak.validator import invariants, violations
from tests.support.lawful import schema

LAWFUL: dict[str, Any] = {
    "request_id": "r",
    "trace_id": "t",
    "assistant_message": {"role": "assistant", "content": "hi", "format": "text"},
    "suggested_chips": [{"chip_id": "c", "label": "C", "kind": "action", "data": {}}],
    "cards": [
        {
            "card_id": "reco_r",
            "type": "recommendations",
            "title": "Picks",
            "payload": {"recommendations": [{"step": "Moisturizer", "sku": {"name": "Calm cream"}}]},
            "field_missing": [{"field": "a", "reason": "b"}],
        },
        {
            "card_id": "conf_r",
            "type": "confidence_notice",
            "payload": {"reason": "low_confidence", "actions": ["retry"]},
        },
    ],
    "session_patch": {"next_state": "RECO_RESULTS"},
    "events": [{"event_name": "value_moment", "data": {}}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """LAWFUL with one place replaced; `...` removes it."""
    envelope = copy.deepcopy(LAWFUL)
    place: Any = envelope
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    key: Any = int(last) if last.isdigit() else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return envelope


def test_a_lawful_envelope_has_no_violations() -> None:
    assert invariants(LAWFUL) == []
    assert list(schema().iter_errors(LAWFUL)) == []


UNLAWFUL: list[tuple[str, Any]] = [
    *((key, ...) for key in LAWFUL),
    ("meta", {}),
    ("request_id", ""), ("trace_id", None),
    ("assistant_message", "hi"), ("assistant_message.role", "user"), ("assistant_message.content", None),
    ("assistant_message.extra", 1), ("assistant_message.format", "html"),
    ("suggested_chips", None), ("suggested_chips", [{"chip_id": "a", "label": "b"}] * 11),
    ("suggested_chips.0", None), ("suggested_chips.0.label", {"en": "x"}), ("suggested_chips.0.label", ""),
    ("suggested_chips.0.kind", "link"), ("suggested_chips.0.data", None), ("suggested_chips.0.more", 1),
    ("suggested_chips.0.chip_id", ...),
    ("cards", None), ("cards.0", None), ("cards.0.card_id", ""), ("cards.0.type", 3), ("cards.0.title", None),
    ("cards.0.title", {"en": "x"}), ("cards.0.payload", None), ("cards.0.payload", []),
    ("cards.0.field_missing", None), ("cards.0.field_missing.0.reason", ""),
    ("cards.0.field_missing.0.more", 1),
    ("cards.0.payload.recommendations", None), ("cards.0.payload.recommendations.0", None),
    ("cards.1.payload.reason", "default"), ("cards.1.payload.reason", ...), ("cards.1.payload.actions",
    "retry"),
    ("cards.1.payload.actions.0", {"x": 1}),
    ("session_patch", None), ("session_patch.next_state", ...), ("session_patch.next_state", "S2_DIAGNOSIS"),
    ("events", {}), ("events.0", "x"), ("events.0.event_name", ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), UNLAWFUL)
def test_a_broken_shape_is_a_schema_violation_here_and_in_the_json_schema(path: str, value: Any) -> None:
    envelope = changed(path, value)
    assert "schema_violation" in invariants(envelope)
    assert list(schema().iter_errors(envelope))


def test_every_notice_is_checked_not_only_one() -> None:
    second = {
        "card_id": "conf_2",
        "type": "confidence_notice",
        "payload": {"reason": "other", "actions": ["a"]},
    }
    assert invariants({**LAWFUL, "cards": [*LAWFUL["cards"], second]}) == ["schema_violation"]


def test_an_envelope_without_cards() -> None:
    assert invariants({**LAWFUL, "cards": []}) == [
        "empty_cards_without_notice", "no_renderable_cards_without_notice",
    ]  # fmt: skip


def test_only_an_empty_recommendations_card_is_nothing_to_draw() -> None:
    empty = {"card_id": "a", "type": "recommendations", "payload": {"recommendations": []}}
    assert invariants({**LAWFUL, "cards": [empty]}) == ["no_renderable_cards_without_notice"]
    text_only = {"card_id": "a", "type": "gate_notice", "payload": {"kind": "text_only"}}
    assert invariants({**LAWFUL, "cards": [text_only]}) == []


@pytest.mark.parametrize("actions", [[], ["", " "]])
@pytest.mark.parametrize("reason", ["low_confidence", "safety_block"])
def test_a_notice_needs_an_action_even_for_safety(reason: str, actions: list[str]) -> None:
    notice = {"card_id": "n", "type": "confidence_notice", "payload": {"reason": reason, "actions": actions}}
    assert invariants({**LAWFUL, "cards": [notice]}) == ["notice_without_actions"]


def test_safety_beside_recommendations() -> None:
    assert invariants(changed("cards.1.payload.reason", "safety_block")) == [
        "safety_block_with_recommendations"
    ]
    empty = changed("cards.1.payload.reason", "safety_block")
    empty["cards"][0]["payload"]["recommendations"] = []
    assert invariants(empty) == []


@pytest.mark.parametrize(
    "leak",
    [{"title": "AHA peel"}, {"ingredients": [{"name": "Mandelic acid"}]}, {"sku": {"name": "视黄醇精华"}}],
)
def test_a_treatment_in_a_careful_context_leaks(leak: dict[str, Any]) -> None:
    envelope = changed("cards.0.payload.recommendations.0", leak)
    assert invariants(envelope) == ["low_medium_treatment_leak"]
    sure = {**envelope, "cards": envelope["cards"][:1]}
    assert invariants(sure) == []
    said = {**sure, "events": [{"event_name": "recos_requested", "data": {"confidence_level": "medium"}}]}
    assert invariants(said) == ["low_medium_treatment_leak"]


@pytest.mark.parametrize("body", [None, 3, "x", [], True])
def test_what_is_no_object_is_no_answer(body: Any) -> None:
    assert invariants(body) == ["schema_violation", "empty_cards_without_notice"]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
PLACES = st.sampled_from([path for path, value in UNLAWFUL if value is not ... and path != "meta"])


@given(PLACES, JSON)
def test_validator_and_json_schema_agree_on_any_change(path: str, value: Any) -> None:
    envelope = changed(path, value)
    ours = any(v.code == "schema_violation" for v in violations(envelope))
    assert ours is bool(list(schema().iter_errors(envelope)))
