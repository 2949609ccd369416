"""The engine: gravest level wins, texts once and in the turn's language, caution only ever added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import redflags
from aurora.rules.safety import RULES, Result, check, person_of
from aurora.rules.safety.mentions import Mentions
from aurora.rules.safety.table import LEVELS
from aurora.rules.safety.terms import TABLE
from tests.support.linear import Work, assert_linear

PREGNANT = Profile(pregnancy_status="pregnant", age_band="25_34")
NOT_PREGNANT = Profile(pregnancy_status="not_pregnant", lactation_status="not_lactating", age_band="25_34")
LEVEL = {rule.id: rule.level for rule in RULES}


def ids(result) -> list[str]:
    return [rule.id for rule in result.matched_rules]


def test_b22_row_3_chinese_terms_are_alive_b23_row_26():
    result = check("孕期可以用A醇吗", None, "CN")
    assert result.blocks
    assert ids(result) == ["P2"]
    assert "孕期" in result.reasons[0]


def test_b23_row_25_a_retinol_question_asks_about_pregnancy():
    result = check("Can I use retinol?", None, "EN")
    assert result.asks
    assert result.required_fields == ("pregnancy_status",)
    assert "pregnan" in result.required_questions[0]


def test_plural_retinoids_count():
    assert ids(check("Are retinoids fine?", PREGNANT, "EN")) == ["P2"]


def test_the_bare_words_not_pregnant_mean_not_pregnant():
    assert person_of(None, "Not pregnant").pregnancy == "not_pregnant"
    assert person_of(None, "没怀孕").pregnancy == "not_pregnant"


def test_nothing_said_is_info_and_empty():
    result = check("", None, "EN")
    assert result == Result(block_level="INFO")


def test_the_gravest_rule_stands_first_and_texts_come_once():
    profile = Profile(pregnancy_status="pregnant", high_risk_medications=["Isotretinoin 20 mg"])
    result = check("retinol, glycolic acid, a chemical peel and my acne", profile, "EN")
    assert ids(result) == ["P2", "P5", "M1", "M2", "P9"]
    assert result.block_level == "BLOCK"
    assert result.safe_alternatives.count("Hydration and sunscreen only") == 1


@pytest.mark.parametrize(("lang", "word"), [("EN", "Retinoids are"), ("CN", "孕期不建议")])
def test_reasons_are_in_the_language_of_the_turn(lang, word):
    assert word in check("retinol", PREGNANT, lang).reasons[0]


def test_a_stored_pregnancy_outlives_a_denial_in_passing_decision_21():
    assert ids(check("I'm not pregnant, can I use retinol?", PREGNANT, "EN")) == ["P2"]


def test_a_pregnancy_said_now_beats_a_stored_not_pregnant():
    assert ids(check("I'm pregnant now, can I use retinol?", NOT_PREGNANT, "EN")) == ["P2"]


def test_an_answered_question_is_not_asked_again():
    assert not check("Can I use retinol?", NOT_PREGNANT, "EN").asks


def test_one_question_after_the_other_in_table_order():
    result = check("which retinoid?", None, "EN")
    assert result.required_fields == ("pregnancy_status", "age_band")
    assert len(result.required_questions) == 2


@pytest.mark.parametrize("word", ["pregnancy", "怀孕中"])
def test_a_contraindication_that_names_pregnancy_counts(word):
    assert person_of(Profile(contraindications=[word])).pregnancy == "pregnant"


@pytest.mark.parametrize("name", ["accutane", "异维A酸", "ISOTRETINOIN", "泰尔丝"])
def test_isotretinoin_is_known_by_its_names(name):
    assert person_of(Profile(high_risk_medications=[name])).on_isotretinoin


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("I'm not pregnant but I'm breastfeeding", ("not_pregnant", "lactating")),
        ("not pregnant or breastfeeding", ("not_pregnant", "not_lactating")),
        ("我没怀孕，在哺乳", ("not_pregnant", "lactating")),
        ("没有怀孕也没有哺乳", ("not_pregnant", "not_lactating")),
        ("I was pregnant in 2020", ("unknown", "unknown")),
        ("I'm pregnant and still nursing my first", ("pregnant", "lactating")),
        ("备孕中，还在喂奶", ("trying", "lactating")),
        ("my sister is pregnant", ("unknown", "unknown")),
        ("我妹妹在哺乳期", ("unknown", "unknown")),
        ("I study nursing", ("unknown", "unknown")),
    ],
)
def test_what_a_message_says_about_the_writer(text, facts):
    person = person_of(None, text)
    assert (person.pregnancy, person.lactation) == facts


@pytest.mark.parametrize("terms", TABLE, ids=lambda terms: terms.name)
def test_every_chinese_term_is_found_also_with_blanks_inside(terms):
    for term in terms.cn:
        spaced = " ".join(term)
        for text in (f"请问{term}怎么样", f"请问{spaced}怎么样"):
            assert terms.name in Mentions(text), text


def test_isotretinoin_is_no_topical_retinoid():
    assert "RET" not in Mentions("isotretinoin")
    assert "RET" not in Mentions("异维A酸")
    assert "TRT" not in Mentions("异维A酸")


def test_full_width_letters_are_read():
    assert ids(check("孕期可以用Ａ醇吗", None, "CN")) == ["P2"]


@given(st.text(max_size=300), st.sampled_from([None, PREGNANT, NOT_PREGNANT]))
def test_any_text_gets_a_lawful_result(text, profile):
    result = check(text, profile, "CN")
    levels = [LEVELS.index(LEVEL[rule]) for rule in ids(result)]
    assert levels == sorted(levels, reverse=True)
    assert result.block_level == (LEVELS[levels[0]] if levels else "INFO")
    for texts, limit in (
        (result.reasons, 10),
        (result.required_fields, 4),
        (result.required_questions, 4),
        (result.safe_alternatives, 10),
    ):
        assert len(texts) == len(set(texts)) <= limit


FILLER = st.text(alphabet="abc ,.没有不no\n", max_size=60)


@given(FILLER, FILLER, st.sampled_from(["retinol", "adapalene", "A醇", "维A酸"]))
def test_an_active_affirmed_in_its_own_sentence_is_never_hidden_by_what_stands_around_it(
    before, after, active
):
    assert check(f"{before}. I use {active}. {after}", PREGNANT, "EN").blocks
    assert check(f"{before}。我在用{active}。{after}", PREGNANT, "CN").blocks


SEEDS = [
    "retinol ", "a醇", "pregnant ", "怀孕，", "没有a醇、", "no acid daily ", "my sister is ", "is it ",
    "accutane on ", "pus gone ", "last year had pus, ", "每天果酸", "  \t ", "异维a酸吃",
    "salicylic acid ", "retinyl a",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_time_grows_in_proportion_to_the_text(seed):
    """Decision 37: 40 kB cost at most 2.5 times as much as 20 kB (median of repeats, one after the other)."""

    def work_on(size: int) -> Work:
        text = (seed * size)[:size]

        def work() -> None:
            check(text, None, "EN")
            redflags.check(text)

        return work

    assert_linear(work_on)


@pytest.mark.parametrize(("text", "stopped"), [("no retinol, ", True), ("last year I had pus. ", False)])
def test_a_flood_of_excuses_is_no_excuse(text, stopped):
    """Only so many mentions are judged; what is left unread counts as said."""
    flood = text * 400
    assert check(text, PREGNANT, "EN").blocks is False
    assert redflags.check(text).blocked is False
    assert (check(flood, PREGNANT, "EN").blocks, redflags.check(flood).blocked) == (stopped, not stopped)


def test_what_is_taken_up_again_was_not_given_up():
    assert not check("I stopped retinol years ago", PREGNANT, "EN").blocks
    assert check("I stopped retinol years ago. Can I use it again?", PREGNANT, "EN").blocks
