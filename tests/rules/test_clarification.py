"""A clarification from outside: what is read of it, which chips it becomes, and what the text then asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import clarification
from aurora.rules.clarification import Question, chips, ids_of, is_known, read, with_one_question
from aurora.rules.reply_values import is_unsure, value_for
from tests.support.linear import assert_linear

GOOD = {"id": "skin_type", "question": "Which skin type?", "options": ["Oily", "Dry"]}

# Whatever JSON an upstream may send.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)
HOSTILE_TEXT = st.sampled_from(
    [
        "",
        "  ",
        "?",
        "？？",
        "\x00",
        "kb:abc-1",
        "a" * 3000,
        "b? c? d?",
        '{"a": 1}',
        "\u202eoily",
        "Not sure",
        "不确定",
        "\n\n",
    ]
) | st.text(max_size=120)
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "id": HOSTILE_TEXT | JSON,
        "question": HOSTILE_TEXT | JSON,
        "options": st.lists(HOSTILE_TEXT | JSON, max_size=20) | JSON,
    },
)
CLARIFICATIONS = (
    st.none()
    | st.dictionaries(st.text(max_size=8), JSON)
    | st.fixed_dictionaries({"questions": st.lists(QUESTIONS | JSON, max_size=14) | JSON})
)


@pytest.mark.parametrize(
    ("questions", "reason"),
    [
        ("text", "questions_not_array"),
        (None, "questions_not_array"),
        (["text"], "question_not_object"),
        ([{**GOOD, "id": None}], "question_id_missing"),
        ([{**GOOD, "id": "  "}], "question_id_missing"),
        ([{**GOOD, "options": "Oily"}], "question_options_not_array"),
        ([{**GOOD, "options": [1, "Oily"]}], "question_option_non_string"),
        ([{**GOOD, "options": []}], "question_options_empty"),
        ([{**GOOD, "options": [" ", "\x00"]}], "question_options_empty"),
    ],
)
def test_what_is_wrong_with_a_clarification_is_named(questions: object, reason: str) -> None:
    assert reason in read({"questions": questions}, "EN").invalid


def test_an_entry_of_the_wrong_shape_costs_no_other() -> None:
    found = read(
        {"questions": ["odd", {**GOOD, "options": ["Oily", 3]}, {"id": "goals", "options": ["x"]}]}, "EN"
    )
    assert [question.norm_id for question in found.questions] == ["skinType", "goals"]
    assert found.questions[0].options == ("Oily",)
    assert (
        found.questions[1].question
        == "What should we work on first: breakouts, redness, dark spots, hydration, pores or fine lines?"
    )


@pytest.mark.parametrize("nothing", [None, {}, {"other": 1}, {"questions": []}])
def test_no_questions_are_no_mistake(nothing: dict[str, object] | None) -> None:
    assert read(nothing, "EN") == clarification.Reading()


@pytest.mark.parametrize(
    ("raw", "own", "norm"),
    [
        ("skin_type", "skin_type", "skinType"),
        ("Skin Type!", "Skin_Type", "skinType"),
        ("monthly-budget", "monthly_budget", "budgetTier"),
        ("main_goal", "main_goal", "goals"),
        ("top.concern", "top_concern", "goals"),
        ("does it sting", "does_it_sting", "barrierStatus"),
        ("sensitivity", "sensitivity", "sensitivity"),
        ("屏障", "屏障", "barrierStatus"),
        ("你的目标", "你的目标", "goals"),
        ("预算", "预算", "budgetTier"),
        ("敏感程度", "敏感程度", "sensitivity"),
        ("肤质", "肤质", "skinType"),
        ("wake_up:time", "wake_up:time", "wake_up:time"),
        ("ingredient", "ingredient", "ingredient"),
        ("x" * 500, "x" * 80, "x" * 80),
    ],
)
def test_ids_fit_into_a_chip_and_name_their_field(raw: str, own: str, norm: str) -> None:
    assert ids_of(raw) == (own, norm)


@pytest.mark.parametrize("raw", ["???", "-", "。。", "😀"])
def test_an_id_never_comes_out_empty(raw: str) -> None:
    own, norm = ids_of(raw)
    assert own == norm
    assert own.startswith("cid_")
    assert len(own) == 16
    assert ids_of(raw) == (own, norm)
    assert read({"questions": [{**GOOD, "id": raw}]}, "EN").nameless == 1


@pytest.mark.parametrize(
    ("asked", "lang", "expected"),
    [
        ("Which skin type?", "EN", "Which skin type?"),
        ("Which skin type", "EN", "Which skin type?"),
        ("Tell me your skin type.", "EN", "Tell me your skin type?"),
        ("Oily? Or dry? Or both?", "EN", "Oily?"),
        ("你是什么肤质？还是不清楚？", "CN", "你是什么肤质？"),
        ("  two\n lines ? ", "EN", "two lines?"),
        ("See kb:skin-12 which type?", "EN", "See which type?"),
        ("x" * 500, "EN", "x" * 199 + "?"),
    ],
)
def test_a_question_has_one_question_mark(asked: str, lang: str, expected: str) -> None:
    found = read({"questions": [{**GOOD, "question": asked}]}, lang)
    assert found.questions[0].question == expected


@pytest.mark.parametrize("asked", [None, 3, "", "???", '{"a": 1}', "```code", "\x00\x01"])
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_question_without_usable_words_gets_ours(asked: object, lang: str) -> None:
    own = {
        "EN": "How does your skin usually feel: oily, dry, combination, normal or sensitive?",
        "CN": "你的皮肤平时更接近哪一种：油性、干性、混合、中性还是敏感？",
    }[lang]
    assert read({"questions": [{**GOOD, "question": asked}]}, lang).questions[0].question == own


def test_the_same_question_twice_is_asked_once() -> None:
    found = read({"questions": [GOOD, {**GOOD, "id": "skinType"}]}, "EN")
    assert len(found.questions) == 1


@pytest.mark.parametrize(
    ("profile", "field", "known"),
    [
        (None, "skinType", False),
        (Profile(), "skinType", False),
        (Profile(skinType="oily"), "skinType", True),
        (Profile(skinType="unknown"), "skinType", False),
        (Profile(skinType=" "), "skinType", False),
        (Profile(sensitivity="low"), "sensitivity", True),
        (Profile(barrierStatus="healthy"), "barrierStatus", True),
        (Profile(budgetTier="¥500"), "budgetTier", True),
        (Profile(goals=["glass skin"]), "goals", True),
        (Profile(goals=["unknown"]), "goals", False),
        (Profile(goals=[]), "goals", False),
        (Profile(region="CN"), "region", False),
        (Profile(skinType="oily"), "skin_type", False),
    ],
)
def test_what_is_known_need_not_be_asked(profile: Profile | None, field: str, known: bool) -> None:
    assert is_known(field, profile) is known


def asked(*options: str, id: str = "skin_type") -> Question:  # noqa: A002 - the wire's own word
    return Question(id=id, norm_id=ids_of(id)[1], question="Which?", options=options)


def test_a_chip_carries_all_that_its_answer_needs() -> None:
    (oily, _, _) = chips(asked("Oily skin", "Dry"), "EN", step=2)
    assert oily.chip_id == "chip.clarify.skin_type.Oily_skin"
    assert oily.label == "Oily skin"
    assert oily.data == {
        "reply_text": "Oily skin",
        "clarification_id": "skin_type",
        "clarification_question_id": "skin_type",
        "clarification_norm_id": "skinType",
        "clarification_step": 2,
        "norm_id": "skinType",
        "value": "Oily skin",
    }


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    "options",
    [("a",), tuple("abcdefgh"), ("Not sure", "a"), ("不确定", "a"), (*"abcdefg", "I don't know")],
)
def test_not_sure_is_always_there_and_there_are_eight_at_most(options: tuple[str, ...], lang: str) -> None:
    labels = [chip.label for chip in chips(asked(*options), lang, step=1)]
    assert len(labels) <= 8
    assert sum(is_unsure(label) for label in labels) == 1


def test_options_that_begin_alike_stay_apart() -> None:
    long = "a routine with many steps in the morning and "
    found = chips(asked(long + "few at night", long + "many at night"), "EN", step=1)
    assert len({chip.chip_id for chip in found}) == 3


@given(CLARIFICATIONS, st.sampled_from(["EN", "CN"]), st.integers(0, 6))
def test_whatever_comes_the_chips_are_lawful(sent: dict[str, object] | None, lang: str, step: int) -> None:
    for question in read(sent, lang).questions:
        assert 1 <= len(question.id) <= 80
        assert question.norm_id
        assert len(question.question) <= 200
        assert question.question.count("?") + question.question.count("？") == 1
        assert 1 <= len(question.options) <= 8
        assert all(1 <= len(option) <= 80 and option.isprintable() for option in question.options)
        made = chips(question, lang, step=step)
        assert 2 <= len(made) <= 8 or (len(made) == 1 and is_unsure(made[0].label))
        assert len({chip.chip_id for chip in made}) == len(made)
        assert len({(chip.data["norm_id"], chip.data["value"]) for chip in made}) == len(made)
        assert any(is_unsure(chip.label) for chip in made)
        assert all("kb:" not in chip.label for chip in made)
        assert "\x00" not in repr(made).replace("\\x00", "\x00")


@given(CLARIFICATIONS)
def test_reading_what_was_read_changes_nothing(sent: dict[str, object] | None) -> None:
    once = read(sent, "EN").questions
    again = [{"id": q.id, "question": q.question, "options": list(q.options)} for q in once]
    assert read({"questions": again}, "EN").questions == once


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Niacinamide helps.", "Niacinamide helps.\n\nWhich?"),
        ("", "One thing first, so that the answer fits you.\n\nWhich?"),
        ("Are you oily? Are you dry?", "One thing first, so that the answer fits you.\n\nWhich?"),
        ("Good choice. Are you oily? It depends.", "Good choice. It depends.\n\nWhich?"),
        ("So: which?", "So: which?"),
        ("Use 3.5% or 5%? Both work.", "Both work.\n\nWhich?"),
        ("See https://a.example/?q=1 for more.", "One thing first, so that the answer fits you.\n\nWhich?"),
        ("- Oily?\n- Dry?\nRest well.", "Rest well.\n\nWhich?"),
        ("可以先观察。你是油皮吗？还是干皮？", "可以先观察。\n\nWhich?"),
    ],
)
def test_the_text_asks_one_question(answer: str, expected: str) -> None:
    assert with_one_question(answer, "Which?", "EN") == expected


@given(st.text(max_size=200) | st.lists(st.sampled_from(["?", "？", ".", " ", "a", "\n", "。"])).map("".join))
def test_whatever_is_answered_the_text_asks_one_question(answer: str) -> None:
    for lang, question in (("EN", "Which?"), ("CN", "哪一种？")):
        said = with_one_question(answer, question, lang)
        assert said.count("?") + said.count("？") == 1


LABELS = [
    (
        "skin_type",
        {
            "Oily": "oily",
            "Dry": "dry",
            "Combination": "combination",
            "Normal": "normal",
            "Sensitive": "sensitive",
            "Not sure": "unknown",
            "油性": "oily",
            "干性": "dry",
            "混合": "combination",
            "中性": "normal",
            "敏感": "sensitive",
            "不确定": "unknown",
            "油皮": "oily",
            "出油": "oily",
            "干燥": "dry",
            "紧绷": "dry",
            "combo": "combination",
            "mixed": "combination",
            "不知道": "unknown",
            "不清楚": "unknown",
            "n/a": "unknown",
            "na": "unknown",
            "unsure": "unknown",
            "unknown": "unknown",
        },
    ),
    (
        "barrier",
        {
            "Stable": "healthy",
            "比较稳定": "healthy",
            "Stinging or irritated": "impaired",
            "刺痛或泛红": "impaired",
            "healthy": "healthy",
            "normal": "healthy",
            "ok": "healthy",
            "good": "healthy",
            "健康": "healthy",
            "red": "impaired",
            "burning": "impaired",
            "reactive": "impaired",
            "impaired": "impaired",
            "damaged": "impaired",
            "发红": "impaired",
            "刺激": "impaired",
            "受损": "impaired",
            "不稳定": "impaired",
            "很不稳定": "impaired",
            "不太稳定": "impaired",
            "不够稳定": "impaired",
            "unhealthy": "impaired",
            "not stable": "impaired",
            "not very healthy": "impaired",
            "unstable": "impaired",
            "易刺痛": "impaired",
            "Not sure": "unknown",
            "不确定": "unknown",
        },
    ),
    (
        "sensitivity",
        {
            "Rarely": "low",
            "很少": "low",
            "Sometimes": "medium",
            "有时": "medium",
            "Often": "high",
            "经常": "high",
            "low": "low",
            "mild": "low",
            "低": "low",
            "轻": "low",
            "medium": "medium",
            "mid": "medium",
            "moderate": "medium",
            "中": "medium",
            "high": "high",
            "severe": "high",
            "very": "high",
            "高": "high",
            "重": "high",
            "yes": "high",
            "有": "high",
            "容易刺痛": "high",
            "no": "low",
            "无": "low",
            "不敏感": "low",
            "没有": "low",
            "Not sure": "unknown",
            "不确定": "unknown",
        },
    ),
    (
        "goal",
        {
            "Breakouts": "acne",
            "痘痘": "acne",
            "Redness": "redness",
            "泛红": "redness",
            "Dark spots": "dark_spots",
            "暗沉色沉": "dark_spots",
            "Hydration": "dehydration",
            "补水保湿": "dehydration",
            "Pores": "pores",
            "毛孔": "pores",
            "Fine lines": "wrinkles",
            "细纹抗老": "wrinkles",
            "acne": "acne",
            "oil": "acne",
            "控痘": "acne",
            "闭口": "acne",
            "粉刺": "acne",
            "出油": "acne",
            "sensitive": "redness",
            "reactive": "redness",
            "敏感": "redness",
            "刺痛": "redness",
            "修护屏障": "redness",
            "pigment": "dark_spots",
            "bright": "dark_spots",
            "tone": "dark_spots",
            "淡斑": "dark_spots",
            "美白": "dark_spots",
            "提亮": "dark_spots",
            "痘印": "dark_spots",
            "dry": "dehydration",
            "moist": "dehydration",
            "干燥": "dehydration",
            "紧绷": "dehydration",
            "firm": "wrinkles",
            "anti-aging": "wrinkles",
            "wrinkle": "wrinkles",
            "抗老": "wrinkles",
            "抗衰": "wrinkles",
            "紧致": "wrinkles",
            "提拉": "wrinkles",
            "Not sure": "unknown",
            "不确定": "unknown",
        },
    ),
]


@pytest.mark.parametrize(
    ("question", "answer", "value"),
    [(question, answer, value) for question, table in LABELS for answer, value in table.items()],
)
def test_every_word_of_the_contract_and_every_label_of_ours_is_read(
    question: str, answer: str, value: str
) -> None:
    (found,) = (value_for(question, answer) or {}).values()
    assert found == ([value] if question == "goal" else value)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["a", "? ", "not ", ". ", "没有", "kb:x ", "skin? "])
def test_reading_takes_time_in_proportion_to_the_text(seed: str) -> None:
    def work_on(size: int) -> Callable[[], None]:
        text = (seed * size)[:size]

        def work() -> None:
            with_one_question(text, "Which?", "EN")
            clarification.asking(text)
            read({"questions": [{"id": text, "question": text, "options": [text] * 8}]}, "EN")
            for question in ("skin", "barrier", "sensitivity", "goal", "budget"):
                value_for(question, text)

        return work

    assert_linear(work_on)
