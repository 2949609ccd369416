"""The decision system's understudy: what it answers to a well-formed question, in both languages.

`CUES` is the whole of it: the first cue whose word stands in the query decides (contract B 16.6, D 10.1).
Each module here plays one subject and lists its own cues: `TOKENS`, which only tests write, and `TASKS`,
which the service writes. Tokens of all subjects come before tasks, so that a test can turn a task into
something else. A new subject is a module and one line in `SUBJECTS`. Everything is a pure function of the
query.
"""

from __future__ import annotations

from aurora.sandbox.asked import read
from aurora.sandbox.decision import awkward, chat, clarifications, context, dupes, picks, products, report
from aurora.sandbox.decision.cues import Cue, Reply

SUBJECTS = (
    awkward,
    chat,
    clarifications,
    context,
    picks,
    report,
    dupes,
    products,
)

CUES: tuple[Cue, ...] = (
    *(cue for subject in SUBJECTS for cue in subject.TOKENS),
    *(cue for subject in SUBJECTS for cue in subject.TASKS),
)


def reply(query: str, *, anchor_id: str = "", stub: str = "") -> Reply:
    """The healthy answer to `query`. stub: a token to act on as if it stood in the query."""
    asked = read(query, anchor_id)
    text = f"{stub}\n{query}"
    for word, answer in CUES:
        if word in text:
            return answer(asked)
    return chat.small_talk(asked)
