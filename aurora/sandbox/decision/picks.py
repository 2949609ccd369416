"""Products and routines, in every place of an answer where the real system puts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aurora.sandbox import wares
from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import SCHEMA, Cue, Reply, as_text
from aurora.sandbox.wares import BY_ID, Ware


def _item(ware: Ware, asked: Asked, rank: int) -> dict[str, Any]:
    goals = asked.profile.get("goals") or ()
    goal = (
        str(goals[0])
        if isinstance(goals, list) and goals
        else asked.pick("calm, even skin", "稳定均匀的肤质")
    )
    goal = goal.replace("_", " ")
    skin = str(asked.profile.get("skinType") or asked.pick("your skin", "你的肤质"))
    if ware.id == "mock_cleanser_1":
        reasons = asked.pick(
            f"Goal fit: a clean start for {goal} without stripping.|"
            f"Barrier first: mild cleansing agents that {skin} skin tolerates well.",
            f"贴合目标：为“{goal}”打好清洁基础，洗后不紧绷。|屏障优先：表活温和，{skin}肤质也容易耐受。",
        )
    elif ware.id == "mock_moisturizer_1":
        reasons = asked.pick(
            f"Barrier support: ceramides and panthenol keep water in, so {goal} has a calm base.|"
            "Goal fit: light enough to wear morning and night.",
            f"屏障支持：神经酰胺和泛醇帮助锁水，让“{goal}”有个稳定的底子。|贴合目标：质地轻，早晚都能用。",
        )
    else:
        reasons = asked.pick(
            f"Goal fit: works on {goal}.|Barrier note: start slowly, two nights a week.",
            f"贴合目标：针对“{goal}”。|屏障提示：从每周两晚开始，慢慢加。",
        )
    return {
        "slot": "other",
        "step": ware.step(asked.lang),
        "score": 90 - 6 * rank,
        "sku": wares.sku(ware, asked.lang),
        "reasons": reasons.split("|"),
        "evidence_pack": {
            "keyActives": list(ware.actives),
            "sensitivityFlags": [],
            "pairingRules": [],
            "comparisonNotes": [],
            "citations": ["kb:understudy-0001"],
        },
        "missing_info": [],
        "warnings": [],
    }


def _generation(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "recommendations": items,
        "evidence": {"science": {"key_ingredients": []}, "expert_notes": []},
        "confidence": 0.62,
        "missing_info": [],
        "warnings": [],
    }


def _picks(*ids: str) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        items = [_item(BY_ID[name], asked, rank) for rank, name in enumerate(ids)]
        return {"answer": as_text(_generation(items)), "intent": "reco_products", "cards": []}

    return answer


def top_level(asked: Asked) -> Reply:
    """Items under a top-level `recommendations` key (contract D 5.2, shape 7)."""
    items = [
        _item(BY_ID[name], asked, rank) for rank, name in enumerate(("mock_cleanser_1", "mock_moisturizer_1"))
    ]
    return {"answer": asked.pick("Two gentle picks.", "两款温和的选择。"), "recommendations": items}


def in_structured(asked: Asked) -> Reply:
    """Items under `structured` (contract D 5.2, source 6)."""
    items = [
        _item(BY_ID[name], asked, rank) for rank, name in enumerate(("mock_cleanser_1", "mock_moisturizer_1"))
    ]
    return {
        "answer": asked.pick("Two gentle picks.", "两款温和的选择。"),
        "structured": {"schema_version": SCHEMA, **_generation(items)},
    }


def in_prose(asked: Asked) -> Reply:
    """The JSON wrapped in a code fence and small talk."""
    items = [_item(BY_ID["mock_cleanser_1"], asked, 0), _item(BY_ID["mock_moisturizer_1"], asked, 1)]
    lead = asked.pick("Here you go {smile}:", "给你整理好了 {smile}：")
    return {"answer": f"{lead}\n```json\n{as_text(_generation(items))}\n```\n", "cards": []}


def commerce_json(asked: Asked) -> Reply:
    """An open-chat answer full of commerce that the gate must not let through."""
    body = {
        **_generation([_item(BY_ID["mock_moisturizer_1"], asked, 0)]),
        "offers": [{"affiliate_url": "https://shop.example/buy/mock_moisturizer_1", "price": {"usd": 22.0}}],
    }
    return {
        "answer": as_text(body),
        "intent": "chat",
        "structured": {"schema_version": SCHEMA, **body},
        "cards": [],
    }


def routine(asked: Asked) -> Reply:
    """One morning cleanser, one evening moisturizer, in `context.routine`."""
    am, pm = (
        _item(BY_ID[name], asked, rank) for rank, name in enumerate(("mock_cleanser_1", "mock_moisturizer_1"))
    )
    return {
        "answer": asked.pick(
            "A small routine to start with: wash in the morning, seal in moisture at night.",
            "先从一个小流程开始：早上温和洁面，晚上好好保湿。",
        ),
        "intent": "routine",
        "context": {
            "routine": {
                "am": [{**am, "slot": "am", "notes": am["reasons"]}],
                "pm": [{**pm, "slot": "pm", "notes": pm["reasons"]}],
            },
            "budget": "¥500",
        },
        "cards": [],
    }


TOKENS: tuple[Cue, ...] = (
    ("STRUCTURED_COMMERCE_TEST", commerce_json),
    ("PICKS_TREATMENT_ONLY_TEST", _picks("mock_treatment_1")),
    ("PICKS_WITH_TREATMENT_TEST", _picks("mock_treatment_1", "mock_moisturizer_1")),
    ("PICKS_EMPTY_TEST", _picks()),
    ("PICKS_TOP_LEVEL_TEST", top_level),
    ("PICKS_STRUCTURED_TEST", in_structured),
    ("PICKS_FENCED_TEST", in_prose),
)
TASKS: tuple[Cue, ...] = (
    ("Task: Generate skincare product picks", _picks("mock_cleanser_1", "mock_moisturizer_1")),
    ("Task: Generate skincare recommendations", _picks("mock_cleanser_1", "mock_moisturizer_1")),
    ("AM/PM skincare routine", routine),
)
