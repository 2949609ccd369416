"""docs/runbook.md says what is true: its SQL, its endpoints, its metric families."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from aurora import telemetry
from aurora.settings import Settings, declared
from aurora.store.migrate import migrate
from aurora.store.postgres import Database, open_database
from tests.support.web import web

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "runbook.md").read_text()


def sql_of(text: str) -> list[str]:
    """The statements of the rollback section, as printed."""
    section = text.partition("## Rollback")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    return [statement.strip() for block in blocks for statement in block.split(";") if statement.strip()]


async def run(db: Database, statement: str) -> None:
    async def work(connection: asyncpg.Connection[Any]) -> None:
        await connection.execute(statement)

    await db.run(work, lane="pool")


async def test_the_rollback_works_as_printed_and_migrating_brings_every_row_back(fresh_dsn: str) -> None:
    settings = Settings(database_url=fresh_dsn)
    async with web(settings, fresh_dsn) as client:
        await client.post("/v1/profile/update", {"skinType": "oily", "age_band": "25_34"})
        await client.post("/v1/tracker/log", {"date": "2026-01-02", "acne": 2, "notes": "n"})
        before = (await client.get("/v1/session/bootstrap")).payload("session_bootstrap")
    async with open_database(fresh_dsn, settings) as db:
        statements = sql_of(TEXT)
        assert len(statements) == 3
        for statement in statements:
            await run(db, statement)
    async with web(settings, fresh_dsn) as client:
        away = await client.post("/v1/tracker/log", {"acne": 1})
        assert (away.status, away.error) == (503, "DB_SCHEMA_NOT_READY")
        assert (await client.get("/v1/session/bootstrap")).payload("session_bootstrap")["db_ready"] is False
    async with open_database(fresh_dsn, settings) as db:
        assert await migrate(db) == ["012_aurora_bff_memory.sql"]
    async with web(settings, fresh_dsn) as client:
        after = (await client.get("/v1/session/bootstrap")).payload("session_bootstrap")
    assert after == before
    assert after["profile"]["skinType"] == "oily"
    assert after["recent_logs"][0]["notes"] == "n"


async def test_the_quick_check_gives_what_it_says() -> None:
    (chat,) = re.findall(r"/v1/chat\".*?-d '([^']*)'", TEXT, re.DOTALL)
    (events,) = re.findall(r"/v1/events\".*?--data '([^']*)'", TEXT, re.DOTALL)
    async with web(Settings(retention_days=0)) as client:
        answer = await client.post("/v1/chat", json.loads(chat), uid="test_uid")
        types = [card["type"] for card in answer.json["cards"]]
        assert "diagnosis_gate" in types
        assert not any(word in kind for kind in types for word in ("reco", "offer"))
        assert answer.json["suggested_chips"]
        assert (await client.post("/v1/events", json.loads(events), uid=None)).status == 204
        assert (await client.get("/healthz/db")).json == {"ok": True, "db_ready": True}


def test_every_variable_in_it_exists() -> None:
    known = {name for _, spec in declared().values() for name in spec.names}
    named = set(re.findall(r"`((?:AURORA|DB|PIVOTA|POSTHOG|ALLOWED|CORS|DATABASE)_[A-Z_0-9]+)[`=]", TEXT))
    named -= {
        code
        for code in named
        if code.startswith("DB_") and code not in known and code in TEXT.split("503 code")[1]
    }
    assert named <= known


@pytest.mark.parametrize(
    "name",
    sorted(set(re.findall(r"`?\b((?:aurora|pivota)_[a-z_]+_(?:rate|total|ms|state|queue|flight))\b", TEXT))),
)
def test_every_metric_in_it_is_exposed(name: str) -> None:
    assert f"# TYPE {name} " in telemetry.render_metrics().decode()


def test_every_page_it_links_to_exists() -> None:
    pages = set(re.findall(r"\]\(([a-z_]+\.(?:md|json))\)", TEXT))
    assert pages
    assert {page for page in pages if not (DOCS / page).is_file()} == set()
