"""Product tasks: parse, deep scan, compare. Kept small until somebody needs more."""

from __future__ import annotations

from typing import Any

from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import SCHEMA, Cue, Reply, as_text


def _mock_product(dupe: bool) -> dict[str, Any]:
    if dupe:
        return {
            "sku_id": "mock_dupe_1",
            "brand": "MockDupeBrand",
            "name": "Mock Dupe Product",
            "category": "serum",
        }
    return {"sku_id": "mock_sku_1", "brand": "MockBrand", "name": "Mock Parsed Product", "category": "serum"}


def _assessment(asked: Asked, dupe: bool, confidence: float) -> dict[str, Any]:
    return {
        "verdict": "Suitable",
        "confidence": confidence,
        "reasons": [
            asked.pick("Light texture that rarely weighs on the skin.", "质地轻薄，一般不会有负担。"),
            asked.pick("The lead ingredient suits a daily routine.", "主打成分适合日常使用。"),
        ],
        "science_evidence": [{"key": "hyaluronic acid" if dupe else "niacinamide", "grade": "B"}],
        "social_signals": {"typical_positive": ["soothing"], "top_keywords": ["soothing"]},
        "expert_notes": [asked.pick("Patch-test behind the ear first.", "先在耳后试用。")],
    }


def _alternatives(asked: Asked, dupe: bool) -> list[dict[str, Any]]:
    if dupe:
        return []
    return [
        {
            "product": _mock_product(True),
            "similarity_score": 82,
            "tradeoffs": {
                "missing_actives": ["niacinamide"],
                "added_benefits": ["peptides"],
                "texture_finish_differences": [asked.pick("Feels lighter on the skin.", "肤感更轻薄。")],
            },
            "reasons": [asked.pick("Similar idea, lower price.", "思路相近，价格更低。")],
        }
    ]


def parse_product(asked: Asked) -> Reply:
    """`Task: Parse`."""
    low = asked.message.lower()
    dupe = "dupe" in low or "competitor" in low
    product = _mock_product(dupe)
    structured = {
        "schema_version": SCHEMA,
        "parse": {"anchor_product": product, "parse_confidence": 0.7},
        "analyze": _assessment(asked, dupe, 0.6),
        "alternatives": _alternatives(asked, dupe),
    }
    return {
        "answer": as_text({"product": product, "confidence": 0.7, "missing_info": []}),
        "intent": "product_parse",
        "structured": structured,
    }


def deep_scan(asked: Asked) -> Reply:
    """`Task: Deep-scan`."""
    dupe = "dupe" in asked.message.lower()
    structured = {
        "schema_version": SCHEMA,
        "analyze": _assessment(asked, dupe, 0.62),
        "alternatives": _alternatives(asked, dupe),
    }
    return {"answer": as_text(structured["analyze"]), "intent": "product_analyze", "structured": structured}


def compare(asked: Asked) -> Reply:
    """`Task: Compare`; with COMPARE_EMPTY_TEST nothing to compare was found."""
    empty = "COMPARE_EMPTY_TEST" in asked.query
    tradeoffs = (
        []
        if empty
        else [
            asked.pick(
                "The dupe leaves out niacinamide, so expect less help with shine.",
                "平替不含烟酰胺，控油效果预计会弱一些。",
            ),
            asked.pick(
                "It adds peptides and feels lighter than the original.", "平替多了胜肽，肤感比原品更轻薄。"
            ),
        ]
    )
    body = {
        "original": _mock_product(False),
        "dupe": _mock_product(True),
        "tradeoffs": tradeoffs,
        "evidence": None if empty else {"science": {"key_ingredients": ["niacinamide"]}},
        "confidence": 0.5,
        "missing_info": [],
    }
    return {"answer": as_text(body), "intent": "dupe_compare"}


TOKENS: tuple[Cue, ...] = ()
TASKS: tuple[Cue, ...] = (
    ("Task: Parse", parse_product),
    ("Task: Deep-scan", deep_scan),
    ("Task: Compare", compare),
)
