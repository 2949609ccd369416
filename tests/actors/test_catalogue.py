"""The catalogue actor: which file is used, what an operator is told, what a turn is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aurora.actors.call import Call
from aurora.actors.catalogue import catalogue_handler, load
from aurora.actors.findings import Answer, Failure
from aurora.actors.questions import CatalogueRows, MatchCatalogue, ReadMemory
from aurora.lifetime import CannotStartError
from aurora.rules.matcher.score import Wanted
from aurora.settings import Settings
from tests.rules.matcher.shelf import SEED
from tests.support.fakes import turn_for

REAL = [{"product_id": "p1", "name": "Plain Cream", "slot": "moisturizer", "usage_note_zh": "早晚"}]
WANTED = Wanted(targets=(("panthenol", 80), ("niacinamide", 60)))


def at(tmp_path: Path, value: Any) -> str:
    file = tmp_path / "catalogue.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(file)


def test_without_a_path_there_is_none_and_never_the_seed() -> None:
    assert load(Settings()) is None


def test_the_seed_is_used_where_it_is_allowed() -> None:
    assert load(Settings(product_rec_allow_seed=True)) == SEED


def test_a_file_of_ours_wins_over_the_seed(tmp_path: Path) -> None:
    found = load(Settings(product_rec_catalog_path=at(tmp_path, REAL), product_rec_allow_seed=True))
    assert found is not None
    assert (len(found.products), found.seed) == (1, False)


def test_made_up_products_need_a_word_of_their_own(tmp_path: Path) -> None:
    path = at(tmp_path, {"schema": "aurora.catalogue.v1", "seed": True, "products": REAL})
    with pytest.raises(CannotStartError, match=r"made up.*AURORA_PRODUCT_REC_ALLOW_SEED_CATALOG=true"):
        load(Settings(product_rec_catalog_path=path))
    assert load(Settings(product_rec_catalog_path=path, product_rec_allow_seed=True)) is not None


@pytest.mark.parametrize("content", ["", "{", "[]", "[1]"])
def test_a_file_that_is_no_catalogue_stops_the_start_and_is_named(tmp_path: Path, content: str) -> None:
    path = at(tmp_path, content)
    with pytest.raises(CannotStartError) as told:
        load(Settings(product_rec_catalog_path=path))
    assert path in str(told.value)
    assert "AURORA_PRODUCT_REC_CATALOG_PATH" in str(told.value)


def test_a_file_that_is_not_there_is_named_too(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match="No such file"):
        load(Settings(product_rec_catalog_path=str(tmp_path / "none.json")))


def test_rows_that_are_left_out_are_logged_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = load(Settings(product_rec_catalog_path=at(tmp_path, [*REAL, {"name": "no id"}])))
    assert found is not None
    assert [problem.row for problem in found.problems] == [2]
    told = capsys.readouterr()
    assert "catalogue_row_left_out" in told.out + told.err


async def test_a_turn_gets_a_few_rows_in_its_own_language() -> None:
    handle = catalogue_handler(SEED)
    for lang in ("EN", "CN"):
        question = MatchCatalogue(wanted=WANTED, lang=lang)  # type: ignore[arg-type]  # both are languages
        finding = await handle(Call(question, turn_for(), 0.0))
        assert isinstance(finding, Answer)
        rows: CatalogueRows = finding.value
        assert 0 < len(rows.products) < len(SEED.products)
        assert (rows.digest, rows.seed) == (SEED.digest, True)
        assert all(bool(product.name_zh) is (lang == "CN") for product in rows.products)
        assert all(bool(product.usage_note_en) is (lang == "EN") for product in rows.products)


async def test_without_a_catalogue_the_answer_is_not_configured() -> None:
    handle = catalogue_handler(None)
    finding = await handle(Call(MatchCatalogue(wanted=WANTED), turn_for(), 0.0))
    assert isinstance(finding, Failure)
    assert finding.code == "not_configured"
    with pytest.raises(TypeError):
        await handle(Call(ReadMemory(), turn_for(), 0.0))
