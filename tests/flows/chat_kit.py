"""Bodies, memories and turns for tests of the chat flow."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.memory import Conversation, Memory, Profile, StoredArtifact
from aurora.contract.validation import decode
from aurora.flows.chat import chat
from aurora.rules.request import trigger_source
from aurora.settings import Settings
from tests.support.fakes import Played, play, turn_for

CORE = Profile(skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne", "dark_spots"])
RECO = {"action_id": "chip.start.reco_products", "kind": "chip", "data": {}}
NO_MATCHER = Settings(product_matcher_enabled=False)

MOISTURIZER = {
    "step": "Moisturizer",
    "sku": {"sku_id": "m1", "brand": "Dewfield", "name": "Plain Cream", "category": "moisturizer"},
    "reasons": ["Keeps water in."],
}
CLEANSER = {
    "step": "Cleanser",
    "sku": {"sku_id": "c1", "brand": "Dewfield", "name": "Soft Wash", "category": "cleanser"},
    "reasons": ["Cleans without stripping."],
}
TREATMENT = {
    "step": "Treatment",
    "sku": {"sku_id": "t1", "brand": "Strongco", "name": "Night Serum", "category": "treatment"},
    "reasons": ["Works on texture."],
}

COMMERCE_CARD = {"type": "recommendations", "payload": {"recommendations": [{"sku_id": "mock_sku_1"}]}}
SMALL_TALK = DecisionReply(answer="Happy to help.", intent="chat", cards=[COMMERCE_CARD])


def artifact(score: float, *, level: str | None = None, plan: dict[str, Any] | None = None) -> StoredArtifact:
    """A usable diagnosis with an overall score."""
    named = level or ("low" if score < 0.55 else "medium" if score <= 0.75 else "high")
    node = {"score": score, "level": named, "rationale": ["core4_weighted_mean"]}
    value = {
        "artifact_id": "da_1",
        "overall_confidence": node,
        "skinType": {"value": "oily"},
        "sensitivity": {"value": "low"},
        "barrierStatus": {"value": "healthy"},
        "goals": {"values": ["acne"]},
    }
    return StoredArtifact(
        artifact_id="da_1",
        created_at="2026-11-20T10:00:00.000Z",
        artifact=value,
        confidence_score=score,
        confidence_level=named,
        plan=plan,
    )


def plan(score: float = 0.8, level: str = "high") -> dict[str, Any]:
    """An ingredient plan as an analysis makes it."""
    return {
        "plan_id": "ip_1",
        "intensity": "gentle",
        "targets": [{"ingredient_id": "panthenol", "role": "hero", "priority": 80}],
        "avoid": [],
        "conflicts": [],
        "confidence": {"score": score, "level": level, "rationale": []},
    }


def known(
    profile: Profile | None = CORE,
    stored: StoredArtifact | None = None,
    *,
    token: str | None = None,
    **more: Any,
) -> Memory:
    """A memory with a profile, a diagnosis, and a conversation that stands at `token`."""
    conversation = Conversation(token=token) if token else None
    return Memory(profile=profile, artifact=stored, conversation=conversation, **more)


def picked(*items: dict[str, Any], **more: Any) -> DecisionReply:
    """A decision reply whose answer is JSON with these items."""
    body = {"recommendations": list(items), "confidence": 0.6}
    return DecisionReply(answer=msgspec.json.encode(body).decode(), **more)


async def talk(body: dict[str, Any], *, decision: Any = None, lang: str = "EN", **how: Any) -> Played:
    """One chat turn as the web would hand it over."""
    raw = how.pop("raw", None)
    session = body.get("session") or {}
    state = session.get("state")
    turn = turn_for(
        body=decode("chat", body),
        lang=lang,
        trigger_source=trigger_source(body),
        state=state if isinstance(state, str) else None,
        raw=raw,
    )
    answers = how.pop("answers", {})
    if decision is not None:
        answers = {DecisionChat: decision, **answers}
    return await play(chat, turn, answers=answers, **how)


def asked_decision(played: Played) -> list[DecisionChat]:
    """What the decision system was asked."""
    return [question for question in played.asked if isinstance(question, DecisionChat)]


def sells(played: Played) -> list[str]:
    """Types of the cards that recommend or sell."""
    return [t for t in played.card_types if any(part in t.lower() for part in ("reco", "offer", "checkout"))]
