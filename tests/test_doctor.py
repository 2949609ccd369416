"""`aurora doctor` reaches for every upstream that is in use, and reads the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora.doctor import _catalogue, _dupes, _sign_in, examine
from aurora.settings import Settings

NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize("live", [True, False])
async def test_the_weather_service_is_looked_for_only_where_it_is_asked(live: bool) -> None:
    settings = Settings(
        retention_days=0,
        travel_weather_live=live,
        weather_geocoding_base_url=NOBODY,
        weather_forecast_base_url=NOBODY,
    )
    found = {line.subject: line.mark for line in await examine(settings)}
    assert {"geocoding", "forecast"} & found.keys() == ({"geocoding", "forecast"} if live else set())
    assert found.get("geocoding") == ("BAD" if live else None)


def test_the_catalogue_is_examined_row_by_row(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    for content, mark, told in (
        ('[{"product_id": "p", "name": "P"}]', "ok", "1 products"),
        (
            '[{"product_id": "p", "name": "P"}, {"name": "x"}]',
            "note",
            "left out; the first: row 2, line 1",
        ),
        ("[]", "BAD", "cannot be used"),
    ):
        file.write_text(content)
        found = _catalogue(Settings(product_rec_catalog_path=str(file)))
        assert (found.mark, found.subject) == (mark, "catalogue")
        assert told in found.text
    assert _catalogue(Settings()).mark == "note"


ON = {"auth_enabled": True, "auth_pepper": "p", "auth_email_file": "mails"}


@pytest.mark.parametrize(
    ("changed", "mark", "told"),
    [
        ({"auth_enabled": False}, "note", "off"),
        ({"auth_pepper": ""}, "BAD", "AURORA_BFF_AUTH_PEPPER"),
        ({"retention_days": 0}, "BAD", "database"),
        ({"embedded_postgres": False}, "BAD", "database"),
        ({"auth_email_file": ""}, "BAD", "no way to send"),
        ({"auth_debug": True}, "note", "not for production"),
        ({}, "note", "file"),
        ({"auth_smtp_host": "h", "auth_email_from": "a@b.co"}, "ok", "smtp"),
    ],
)
def test_sign_in_says_what_it_lacks(changed: dict[str, Any], mark: str, told: str) -> None:
    found = _sign_in(Settings(**{**ON, **changed}))
    assert found.mark == mark
    assert told in found.text


def test_the_dupes_file_is_examined_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "dupes.jsonl"
    good = '{"key": "id:p1|lang:EN", "dupes": [{"name": "D"}]}\n'
    for text, mark, shown in (
        (good, "ok", "1 rows"),
        ("# none\n" + good + "{", "note", "1 rows, 1 lines left out; the first: line 3, no JSON object"),
    ):
        file.write_text(text)
        (found,) = _dupes(Settings(kb_dupes_seed_path=str(file)))
        assert (found.mark, found.subject, found.text) == (mark, "dupes", shown)
    (missing,) = _dupes(Settings(kb_dupes_seed_path=str(tmp_path / "missing")))
    assert (missing.mark, "AURORA_DUPE_KB_PATH" in missing.text) == ("BAD", True)
    assert _dupes(Settings()) == []
