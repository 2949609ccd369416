"""Today's flow over a recorded turn: the request and the settings as they were, then the flow to its end."""

from __future__ import annotations

import traceback
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from aurora import telemetry
from aurora.actors.trace import redact
from aurora.contract.errors import ContractError
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import KINDS
from aurora.flows.table import TURN_KINDS, TurnKind
from aurora.replay.model import Asked, RecordedTurn, damaged, oversize
from aurora.replay.stage import Claim, CutHere, EndedHere, NotRecorded, RecordedStage, TooLarge
from aurora.settings import Settings

End = Literal["finished", "cut", "bug", "not_recorded", "too_large"]

_SETTINGS_KEPT = 64


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """How today's flow ended over a recorded turn.

    end: `finished` (also refused), `cut` where the recorded turn was cut, `bug` (bug: what and where; None if
    it was an actor's, as recorded), `not_recorded` (why: what the flow waits for), `too_large` (why: what
    was). body: the envelope as a trace would keep it, None if nothing would be sent. unclaimed: recorded
    questions that were not asked. notes: what could not be set up as it was.
    """

    end: End
    body: bytes | None
    status: int
    outcome: str
    claims: list[Claim]
    unclaimed: list[Asked]
    budgets: list[tuple[str, int]]
    bug: str | None = None
    why: str = ""
    notes: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether the flow broke off: what it would have done next is not known."""
        return self.end == "not_recorded" or self.bug is not None


class _Told(msgspec.Struct):
    context: RequestContext
    identity: Identity
    now_ms: int
    seed: str
    body: msgspec.Raw = msgspec.Raw(b"null")
    raw: dict[str, Any] = {}


_told = msgspec.json.Decoder(_Told)


class Player:
    """Plays turns, one after the other. kinds: flows by kind of turn, today's by default."""

    def __init__(self, kinds: Mapping[str, TurnKind] = TURN_KINDS) -> None:
        self._kinds = kinds
        self._bodies = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}
        self._settings: dict[bytes, tuple[Settings, tuple[str, ...]]] = {}

    def play(self, recorded: RecordedTurn) -> Played:
        """Run today's flow. No network, no store, no waiting. Raises DamagedTraceError."""
        kind = self._kinds.get(recorded.kind)
        if kind is None:
            raise damaged(recorded.request_id, f"is of kind {recorded.kind!r}, which is not known here")
        settings, notes = self._settings_of(recorded)
        size = oversize(recorded.opened.turn)
        if size is not None:
            return _unplayed(f"a request of {size} bytes was too large to be recorded")
        stage = RecordedStage(recorded, self._turn(recorded, kind), settings)
        end: End = "finished"
        bug, why = None, ""
        try:
            with telemetry.quiet():
                _drive(_flow(kind, stage))
        except ContractError as refusal:
            stage.envelope.refuse(refusal)
        except CutHere:
            end = "cut"
            stage.cut()
        except EndedHere:
            end = "bug"
        except (NotRecorded, TooLarge) as stop:
            end, why = ("too_large" if isinstance(stop, TooLarge) else "not_recorded"), str(stop)
        except Exception as error:  # noqa: BLE001 - a bug of today's flow is a finding, not ours to die of
            end, bug = "bug", _where(error)
        sends = end == "finished" or (end == "cut" and _was_budget(recorded))
        finished = stage.envelope.finish() if sends else None
        return Played(
            end=end,
            body=redact(finished.body) if finished is not None else None,
            status=finished.status if finished is not None else (500 if end == "bug" else 499),
            outcome=finished.outcome if finished is not None else ("failed" if end == "bug" else "abandoned"),
            claims=stage.claims,
            unclaimed=stage.unclaimed,
            budgets=stage.budgets,
            bug=bug,
            why=why,
            notes=notes,
        )

    def _turn(self, recorded: RecordedTurn, kind: TurnKind) -> Turn:
        try:
            told = _told.decode(recorded.opened.turn)
            body = None
            if kind.body is not None and bytes(told.body) != b"null":
                body = self._bodies[kind.body].decode(told.body)
            now = datetime.fromtimestamp(told.now_ms // 1000, UTC) + timedelta(
                milliseconds=told.now_ms % 1000
            )
        except (
            msgspec.DecodeError,
            UnicodeDecodeError,
            RecursionError,
            ValueError,
            OverflowError,
            OSError,
        ) as error:
            raise damaged(
                recorded.request_id, f"holds a request that today's code cannot read ({error})"
            ) from error
        return Turn(
            kind=recorded.kind,
            context=told.context,
            identity=told.identity,
            now=now,
            seed=told.seed,
            body=body,
            raw=told.raw,
        )

    def _settings_of(self, recorded: RecordedTurn) -> tuple[Settings, tuple[str, ...]]:
        """The settings in force then: those recorded over today's defaults. So a default that has changed
        since shows as a difference. Secrets are never recorded.
        """
        raw = bytes(recorded.opened.settings)
        known = self._settings.get(raw)
        if known is None:
            if len(self._settings) >= _SETTINGS_KEPT:
                self._settings.clear()
            known = self._settings[raw] = _settings(recorded, recorded.plain(recorded.opened.settings))
        return known


def _settings(recorded: RecordedTurn, told: Any) -> tuple[Settings, tuple[str, ...]]:
    plain = told if isinstance(told, dict) else {}
    names = Settings.__struct_fields__
    notes = tuple(f"the setting {name} of then is not there any more" for name in plain if name not in names)
    try:
        return msgspec.convert({k: v for k, v in plain.items() if k in names}, Settings), notes
    except msgspec.ValidationError as error:
        raise damaged(
            recorded.request_id, f"holds a setting that today's code cannot read ({error})"
        ) from error


async def _flow(kind: TurnKind, stage: RecordedStage) -> None:
    await kind.flow(stage)


def _drive(flow: Coroutine[Any, Any, None]) -> None:
    """A flow to its end. Raises RuntimeError if it waits for anything but its stage."""
    try:
        flow.send(None)
    except StopIteration:
        return
    flow.close()
    raise RuntimeError("the flow waits for something that is no question")


def _was_budget(recorded: RecordedTurn) -> bool:
    return recorded.cut is not None and recorded.cut.reason == "budget" and not recorded.sent_nothing


def _unplayed(why: str) -> Played:
    return Played(
        end="too_large", body=None, status=0, outcome="", claims=[], unclaimed=[], budgets=[], why=why
    )


def _where(error: Exception) -> str:
    """What and where, without the text of the error, which may hold what a person said."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/aurora/" in f.filename]
    last = frames[-1] if frames else None
    place = f" in {last.filename.rpartition('/aurora/')[2]}:{last.lineno}" if last is not None else ""
    return f"{type(error).__name__}{place}"
