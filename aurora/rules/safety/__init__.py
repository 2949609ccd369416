"""What may be advised to whom, as data that a dermatologist can read (contract B 9.2, 9.3; decisions 18-21).

`table` holds the rules, `terms` the vocabulary, `person` reads what is known of somebody, `mentions` and
`speech` what a text really brings up; `engine` and `outgoing` run the table over a message and over what is
about to leave, `leaving` over whole cards; `wording` says it, `advice` tells which questions want advice,
`answers` which words answer a question. `docs` writes docs/safety-rules.md. Everything is pure and linear
in the text, and is never switched off by a flag, a variant or a header.

In a chat turn the step `flows.chat_steps.safety` calls `check`, and declares `forbidden_for` to the
envelope: from then on nothing forbidden leaves in any card. A step that recommends calls
`turn.outgoing(items)` before it words its answer. Any other flow calls `outgoing(items, profile, lang)`,
and `stage.envelope.forbid(forbidden_for(profile))` once it has read the profile.

What a message says of the writer is never stored; only chips and profile updates are (decision 21).
"""

from aurora.rules.safety.engine import Matched, Result, check
from aurora.rules.safety.leaving import GAP_REASON, left_of
from aurora.rules.safety.outgoing import (
    Held,
    Outgoing,
    against,
    behind,
    forbidden_for,
    outgoing,
    outgoing_for,
)
from aurora.rules.safety.person import Person, person_of
from aurora.rules.safety.table import RULES, Rule

__all__ = [
    "GAP_REASON",
    "RULES",
    "Held",
    "Matched",
    "Outgoing",
    "Person",
    "Result",
    "Rule",
    "against",
    "behind",
    "check",
    "forbidden_for",
    "left_of",
    "outgoing",
    "outgoing_for",
    "person_of",
]
