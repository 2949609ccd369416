"""Bundles: whole or refused with a reason, the same turns as went in, and imported without harm."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurora.contract.turn import Identity, stream_of
from aurora.replay.bundle import export, open_bundle
from aurora.replay.importing import import_bundle
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError
from aurora.replay.sources import DatabaseSource, Selection
from aurora.replay.timetravel import as_of, point_of
from aurora.replay.verify import verify_all
from aurora.settings import Settings
from aurora.store.open import store_over
from aurora.store.postgres import Connection, Database
from soak.sample_bundle import SCENES, played
from tests.replay.recording import ListSource
from tests.replay.sample import SAMPLE, rewritten


async def turns_of(source: Any, selection: Selection = Selection()) -> list[RecordedTurn]:  # noqa: B008 - frozen
    found = [turn async for turn in source.turns(selection)]
    assert all(isinstance(turn, RecordedTurn) for turn in found)
    return found


async def test_the_sample_covers_every_outcome_and_verifies_byte_for_byte() -> None:
    """After an intended change of an answer, make it again: python -m soak.sample_bundle."""
    bundle = open_bundle(SAMPLE)
    turns = await turns_of(bundle)
    assert {turn.outcome for turn in turns} == {"ok", "degraded", "blocked", "failed", "abandoned"}
    cuts = {(turn.kind, turn.cut.reason) for turn in turns if turn.cut is not None}
    assert cuts >= {
        ("chat", "budget"), ("analysis", "budget"), ("bootstrap", "budget"), ("profile_update", "budget"),
        ("chat", "client_gone"),
    }  # fmt: skip
    summary = await verify_all(bundle, Selection())
    assert [(r.request_id, [str(d) for d in r.differences]) for r in summary.worth_reading] == []
    assert summary.same == len(SCENES) == bundle.end.turns


def test_the_script_plays_the_turns_of_the_sample() -> None:
    assert len(played().recorded()) == len(SCENES)


async def test_what_went_in_comes_out_again_to_the_byte(tmp_path: Path) -> None:
    bundle, copied = open_bundle(SAMPLE), tmp_path / "copy"
    seen = await export(bundle, Selection(), copied)
    again = open_bundle(copied)
    assert (seen.turns, seen.facts, seen.damaged) == (bundle.end.turns, bundle.end.facts, 0)
    assert gzip.decompress(copied.read_bytes()) == gzip.decompress(SAMPLE.read_bytes())
    assert await turns_of(again) == await turns_of(bundle)


async def test_a_selection_takes_along_only_whom_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "lin"
    await export(open_bundle(SAMPLE), Selection(uid="lin"), path)
    bundle = open_bundle(path)
    assert {turn.stream for turn in await turns_of(bundle)} == {stream_of("g", "lin")}
    assert await bundle.head(stream_of("g", "mia")) is None
    assert (await as_of(bundle, stream_of("g", "lin"), point_of("now"))).skin_logs


async def test_pages_and_newest_first_are_those_of_a_database() -> None:
    bundle = open_bundle(SAMPLE)
    every = [turn.key for turn in await turns_of(bundle)]
    assert [t.key for t in await turns_of(bundle, Selection(limit=3))] == every[:3]
    assert [t.key for t in await turns_of(bundle, Selection(limit=3, after=every[2]))] == every[3:6]
    newest = Selection(limit=3, newest_first=True)
    assert [t.key for t in await turns_of(bundle, newest)] == every[:-4:-1]
    after = msgspec.structs.replace(newest, after=every[-3])
    assert [t.key for t in await turns_of(bundle, after)] == every[-4:-7:-1]
    with pytest.raises(ReplayError, match="needs a limit"):
        await turns_of(bundle, Selection(newest_first=True))


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.999])
def test_a_truncated_bundle_is_refused(tmp_path: Path, part: float) -> None:
    whole = SAMPLE.read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(ReplayError, match=r"cut off|is empty"):
        open_bundle(path)


def test_a_bundle_that_ends_between_two_lines_is_refused(tmp_path: Path) -> None:
    lines = gzip.decompress(SAMPLE.read_bytes()).splitlines(keepends=True)
    path = tmp_path / "cut"
    path.write_bytes(gzip.compress(b"".join(lines[:-1])))
    with pytest.raises(ReplayError, match="its end is missing"):
        open_bundle(path)


def test_a_bundle_edited_by_hand_is_refused(tmp_path: Path) -> None:
    def lie(lines: list[dict[str, Any]]) -> None:
        lines[3]["outcome"] = "ok" if lines[3]["outcome"] != "ok" else "failed"

    with pytest.raises(ReplayError, match="edited"):
        open_bundle(rewritten(tmp_path / "edited", lie, seal=False))

    def drop(lines: list[dict[str, Any]]) -> None:
        del lines[3]

    with pytest.raises(ReplayError, match="edited"):
        open_bundle(rewritten(tmp_path / "dropped", drop, seal=True))


def test_a_newer_schema_is_refused_by_name(tmp_path: Path) -> None:
    def newer(lines: list[dict[str, Any]]) -> None:
        lines[0] |= {"schema": 2, "traces": {"unheard": "of"}}
        lines[1]["line"] = "novelty"

    with pytest.raises(ReplayError, match="schema 2; this version reads up to 1"):
        open_bundle(rewritten(tmp_path / "newer", newer, seal=True))


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", gzip.compress(b"", mtime=0), gzip.compress(b'{"a":1}\n', mtime=0), b"\x1f\x8b\x08"],
)
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(ReplayError):
        open_bundle(path)
    with pytest.raises(ReplayError, match="cannot be read"):
        open_bundle(tmp_path / "nowhere")


async def test_a_turn_of_a_newer_trace_is_told_and_the_others_are_shown(tmp_path: Path) -> None:
    def newer(lines: list[dict[str, Any]]) -> None:
        lines[2]["events"][0]["version"] = 99

    bundle = open_bundle(rewritten(tmp_path / "mixed", newer, seal=True))
    found = [turn async for turn in bundle.turns(Selection())]
    assert [number for number, turn in enumerate(found) if isinstance(turn, DamagedTraceError)] == [1]
    assert "newer version" in str(found[1])
    seen = await export(bundle, Selection(), tmp_path / "rest")
    assert (seen.turns, seen.damaged) == (len(SCENES) - 1, 1)


async def test_a_failed_export_leaves_nothing_and_overwrites_nothing(tmp_path: Path) -> None:
    with pytest.raises(ReplayError):
        await export(ListSource(), Selection(), tmp_path / "none")
    assert os.listdir(tmp_path) == []
    await trio.Path(tmp_path / "mine").write_text("mine")
    with pytest.raises(ReplayError, match="exists already"):
        await export(open_bundle(SAMPLE), Selection(), tmp_path / "mine")
    with pytest.raises(ReplayError, match="cannot be written"):
        await export(open_bundle(SAMPLE), Selection(), tmp_path / "no" / "folder")
    assert os.listdir(tmp_path) == ["mine"]
    assert await trio.Path(tmp_path / "mine").read_text() == "mine"


async def test_an_import_copies_turns_once_and_touches_no_fact(db: Database) -> None:
    bundle = open_bundle(SAMPLE)
    seen = await import_bundle(bundle, db)
    assert (seen.written, seen.known, seen.erased, seen.damaged) == (len(SCENES), 0, 0, 0)
    again = await import_bundle(bundle, db)
    assert (again.written, again.known) == (0, len(SCENES))
    assert await turns_of(DatabaseSource(db)) == [
        msgspec.structs.replace(turn, epoch=0) for turn in await turns_of(bundle)
    ]
    assert (await verify_all(DatabaseSource(db), Selection())).same == len(SCENES)

    async def events(connection: Connection) -> Any:
        return await connection.fetchval("SELECT count(*) FROM aurora_events")

    assert await db.run(events) == 0


async def test_an_import_brings_nobody_back_who_was_erased_here(db: Database) -> None:
    async with store_over(db, Settings()) as store:
        await store.erase(Identity("mia"))
    seen = await import_bundle(open_bundle(SAMPLE), db)
    assert seen.erased > 0
    assert {turn.stream for turn in await turns_of(DatabaseSource(db))} == {stream_of("g", "lin")}
