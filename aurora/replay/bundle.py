"""A bundle: recorded turns in one compressed file that needs nothing else, and reads like a database.

A gzip stream of JSON lines: a header (schema, shape of the traces, redacted or not), turns oldest first, then
each identity's head with its event log, then an end line with the counts and the SHA-256 of every line
before it. Written and read as a stream. The checksum is against accidents and edits by hand, not a signature.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

import msgspec
import trio.lowlevel

from aurora.actors.trace import SCHEMA as TRACE_SCHEMA
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError, recorded
from aurora.replay.sources import Facts, Selection, Turns, TurnSource, select
from aurora.store.codec import UnreadableEventError, decode_event, schema_version
from aurora.store.trace_reading import Head, StoredEvent

SCHEMA: Final = 1
MOST_LINE_BYTES: Final = 33_554_432


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="line"):
    """Base of all lines."""


class Header(Line, frozen=True, kw_only=True, tag="bundle"):
    """The first line. schema: of the bundle. traces: shape of the traces of whoever wrote it."""

    schema: int
    traces: int = TRACE_SCHEMA
    redacted: bool = False


class TurnLine(Line, frozen=True, kw_only=True, tag="turn"):
    """A recorded turn: the row of the trace table."""

    stream: str
    epoch: int
    request_id: str
    trace_id: str
    brief_id: str | None
    kind: str
    opened_at_ms: int
    elapsed_ms: int
    outcome: str
    status: int
    events: msgspec.Raw


class StreamLine(Line, frozen=True, kw_only=True, tag="stream"):
    """Where an identity stands. Its facts follow."""

    stream: str
    version: int
    epoch: int
    erased_at: str | None


class FactLine(Line, frozen=True, kw_only=True, tag="fact"):
    """An event of the log, as stored."""

    stream: str
    version: int
    event_id: str
    type: str
    schema_version: int
    data: msgspec.Raw
    meta: msgspec.Raw
    recorded_at_ms: int


class End(Line, frozen=True, kw_only=True, tag="end"):
    """The last line. sha256: of all lines before it, line feeds included, in hex."""

    turns: int
    streams: int
    facts: int
    sha256: str


AnyLine = Header | TurnLine | StreamLine | FactLine | End
_lines = msgspec.json.Decoder(AnyLine)
_encode = msgspec.json.Encoder().encode


class Redaction(Protocol):
    """What may stand between a source and a file: see `replay.redact`."""

    def turn(self, line: TurnLine) -> TurnLine:
        """A turn without what a person said."""
        ...

    def stream(self, line: StreamLine) -> StreamLine:
        """A head without its name."""
        ...

    def fact(self, line: FactLine) -> FactLine:
        """A fact without what a person said."""
        ...


class Exported(msgspec.Struct, kw_only=True):
    """What went into a bundle. damaged: turns that could not be read and so were left out."""

    turns: int = 0
    streams: int = 0
    facts: int = 0
    damaged: int = 0
    bytes: int = 0


async def export(
    source: TurnSource,
    selection: Selection,
    path: Path,
    *,
    redaction: Redaction | None = None,
    redacted: bool = False,
    on_turn: Callable[[], None] | None = None,
) -> Exported:
    """Write a selection, and the logs of whoever is in it, to a new file. Nothing is left of a failed one.

    redacted: the source is redacted already. Raises ReplayError: nothing selected, the file exists or cannot
    be written.
    """
    seen = Exported()
    streams: dict[str, None] = {}
    with _Writer(path) as writer:
        writer.put(Header(schema=SCHEMA, redacted=redacted or redaction is not None))
        async with aclosing(select(source, selection)) as turns:
            async for turn in turns:
                if isinstance(turn, DamagedTraceError):
                    seen.damaged += 1
                    continue
                line = _line_of(turn)
                writer.put(line if redaction is None else redaction.turn(line))
                streams[turn.stream] = None
                seen.turns += 1
                if on_turn is not None:
                    on_turn()
                await trio.lowlevel.checkpoint()
        for stream in streams:
            head = await source.head(stream)
            if head is None:
                continue
            standing = StreamLine(
                stream=stream, version=head.version, epoch=head.epoch, erased_at=head.erased_at
            )
            writer.put(standing if redaction is None else redaction.stream(standing))
            seen.streams += 1
            async with aclosing(source.facts(stream)) as facts:
                async for stored in facts:
                    fact = _fact_line(stored)
                    writer.put(fact if redaction is None else redaction.fact(fact))
                    seen.facts += 1
        end = End(turns=seen.turns, streams=seen.streams, facts=seen.facts, sha256=writer.digest)
        writer.put(end)
        writer.keep()
        seen.bytes = writer.size
    return seen


class _Writer:
    """A new file that appears under its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.{os.getpid()}")
        self._sha = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return self._sha.hexdigest()

    def __enter__(self) -> _Writer:
        if self._path.exists():
            raise ReplayError(f"{self._path} exists already: name a new file.")
        try:
            self._raw = self._partial.open("xb")
        except OSError as error:
            raise ReplayError(f"{self._path} cannot be written ({error.strerror}).") from error
        # No name and no time: the same turns make the same bytes.
        self._zip = gzip.GzipFile("", "wb", compresslevel=6, fileobj=self._raw, mtime=0)
        return self

    def put(self, line: AnyLine) -> None:
        # A line feed can stand in JSON between values only, where a blank is as good.
        encoded = _encode(line).replace(b"\n", b" ") + b"\n"
        self._sha.update(encoded)
        try:
            self._zip.write(encoded)
        except OSError as error:
            raise ReplayError(f"{self._path} cannot be written ({error.strerror}).") from error

    def keep(self) -> None:
        """Give the file its name."""
        try:
            self._zip.close()
            self._raw.flush()
            self.size = self._raw.tell()
            os.fsync(self._raw.fileno())
            self._partial.rename(self._path)
        except OSError as error:
            raise ReplayError(f"{self._path} cannot be written ({error.strerror}).") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk was told already
            self._zip.close()
        with suppress(OSError):
            self._raw.close()
        self._partial.unlink(missing_ok=True)


def open_bundle(path: Path) -> Bundle:
    """A bundle that was read once from end to end and is whole. Raises ReplayError: what is wrong with it."""
    header: Header | None = None
    counted = {TurnLine: 0, StreamLine: 0, FactLine: 0}
    sha, end = hashlib.sha256(), None
    for number, (raw, line) in enumerate(_read(path)):
        if end is not None:
            raise ReplayError(f"{path} goes on behind its end: it was edited.")
        if number == 0:
            if not isinstance(line, Header):
                raise ReplayError(f"{path} is not a bundle of recorded turns.")
            header = line
        elif isinstance(line, End):
            end = line
            told = (end.turns, end.streams, end.facts)
            if sha.hexdigest() != end.sha256 or told != tuple(counted.values()):
                raise ReplayError(
                    f"{path} is not as it was written: its checksum does not fit. Was it edited?"
                )
            continue
        elif isinstance(line, TurnLine | StreamLine | FactLine):
            counted[type(line)] += 1
        else:
            raise ReplayError(f"{path} begins twice: it was edited.")
        sha.update(raw)
    if header is None:
        raise ReplayError(f"{path} is empty.")
    if end is None:
        raise ReplayError(f"{path} is cut off: its end is missing.")
    return Bundle(path, header, end)


class Bundle:
    """`TurnSource` over a file. Every look reads the file from its beginning, so memory stays flat."""

    def __init__(self, path: Path, header: Header, end: End) -> None:
        self.path = path
        self.header = header
        self.end = end

    @property
    def redacted(self) -> bool:
        """Whether its words are pseudonyms, so that only shapes can be verified."""
        return self.header.redacted

    async def turns(self, selection: Selection) -> Turns:
        """See `TurnSource.turns`. Newest first needs a limit: that many are held."""
        if selection.newest_first:
            if selection.limit is None:
                raise ReplayError("Newest first out of a bundle needs a limit.")
            for found in await self._newest(selection):
                yield found
            return
        left = selection.limit
        for line in self._turn_lines():
            if left is not None and left <= 0:
                return
            await trio.lowlevel.checkpoint()
            turn = _turn_of(line)
            if isinstance(turn, RecordedTurn) and not _wanted(turn, selection):
                continue
            if isinstance(turn, DamagedTraceError) and not _row_wanted(line, selection):
                continue
            left = None if left is None else left - 1
            yield turn

    async def _newest(self, selection: Selection) -> list[RecordedTurn | DamagedTraceError]:
        plain = msgspec.structs.replace(selection, newest_first=False, limit=None, after=None)
        kept: list[RecordedTurn | DamagedTraceError] = []
        async with aclosing(self.turns(plain)) as turns:
            async for turn in turns:
                after = selection.after
                if isinstance(turn, RecordedTurn) and after is not None and turn.key >= after:
                    continue
                kept.append(turn)
                if len(kept) > (selection.limit or 0):
                    del kept[0]
        return kept[::-1]

    async def count(self, selection: Selection) -> int | None:
        """See `TurnSource.count`. Known without looking for the whole bundle only."""
        await trio.lowlevel.checkpoint()
        if selection.told() or selection.after is not None:
            return None
        return self.end.turns if selection.limit is None else min(self.end.turns, selection.limit)

    async def head(self, stream: str) -> Head | None:
        """See `TurnSource.head`."""
        await trio.lowlevel.checkpoint()
        for _, line in _read(self.path):
            if isinstance(line, StreamLine) and line.stream == stream:
                return Head(version=line.version, epoch=line.epoch, erased_at=line.erased_at)
        return None

    async def facts(self, stream: str) -> Facts:
        """See `TurnSource.facts`."""
        for _, line in _read(self.path):
            if not isinstance(line, FactLine) or line.stream != stream:
                continue
            await trio.lowlevel.checkpoint()
            data, meta = bytes(line.data).decode(), bytes(line.meta).decode()
            try:
                event = decode_event(
                    line.stream, line.version, line.event_id, line.type, line.schema_version, data, meta
                )
            except UnreadableEventError as error:
                raise ReplayError(f"{self.path} holds an event that cannot be read here: {error}.") from error
            yield StoredEvent(event=event, recorded_at_ms=line.recorded_at_ms)

    def _turn_lines(self) -> Iterator[TurnLine]:
        for _, line in _read(self.path):
            if isinstance(line, TurnLine):
                yield line
            elif not isinstance(line, Header):
                return


def _read(path: Path) -> Iterator[tuple[bytes, AnyLine]]:
    """Every line with its bytes. Raises ReplayError."""
    first = True
    try:
        with gzip.open(path, "rb") as lines:
            while raw := lines.readline(MOST_LINE_BYTES):
                if not raw.endswith(b"\n"):
                    raise ReplayError(f"{path} is cut off, or holds a line that is too long.")
                if first:
                    _check_schema(path, raw)
                    first = False
                yield raw, _lines.decode(raw)
    except EOFError as error:
        raise ReplayError(f"{path} is cut off: it ends in the middle.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReplayError(f"{path} is not a bundle of recorded turns, or is damaged.") from error
    except OSError as error:
        raise ReplayError(f"{path} cannot be read ({error.strerror}).") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReplayError(
            f"{path} holds a line that is none of a bundle's: it was edited or damaged."
        ) from error


class _Schema(msgspec.Struct):
    line: str = ""
    schema: int = 0


_schema = msgspec.json.Decoder(_Schema)


def _check_schema(path: Path, raw: bytes) -> None:
    """Before anything else: lines of a newer schema need not look like ours."""
    try:
        told = _schema.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReplayError(f"{path} is not a bundle of recorded turns.") from error
    if told.line == "bundle" and told.schema > SCHEMA:
        raise ReplayError(
            f"{path} is a bundle of schema {told.schema}; this version reads up to {SCHEMA}. "
            "Use a newer Aurora."
        )


def _turn_of(line: TurnLine) -> RecordedTurn | DamagedTraceError:
    row = {name: getattr(line, name) for name in TurnLine.__struct_fields__ if name != "events"}
    try:
        return recorded(row, bytes(line.events))
    except DamagedTraceError as error:
        return error


def _wanted(turn: RecordedTurn, selection: Selection) -> bool:
    return selection.admits(turn) and (selection.after is None or turn.key > selection.after)


def _row_wanted(line: TurnLine, selection: Selection) -> bool:
    """The row of a damaged turn still says whose it is and when it was."""
    row = {name: getattr(line, name) for name in TurnLine.__struct_fields__ if name != "events"}
    return _wanted(RecordedTurn(**row, raw_events=b"", events=[]), selection)


def _line_of(turn: RecordedTurn) -> TurnLine:
    row = {name: getattr(turn, name) for name in TurnLine.__struct_fields__ if name != "events"}
    return TurnLine(**row, events=msgspec.Raw(turn.raw_events))


def _fact_line(stored: StoredEvent) -> FactLine:
    event = stored.event
    name = type(event.fact).__name__
    return FactLine(
        stream=event.stream,
        version=event.version,
        event_id=event.event_id,
        type=name,
        schema_version=schema_version(name),
        data=msgspec.Raw(_encode(event.fact)),
        meta=msgspec.Raw(_encode(event.meta)),
        recorded_at_ms=stored.recorded_at_ms,
    )
