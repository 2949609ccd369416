"""Redaction: nobody can be read out of it, the same stays the same, and the turn still plays."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.replay.bundle import export, open_bundle
from aurora.replay.redact import Redactor
from aurora.replay.sources import Selection
from aurora.replay.verify import verify_all
from soak.sample_bundle import SCENES
from tests.replay.sample import SAMPLE

KEY = b"k" * 32
PERSONAL = ("mia", "Sommer", "lin", "小雨", "催我", "sample-0", "trace-0", "brief-", "shop.example")


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(KEY)


async def test_a_redacted_sample_verifies_in_shape_and_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "redacted"
    await export(open_bundle(SAMPLE), Selection(), path, redaction=Redactor(KEY))
    bundle = open_bundle(path)
    assert bundle.redacted
    summary = await verify_all(bundle, Selection(), shape_only=True)
    assert [(r.request_id, [str(d) for d in r.differences]) for r in summary.worth_reading] == []
    assert summary.same == len(SCENES)
    plain = gzip.decompress(path.read_bytes()).decode()
    original = gzip.decompress(SAMPLE.read_bytes()).decode()
    for word in PERSONAL:
        assert f'"{word}' in original or word in original
        assert f'"{word}"' not in plain
    for word in PERSONAL[1:2] + PERSONAL[3:]:
        assert word not in plain


async def test_a_redacted_bundle_stays_marked_when_it_is_exported_again(tmp_path: Path) -> None:
    await export(open_bundle(SAMPLE), Selection(), tmp_path / "one", redaction=Redactor(KEY))
    one = open_bundle(tmp_path / "one")
    await export(one, Selection(), tmp_path / "two", redacted=one.redacted)
    assert open_bundle(tmp_path / "two").redacted


@pytest.mark.parametrize(
    ("said", "kept", "gone"),
    [
        ("Recommend a moisturizer for Anna Schmidt", ["Recommend", "moisturizer"], ["Anna", "Schmidt"]),
        ("推荐一款面霜，我叫王小明", ["推荐", "面霜"], ["王小明"]),
        ("call +49 170 1234567 or mail anna@example.com", [], ["170", "1234567", "anna", "example"]),
        ("https://shop.example.com/anna?id=77123", ["https://"], ["shop", "anna", "77123"]),
        ("order 90210554, 2 weeks", ["2"], ["90210554"]),
    ],
)
def test_words_of_the_rules_stay_and_words_of_the_person_go(
    redactor: Redactor, said: str, kept: list[str], gone: list[str]
) -> None:
    redacted = redactor.text(said)
    assert len(redacted) == len(said)
    assert all(word in redacted for word in kept)
    assert not any(word in redacted for word in gone)


def test_the_same_value_has_one_pseudonym_under_a_key_and_another_under_another(redactor: Redactor) -> None:
    other = Redactor(b"o" * 32)
    assert redactor.text("for Zelda") == redactor.text("for Zelda") != other.text("for Zelda")
    assert redactor.identifier("zelda") == redactor.identifier("zelda") != other.identifier("zelda")
    assert redactor.text("ZELDA Zelda zelda").split()[0] == redactor.text("zelda").upper()


def test_an_identifier_keeps_its_form(redactor: Redactor) -> None:
    made = redactor.identifier("da_01a20c93-75fe-790d-8805-b3c401c4b77e")
    assert made.startswith("da_")
    assert len(made) == 39
    assert "01a20c93" not in made
    assert len(redactor.identifier("0" * 32)) == 32
    assert redactor.identifier("") == ""


def test_json_within_text_keeps_its_keys(redactor: Redactor) -> None:
    told = '```json\n{"recommendations":[{"title":"Zelda Cream","slot":"am"}]}\n```'
    redacted = redactor.text(told)
    inner = msgspec.json.decode(redacted[redacted.index("{") : redacted.rindex("}") + 1])
    assert inner["recommendations"][0]["slot"] == "am"
    assert "Zelda" not in redacted


def test_structure_instants_and_small_numbers_stay(redactor: Redactor) -> None:
    told = {
        "type": "confidence_notice",
        "at_ms": 1795507260304,
        "n": [1, 2.5, None, True],
        "date": "2026-11-24",
    }
    assert redactor.value(told) == told
    assert redactor.value({"phone": 491701234567})["phone"] != 491701234567


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Redactor(b"short")


@given(st.text(max_size=200))
def test_any_text_keeps_its_blanks_and_its_chinese(text: str) -> None:
    redacted = Redactor(KEY).text(text) if "{" not in text else ""
    if redacted:
        assert [c.isspace() for c in redacted] == [c.isspace() for c in text]
        assert [is_chinese(c) for c in redacted] == [is_chinese(c) for c in text]


def is_chinese(character: str) -> bool:
    return (
        "\u3400" <= character <= "\u4dbf"
        or "\u4e00" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
    )
