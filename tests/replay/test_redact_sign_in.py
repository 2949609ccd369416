"""Redacted turns of signing in still play, and name neither the address nor any secret."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.contract.turn import Turn
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import of_record
from aurora.replay.player import Player
from aurora.replay.redact import Redactor
from aurora.replay.verify import verify
from tests.replay.signing_in import EMAIL, SECRETS, SIGNING_IN, USER
from tests.support.fakes import perform


@pytest.mark.parametrize(
    ("turn", "answers", "outcome"), [row[1:] for row in SIGNING_IN], ids=[row[0] for row in SIGNING_IN]
)
def test_a_redacted_sign_in_gives_an_answer_of_the_same_shape(
    turn: Turn, answers: dict[type, Any], outcome: str
) -> None:
    flow = TURN_KINDS[turn.kind].flow
    played = perform(flow, turn, answers=answers)
    assert played.trace.outcome == outcome
    record = played.trace
    told = Redactor(b"0123456789abcdef").value(msgspec.json.decode(msgspec.json.encode(record.events)))
    plain = msgspec.json.encode(told).decode()
    assert [word for word in (*SECRETS, EMAIL, "mei@", USER) if word in plain] == []
    hidden = of_record(msgspec.structs.replace(record, events=told))
    report = verify(hidden, Player(), shape_only=True)
    assert [str(each) for each in report.differences] == []
    assert report.verdict == "same"
