"""Whatever arrives, in whatever order, cut wherever: what leaves is lawful."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.actors.assembler import CutPlan, EnvelopeAssembler
from aurora.actors.findings import CANCEL_REASONS, WIRE_CODES, Answer, Failure
from aurora.actors.scrub import encode_anyway
from aurora.contract.envelope import UI_STATES, Card, Chip, FieldMissing
from aurora.contract.errors import ContractError
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings
from soak.validator import invariants
from tests.support.lawful import problems

# The plugin would hold hostile payloads of our own types against their structs; here only the laws count.
pytestmark = pytest.mark.unlawful_on_purpose

NOW = datetime(2026, 5, 4, tzinfo=UTC)
HOSTILE = [
    "recommendations", "analysis_summary", "confidence_notice", "product_analysis", "product_parse",
    "offers_resolved", "ingredient_plan", "Reco_Tiles", "diagnosis_gate", "gate_notice", "note", "", " ",
]  # fmt: skip

texts = st.one_of(
    st.sampled_from([
        "", " ", "retinol", "AHA peel", "温和面霜", "果酸", "\x00", "\ud800", "low", "medium", "block",
        "safety_block", "low_confidence", "timeout_degraded", "recommendation",
    ]),
    st.text(max_size=12),
)  # fmt: skip
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(10**400), st.just(float("nan"))
)
keys = st.sampled_from([
    "recommendations", "recommendations_count", "recommendation_confidence_level", "confidence", "level",
    "recommendation_confidence_score", "reason", "severity", "actions", "details", "message", "analysis",
    "score", "features", "observation", "strategy", "items", "offer", "product", "profile_prompt", "x",
    "missing_fields", "candidates", "sku", "name", "step", "alternatives", "competitors",
    "wants", "title", "items[0].offer",
])  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=20,
)
payloads = st.one_of(st.dictionaries(keys, values, max_size=6), values)
gaps = st.lists(st.tuples(texts, texts), max_size=3)
chips = st.builds(
    Chip, texts, texts, st.sampled_from(["quick_reply", "action", "odd"]), st.one_of(payloads, st.none())
)
findings = st.one_of(
    st.builds(Answer, actor=st.just("decision"), value=values, elapsed_ms=st.integers(0, 9999)),
    st.builds(Failure, actor=st.just("decision"), code=st.sampled_from(sorted(WIRE_CODES))),
)
plans = st.one_of(
    st.none(),
    st.builds(
        CutPlan,
        cards=st.lists(
            st.builds(Card, texts, st.sampled_from(HOSTILE), payloads, st.just([FieldMissing("a", "b")])),
            max_size=3,
        ),
        message=st.one_of(st.none(), texts),
        chips=st.lists(chips, max_size=3),
        events=st.lists(st.tuples(texts.filter(bool), st.dictionaries(keys, values, max_size=3)), max_size=2),
        state=st.dictionaries(keys, values, max_size=2),
        next_state=st.one_of(st.none(), st.sampled_from(UI_STATES), texts),
        profile=st.one_of(st.none(), st.dictionaries(keys, values, max_size=2)),
    ),
    st.builds(ContractError, st.sampled_from([400, 409, 500, 503]), st.just("SOME_CODE")),
)

steps = st.one_of(
    st.tuples(st.just("say"), texts),
    st.tuples(st.just("chip"), chips),
    st.tuples(st.just("card"), st.sampled_from(HOSTILE), payloads, gaps),
    st.tuples(st.just("upstream"), st.one_of(values, st.fixed_dictionaries({
        "type": st.one_of(st.sampled_from(HOSTILE), values), "payload": payloads,
        "title": values, "field_missing": values, "card_id": values,
    }))),
    st.tuples(st.just("notice"), st.sampled_from(["low_confidence", "safety_block", "artifact_missing"])),
    st.tuples(
        st.just("event"),
        st.sampled_from(["recos_requested", "value_moment", "analysis_timeout_degraded"]),
        st.dictionaries(keys, values, max_size=4),
    ),
    st.tuples(st.just("missing"), texts, texts),
    st.tuples(st.just("next_state"), st.one_of(st.none(), st.sampled_from(UI_STATES), texts)),
    st.tuples(st.just("patch_state"), st.dictionaries(keys, values, max_size=2)),
    st.tuples(st.just("profile"), st.one_of(st.none(), st.dictionaries(keys, values, max_size=3))),
    st.tuples(st.just("attempted"), st.booleans()),
    st.tuples(st.just("allow"), st.booleans()),
    st.tuples(st.just("if_cut"), plans),
    st.tuples(st.just("stands")),
    st.tuples(st.just("receive"), findings),
    st.tuples(st.just("cut"), st.sampled_from(CANCEL_REASONS)),
    st.tuples(st.just("refuse"), st.sampled_from([400, 404, 413, 500, 503])),
)  # fmt: skip


def play(script: list[Any], lang: Any, chat: bool) -> EnvelopeAssembler:
    context = RequestContext("r1", "t1", lang, "u1")
    turn = Turn(kind="chat", context=context, identity=Identity("u1"), now=NOW, seed="cd" * 16)
    built = EnvelopeAssembler(turn, Settings(), chat=chat)
    for number, (step, *what) in enumerate(script):
        match step:
            case "say":
                built.say(what[0])
            case "chip":
                built.chip(what[0])
            case "card":
                built.card(f"c{number}", what[0], what[1], field_missing=what[2])
            case "upstream":
                built.upstream_card(what[0], number)
            case "notice":
                built.notice(what[0])
            case "event":
                built.event(what[0], what[1])
            case "missing":
                built.missing(what[0], what[1])
            case "next_state":
                built.next_state(what[0])
            case "patch_state":
                built.patch_state(**what[0])
            case "profile":
                built.patch(profile=what[0])
            case "attempted":
                built.attempted_recommendations(artifact_usable=what[0])
            case "allow":
                built.allow_commerce(what[0])
            case "if_cut":
                built.if_cut(what[0])
            case "stands":
                built.stands()
            case "receive":
                built.receive(what[0])
            case "cut":
                built.cut(what[0])
            case "refuse":
                built.refuse(ContractError(what[0], "SOME_CODE"))
    return built


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=14), st.sampled_from(["EN", "CN"]), st.booleans())
def test_whatever_arrives_what_leaves_is_lawful(script: list[Any], lang: str, chat: bool) -> None:
    finished = play(script, lang, chat).finish()
    assert finished.bug is None
    assert "schema_failed" not in finished.counts
    body = json.loads(finished.body)
    wrong = [p for p in problems(body) if not p.startswith("payload of ")]
    assert wrong == []
    ours = [p for p in problems(body) if p.startswith(("payload of confidence_notice", "payload of error"))]
    assert ours == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=10), st.sampled_from(["EN", "CN"]), st.booleans())
def test_the_same_script_gives_the_same_bytes(script: list[Any], lang: str, chat: bool) -> None:
    once = play(script, lang, chat)
    assert once.finish().body == play(script, lang, chat).finish().body
    assert once.finish() is once.finish()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=10), st.data())
def test_a_cut_at_any_point_is_lawful(script: list[Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(script)))
    built = play([*script[:at], ("cut", "budget")], "EN", True)
    finished = built.finish()
    assert finished.bug is None
    assert invariants(json.loads(finished.body)) == []
    assert finished.outcome in {"ok", "degraded", "blocked", "failed"}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.just("card"), st.sampled_from(HOSTILE), payloads, gaps), max_size=5))
def test_lawful_cards_pass_through_the_laws_unchanged(script: list[Any]) -> None:
    script = [(step, kind, json.loads(encode_anyway(payload)), gaps) for step, kind, payload, gaps in script]
    first = play([("allow", True), *script], "CN", False).finish()
    again = play(
        [("allow", True), ("if_cut", CutPlan(cards=first.envelope.cards, quiet=True)), ("cut", "budget")],
        "CN",
        False,
    )
    again = again.finish()
    assert json.loads(again.body)["cards"] == json.loads(first.body)["cards"]
