"""What is said: true, short enough for the client, in both languages, and nothing that may not be said."""

from __future__ import annotations

import itertools
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.analysis import content, policy, render, summary
from aurora.rules.analysis.content import Feature
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.report_answer import FORBIDDEN, Report
from aurora.rules.card_laws import lawful_summary
from tests.rules.analysis_facts import ROUTINE, facts, log, photo

LANGS: tuple[Any, ...] = ("EN", "CN")
CJK = re.compile(r"[\u4e00-\u9fff]")

PEOPLE: list[Intake] = [
    facts(core=False),
    facts(),
    facts(ROUTINE),
    facts("retinol and glycolic, vitamin c; it stings", barrierStatus="impaired"),
    facts("水杨酸 过氧化苯甲酰", sensitivity="high", logs=[log(redness=3, acne=2, hydration=5)]),
    facts("retinol", pregnancy_status="pregnant"),
    facts("tretinoin, hydroquinone", lactation_status="lactating"),
    facts("AHA toner", high_risk_medications=["accutane"]),
    facts(ROUTINE, use_photo=True),
    facts(ROUTINE, photos=[photo("failed")]),
    facts(photos=[photo("failed")]),
    facts(ROUTINE, photos=[photo()], goals=["acne", "pigmentation"]),
    facts(photos=[photo("warn")], logs=[log(acne=4)]),
    facts("cream on open wounds"),
    *(
        facts(ROUTINE, goals=[g])
        for g in ("pores", "redness", "barrier", "dark_spots", "wrinkles", "hydration", "glow")
    ),
]
REPORT = Report(
    (
        Feature("Acne and pigmentation seem linked.", "pretty_sure"),
        Feature("Use retinol twice a week.", "somewhat_sure"),
        Feature("Skin looks dry.", "not_sure"),
    ),
    "Keep calm. Any stinging?",
    True,
)


def shown(read: Intake, lang: Any, report: Report | None = None) -> dict[str, Any]:
    raw = policy.raw_source(read, reported=report is not None)
    told = report if raw == "aurora_text" else None
    return render.analysis(read, raw, lang, report=told, failure=policy.photo_failure(read))


def observations(analysis: dict[str, Any]) -> list[str]:
    return [f["observation"] for f in analysis["features"]]


EVERYONE = [(read, lang, report) for read in PEOPLE for lang in LANGS for report in (None, REPORT)]


@pytest.mark.parametrize(("read", "lang", "report"), EVERYONE)
def test_every_analysis_is_complete_and_lawful(read: Intake, lang: Any, report: Report | None) -> None:
    analysis = shown(read, lang, report)
    assert 3 <= len(analysis["features"]) <= 9
    assert "photo" in observations(analysis)[0] or lang == "CN"
    assert lawful_summary({"analysis": analysis}, lang)["analysis"] == analysis, (
        "the last-resort law had to help"
    )
    card = analysis["next_action_card"]
    assert 1 <= len(card["why_i_cant_analyze"]) <= 2
    assert [len(card[k]) for k in ("retake_guide", "meanwhile_plan", "ask_3_questions")] == [3, 3, 3]
    assert analysis["photo_findings"] == analysis["findings"] == analysis["takeaways"] == []
    plan = analysis["plan"]
    assert plan["today"]["am"] == plan["today"]["pm"] == []
    assert len(plan["today"]["pause_now"]) == 1
    assert len(plan["next_7_days"]["rules"]) == 2
    assert [s["priority"] for s in plan["next_7_days"]["steps"]] == ["P0", "P1", "P1"]
    assert plan["after_calm"]["steps"] == []
    assert plan["tracking"]["retake_after_days"] == 7


@pytest.mark.parametrize(("read", "lang", "report"), EVERYONE)
def test_the_client_can_show_it(read: Intake, lang: Any, report: Report | None) -> None:
    """Three numbered lines that fit into 88 characters, no list before them; titles fit into 40."""
    analysis = shown(read, lang, report)
    lines = analysis["strategy"].split("\n")
    steps = [line for line in lines if re.match(r"\d\. ", line)]
    assert len(steps) == 3
    assert all(len(step) <= 92 for step in steps)
    assert not any(line.startswith("-") for line in lines[: lines.index(steps[0])])
    assert len(analysis["strategy"]) <= 1200
    if report is None:
        for line in observations(analysis):
            title, _, rest = line.partition("：" if lang == "CN" else ": ")
            assert len(title) <= 42, line
            assert len(rest) <= 60, line
            assert not re.search(r"^[^:]{7,}-", title), line


@pytest.mark.parametrize(("read", "lang"), [(read, lang) for read in PEOPLE for lang in LANGS])
def test_words_are_in_the_language_asked_for(read: Intake, lang: Any) -> None:
    for text in _texts(shown(read, lang)):
        if lang == "EN":
            assert not CJK.search(text), text
        else:
            assert CJK.search(text), text
    for text in (
        summary.sentence(read, policy.raw_source(read, reported=False), lang, ready=False, failure=None),
        *summary.low_confidence_details(read, lang),
        *summary.safety_details(lang),
    ):
        assert bool(CJK.search(text)) is (lang == "CN"), text


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) > 4 and "_" not in value and value not in {"pretty", "P0"} else []
    if isinstance(value, dict):
        return [
            t
            for k, v in value.items()
            if k not in {"confidence", "metric", "priority", "options"}
            for t in _texts(v)
        ]
    if isinstance(value, list):
        return [t for v in value for t in _texts(v)]
    return []


@pytest.mark.parametrize(("read", "lang", "report"), EVERYONE)
def test_no_disease_no_medicine_no_claim_of_having_seen(
    read: Intake, lang: Any, report: Report | None
) -> None:
    told = msgspec.json.encode(shown(read, lang, report)).decode().lower()
    assert not [term for term in FORBIDDEN if term in told]


STEP_WORDS = re.compile(
    r"retinoid|acid|vitamin c|niacinamide|exfoliat|维 ?c|酸|a 醇|烟酰胺|去角质", re.IGNORECASE
)


@pytest.mark.parametrize(("read", "lang"), [(read, lang) for read in PEOPLE for lang in LANGS])
def test_plan_steps_name_no_active(read: Intake, lang: Any) -> None:
    plan = shown(read, lang)["plan"]
    for step in (*plan["today"]["pause_now"], *plan["next_7_days"]["steps"]):
        assert not STEP_WORDS.search(step["what"])


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("report", [None, REPORT])
@pytest.mark.parametrize("read", [p for p in PEOPLE if p.photo_expected])
def test_beside_a_photo_that_was_not_read_nothing_sounds_as_if_it_was(
    read: Intake, report: Report | None, lang: Any
) -> None:
    told = msgspec.json.encode(shown(read, lang, report)).decode().lower()
    assert "acne" not in told
    assert "pigment" not in told


def test_pinned_words_stand_verbatim() -> None:
    none = shown(facts(ROUTINE), "EN")
    assert "Based on your answers only (photo not analyzed)" in none["photo_notice"]
    assert any("retake" in rule for rule in none["plan"]["next_7_days"]["rules"])
    unread = shown(facts(ROUTINE, photos=[photo()]), "EN")
    assert "couldn't analyze your photo" in unread["photo_notice"]
    assert policy.NO_BYTES in unread["photo_notice"]
    assert "re-upload" in unread["photo_notice"]


def test_the_models_lines_are_kept_and_so_is_its_warning() -> None:
    analysis = shown(facts(ROUTINE), "EN", REPORT)
    assert observations(analysis)[1:4] == [f.observation for f in REPORT.features]
    assert analysis["needs_risk_check"] is True
    assert analysis["strategy"].count("1. ") == 1


def test_who_may_not_use_actives_is_not_told_how_to() -> None:
    analysis = shown(facts("plain cream", pregnancy_status="pregnant"), "EN", REPORT)
    assert "Use retinol twice a week." not in observations(analysis)


@pytest.mark.parametrize(
    ("read", "line"),
    [
        (facts("retinol", pregnancy_status="pregnant"), "pause it while expecting"),
        (facts("retinol", pregnancy_status="trying"), "pause it while expecting"),
        (facts("A醇", lactation_status="lactating"), "pause it while expecting"),
        (facts("hydroquinone", pregnancy_status="pregnant"), "Hydroquinone"),
        (facts("AHA", high_risk_medications=["isotretinoin"]), "stop acids and retinoids"),
    ],
)
@pytest.mark.parametrize("report", [None, REPORT])
def test_what_circumstances_rule_out_is_said_first(read: Intake, line: str, report: Report | None) -> None:
    analysis = shown(read, "EN", report)
    assert line in observations(analysis)[1]
    assert analysis["needs_risk_check"] is True
    assert not any("low frequency" in o and "etinoid" in o for o in observations(analysis))
    assert "nights a week do you use your retinoid" not in analysis["strategy"]


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (facts(ROUTINE, barrierStatus="impaired"), "barrier reads as impaired"),
        (facts("it stings"), "stinging or irritation"),
        (facts(ROUTINE), "Oilier skin"),
        (facts(ROUTINE, sensitivity="high"), "sensitivity is high"),
        (facts(ROUTINE, goals=["pores"]), "Breakouts and pores"),
        (facts("retinol"), "A retinoid in your routine"),
        (facts("retinol, stinging"), "A retinoid on stinging skin"),
        (facts("glycolic"), "An acid in your routine"),
        (facts("benzoyl peroxide"), "Benzoyl peroxide"),
        (facts("glycolic and vitamin c sting"), "Acids and a strong vitamin C"),
        (facts(None, logs=[log(redness=2, hydration=5)]), "redness 2/5, hydration 5/5"),
    ],
)
def test_rule_lines_follow_the_facts(read: Intake, words: str) -> None:
    assert any(words in f.observation for f in content.rule_features(read, "EN"))
    assert len(content.rule_features(read, "EN")) == len(content.rule_features(read, "CN"))


def test_hydration_is_repeated_as_a_number_and_nothing_is_derived_from_it() -> None:
    low, high = (facts(None, logs=[log(hydration=n)]) for n in (0, 5))
    a, b = ([f.observation for f in content.rule_features(r, "EN")] for r in (low, high))
    assert [x for x, y in itertools.zip_longest(a, b) if x != y] == [
        "Your latest diary entry: hydration 0/5."
    ]


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (facts("sting"), "pause strong actives for 5-7 days"),
        (facts(ROUTINE, barrierStatus="damaged"), "pause strong actives for 5-7 days"),
        (facts(ROUTINE), "72 hours"),
        (facts("retinol"), "How many nights a week"),
        (facts(ROUTINE, goals=["glow"]), "3-4 step frame"),
        (facts(ROUTINE, goals=["acne", "redness"]), "For redness"),
    ],
)
def test_the_strategy_follows_the_facts(read: Intake, words: str) -> None:
    assert words in shown(read, "EN")["strategy"]


@pytest.mark.parametrize("lang", LANGS)
def test_the_baseline_asks_for_products_and_says_how_little_it_knows(lang: Any) -> None:
    strategy = shown(facts(), lang)["strategy"]
    for word in {
        "EN": ("low-confidence", "low-risk", "7 days", "72 hours", "selfie"),
        "CN": ("低置信度", "低风险", "7 天", "72 小时", "自拍"),
    }[lang]:
        assert word in strategy


@pytest.mark.parametrize("lang", LANGS)
def test_the_timeout_summary_is_the_contracts(lang: Any) -> None:
    body = summary.timeout_payload(photos_provided=True, lang=lang)
    assert body["low_confidence"] is True
    assert body["photos_provided"] is True
    assert body["analysis_source"] == "baseline_low_confidence"
    assert {f["confidence"] for f in body["analysis"]["features"]} == {"not_sure"}
    assert lawful_summary(body, lang) == body
    assert body["quality_report"]["reasons"] == summary.timeout_details(lang)
    assert body["quality_report"]["llm"]["report"] == {
        "decision": "skip",
        "reasons": ["analysis_budget_timeout"],
    }
    assert not {"diagnosis_artifact", "ingredient_plan", "photo_notice"} & set(body)


@given(
    st.builds(
        facts,
        st.sampled_from([None, ROUTINE, "retinol", "水杨酸 刺痛", {"am": ["x"]}]),
        use_photo=st.sampled_from([None, True, False]),
        photos=st.lists(
            st.builds(photo, st.sampled_from(["passed", "bad", "", "warn"]), st.sampled_from(["", "id"])),
            max_size=4,
        ),
        logs=st.lists(st.builds(log, redness=st.none() | st.integers(0, 5)), max_size=2),
        skinType=st.text(max_size=60),
        barrierStatus=st.sampled_from(["healthy", "impaired", ""]),
        goals=st.lists(st.text(max_size=60), max_size=8),
    ),
    st.sampled_from(LANGS),
)
def test_whatever_people_say_the_analysis_is_lawful(read: Intake, lang: Any) -> None:
    for report in (None, REPORT):
        analysis = shown(read, lang, report)
        assert lawful_summary({"analysis": analysis}, lang)["analysis"] == analysis
        assert len(analysis["strategy"]) <= 1200
