"""A routine put through the rules: the payload of `routine_simulation` (contract D 8.1, 8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.routine.conflict_rules import Pair, conflicts
from aurora.rules.routine.steps import Step

_FINE: Pair = (
    "No known conflict between these steps.",
    "这些步骤之间没有已知冲突。",
)
_RISKY: Pair = (
    "Some of these may irritate together. Space the actives out, or alternate nights.",
    "其中有的步骤放在一起容易刺激，建议把功效成分错开，或隔晚交替。",
)
_UNSAFE: Pair = (
    "Two of these should not be layered. Change the order, or use them on alternate days.",
    "其中有两步不适合叠加，请调整顺序，或隔天使用。",
)


def simulate(steps: Sequence[Step], lang: Lang) -> dict[str, Any]:
    """`{safe, conflicts, summary}`. Every conflict names its rule and two step indices (decision 23)."""
    fired = list(conflicts([step.actives for step in steps]))
    severities = {one.rule.severity for one in fired}
    summary = _UNSAFE if "block" in severities else _RISKY if severities else _FINE
    return {
        "safe": not fired,
        "conflicts": [
            {
                "severity": one.rule.severity,
                "rule_id": one.rule.id,
                "message": pick(lang, one.rule.message),
                "step_indices": list(one.steps),
            }
            for one in fired
        ],
        "summary": pick(lang, summary),
    }
