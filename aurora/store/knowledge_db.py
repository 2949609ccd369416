"""Knowledge in PostgreSQL: two tables, one statement a call.

The guard against losing what is verified stands in the statement itself, so that it holds whoever writes at
the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from aurora.contract.turn import iso_ms
from aurora.store.knowledge import KnowledgeKind, KnowledgeRow, NoKnowledge
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database

_DEADLINE_S: Final = 2.0
_UNREADABLE: Final = "XX001"
_decode = msgspec.json.Decoder().decode


class _Table(NamedTuple):
    """A table: its name, its columns of facts, the column that says when it was verified."""

    name: str
    facts: tuple[str, ...]
    verified_at: str


_TABLES: Final[Mapping[KnowledgeKind, _Table]] = {
    "product": _Table("aurora_product_intel_kb", ("analysis",), "last_success_at"),
    "dupes": _Table("aurora_dupe_kb", ("original", "dupes", "comparables", "source_meta"), "verified_at"),
}


def _recall(table: _Table) -> str:
    facts = ", ".join(f"t.{column}::text" for column in table.facts)
    return f"""
SELECT t.kb_key, t.verified, t.{table.verified_at}, t.source, t.updated_at, {facts}
FROM unnest($1::text[]) WITH ORDINALITY AS k (key, n) JOIN {table.name} t ON t.kb_key = k.key
ORDER BY k.n LIMIT 1"""


def _keep(table: _Table) -> str:
    values = ", ".join(f"${number}::text::json" for number in range(6, 6 + len(table.facts)))
    facts = ", ".join(table.facts)
    changed = ", ".join(f"{column} = excluded.{column}" for column in table.facts)
    at = table.verified_at
    return f"""
INSERT INTO {table.name} AS t (kb_key, verified, {at}, source, created_at, updated_at, {facts})
VALUES ($1, $2, $3, $4, $5, $5, {values})
ON CONFLICT (kb_key) DO UPDATE SET verified = excluded.verified, {at} = excluded.{at},
  source = excluded.source, updated_at = excluded.updated_at, {changed}
WHERE (excluded.verified OR NOT t.verified)
  AND (excluded.updated_at >= t.updated_at OR (excluded.verified AND NOT t.verified))
RETURNING 1"""


_RECALL: Final = {kind: _recall(table) for kind, table in _TABLES.items()}
_KEEP: Final = {kind: _keep(table) for kind, table in _TABLES.items()}

# For the maintenance task. What nobody has written for so long, and what is more than there may be: $1 an
# instant or a number of rows, $2 rows at a time.
FORGOTTEN: Final = tuple(
    f"""DELETE FROM {table.name} t USING (
  SELECT kb_key FROM {table.name} WHERE updated_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED) old
WHERE t.kb_key = old.kb_key"""
    for table in _TABLES.values()
)
TOO_MANY: Final = tuple(
    f"""DELETE FROM {table.name} t USING (
  SELECT kb_key FROM {table.name} ORDER BY verified, updated_at
  LIMIT least($2, greatest(0, (SELECT count(*) FROM {table.name}) - $1)) FOR UPDATE SKIP LOCKED) old
WHERE t.kb_key = old.kb_key"""
    for table in _TABLES.values()
)


class DatabaseKnowledge:
    """`store.knowledge.KnowledgeStore` over PostgreSQL."""

    lasting = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recall(self, kind: KnowledgeKind, keys: tuple[str, ...]) -> KnowledgeRow | None:
        """See `KnowledgeStore.recall`."""

        async def work(connection: Connection) -> Any:
            return await connection.fetchrow(_RECALL[kind], list(keys))

        row = await self._database.run(work, deadline_s=_DEADLINE_S)
        if row is None:
            return None
        try:
            facts = read_facts(kind, row[5:])
        except (msgspec.DecodeError, TypeError) as error:  # somebody's hands in the table
            raise StoreError("unavailable", _UNREADABLE) from error
        return KnowledgeRow(
            key=row[0],
            facts=facts,
            verified=row[1],
            verified_at=iso_ms(row[2]) if row[2] is not None else "",
            source=row[3],
            written_at=iso_ms(row[4]),
        )

    async def keep(self, kind: KnowledgeKind, row: KnowledgeRow) -> bool:
        """See `KnowledgeStore.keep`. Text that PostgreSQL cannot hold is refused as by the journal."""
        values = columns_of(kind, row.facts)

        async def work(connection: Connection) -> bool:
            written = await connection.fetchval(
                _KEEP[kind],
                row.key,
                row.verified,
                datetime.fromisoformat(row.verified_at) if row.verified_at else None,
                row.source,
                datetime.fromisoformat(row.written_at),
                *values,
            )
            return written is not None

        return await self._database.run(work, deadline_s=_DEADLINE_S)


def knowledge_of(database: Database | None) -> DatabaseKnowledge | NoKnowledge:
    """The knowledge in a database, or the one that does not last."""
    return NoKnowledge() if database is None else DatabaseKnowledge(database)


def columns_of(kind: KnowledgeKind, facts: Mapping[str, Any]) -> list[str | None]:
    """The JSON text of each column of facts."""
    if kind == "product":
        return [_text(facts)]
    *named, _ = _TABLES[kind].facts
    rest = {name: value for name, value in facts.items() if name not in named}
    return [*(_text(facts[name]) if name in facts else None for name in named), _text(rest)]


def read_facts(kind: KnowledgeKind, columns: Any) -> dict[str, Any]:
    """The facts that the texts of a row's columns hold."""
    if kind == "product":
        return dict(_decode(columns[0]))
    *named, meta = zip(_TABLES[kind].facts, columns, strict=True)
    return {name: _decode(text) for name, text in named if text is not None} | dict(_decode(meta[1]))


def _text(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError as error:
        raise StoreError("unavailable", "22021") from error
