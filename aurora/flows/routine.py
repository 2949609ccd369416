"""Do the steps of a routine go together? Local: no upstream, no memory (contract A 7.5, D 8.1)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.stage import Stage
from aurora.rules.routine import heatmap, simulation
from aurora.rules.routine.steps import read_steps


async def simulate(stage: Stage) -> None:
    """Both cards, always; the heatmap is a placeholder while its flag is off."""
    envelope, context = stage.envelope, stage.turn.context
    said: dict[str, Any] = msgspec.to_builtins(stage.turn.body)
    routine = said.get("routine", {})
    steps = read_steps(routine.get("am", []), routine.get("pm", []), said.get("test_product"))
    simulated = simulation.simulate(steps, context.lang)
    envelope.say(simulated["summary"])
    envelope.card("sim", "routine_simulation", simulated)
    envelope.event("simulate_conflict", {"safe": simulated["safe"], "conflicts": len(simulated["conflicts"])})
    if not stage.settings.conflict_heatmap_v1:
        envelope.card("heatmap", "conflict_heatmap", heatmap.placeholder())
        return
    drawn = heatmap.heatmap(simulated, [step.label for step in steps])
    envelope.card("heatmap", "conflict_heatmap", drawn)
    envelope.event(
        "aurora_conflict_heatmap_impression", heatmap.impression(drawn, simulated, context.trigger_source)
    )
