"""Stages of the skin flow as an answer's events tell them."""

from __future__ import annotations

import pytest

from aurora.rules.flow_stages import stages_of

CASES = [
    ([], []),
    ([("recos_requested", {"explicit": True, "gated": True, "reason": "diagnosis_first"})], []),
    ([("recos_requested", {"blocked": True, "reason": "safety_boundary"})], [("reco_safety_block", "hit")]),
    (
        [
            (
                "recos_requested",
                {
                    "gated": True,
                    "reason": "timeout_degraded",
                    "source": "upstream_timeout",
                    "low_confidence": True,
                },
            )
        ],
        [("reco_timeout_degraded", "hit"), ("reco_generated", "miss")],
    ),
    (
        [
            ("value_moment", {"kind": "product_reco"}),
            ("recos_requested", {"source": "upstream_fallback", "low_confidence": True}),
        ],
        [("reco_generated", "hit"), ("reco_low_confidence", "hit")],
    ),
    (
        [
            ("recos_requested", {"source": "upstream_fallback", "gated": True, "reason": "artifact_missing"}),
            ("reco_output_guard_fallback", {"applied": True}),
        ],
        [("reco_generated", "miss"), ("reco_output_guard_fallback", "hit")],
    ),
    (
        [("reco_low_medium_treatment_filtered", {"fallback_applied": True})] * 2,
        [("reco_low_medium_treatment_filtered", "hit"), ("reco_low_medium_notice_fallback", "hit")],
    ),
    ([("analysis_timeout_degraded", {"budget_ms": 1})], [("analysis_timeout_degraded", "hit")]),
    ([("value_moment", {"kind": "chat_reply"}), ("quality_audit", None)], []),
]


@pytest.mark.parametrize(("events", "expected"), CASES)
def test_events_tell_the_stages_once_each(events, expected):
    assert stages_of({"event_name": name, "data": data} for name, data in events) == expected
