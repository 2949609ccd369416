"""Dupes from a file, for what no table knows yet (contract D 7, AURORA_DUPE_KB_PATH).

JSON lines; blank ones and those that begin with `#` are skipped. A line names its key as `kb_key`, `kbKey` or
`key` and holds `original`, `dupes`, `comparables`, `verified`, `verified_at`, `source`. Bad lines are left
out and logged by number; a file that cannot be read keeps the service from starting.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from aurora import telemetry
from aurora.lifetime import CannotStartError
from aurora.rules.knowledge_facts import is_empty, personal_in
from aurora.rules.knowledge_keys import may_be_key
from aurora.settings import Settings
from aurora.store.knowledge import KnowledgeRow, as_kept

PATH_SETTING: Final = "AURORA_DUPE_KB_PATH"
MAX_BYTES: Final = 16 * 1024 * 1024
MOST_PROBLEMS_LOGGED: Final = 20
_KEY_NAMES: Final = ("kb_key", "kbKey", "key")
_FACTS: Final = ("original", "dupes", "comparables", "source_meta")

log = telemetry.get_logger()
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_row = msgspec.json.Decoder(KnowledgeRow).decode


class Seed:
    """Rows of the file by key; of a key that stands twice the last line counts. problems: (line, what)."""

    def __init__(
        self, rows: Mapping[str, bytes] | None = None, problems: list[tuple[int, str]] | None = None
    ) -> None:
        self._rows = rows or {}
        self.problems = problems or []

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, key: str) -> KnowledgeRow | None:
        """The row of a key, as a copy of the asker's own."""
        raw = self._rows.get(key)
        return None if raw is None else _decode_row(raw)


def load_seed(settings: Settings) -> Seed:
    """The file of the settings; without one, an empty seed. Raises CannotStartError."""
    path = settings.kb_dupes_seed_path
    if not path:
        return Seed()
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from error
    if len(raw) > MAX_BYTES:
        raise _unusable(path, f"it is larger than {MAX_BYTES} bytes")
    seed = read_seed(raw, settings.kb_row_bytes)
    for line, what in seed.problems[:MOST_PROBLEMS_LOGGED]:
        log.warning("dupes_line_left_out", file=path, line=line, why=what)
    log.info("dupes_read", file=path, rows=len(seed), left_out=len(seed.problems))
    return seed


def read_seed(raw: bytes, most_bytes: int) -> Seed:
    """Rows and problems of a file's bytes. most_bytes: of one row."""
    rows: dict[str, bytes] = {}
    problems: list[tuple[int, str]] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        row = _row_of(text, most_bytes)
        if isinstance(row, str):
            problems.append((number, row))
        else:
            rows[row.key] = msgspec.json.encode(row)
    return Seed(rows, problems)


def _row_of(text: bytes, most_bytes: int) -> KnowledgeRow | str:
    """The row of a line, or what is wrong with it."""
    if len(text) > most_bytes:
        return f"longer than {most_bytes} bytes"
    try:
        said = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "no JSON object"
    key = next((said[name] for name in _KEY_NAMES if said.get(name)), None)
    if not isinstance(key, str) or not may_be_key("dupes", key):
        return "no key, or none that a row may have"
    facts: dict[str, Any] = {name: said[name] for name in _FACTS if name in said}
    meta = facts.pop("source_meta", {})
    facts |= meta if isinstance(meta, dict) else {}
    if personal_in(facts):
        return "holds something of a person"
    facts = as_kept("dupes", facts)
    if is_empty([facts["dupes"], facts["comparables"]]):
        return "neither dupes nor comparables"
    at = said.get("verified_at") or ""
    if not _is_instant(at):
        return "verified_at is no instant"
    source = said.get("source")
    return KnowledgeRow(
        key=key,
        facts=facts,
        verified=said.get("verified") is True,
        verified_at=at,
        source=source if isinstance(source, str) and source else "seed",
        written_at=at,
    )


def _is_instant(text: object) -> bool:
    if text == "":
        return True
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _unusable(path: str, why: str) -> CannotStartError:
    return CannotStartError(
        f"The dupes file {path} cannot be used: {why}. Correct it (docs/knowledge.md), or unset "
        f"{PATH_SETTING} to serve without it."
    )
