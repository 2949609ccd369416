"""Whatever an upstream returns and whatever the client claims, nothing forbidden leaves (decision 19)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.actors.decision import clean_reply
from aurora.actors.questions import DecisionChat
from aurora.contract.validation import decode
from aurora.flows.chat import chat
from aurora.rules.request import trigger_source
from aurora.settings import Settings
from tests.flows.chat_kit import CORE, artifact, known, plan
from tests.support.fakes import Played, perform, turn_for

PREGNANT = msgspec.structs.replace(CORE, pregnancy_status="pregnant")
NAMES = [
    "Retinol 0.3% night serum", "Adapalene gel", "视黄醇精华", "A醇面霜", "Retinyl palmitate cream",
    "Tretinoin", "维A酸乳膏", "RETIN-A micro", "hydroxypinacolone retinoate",
]  # fmt: skip
RETINOID = st.sampled_from(NAMES)
SAFE = st.sampled_from(["Plain Cream", "Azelaic acid 10%", "温和洁面", "Mineral SPF 50"])
NAME = RETINOID | SAFE
KEYS = st.sampled_from(["name", "display_name", "title", "category", "step", "product_type"])
ITEM = st.recursive(
    st.dictionaries(KEYS, NAME, min_size=1, max_size=3),
    lambda inner: st.fixed_dictionaries(
        {"name": NAME},
        optional={
            "sku": inner,
            "product": inner,
            "notes": st.lists(NAME, max_size=2),
            "ingredients": st.lists(NAME, max_size=2) | st.dictionaries(NAME, st.just(0.3), max_size=2),
            "evidence_pack": st.builds(lambda names: {"keyActives": names}, st.lists(NAME, max_size=2)),
            "alternatives": st.lists(inner, max_size=2),
        },
    ),
    max_leaves=5,
)
LISTS = st.sampled_from(["recommendations", "alternatives", "dupes", "comparables", "targets", "am", "picks"])
PAYLOAD = st.recursive(
    st.dictionaries(LISTS, st.lists(ITEM, max_size=3), min_size=1, max_size=2),
    lambda inner: st.dictionaries(
        st.sampled_from(["routine", "value", "bundle", "more"]), inner, min_size=1, max_size=2
    ),
    max_leaves=3,
)
KINDS = st.sampled_from(
    ["recommendations", "reco_bundle", "note", "dupe_suggest", "offers_x", "product_note"]
)
REPLY = st.fixed_dictionaries(
    {"answer": st.sampled_from(["Here you go.", "Use retinol."])},
    optional={
        "cards": st.lists(
            st.builds(lambda kind, payload: {"type": kind, "payload": payload}, KINDS, PAYLOAD), max_size=3
        ),
        "structured": PAYLOAD,
        "recommendations": st.lists(ITEM, max_size=4),
        "context": st.fixed_dictionaries(
            {"routine": st.fixed_dictionaries({"am": st.lists(ITEM, max_size=2)})}
        ),
    },
).map(clean_reply)
CLAIMS = st.sampled_from([
    {}, {"pregnancy_status": "not_pregnant"}, {"pregnancyStatus": "unknown"},
    {"pregnancy_status": "pregnant"},
])  # fmt: skip
CHIPS = st.sampled_from([
    "chip.start.reco_products", "chip.start.routine", "chip.action.analyze_product", "chip.start.dupes",
    "odd",
])  # fmt: skip
BODY = st.fixed_dictionaries(
    {"session": st.builds(lambda claim: {"profile": claim}, CLAIMS)},
    optional={
        "message": st.sampled_from(
            ["hello", "recommend a serum", "推荐精华", "I'm not pregnant, show me picks"]
        ),
        "action": st.builds(
            lambda name, patch: {"action_id": name, "kind": "chip", "data": {"profile_patch": patch}},
            CHIPS,
            st.sampled_from([{"pregnancy_status": "unknown"}, {"skinType": "dry"}]),
        ),
        "client_state": st.sampled_from(["IDLE_CHAT", "RECO_GATE", "RECO_RESULTS"]),
    },
)
TARGETS = st.lists(
    st.builds(
        lambda name: {"ingredient_id": name, "role": "hero", "priority": 80},
        st.sampled_from(["retinol", "tretinoin", "panthenol", "视黄醇", "niacinamide"]),
    ),
    max_size=4,
)
OPEN = Settings(include_raw_context=True, product_matcher_enabled=False)
WORDS = ("retin", "adapalene", "tretinoin", "视黄醇", "维a酸", "a醇")


def recommended(value: Any, inside: bool = False) -> Iterator[str]:
    """Every text inside a list of a card: items, alternatives, targets, steps."""
    if isinstance(value, str):
        if inside:
            yield value.lower()
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("field_missing", "details", "actions", "rationale", "citations"):
                yield from recommended(inner, inside)
                if inside and isinstance(key, str):
                    yield key.lower()
    elif isinstance(value, list):
        for inner in value:
            yield from recommended(inner, True)


def leaked(played: Played) -> list[str]:
    """Texts in lists of cards that name a retinoid; the plan's own `avoid` may."""
    found = []
    for card in played.body["cards"]:
        payload = card["payload"]
        if card["type"] == "ingredient_plan":
            payload = [payload["targets"], payload["plan"]["targets"]]
        if card["type"] != "confidence_notice":
            found += [text for text in recommended(payload) if any(word in text for word in WORDS)]
    return found


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    body=BODY,
    reply=REPLY,
    targets=TARGETS,
    score=st.sampled_from([0.42, 0.66, 0.9]),
    raw=st.booleans(),
    lang=st.sampled_from(["EN", "CN"]),
)
def test_with_a_pregnant_profile_no_retinoid_leaves(body, reply, targets, score, raw, lang):
    stored = artifact(score, plan={**plan(), "targets": targets})
    played = perform(
        chat,
        turn_for(body=decode("chat", body), lang=lang, trigger_source=trigger_source(body)),
        memory=known(PREGNANT, stored),
        settings=OPEN if raw else Settings(),
        answers={DecisionChat: reply},
    )
    assert not leaked(played)
