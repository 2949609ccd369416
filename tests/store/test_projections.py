"""Reducers, pure: whatever the facts and however they are grouped, rows are the fold."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.store.codec import UnreadableEventError, decode_event, encode, schema_version
from aurora.store.facts import Fact, FactMeta, OutboundOpened
from aurora.store.groups import Fold, Ticket
from aurora.store.projections import PROFILE_COLUMNS, Event, RowKey, apply
from aurora.store.rows import ROWS, ArtifactRow, ConversationRow, LogRow, PlanRow, ProfileRow, Row, RunRow
from aurora.store.states import LOGS_KEPT, StreamState
from tests.store.people import NOW, analysed, days, logged, new, said, somebody
from tests.store.test_rebuild import some_fact

STREAM = "g:0123"


def event(version: int, fact: Fact, occurred_at: str = "2026-03-10T12:00:00.000Z", **meta: Any) -> Event:
    """An event of STREAM."""
    whole = FactMeta(request_id="r", trace_id="t", occurred_at=occurred_at, **{"uid": "u1", **meta})
    return Event(STREAM, version, f"00000000-0000-7000-8000-{version:012x}", fact, whole)


def fold(events: list[Event]) -> dict[RowKey, Row]:
    """The rows that follow."""
    rows: dict[RowKey, Row] = {}
    for each in events:
        apply(rows, each)
    return rows


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 40), cuts=st.lists(st.integers(1, 12), max_size=12))
def test_any_split_into_groups_gives_the_rows_of_the_fold(seed: int, count: int, cuts: list[int]) -> None:
    """The journal's fold, group by group, on the bounded state it remembers, against the plain one."""
    chance = random.Random(seed)
    one = somebody()
    news = [new(one, some_fact(chance)) for _ in range(count)]
    expected = fold(
        [Event(one.stream, n, each.event_id, each.fact, each.meta) for n, each in enumerate(news, 1)]
    )
    table: dict[RowKey, Row] = {}
    state = StreamState()
    rest = list(news)
    for size in [*cuts, count]:
        group, rest = rest[:size], rest[size:]
        if not group:
            break
        logs = {(one.stream, row.log_date): row for row in table.values() if isinstance(row, LogRow)}
        folded = Fold({one.stream: state}, logs, {})
        half = len(group) // 2
        for part in (group[:half], group[half:]):
            if part:
                folded.add(Ticket(one.stream, part, 0))
        write(table, folded)
        state = folded.states[one.stream]
    assert table == expected
    newest = sorted(
        (row for row in expected.values() if isinstance(row, LogRow)), key=lambda row: row.log_date
    )
    assert list(state.logs) == newest[::-1][:LOGS_KEPT]
    assert state.version == count


def write(table: dict[RowKey, Row], folded: Fold) -> None:
    """What aurora_append does with a group: rows first, sweeps after them, by version."""
    for kind, rows in folded.rows.items():
        for (_, key), row in rows.items():
            table[kind, key] = row
    for _, before, version in folded.sweeps:
        for place, row in list(table.items()):
            if isinstance(row, ArtifactRow | PlanRow | RunRow) and row.version < version:
                at = msgspec.convert(row.created_at, type(before), strict=False)
                if at < before:
                    del table[place]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*PROFILE_COLUMNS, "unknown"]),
        st.none()
        | st.text()
        | st.integers()
        | st.lists(st.text() | st.integers())
        | st.dictionaries(st.text(), st.integers()),
    )
)
def test_a_profile_row_always_reads_back_as_it_was_written(patch: dict[str, Any]) -> None:
    """Whatever was patched, the row keeps the types of its columns: no profile can become unreadable."""
    row = fold([event(1, said(**patch))])[ProfileRow, ""]
    text = encode(row)
    assert msgspec.json.decode(text, type=ProfileRow) == row
    assert isinstance(row, ProfileRow)
    assert row.as_profile() == msgspec.json.decode(encode(row.as_profile()), type=type(row.as_profile()))


def test_rows_take_their_instants_and_ids_from_events() -> None:
    first = event(1, logged("2026-03-09", acne=1), "2026-03-09T08:00:00.000Z")
    second = event(2, logged("2026-03-09", redness=2), "2026-03-09T20:00:00.000Z", user_id="usr_1")
    row = fold([first, second])[LogRow, "2026-03-09"]
    assert isinstance(row, LogRow)
    assert (row.id, row.created_at, row.updated_at, row.version) == (
        first.event_id, "2026-03-09T08:00:00.000Z", "2026-03-09T20:00:00.000Z", 2,
    )  # fmt: skip
    assert (row.aurora_uid, row.user_id, row.acne, row.redness) == (None, "usr_1", None, 2)


def test_an_analysis_keeps_itself_with_the_profile_and_leaves_artifact_and_plan() -> None:
    rows = fold(
        [event(1, said(skinType="oily")), event(2, analysed("da_1", brief_id="b1", plan="ip_1", score=0.9))]
    )
    profile, artifact, plan = rows[ProfileRow, ""], rows[ArtifactRow, "da_1"], rows[PlanRow, "ip_1"]
    assert isinstance(profile, ProfileRow)
    assert isinstance(artifact, ArtifactRow)
    assert isinstance(plan, PlanRow)
    assert (profile.skin_type, profile.last_analysis_lang, profile.version) == ("oily", "EN", 2)
    assert msgspec.json.decode(profile.last_analysis)["features"] == []
    assert (artifact.session_id, artifact.source_mix, artifact.confidence_score) == (
        "b1",
        ["profile", "rule"],
        0.9,
    )
    assert (plan.artifact_id, plan.intensity) == ("da_1", "gentle")


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (None, "low"),
        (0.5499, "low"),
        (0.55, "medium"),
        (0.75, "medium"),
        (0.7501, "high"),
        ("x", "low"),
        (True, "low"),
        (7, "high"),
    ],
)
def test_a_missing_level_follows_from_the_score(score: Any, level: str) -> None:
    fact = msgspec.structs.replace(
        analysed("da_1"), artifact={"artifact_id": "da_1", "overall_confidence": {"score": score}}
    )
    row = fold([event(1, fact)])[ArtifactRow, "da_1"]
    assert isinstance(row, ArtifactRow)
    assert row.confidence_level == level


def test_an_artifact_without_a_name_is_named_after_its_event() -> None:
    fact = msgspec.structs.replace(analysed("x", plan="y"), artifact={}, plan={})
    first = event(1, fact)
    assert {key for _, key in fold([first])} == {"", f"da_{first.event_id}", f"ip_{first.event_id}"}


def test_facts_without_rows_touch_none() -> None:
    assert fold([event(1, OutboundOpened(outcome="success"))]) == {}


def test_the_bounded_state_knows_which_days_it_cannot_know() -> None:
    state = StreamState()
    assert state.knows_day("1999-01-01")
    folded = Fold({STREAM: state}, {}, {})
    one = somebody()
    folded.add(Ticket(STREAM, [new(one, logged(date)) for date in days(9)], None))
    state = folded.states[STREAM]
    assert [row.log_date for row in state.logs] == list(days(9))[:7]
    assert state.knows_day(f"{NOW:%Y-%m-%d}")
    assert not state.knows_day(list(days(9))[8])


def test_every_fact_reads_back_from_the_log() -> None:
    chance = random.Random(5)
    for _ in range(200):
        first = event(1, some_fact(chance))
        name = type(first.fact).__name__
        back = decode_event(
            first.stream,
            1,
            first.event_id,
            name,
            schema_version(name),
            encode(first.fact).decode(),
            encode(first.meta).decode(),
        )
        assert back == first


def test_an_old_shape_is_lifted_step_by_step() -> None:
    """v1 called it `result`, v2 `result_code`, v3 `outcome`."""
    upcasters = {
        ("OutboundOpened", 1): lambda raw: {"type": "OutboundOpened", "result_code": raw["result"]},
        ("OutboundOpened", 2): lambda raw: {"type": "OutboundOpened", "outcome": raw["result_code"].lower()},
    }
    meta = encode(event(1, OutboundOpened(outcome="x")).meta).decode()
    old = '{"type":"OutboundOpened","result":"SUCCESS"}'
    lifted = decode_event(
        "g:1", 1, "id", "OutboundOpened", 1, old, meta, upcasters=upcasters, current={"OutboundOpened": 3}
    )
    assert lifted.fact == OutboundOpened(outcome="success")


@pytest.mark.parametrize(
    ("name", "schema", "data"),
    [
        ("OutboundOpened", 2, '{"type":"OutboundOpened","outcome":"x"}'),
        ("OutboundOpened", 1, '{"type":"OutboundOpened"}'),
        ("Unheard", 1, '{"type":"Unheard"}'),
        ("OutboundOpened", 1, "{"),
    ],
)
def test_an_event_nobody_can_read_is_an_error_that_names_no_content(
    name: str, schema: int, data: str
) -> None:
    meta = encode(event(1, OutboundOpened(outcome="x")).meta).decode()
    with pytest.raises(UnreadableEventError, match=rf"^{name} v{schema} at version 7$"):
        decode_event("g:1", 7, "id", name, schema, data, meta)


def test_every_table_is_projected_by_exactly_one_row_type() -> None:
    assert len({kind.table for kind in ROWS}) == len(ROWS) == 8
    assert ConversationRow in ROWS
