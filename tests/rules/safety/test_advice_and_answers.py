"""Which questions want advice, and which words answer a safety question."""

from __future__ import annotations

import pytest

from aurora.rules.routine.question import conflict_question
from aurora.rules.safety.advice import wants_advice
from aurora.rules.safety.answers import in_words
from aurora.rules.text import fold

ADVICE = [
    "Can I use retinol?", "Is retinol safe?", "is this ok for me", "should I keep using retinol",
    "may I start tretinoin", "Would adapalene be ok", "is it right for my skin",
    "could I still apply it", "A醇能用吗",
    "孕期可以用A醇吗",
    "A醇适合我吗", "能不能用A醇", "可不可以涂维A酸", "该不该用A醇", "A醇安全吗", "可以刷酸吗",
]  # fmt: skip
FACTS = [
    "Tell me about retinol", "is retinol good for wrinkles?", "does retinol help with acne",
    "how does retinol work",
    "Can I use retinol and glycolic acid together?",
    "My PM treatment is retinol. Can I add a glycolic acid toner?",
    "A醇是什么", "A醇和果酸能一起用吗", "A醇还能用多久", "讲讲A醇的原理", "retinol vs retinal",
]  # fmt: skip


def asks_advice(text: str) -> bool:
    told = fold(text)
    return wants_advice(told, combining=conflict_question(told) is not None)


@pytest.mark.parametrize("text", ADVICE)
def test_advice(text):
    assert asks_advice(text)


@pytest.mark.parametrize("text", FACTS)
def test_facts_and_conflicts(text):
    assert not asks_advice(text)


PREGNANCY = {"rule": "M5", "field": "pregnancy_status"}
AGE = {"rule": "M6", "field": "age_band"}
MEDICINE = {"rule": "M4", "field": "high_risk_medications"}
GOAL = {"rule": "I3", "field": None}


@pytest.mark.parametrize(
    ("reply", "question", "added"),
    [
        ("No.", PREGNANCY, "I'm not pregnant."),
        ("neither", PREGNANCY, "I'm not pregnant."),
        ("no, I'm not", PREGNANCY, "I'm not pregnant."),
        ("都没有", PREGNANCY, "I'm not pregnant."),
        ("不是", PREGNANCY, "I'm not pregnant."),
        ("yes", PREGNANCY, "I'm pregnant."),
        ("嗯", PREGNANCY, "I'm pregnant."),
        ("I'm trying to conceive", PREGNANCY, "I'm trying to conceive"),
        ("在备孕", PREGNANCY, "在备孕"),
        ("28", AGE, "I'm 28."),
        ("I am 28 years old", AGE, "I'm 28."),
        ("我28岁", AGE, "I'm 28."),
        ("25-34", AGE, "I'm 25."),
        ("hydrocortisone, from my doctor", MEDICINE, "hydrocortisone, from my doctor"),
        ("没有", MEDICINE, "没有"),
        ("激素药膏", MEDICINE, "激素药膏"),
        ("acne", GOAL, "acne"),
        ("祛痘", GOAL, "祛痘"),
    ],
)
def test_words_that_answer(reply, question, added):
    assert in_words(reply, **question) == added


@pytest.mark.parametrize("question", [PREGNANCY, AGE, MEDICINE, GOAL])
@pytest.mark.parametrize(
    "reply",
    ["", "  ", "What is niacinamide?", "recommend a cleanser", "烟酰胺是什么", "hello", "can I use vitamin c",
     "你好", "x" * 100, "推荐面霜", "why do you ask?"],
)  # fmt: skip
def test_words_that_speak_of_something_else(reply, question):
    assert in_words(reply, **question) is None


def test_a_number_is_no_pregnancy_and_no_is_no_age():
    assert in_words("28", **PREGNANCY) is None
    assert in_words("no", **AGE) is None
    assert in_words("acne", **PREGNANCY) is None
