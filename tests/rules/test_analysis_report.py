"""The report model: what it is asked, and what of its answer is believed (contract C 14, 15)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.analysis.report_answer import FORBIDDEN, judge
from aurora.rules.analysis.report_prompt import context, prompt
from tests.rules.analysis_facts import ROUTINE, facts, log, photo

GOOD: dict[str, Any] = {
    "features": [
        {"observation": "Oil gathers around the nose.", "confidence": "pretty_sure"},
        {"observation": "The barrier seems steady.", "confidence": "somewhat_sure"},
    ],
    "strategy": "Keep it simple for a week. Any stinging lately?",
    "needs_risk_check": False,
}


def text(**changed: Any) -> str:
    return msgspec.json.encode({**GOOD, **changed}).decode()


def test_a_good_answer_is_kept_whole() -> None:
    report = judge(text(needs_risk_check=True), "EN")
    assert report is not None
    assert [f.observation for f in report.features] == [f["observation"] for f in GOOD["features"]]
    assert report.strategy == GOOD["strategy"]
    assert report.needs_risk_check


@pytest.mark.parametrize("wrapped", ["```json\n{}\n```", "```\n{}```", "  {}  "])
def test_one_code_fence_is_taken_off(wrapped: str) -> None:
    assert judge(wrapped.replace("{}", text()), "EN") is not None


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "Here you go: " + text(),
        text() + text(),
        text()[:-3],
        "[1]",
        "null",
        '"text"',
        "<html>",
        "[" * 9000 + "]" * 9000,
        text(strategy="x" * 30_000),
        text(strategy="Keep going as you are."),
        text(strategy="词" * 500 + "？"),
        text(features=[], strategy=""),
        text(features=[GOOD["features"][0]], strategy=None),
        '{"features":[{"observation":"\\ud800 a"},{"observation":"b"}],"strategy":"c?"}',
    ],
)
def test_what_does_not_hold_is_rejected_whole(answer: str | None) -> None:
    assert judge(answer, "EN") is None


@pytest.mark.parametrize("term", FORBIDDEN)
@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("place", ["feature", "strategy", "behind the cut"])
def test_forbidden_words_of_both_languages_reject_in_either(term: str, lang: Any, place: str) -> None:
    word = term.upper()
    told: dict[str, Any] = {
        "feature": {"features": [{"observation": f"looks like {word}"}, {"observation": "calm"}]},
        "strategy": {"strategy": f"perhaps {word}? Any stinging?"},
        "behind the cut": {"features": [{"observation": "a " * 90 + word}, {"observation": "calm"}]},
    }[place]
    assert judge(text(**told), lang) is None


@pytest.mark.parametrize("line", ["In your photo the cheeks are red.", "从照片看，脸颊泛红。"])
def test_a_model_that_claims_to_have_seen_a_photo_is_rejected(line: str) -> None:
    assert judge(text(features=[{"observation": line}, {"observation": "calm"}]), "EN") is None


def test_features_are_cleaned_cut_and_counted() -> None:
    features: list[Any] = [
        {"observation": "a" * 200, "confidence": "certain"},
        {"observation": "  two\n lines\u0000 "},
        {"observation": ""},
        {"observation": 3},
        None,
        "text",
        *({"observation": f"line {n}", "confidence": "not_sure"} for n in range(9)),
    ]
    report = judge(text(features=features), "EN")
    assert report is not None
    assert len(report.features) == 6
    assert report.features[0].observation == "a" * 119 + "…"
    assert report.features[0].confidence == "somewhat_sure"
    assert report.features[1].observation == "two lines"


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [
        ("Really? Keep calm. Any stinging? Thanks.", "Really. Keep calm. Any stinging?"),
        ("先保湿？再防晒。最近刺痛吗？谢谢", "先保湿。再防晒。最近刺痛吗？"),
    ],
)
def test_a_strategy_keeps_its_last_question_only(strategy: str, kept: str) -> None:
    report = judge(text(strategy=strategy), "EN")
    assert report is not None
    assert report.strategy == kept


@pytest.mark.parametrize(("lang", "mark"), [("EN", "?"), ("CN", "？")])
def test_an_empty_strategy_gets_a_question(lang: Any, mark: str) -> None:
    report = judge(text(strategy=""), lang)
    assert report is not None
    assert report.strategy.endswith(mark)


def test_risk_is_read_under_both_names() -> None:
    body = {"features": GOOD["features"], "strategy": GOOD["strategy"], "needsRiskCheck": True}
    report = judge(msgspec.json.encode(body).decode(), "EN")
    assert report is not None
    assert report.needs_risk_check
    assert not judge(text(needs_risk_check="yes"), "EN").needs_risk_check  # type: ignore[union-attr]  # not None


@given(st.text(max_size=300) | st.binary(max_size=100).map(repr))
def test_any_text_is_judged_without_an_error(answer: str) -> None:
    judge(answer, "CN")


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=30) | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_shape_is_judged_without_an_error(value: Any) -> None:
    report = judge(text(features=value, strategy=value, needs_risk_check=value), "EN")
    if report is not None:
        assert report.strategy[-1] in "?？"
        assert all(0 < len(f.observation) <= 120 for f in report.features)


def test_the_prompt_has_facts_and_no_routine_text() -> None:
    read = facts(
        "Secret Brand retinol serum, it stings on Tuesdays",
        goals=["acne", "b" * 200, "c", "d", "e"],
        contraindications=[f"c{n}" for n in range(9)],
        region="Shanghai",
        logs=[log(redness=2, notes="my diary")],
    )
    known = context(read)
    assert known["routine_actives"] == ["retinoid"]
    assert known["recent_logs_n"] == 1
    assert known["photo_quality"] == {"grade": "pass", "reasons": ["no_photo"]}
    assert len(known["profile"]["goals"]) == 4
    assert len(known["profile"]["goals"][1]) == 60
    assert len(known["profile"]["contraindications"]) == 6
    query = prompt(read, "EN")
    assert "secret" not in query.lower()
    assert "diary" not in query


def test_the_photo_quality_travels_when_a_photo_was_sent() -> None:
    assert context(facts(ROUTINE, photos=[photo("warn")]))["photo_quality"] == {
        "grade": "degraded",
        "reasons": ["qc_degraded"],
    }


@pytest.mark.parametrize(("lang", "named"), [("EN", "English"), ("CN", "Chinese")])
def test_the_prompt_names_language_shape_and_limits(lang: Any, named: str) -> None:
    query = prompt(facts(ROUTINE), lang)
    assert f"reply_language: {named}" in query
    for word in ("features", "strategy", "needs_risk_check", "No diagnosis", "no brands", "not_sure"):
        assert word in query
    assert len(prompt(facts(ROUTINE), lang, strict=True)) > len(query)
