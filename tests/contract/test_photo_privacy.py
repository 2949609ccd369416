"""Contract C 28: after a whole visit with a photo nothing of it is left but numbers, words and its id.

Real Postgres, real sockets, real workers. What is searched for is first found where it belongs, so that the
search itself is proven.
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
import trio
import trio_asyncio

from aurora import telemetry
from aurora.flows import analysis
from aurora.sandbox.photos import STORAGE
from aurora.skin.reencode import as_jpeg
from tests.contract.test_c32_analysis import analyse, calls, summary, vision
from tests.support.photos import PLACE, photo_house, picture, taken_in, with_place
from tests.support.sandbox import Served

KEYS = {
    "gemini_api_key": "gm-0PrivateKeyOfGemini",
    "openai_api_key": "oa-0PrivateKeyOfOpenAI",
    "backend_api_key": "bk-0PrivateKeyOfTheBridge",
}
CHECKOUT = "ct-0PrivateCheckoutToken"


def traces_of(data: bytes) -> list[bytes]:
    """How a piece of bytes would look: raw, hex, base64 at every alignment."""
    middle = data[len(data) // 2 : len(data) // 2 + 60]
    encoded = [base64.b64encode(middle[start:])[:40] for start in range(3)]
    return [middle, middle.hex().encode(), *encoded, base64.b64encode(data[:30])[:40]]


def files_under(path: Path) -> list[bytes]:
    """What every file holds."""
    return [found.read_bytes() for found in path.rglob("*") if found.is_file()]


async def everything_in(dsn: str) -> bytes:
    """Every row of every table, as text."""

    async def work() -> bytes:
        connection = await asyncpg.connect(dsn)
        try:
            tables = await connection.fetch(
                "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables "
                "where schemaname not in ('pg_catalog', 'information_schema')"
            )
            found = [
                str(row[0])
                for table in tables
                for row in await connection.fetch(f"select t::text from {table['name']} t")
            ]
        finally:
            await connection.close()
        return "\n".join(found).encode()

    async with trio_asyncio.open_loop():
        found: bytes = await trio_asyncio.aio_as_trio(work)()
    return found


@pytest.mark.slow
async def test_a_visit_with_a_photo_leaves_nothing_of_it(
    fresh_dsn: str,
    sandbox: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # Level and logger may be those of an earlier test: a logger keeps the configuration of its first use.
    telemetry.configure_logging("info")
    monkeypatch.setattr(analysis, "log", structlog.get_logger())
    photo = with_place(picture("golden"))
    shown_to_model = as_jpeg(photo)
    assert shown_to_model is not None
    answers: list[Any] = []
    with structlog.testing.capture_logs() as lines:
        async with photo_house(
            sandbox, workers=True, dsn=fresh_dsn, decision=True, skin_vision_enabled=True, **KEYS
        ) as client:
            photo_id = await taken_in(client, photo, **{"X-Checkout-Token": CHECKOUT})
            answers.append(await analyse(client, photo_id))
            assert vision(answers[-1]) == ("call", ["quality_pass"])
            sandbox.state.script("vision", "status=400", times=None)
            answers.append(await analyse(client, photo_id, "CN"))
            sandbox.state.script("storage", "status=403", times=None)
            client.house.photos.cache.forget("u1")
            answers.append(await analyse(client, photo_id))
            assert summary(answers[-1])["photo_notice"]["failure_code"] == "DOWNLOAD_URL_FETCH_4XX"
            answers.append(await client.post("/v1/reco/generate", {"focus": "acne"}))
            assert answers[-1].status == 200
            # While the photo is kept it is in memory, and only there.
            assert files_under(tmp_path) == []
    with trio.fail_after(20):
        tables = await everything_in(fresh_dsn)
    out, err = capfd.readouterr()
    places = {
        "tables": tables,
        "logs": repr(lines).encode() + out.encode() + err.encode(),
        "metrics": telemetry.render_metrics(),
        "answers": b"\n".join(answer.body for answer in answers),
        "files": b"".join(files_under(tmp_path)),
    }
    # The search finds what may be found, and what is hidden was really on its way.
    assert photo_id.encode() in places["tables"]
    assert b"skin_analysis_profile" in places["logs"]
    assert b"vision_calls_total" in places["metrics"]
    assert calls(sandbox, "storage", STORAGE)
    assert PLACE in photo

    secrets = {
        "the photo": traces_of(photo),
        "the photo as shown to the model": traces_of(shown_to_model),
        "where it was taken": [PLACE, base64.b64encode(PLACE)[:30], b"52.517"],
        "signed addresses": [STORAGE.encode(), b"X-Amz-Signature", b"X-Amz-Expires"],
        "keys": [key.encode() for key in (*KEYS.values(), CHECKOUT)],
    }
    found = [
        (what, where)
        for what, needles in secrets.items()
        for where, hay in places.items()
        for needle in needles
        if needle in hay
    ]
    assert found == []
