"""Does today's code give the answers that were given? Recorded turns played again and held against what left.

Byte for byte: the redacted form of the envelope, as traces keep it. A question that is asked differently is a
difference of its own, even where the answer is the same: an upstream would have seen it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Final, Literal

import msgspec
import trio.lowlevel

from aurora.actors.trace import redact
from aurora.replay.differences import Difference, of_bytes, shape_of
from aurora.replay.model import BudgetStated, DamagedTraceError, RecordedTurn, oversize
from aurora.replay.player import Played, Player
from aurora.replay.sources import Selection, TurnSource, select
from aurora.replay.stage import Claim

Verdict = Literal["same", "different", "unverifiable", "damaged"]

REPORTS_KEPT: Final = 100


class TurnReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found of one turn.

    verdict: `same`; `different`; `unverifiable` (why: a part was too large to be recorded); `damaged` (why).
    A damaged turn whose row could not be read has no ids. notes: what could not be set up as it was.
    """

    verdict: Verdict
    request_id: str = ""
    kind: str = ""
    opened_at_ms: int = 0
    differences: list[Difference] = []
    why: str = ""
    notes: tuple[str, ...] = ()


class Summary(msgspec.Struct):
    """All of a verification so far: turns by verdict.

    by_path: differences by what and where (indices of lists left out), at most REPORTS_KEPT of them.
    worth_reading: the first REPORTS_KEPT reports that are not `same`.
    """

    same: int = 0
    different: int = 0
    unverifiable: int = 0
    damaged: int = 0
    by_path: Counter[str] = msgspec.field(default_factory=Counter)
    worth_reading: list[TurnReport] = []

    @property
    def turns(self) -> int:
        """How many were looked at."""
        return self.same + self.different + self.unverifiable + self.damaged

    @property
    def ok(self) -> bool:
        """Whether nothing differs and everything could be read. What was too large to record is no fault."""
        return self.different == 0 and self.damaged == 0

    def add(self, report: TurnReport) -> None:
        """Count one report."""
        setattr(self, report.verdict, getattr(self, report.verdict) + 1)
        for difference in report.differences:
            key = f"{difference.what} {_without_indices(difference.path)}"
            if key in self.by_path or len(self.by_path) < REPORTS_KEPT:
                self.by_path[key] += 1
        if report.verdict != "same" and len(self.worth_reading) < REPORTS_KEPT:
            self.worth_reading.append(report)


async def verify_all(
    source: TurnSource,
    selection: Selection,
    *,
    player: Player | None = None,
    shape_only: bool = False,
    on_turn: Callable[[TurnReport], None] | None = None,
) -> Summary:
    """Verify every turn of a selection, one at a time. on_turn: told of each. Raises ReplayError."""
    summary = Summary()
    reports = verifications(source, selection, player=player, shape_only=shape_only)
    async with aclosing(reports):
        async for report in reports:
            summary.add(report)
            if on_turn is not None:
                on_turn(report)
    return summary


async def verifications(
    source: TurnSource,
    selection: Selection,
    *,
    player: Player | None = None,
    shape_only: bool = False,
) -> AsyncGenerator[TurnReport, None]:
    """A report per turn, in the order of the source. Raises ReplayError."""
    player = player or Player()
    async with aclosing(select(source, selection)) as turns:
        async for turn in turns:
            yield verify(turn, player, shape_only=shape_only)
            await trio.lowlevel.checkpoint()


def verify(turn: RecordedTurn | DamagedTraceError, player: Player, *, shape_only: bool = False) -> TurnReport:
    """Play one turn and compare. shape_only: for a redacted recording, whose words are not the person's."""
    if isinstance(turn, DamagedTraceError):
        return TurnReport(verdict="damaged", why=str(turn))
    try:
        played = player.play(turn)
        if played.end == "too_large":
            return _report(turn, "unverifiable", why=played.why, notes=played.notes)
        differences = list(_differences(turn, played, shape_only))
    except DamagedTraceError as error:
        return _report(turn, "damaged", why=str(error))
    why = _not_compared(turn, played)
    if why and not differences:
        return _report(turn, "unverifiable", why=why, notes=played.notes)
    return _report(turn, "different" if differences else "same", differences=differences, notes=played.notes)


def _not_compared(turn: RecordedTurn, played: Played) -> str:
    """What was too large to be recorded and so could not be held against anything; blank if nothing was."""
    size = oversize(turn.sent.envelope)
    if size is not None:
        return f"an envelope of {size} bytes was too large to be recorded"
    for claim in played.claims:
        size = oversize(claim.recorded.question) if claim.recorded is not None else None
        if size is not None:
            return f"a {type(claim.question).__name__} of {size} bytes was too large to be recorded"
    return ""


def _report(
    turn: RecordedTurn,
    verdict: Verdict,
    *,
    differences: list[Difference] | None = None,
    why: str = "",
    notes: tuple[str, ...] = (),
) -> TurnReport:
    return TurnReport(
        verdict=verdict,
        request_id=turn.request_id,
        kind=turn.kind,
        opened_at_ms=turn.opened_at_ms,
        differences=differences or [],
        why=why,
        notes=notes,
    )


def _differences(turn: RecordedTurn, played: Played, shape_only: bool) -> Iterator[Difference]:
    if not played.stopped:
        yield from _of_budgets(turn, played)
    yield from _of_questions(played, shape_only)
    if played.end == "not_recorded":
        yield Difference(what="waits", path=played.why, was="", now="waits for what was not recorded")
        return
    yield from _of_ending(turn, played)
    if played.body is None or turn.sent_nothing or oversize(turn.sent.envelope) is not None:
        return
    was, now = bytes(turn.sent.envelope), played.body
    if shape_only:
        was = msgspec.json.encode(shape_of(msgspec.json.decode(was)))
        now = msgspec.json.encode(shape_of(msgspec.json.decode(now)))
    if was != now:
        yield from of_bytes("envelope", "$", was, now)


def _of_budgets(turn: RecordedTurn, played: Played) -> Iterator[Difference]:
    """The first budget is the door's and is not the flow's to state."""
    stated = [(b.name, b.ms) for b in turn.of(BudgetStated)][1:]
    if stated != played.budgets:
        yield Difference(what="budget", path="$", was=_budgets(stated), now=_budgets(played.budgets))


def _of_questions(played: Played, shape_only: bool) -> Iterator[Difference]:
    last = 0
    for claim in played.claims:
        tag = type(claim.question).__name__
        if claim.recorded is None:
            yield Difference(what="question", path=tag, was="", now=claim.encoded.decode()[:300])
            continue
        if claim.recorded.call < last:
            now = f"after call {last}"
            yield Difference(what="order", path=tag, was=f"call {claim.recorded.call}", now=now)
        last = max(last, claim.recorded.call)
        if not shape_only:
            yield from _of_question(claim, bytes(claim.recorded.question))
    if played.stopped:
        return
    for asked in played.unclaimed:
        yield Difference(what="question", path=asked.actor, was=bytes(asked.question).decode()[:300], now="")


def _of_question(claim: Claim, was: bytes) -> Iterator[Difference]:
    """Questions are kept with their words, requests without secrets: both are compared without."""
    if claim.encoded == was or claim.recorded is None or oversize(claim.recorded.question) is not None:
        return
    was, now = redact(was), redact(claim.encoded)
    if was != now:
        yield from of_bytes("question", f"$questions[{claim.recorded.call}]", was, now)


def _of_ending(turn: RecordedTurn, played: Played) -> Iterator[Difference]:
    was = (
        "bug"
        if turn.outcome == "failed" and turn.sent_nothing
        else "cut"
        if turn.cut is not None
        else "finished"
    )
    if played.end == "bug":
        if was != "bug":
            yield Difference(what="ending", path="$", was=was, now=f"bug: {played.bug}")
        return
    if was == "bug":
        yield Difference(what="ending", path="$", was="bug", now=played.end)
        return
    if was == "cut" and played.end == "finished" and turn.outcome != "abandoned":
        yield Difference(what="ending", path="$", was="cut by its budget", now="finished before the cut")
    if turn.sent_nothing or played.body is None:
        return
    if (turn.status, turn.outcome) != (played.status, played.outcome):
        yield Difference(
            what="ending", path="$",
            was=f"{turn.status} {turn.outcome}", now=f"{played.status} {played.outcome}",
        )  # fmt: skip


def _budgets(stated: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {ms} ms" for name, ms in stated) or "none"


def _without_indices(path: str) -> str:
    """`$.cards[3].type` -> `$.cards[].type`, so that the same difference counts as one."""
    kept: list[str] = []
    for part in path.split("["):
        number, bracket, rest = part.partition("]")
        kept.append(f"]{rest}" if bracket and number.isdigit() else part)
    return "[".join(kept)
