"""A redacted clarification still plays: ids of questions are no persons', and what was asked stays asked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.decision import clean_reply
from aurora.actors.findings import Answer
from aurora.actors.questions import DecisionChat
from aurora.contract.memory import Conversation, Memory
from aurora.contract.validation import decode
from aurora.flows.chat import chat
from aurora.replay.model import of_record
from aurora.replay.redact import Redactor
from aurora.replay.verify import verify
from aurora.rules import pending
from aurora.rules.request import trigger_source
from aurora.settings import Settings
from tests.flows.chat_kit import artifact
from tests.flows.test_clarification_laws import NOW_MS, tapped, waiting_for
from tests.replay.recording import player_of
from tests.support.fakes import FakeStore, perform, turn_for

ASKS = {
    "answer": "Kunigunde, two things would help.",
    "clarification": {
        "questions": [
            {
                "id": "skin_type",
                "question": "Which type, Kunigunde?",
                "options": ["Oily", "Dry", "Kunigunde's own"],
            },
            {"id": "kunigundes_sleep", "question": "How long?", "options": ["5h", "8h"]},
        ]
    },
}
GATE = pending.as_kept(
    pending.begun(
        flow_id=pending.gate_flow_id(NOW_MS - 5000),
        now_ms=NOW_MS - 5000,
        resume_text="Recommend a moisturizer for Kunigunde",
        questions=pending.gate_questions(["goals"], "EN"),
        cut=[],
    )
)


@pytest.mark.parametrize(
    ("body", "conversation"),
    [
        ({"message": "Kunigunde asks: what now?"}, None),
        (tapped("skinType", "Oily"), waiting_for("skinType", "goals", text="What should Kunigunde use?")),
        (tapped("skinType", "Oily"), waiting_for("skinType", text="What should Kunigunde use?")),
        (tapped("goals", "Redness"), Conversation(pending=GATE)),
        ({"message": "Kunigunde asks: what now?"}, waiting_for("skinType")),
    ],
)
def test_a_redacted_clarification_gives_an_answer_of_the_same_shape(
    body: dict[str, Any], conversation: Conversation | None
) -> None:
    raw = msgspec.json.encode(ASKS)
    store = FakeStore(Memory(artifact=artifact(0.86), conversation=conversation))
    perform(
        chat,
        turn_for(body=decode("chat", body), trigger_source=trigger_source(body)),
        store=store,
        settings=Settings(clarification_flow_v2=True, resume_prefix_v2=True),
        answers={DecisionChat: Answer(actor="decision", value=clean_reply(ASKS), raw=raw)},
    )
    record = store.traces[-1]
    told = Redactor(b"0123456789abcdef").value(msgspec.json.decode(msgspec.json.encode(record.events)))
    hidden = of_record(msgspec.structs.replace(record, events=told))
    assert b"Kunigunde" not in msgspec.json.encode(told)
    report = verify(hidden, player_of(chat, "chat"), shape_only=True)
    assert [str(each) for each in report.differences] == []
    assert report.verdict == "same"
