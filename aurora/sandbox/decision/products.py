"""Product tasks: parse, deep scan; and a product in the context of a chat answer.

Every product is found: one of the shelf by its English or Chinese name, else the mock one. A deep scan finds
everything suitable, retinol included: whoever asks has to know for whom it is not.
"""

from __future__ import annotations

from typing import Any

from aurora.sandbox import neighbours, wares
from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import SCHEMA, Cue, Reply, as_text
from aurora.sandbox.decision.verdicts import assessment


def _mock_product(dupe: bool) -> dict[str, Any]:
    if dupe:
        return {
            "sku_id": "mock_dupe_1",
            "brand": "MockDupeBrand",
            "name": "Mock Dupe Product",
            "category": "serum",
        }
    return {"sku_id": "mock_sku_1", "brand": "MockBrand", "name": "Mock Parsed Product", "category": "serum"}


def _on_the_shelf(asked: Asked) -> wares.Ware | None:
    low = asked.message.lower().replace("-", " ")  # an address has no blanks
    for ware in wares.SHELF:
        named = ware.name_en.lower().split()[:2], ware.name_cn[:2]
        if asked.anchor_id == ware.id or " ".join(named[0]) in low or named[1] in low:
            return ware
    return neighbours.named_in(f"{asked.anchor_id}\n{asked.message}")


def _assessment(asked: Asked, dupe: bool, confidence: float) -> dict[str, Any]:
    ware = _on_the_shelf(asked)
    active = "hyaluronic acid" if dupe else ware.actives[0] if ware else "niacinamide"
    return assessment(asked, ware.id if ware and not dupe else "", active, confidence)


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
    ware = _on_the_shelf(asked)
    product = wares.sku(ware, asked.lang) if ware else _mock_product(dupe)
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


def anchor_in_context(asked: Asked) -> Reply:
    """A chat answer that knows which product is meant, and says no more of it than marks and scores."""
    return {
        "answer": asked.pick("I looked at this one.", "这款我看过了。"),
        "intent": "evaluate_product",
        "context": {
            "anchor": {
                **_mock_product(False),
                "vetoed": False,
                "risk_flags": ["fragrance"],
                "score": {"total": 78, "science": 81},
                "evidence_pack": {
                    "keyActives": ["niacinamide"],
                    "comparisonNotes": [
                        asked.pick("Light texture, kind to oily skin.", "质地轻薄，油皮也友好。")
                    ],
                    "sensitivityFlags": ["fragrance"],
                    "pairingRules": [asked.pick("Fine beside sunscreen.", "可以和防晒一起用。")],
                    "citations": ["kb:understudy-0002"],
                },
            }
        },
        "cards": [],
    }


def unknown_product(asked: Asked) -> Reply:
    """No product by that name, and nothing to say of it."""
    if "Task: Parse" in asked.query:
        return {"answer": as_text({"product": None, "confidence": None, "missing_info": []})}
    return {
        "answer": asked.pick("I don't know that one yet.", "这款我还不了解。"),
        "intent": "chat",
        "cards": [],
    }


def flat_analysis(asked: Asked) -> Reply:
    """The analysis in the flat shape that the question asks for, in `answer` alone (contract D 13.5)."""
    if "Task: Deep-scan" not in asked.query:
        return parse_product(asked) if "Task: Parse" in asked.query else unknown_product(asked)
    body = {
        "assessment": {
            "verdict": asked.pick("Caution", "谨慎"),
            "reasons": [asked.pick("Rich, so better at night.", "质地偏厚，更适合晚上。"), "fragrance"],
            "how_to_use": asked.pick("Nights only, two pumps.", "只在晚上用，两泵。"),
        },
        "evidence": {
            "science": {"key_ingredients": ["shea butter"], "risk_notes": ["fragrance"]},
            "social_signals": {"typical_negative": ["heavy"]},
            "expert_notes": [],
        },
        "confidence": 0.55,
        "missing_info": ["price_unknown", "router.slow", "concentration_unknown"],
    }
    return {"answer": as_text(body), "intent": "product_analyze"}


TOKENS: tuple[Cue, ...] = (
    ("ANCHOR_CONTEXT_ONLY_TEST", anchor_in_context),
    ("PRODUCT_UNKNOWN_TEST", unknown_product),
    ("PRODUCT_FLAT_TEST", flat_analysis),
)
TASKS: tuple[Cue, ...] = (
    ("Task: Parse", parse_product),
    ("Task: Deep-scan", deep_scan),
)
