"""`aurora replay` as a person types it: what is shown, what is refused, and with which exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.open import store_over
from aurora.store.postgres import Connection, Database, open_database
from soak.sample_bundle import SCENES
from tests.replay.sample import SAMPLE, replay, rewritten
from tests.store.people import new, now, said

BUNDLE = ("--bundle", str(SAMPLE))


def documents(output: str) -> list[Any]:
    return [msgspec.json.decode(line) for line in output.splitlines()]


# --- reading a bundle


def test_without_a_verb_the_newest_turns_are_drawn_oldest_first() -> None:
    done = replay(*BUNDLE, "--limit", "3")
    assert done.exit_code == 0
    told = [line for line in done.stdout.splitlines() if "UTC  sample-" in line]
    assert [number for line in told for number in ("33", "34", "35") if f"sample-{number}" in line] == [
        "33", "34", "35",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("selectors", "count"),
    [
        (("--request", "sample-08"), 1),
        (("--trace", "trace-08"), 1),
        (("--uid", "lin"), 5),
        (("--brief", "brief-lin"), 5),
        (("--outcome", "blocked"), 3),
        (("--kind", "bootstrap", "--kind", "analysis"), 4),
        (("--uid", "lin", "--outcome", "blocked"), 2),
        (("--since", "2026-11-24", "--until", "2026-11-24T08:00:30"), 1),
        (("--since", "2026-11-24T09:00:00+01:00", "--limit", "100"), len(SCENES)),
    ],
)
def test_selectors_pick_turns(selectors: tuple[str, ...], count: int) -> None:
    done = replay(*BUNDLE, "--json", *selectors)
    assert done.exit_code == 0
    assert len(documents(done.stdout)) == count


def test_memory_as_of_a_point_and_between_two() -> None:
    (known,) = documents(replay(*BUNDLE, "--json", "--at", "sample-04").stdout)
    assert known["profile"]["skinType"] == "oily"
    assert known["artifact"] is None
    (known,) = documents(replay(*BUNDLE, "--json", "--uid", "mia", "--at", "now").stdout)
    assert known["artifact"] is not None
    assert "oily" in replay(*BUNDLE, "--uid", "mia", "--at", "2").stdout
    changed = documents(replay(*BUNDLE, "--json", "--diff", "sample-04", "sample-06").stdout)
    assert "$.artifact" in {each["path"] for each in changed}
    assert "$.artifact" in replay(*BUNDLE, "--diff", "sample-04", "sample-06").stdout
    assert "Nothing changed" in replay(*BUNDLE, "--diff", "sample-04", "sample-04").stdout


def test_verify_ends_with_0_where_nothing_differs_and_with_1_where_something_does(tmp_path: Path) -> None:
    done = replay(*BUNDLE, "--verify")
    assert (done.exit_code, f"{len(SCENES)} turns: {len(SCENES)} the same" in done.stdout) == (0, True)

    def changed(lines: list[dict[str, Any]]) -> None:
        lines[2]["events"][-1]["envelope"]["assistant_message"]["content"] = "something else"

    path = rewritten(tmp_path / "changed", changed, seal=True)
    done = replay("--bundle", str(path), "--verify")
    assert done.exit_code == 1
    assert 'was "something else"' in done.stdout
    assert "$.assistant_message.content" in done.stdout
    told = documents(replay("--bundle", str(path), "--verify", "--json").stdout)
    assert [told[0]["verdict"], told[-1]["different"]] == ["different", 1]


def test_an_export_is_read_like_any_bundle_and_a_redacted_one_is_compared_in_shape(tmp_path: Path) -> None:
    done = replay(*BUNDLE, "--uid", "lin", "--export", str(tmp_path / "lin"), "--redact")
    assert done.exit_code == 0
    assert "5 turns" in done.stdout
    assert "redacted" in done.stdout
    done = replay("--bundle", str(tmp_path / "lin"), "--verify")
    assert (done.exit_code, "5 the same (in shape)" in done.stdout) == (0, True)
    again = replay("--bundle", str(tmp_path / "lin"), "--export", str(tmp_path / "again"), "--json")
    assert documents(again.stdout)[0]["turns"] == 5
    assert "in shape" in replay("--bundle", str(tmp_path / "again"), "--verify").stdout


# --- what cannot be done


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--request", "nobody"), "No turn is recorded for request nobody"),
        (("--uid", "nobody"), "No turn is recorded for uid nobody"),
        (("--since", "2030-01-01"), "No turn is recorded for since 2030"),
        (("--since", "2026-11-25", "--until", "2026-11-24"), "The range is empty"),
        (("--since", "yesterday"), "--since 'yesterday' is no instant"),
        (("--at", "now"), "Say whose memory"),
        (("--uid", "mia", "--at", "99"), "There is no version 99 yet"),
        (("--uid", "mia", "--at", ""), "A point is a version"),
        (("--uid", "mia", "--diff", "sample-16", "now"), "was not of this identity"),
        (("--verify", "--at", "now"), "One verb at a time"),
        (("--swap",), "--swap goes with --rebuild"),
        (("--redact",), "--redact goes with --export"),
        (("--rebuild",), "--bundle is read instead of a database"),
        (("--import", "x"), "--bundle is read instead of a database"),
        (("--export", str(SAMPLE)), "exists already"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_code_2(arguments: tuple[str, ...], told: str) -> None:
    done = replay(*BUNDLE, *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_bad_options_and_bad_bundles_are_code_2(tmp_path: Path) -> None:
    assert replay(*BUNDLE, "--limit", "0").exit_code == 2
    assert replay("--bundle", str(tmp_path / "none")).exit_code == 2
    cut = tmp_path / "cut"
    cut.write_bytes(SAMPLE.read_bytes()[:2000])
    done = replay("--bundle", str(cut), "--verify")
    assert (done.exit_code, "cut off" in done.stderr) == (2, True)


def test_without_any_database_it_says_so(tmp_path: Path) -> None:
    done = replay(env={"DATABASE_URL": "", "AURORA_EMBEDDED_POSTGRES": "false"})
    assert (done.exit_code, "keeps no database" in done.stderr) == (2, True)
    state = tmp_path / "state"
    done = replay(env={"DATABASE_URL": "", "AURORA_STATE_DIR": str(state)})
    assert (done.exit_code, "Nothing is recorded yet" in done.stderr) == (2, True)
    assert not state.exists()
    done = replay("--database", "postgresql://nobody@127.0.0.1:1/none")
    assert (done.exit_code, "cannot be read" in done.stderr) == (2, True)


# --- a database


def in_database(dsn: str, work: Any) -> Any:
    async def main() -> Any:
        async with open_database(dsn, Settings()) as db:
            return await work(db)

    return trio.run(main)


def test_a_bundle_imported_into_a_database_is_read_from_there(fresh_dsn: str, tmp_path: Path) -> None:
    database = ("--database", fresh_dsn)
    assert "35 turns written" in replay(*database, "--import", str(SAMPLE)).stdout
    assert "35 were there already" in replay(*database, "--import", str(SAMPLE)).stdout
    done = replay(*database, "--verify")
    assert (done.exit_code, "35 the same" in done.stdout) == (0, True)
    done = replay(*database)
    assert done.exit_code == 0
    assert "The newest 20 of 35 turns" in done.stderr
    done = replay(*database, "--export", str(tmp_path / "out"))
    assert (done.exit_code, "35 turns and 0 facts" in done.stdout) == (0, True)


def test_a_bad_bundle_is_not_imported_at_all(fresh_dsn: str, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(SAMPLE.read_bytes()[:-40])
    assert replay("--database", fresh_dsn, "--import", str(cut)).exit_code == 2
    done = replay("--database", fresh_dsn)
    assert (done.exit_code, "No turn is recorded here" in done.stderr) == (2, True)


def test_an_erased_identity_is_said_to_be_erased(fresh_dsn: str) -> None:
    async def erased(db: Database) -> None:
        async with store_over(db, Settings(), clock=now) as store:
            await store.append(Identity("mia"), [new(Identity("mia"), said(region="EU"))])
            await store.erase(Identity("mia"))

    in_database(fresh_dsn, erased)
    for verb in ((), ("--verify",), ("--at", "now"), ("--export", "/nonexistent/x")):
        done = replay("--database", fresh_dsn, "--uid", "mia", *verb)
        assert done.exit_code == 2
        assert verb[:1] == ("--export",) or "erased" in done.stderr


def test_rebuild_compares_and_replaces_only_when_told(fresh_dsn: str) -> None:
    async def filled(db: Database) -> None:
        async with store_over(db, Settings(), clock=now) as store:
            await store.append(Identity("mia"), [new(Identity("mia"), said(region="EU"))])

    async def spoilt(db: Database) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute("UPDATE aurora_user_profiles SET region = 'CN'")

        await db.run(work)

    database = ("--database", fresh_dsn)
    in_database(fresh_dsn, filled)
    done = replay(*database, "--rebuild")
    assert (done.exit_code, "the tables hold exactly these" in done.stdout) == (0, True)
    in_database(fresh_dsn, spoilt)
    for _ in range(2):
        done = replay(*database, "--rebuild")
        assert (done.exit_code, "different  aurora_user_profiles" in done.stdout) == (1, True)
    done = replay(*database, "--rebuild", "--swap")
    assert (done.exit_code, "1 differed, now replaced" in done.stdout) == (0, True)
    (report,) = documents(replay(*database, "--rebuild", "--json").stdout)
    assert (report["differing"], report["events"]) == (0, 1)
    assert replay(*database, "--rebuild", "--uid", "mia").exit_code == 2
