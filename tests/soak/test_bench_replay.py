"""The bench of replay measures what it says: everyday turns of every outcome, all of which verify."""

from __future__ import annotations

from collections import Counter

import pytest

from aurora.replay.model import RecordedTurn, of_record
from aurora.replay.player import Player
from aurora.replay.verify import verify
from aurora.store.postgres import Database
from soak import bench_replay


@pytest.fixture(scope="module")
def turns() -> list[RecordedTurn]:
    return [of_record(each) for each in bench_replay.record(2)]


def test_a_session_has_every_outcome_and_verifies(turns: list[RecordedTurn]) -> None:
    assert Counter(turn.outcome for turn in turns) == {"ok": 18, "degraded": 2, "blocked": 2}
    player = Player()
    assert {verify(turn, player).verdict for turn in turns} == {"same"}


def test_no_two_turns_share_an_id(turns: list[RecordedTurn]) -> None:
    assert len({turn.request_id for turn in turns}) == len(turns) == 2 * len(bench_replay.SESSION)


@pytest.fixture
def records() -> list[bench_replay.TraceRecord]:
    return bench_replay.record(3)


async def test_what_is_measured_is_what_was_written(
    db: Database, records: list[bench_replay.TraceRecord]
) -> None:
    await bench_replay.write(db, records)
    run = await bench_replay.verify(db, len(records))
    assert (run.summary.turns, run.summary.same) == (len(records), len(records))
