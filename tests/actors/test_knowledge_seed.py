"""The seed file of dupes: good lines serve, bad ones are named, and a table always knows better."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import trio

from aurora.actors import knowledge_seed
from aurora.actors.knowledge_seed import load_seed, read_seed
from aurora.actors.knowledge_shelf import KnowledgeShelf
from aurora.lifetime import CannotStartError
from aurora.settings import Settings
from aurora.store.knowledge import NoKnowledge
from tests.actors.test_knowledge import Table, a_row
from tests.support.fakes import NOW

DUPES = [{"name": "Calm Cream", "kind": "dupe"}]


def line(**said: Any) -> str:
    return json.dumps({"kb_key": "id:p1|lang:EN", "dupes": DUPES, **said}, ensure_ascii=False)


def test_lines_and_what_is_wrong_with_them() -> None:
    text = "\n".join(
        [
            "# dupes of the year",
            "",
            line(
                verified=True,
                verified_at="2026-01-02T03:04:05.000Z",
                source="editor",
                source_meta={"by": "us"},
            ),
            line(kb_key=None, kbKey="id:p2|lang:CN", comparables=[{"name": "面霜"}], dupes=None),
            line(kb_key="", key="id:p3|lang:EN") + "\r",
            "{",
            "[1]",
            line(kb_key=5),
            line(kb_key="x" * 300),
            line(dupes=[]),
            line(dupes=[{"name": "n", "skinType": "oily"}]),
            line(verified_at="yesterday"),
            line(verified_at="2026-01-02"),
            line(pad="x" * 5000),
            line(kb_key="id:p1|lang:EN", dupes=[{"name": "later"}]),
        ]
    )
    seed = read_seed(text.encode() + b"\n\xff\xfe", 4096)
    assert seed.problems == [
        (6, "no JSON object"),
        (7, "no JSON object"),
        (8, "no key, or none that a row may have"),
        (9, "no key, or none that a row may have"),
        (10, "neither dupes nor comparables"),
        (11, "holds something of a person"),
        (12, "verified_at is no instant"),
        (13, "verified_at is no instant"),
        (14, "longer than 4096 bytes"),
        (16, "no JSON object"),
    ]
    assert len(seed) == 3
    row = seed.row("id:p1|lang:EN")
    assert row is not None
    assert row.facts["dupes"] == [{"name": "later"}], "of a key that stands twice the last line counts"
    second = seed.row("id:p2|lang:CN")
    assert second is not None
    assert second.facts == {"dupes": [], "comparables": [{"name": "面霜"}]}
    assert (second.verified, second.source) == (False, "seed")


def configured(path: Path) -> Settings:
    return Settings(kb_dupes_seed_path=str(path))


async def test_the_seed_serves_what_no_table_knows(tmp_path: Path) -> None:
    file = tmp_path / "dupes.jsonl"
    file.write_text(line(verified=True, verified_at="2026-11-20T00:00:00Z") + "\n")
    table = Table()
    shelf = KnowledgeShelf(table, configured(file))
    row, place = await shelf.recall("dupes", ("id:none|lang:EN", "id:p1|lang:EN"))
    assert row is not None
    assert (place, row.verified, row.facts["dupes"]) == ("seed", True, DUPES)
    assert shelf.is_fresh("dupes", row, NOW)
    assert await shelf.recall("product", ("id:p1|lang:EN",)) == (None, "none")
    table.rows["dupes id:p1|lang:EN"] = a_row("id:p1|lang:EN", {"dupes": [1], "comparables": []})
    row, place = await shelf.recall("dupes", ("id:p1|lang:EN",))
    assert place == "table"


async def test_a_row_without_a_date_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "dupes.jsonl"
    file.write_text(line())
    shelf = KnowledgeShelf(NoKnowledge(), configured(file))
    row, _ = await shelf.recall("dupes", ("id:p1|lang:EN",))
    assert row is not None
    assert not shelf.is_fresh("dupes", row, NOW)


def test_a_file_that_cannot_be_used_keeps_the_service_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CannotStartError, match="AURORA_DUPE_KB_PATH"):
        load_seed(configured(tmp_path / "missing.jsonl"))
    with pytest.raises(CannotStartError, match="directory"):
        load_seed(configured(tmp_path))
    file = tmp_path / "large.jsonl"
    file.write_text("# " + "x" * 100)
    monkeypatch.setattr(knowledge_seed, "MAX_BYTES", 50)
    with pytest.raises(CannotStartError, match="larger than 50 bytes"):
        load_seed(configured(file))


def test_without_a_file_nothing_is_known() -> None:
    assert len(load_seed(Settings())) == 0
    assert trio.run(KnowledgeShelf(NoKnowledge(), Settings()).recall, "dupes", ("k",)) == (None, "none")
