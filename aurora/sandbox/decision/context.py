"""Answers whose news is in `context`: citations, environment, conflicts."""

from __future__ import annotations

from typing import Any

from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import Cue, Reply


def context_cards(asked: Asked) -> Reply:
    """Citations, an environment score, and with an anchor a retinoid-with-acids conflict."""
    context: dict[str, Any] = {
        "external_verification": {
            "citations": [
                {
                    "title": "Retinoids and the skin barrier: a review",
                    "source": "Understudy Journal",
                    "year": 2024,
                },
                {"title": "Layering of acids at night", "source": "Understudy Journal", "year": 2023},
            ]
        },
        "env_stress": {
            "schema_version": "aurora.env_stress.v1",
            "ess": 88,
            "contributors": [
                {"key": "uv", "weight": 0.6, "note": asked.pick("Strong sun around noon.", "正午紫外线强。")},
                {"key": "dryness", "weight": 0.4, "note": asked.pick("Dry air indoors.", "室内空气干燥。")},
            ],
            "missing_inputs": [],
        },
    }
    if asked.anchor_id:
        context["conflict_detector"] = {
            "safe": False,
            "conflicts": [
                {
                    "severity": "block",
                    "rule_id": "retinoid_x_acids",
                    "message": asked.pick(
                        "Retinoid and acids on one night ask too much of the skin.",
                        "视黄醇和酸类同一晚叠加，皮肤负担太大。",
                    ),
                }
            ],
            "summary": asked.pick("Alternate the nights.", "建议隔夜交替。"),
        }
    return {
        "answer": asked.pick(
            "Today asks for a little care; details are below in plain words.",
            "今天要多护着点皮肤，细节我用大白话说。",
        ),
        "intent": "chat",
        "context": context,
        "cards": [],
    }


TOKENS: tuple[Cue, ...] = (("CONTEXT_CARDS_TEST", context_cards),)
TASKS: tuple[Cue, ...] = ()
