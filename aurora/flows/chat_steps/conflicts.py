"""May these go together? Answered from the rules alone, with every upstream down (contract B 13)."""

from __future__ import annotations

from typing import Any

from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules.routine import heatmap, texts
from aurora.rules.routine.question import Question, is_outright
from aurora.rules.routine.simulation import simulate
from aurora.rules.safety import person_of


async def conflicts(turn: ChatTurn) -> bool:
    """Answer a question about combining actives; the stored routine is deliberately not looked at.

    What only mentions two actives ("a serum with ...", "acne with ...") is left to others.
    """
    text = turn.ask.text
    question = turn.combination
    if question is None or (turn.wants_picks and not is_outright(text)):
        return False
    return await turn.answer(_reply(turn, question))


def _reply(turn: ChatTurn, question: Question) -> Reply:
    steps = question.steps()
    simulation = simulate(steps, turn.lang)
    found = simulation["conflicts"]
    said = {"safe": simulation["safe"], "conflicts": len(found), "source": "local_chat"}
    events: list[tuple[str, dict[str, Any]]] = [("simulate_conflict", said)]
    drawn = heatmap.placeholder()
    if turn.settings.conflict_heatmap_v1:
        drawn = heatmap.heatmap(simulation, [step.label for step in steps])
        seen = heatmap.impression(drawn, simulation, turn.ask.trigger)
        events.append(("aurora_conflict_heatmap_impression", seen))
    person = person_of(turn.profile, "")
    gravest = sorted(found, key=lambda one: one["severity"] != "block")
    return Reply(
        say=texts.answer(
            question,
            [one["rule_id"] for one in gravest],
            turn.lang,
            fragile=person.barrier_impaired or person.sensitive,
        ),
        format="markdown",
        cards=[
            ReplyCard("sim", "routine_simulation", simulation),
            ReplyCard("heatmap", "conflict_heatmap", drawn),
        ],
        events=events,
        profile=turn.profile_summary() if turn.patch else None,
    )
