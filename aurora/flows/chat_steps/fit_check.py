"""One product is to be judged: which one? (contract B 7 steps 3 and 4, 8.8)

Without an anchor the answer is the question for one, and nobody upstream is asked. With one, the decision
system is asked at once (`open_chat`, `product_verdict`): a verdict must not turn into picks because the
product is called "anti-wrinkle", nor into the next question of a diagnosis.
"""

from __future__ import annotations

from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.open_chat import open_chat
from aurora.flows.chat_steps.product_verdict import subject_of
from aurora.flows.chat_steps.reply import Reply
from aurora.rules import fit_check as rules
from aurora.rules import fit_texts


async def fit_check(turn: ChatTurn) -> bool:
    """Ask for a product, or hand a named one over. What goes together is a question of its own."""
    ask = turn.ask
    subject = subject_of(turn)
    turn.keep(awaits_product=False)
    if rules.collects(ask):
        turn.keep(awaits_product=True)
        return await turn.answer(
            Reply(
                say=fit_texts.paste(turn.lang),
                events=[("anchor_collection_waiting_input", {"intent": "evaluate_product"})],
                profile=turn.profile_summary() if turn.patch else None,
            )
        )
    if turn.combination is not None:
        return False
    if subject is not None:
        turn.budget("chat", turn.settings.chat_budget_ms)
        return await open_chat(turn)
    if not rules.evaluates(ask) or rules.anchored(ask):
        return False
    turn.keep(awaits_product=True)
    entered = {"next_state": turn.internal or "idle", "reason": "fit_check_anchor_required"}
    return await turn.answer(
        Reply(
            say=fit_texts.anchor_prompt(turn.lang),
            chips=turn.chips(rules.SEND_NAME, rules.SEND_LINK),
            events=[("state_entered", entered)],
            profile=turn.profile_summary() if turn.patch else None,
        )
    )
