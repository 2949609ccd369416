"""What may be advised to whom, as data that a dermatologist can read (contract B 9.2, 9.3; decisions 18-21).

`table` holds the rules, `terms` the vocabulary, `person` reads what is known of somebody, `mentions`
and `speech` what a text really brings up; `engine` and `outgoing` run the table over a message and over
what is about to leave. `docs` writes docs/safety-rules.md. Everything is pure and linear in the text,
and is never switched off by a flag, a variant or a header.

How a chat turn uses it
-----------------------
1. `red_flags` step: `redflags.check(message)`, before memory and transition, as it is. `check` reads
   everything that was said, not only its first 8,000 characters.
2. Step of its own right after `recall` and `transition`, before `diagnosis`, with the profile as the
   turn knows it (stored, snapshot overlaid, this turn's patch merged):

       result = safety.check(turn.ask.spoken, turn.profile, turn.lang)

   - `result.blocks`: always ends the turn. `notices.notice("safety_block", lang, message=...,
     details=reasons[:3] + safe_alternatives[:3], actions=("safe_alternatives",))`, in a request for
     picks with "profile_update" as well; chip.start.ingredients.safe_alternatives, in a request for
     picks chip.start.ingredients and chip.start.routine; event safety_gate_block {intent, block_level}.
     Nothing is asked of an upstream.
   - `result.asks` and the turn wants picks, a routine or suitability ("can I use", 能用吗): ends the turn
     with the first of `required_questions`, once, and a `low_confidence` notice of severity warn,
     actions ("answer_safety_question",), details `reasons[:4]`; chips of `required_fields[0]`
     (chip.profile.pregnancy.* or chip.profile.age.*; high_risk_medications and questions without a
     field have none); event safety_gate_require_info {intent, question}. Keep the message as
     `Conversation.interrupted`: the chip saves the fact and runs it again.
   - `result.asks` in any other turn (conflict check, a fact about an ingredient): goes on, and the same
     notice and chips ride along with the answer.
   - WARN: `reasons` stand before the text of environment, ingredient and picks answers. INFO: nothing
     to do.
3. Before anything leaves that recommends, whatever its source: picks, routine steps, alternatives, plan
   targets:

       out = safety.outgoing(items, turn.profile, turn.lang, message=turn.ask.spoken)

   Only `out.kept` leaves. `out.held` is counted in field_missing. With `out.emptied` a notice takes the
   place of the list: safety_block if `out.result.blocks`, else the question of `out.result` as above.
   `out.result.asks` with something kept: the picks leave, the chips ride along.

What a message says of the writer is never stored; only chips and profile updates are (decision 21).
"""

from aurora.rules.safety.engine import Matched, Result, check
from aurora.rules.safety.outgoing import Held, Outgoing, outgoing
from aurora.rules.safety.person import Person, person_of
from aurora.rules.safety.table import RULES, Rule

__all__ = [
    "RULES",
    "Held",
    "Matched",
    "Outgoing",
    "Person",
    "Result",
    "Rule",
    "check",
    "outgoing",
    "person_of",
]
