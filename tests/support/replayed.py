"""Every turn that any test plays with a flow of ours is played again from its trace, without the test asking.

Loaded as a pytest plugin. When a test is over, the traces of its turns (in this process) are verified: the
same code over the same record must give the same bytes. A flow that looks at a clock, draws something, or
waits for anything but a question fails the test that played it. Tests that put such a thing into a flow on
purpose carry `@pytest.mark.not_replayable`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aurora.actors.trace import Parcel, Tracer
from aurora.actors.turn import Flow, LiveStage
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import of_record
from aurora.replay.player import Player
from aurora.replay.verify import verify
from aurora.replay.view import view_of
from aurora.store.port import TraceRecord

MARK = "not_replayable"
MOST = 1000
OURS = {kind.flow for kind in TURN_KINDS.values()}


class NotReplayableError(AssertionError):
    """A turn gives another answer when it is played again."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line(
        "markers", f"{MARK}: a flow is made to do what no flow may; it is not played again"
    )


@pytest.fixture(autouse=True)
def replayed_turns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Collect the turns of this test, and verify them when it is over (at most MOST of them)."""
    if request.node.get_closest_marker(MARK):
        yield
        return
    played: set[int] = set()
    records: list[TraceRecord] = []
    play, hand_over = LiveStage.play, Tracer._hand_over

    async def play_noted(stage: LiveStage, flow: Flow) -> None:
        if flow in OURS and stage._trace is not None:
            played.add(id(stage._trace))
        await play(stage, flow)

    def hand_over_noted(tracer: Tracer, parcel: Parcel) -> None:
        hand_over(tracer, parcel)
        if parcel.trace is not None and id(parcel.trace) in played and len(records) < MOST:
            played.discard(id(parcel.trace))
            records.append(_record(parcel))

    monkeypatch.setattr(LiveStage, "play", play_noted)
    monkeypatch.setattr(Tracer, "_hand_over", hand_over_noted)
    yield
    player = Player()
    for record in records:
        turn = of_record(record)
        view_of(turn)
        report = verify(turn, player)
        if report.verdict in ("different", "damaged"):
            told = "\n".join(map(str, report.differences)) or report.why
            raise NotReplayableError(f"{turn.kind} turn, {turn.outcome}: {report.verdict}\n{told}")


def _record(parcel: Parcel) -> TraceRecord:
    assert parcel.trace is not None
    return TraceRecord(
        stream=parcel.turn.identity.stream,
        epoch=parcel.epoch,
        request_id=parcel.turn.context.request_id,
        trace_id=parcel.turn.context.trace_id,
        brief_id=parcel.turn.context.brief_id,
        kind=parcel.turn.kind,
        opened_at_ms=parcel.turn.now_ms,
        elapsed_ms=parcel.elapsed_ms,
        outcome=parcel.outcome,
        status=parcel.status,
        events=parcel.trace.events,
    )
