"""How much may it cost? The question, its answers, and chips that come too late (B 7 steps 2, 14-17)."""

from __future__ import annotations

from aurora.contract.memory import Profile
from aurora.flows.chat_steps import picks
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.flows.chat_steps.routine import give_routine, known_budget
from aurora.rules import budget_question as rules
from aurora.rules import profile_summary, routine_texts
from aurora.rules.conversation import IDLE


async def leave_budget(turn: ChatTurn) -> bool:
    """Let a turn that speaks of something else out of the open question. Never answers."""
    if turn.internal == rules.STATE and rules.leaves(turn.ask):
        turn.go_on_in(picks.TOKEN if turn.allow_reco else IDLE)
    return False


async def budget(turn: ChatTurn) -> bool:
    """Ask the question when its chip is tapped; while it is open, take the answer and build the routine."""
    if rules.is_entry(turn.ask):
        return await turn.answer(ask(turn))
    if turn.internal != rules.STATE:
        return False
    if not turn.allow_reco:
        return await turn.answer(locked(turn))
    if known_budget(turn) is None:
        return await turn.answer(ask(turn))
    return await give_routine(turn)


async def stale_budget_chip(turn: ChatTurn) -> bool:
    """A chip of a question that is not open any more: its fact counts, nothing is recommended (step 17)."""
    if turn.resumed is not None or not rules.is_stale(turn.ask, turn.internal):
        return False
    return await turn.answer(stale(turn))


def ask(turn: ChatTurn) -> Reply:
    """The question with its four answers. The card is for logs: the client hides it and keeps the chips."""
    token = turn.reach(rules.STATE)
    reason = "budget_optimization_optional"
    return Reply(
        say=routine_texts.ask_budget(turn.lang),
        cards=[ReplyCard("budget", "budget_gate", {"reason": reason, "profile": turn.profile_summary()})],
        chips=rules.chips(turn.lang),
        events=[("state_entered", {"next_state": token, "reason": reason})],
        reach=token,
    )


def locked(turn: ChatTurn) -> Reply:
    """Something to buy was not asked for in this turn: a tap does that."""
    return Reply(
        say=routine_texts.budget_noted(turn.lang, known_budget(turn) if turn.patch else None),
        chips=turn.chips("chip.start.reco_products", "chip.start.routine"),
        profile=turn.profile_summary() if turn.patch else None,
    )


def stale(turn: ChatTurn) -> Reply:
    """The profile as it is now, and the ways from here; in words too, the client hides chips beside it."""
    shown = turn.profile_summary() or profile_summary.summary(Profile(), v2=turn.settings.profile_v2_enabled)
    return Reply(
        say=routine_texts.budget_noted(turn.lang, known_budget(turn) if turn.patch else None),
        cards=[ReplyCard("profile", "profile", {"profile": shown})],
        chips=turn.chips(
            "chip.start.reco_products", "chip.action.analyze_product", "chip.action.dupe_compare"
        ),
        events=[("state_entered", {"next_state": turn.internal, "reason": "stale_budget_chip_ignored"})],
        profile=turn.profile_summary() if turn.patch else None,
    )
