"""A question about two things, read out of a message, and the answer in words (contract B 13, 17.2)."""

from __future__ import annotations

import pytest

from aurora.rules import detectors
from aurora.rules.routine.question import question_in
from aurora.rules.routine.simulation import simulate
from aurora.rules.routine.texts import answer
from aurora.rules.text import fold


@pytest.mark.parametrize(
    ("text", "routine", "test"),
    [
        ("My PM treatment is retinol. Can I add a glycolic acid toner?", ["retinoid"], ["aha"]),
        ("My PM treatment is retinol, can I add a glycolic acid toner", ["retinoid"], ["aha"]),
        ("Can I add glycolic acid to my PM retinol routine?", ["retinoid"], ["aha"]),
        ("I use BPO every night. Should I layer it with adapalene?", ["benzoyl_peroxide"], ["retinoid"]),
        (
            "I use retinol, niacinamide and vitamin C at night. Can I add AHA?",
            ["retinoid", "vitamin_c", "niacinamide"],
            ["aha"],
        ),
        ("I use 0.5% retinol. Can I stack retinol with BHA?", ["retinoid"], ["bha"]),
        ("Layer vitamin C and salicylic acid?", ["vitamin_c"], ["bha"]),
        ("AHA with BHA together", ["bha"], ["aha"]),
        ("vitamin C, retinol and AHA together?", ["retinoid"], ["aha", "vitamin_c"]),
        ("我晚上用阿达帕林，能不能再加果酸？", ["retinoid"], ["aha"]),
        ("维 A 酸和 果 酸 可以同晚用吗", ["retinoid"], ["aha"]),
        ("A醇和烟酰胺能一起用吗", ["retinoid"], ["niacinamide"]),
        ("目前在用壬二酸，还能和VC搭配吗", ["azelaic_acid"], ["vitamin_c"]),
        ("早C晚A可以搭配刷酸吗", ["retinoid"], ["exfoliating_acid", "vitamin_c"]),
    ],
)  # fmt: skip
def test_the_two_sides_of_a_question(text: str, routine: list[str], test: list[str]) -> None:
    folded = fold(text)
    assert detectors.asks_compatibility(folded)
    found = question_in(folded)
    assert found is not None
    assert (list(found.routine), list(found.test)) == (routine, test)


@pytest.mark.parametrize(
    "text",
    [
        "retinol with my moisturizer",
        "retinol and tretinoin together",
        "My serum has no retinol. Can I add glycolic acid with it?",
        "Can I mix hydroquinone with retinol?",
        "A醇能和面霜一起用吗",
        "pair a chair with a table",
    ],
)
def test_no_question_about_two_things_we_judge(text: str) -> None:
    assert question_in(fold(text)) is None


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("fragile", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "retinol with glycolic acid", "retinol with benzoyl peroxide", "vitamin c with salicylic acid",
        "aha with bha", "retinol with niacinamide", "retinol, bpo, aha and vitamin c together",
    ],
)  # fmt: skip
def test_the_answer_judges_explains_schedules_and_says_when_to_stop(
    text: str, fragile: bool, lang: str
) -> None:
    question = question_in(text)
    assert question is not None
    found = simulate(question.steps(), lang)["conflicts"]  # type: ignore[arg-type]
    said = answer(question, [one["rule_id"] for one in found], lang, fragile=fragile)  # type: ignore[arg-type]
    heads = {
        "EN": ("**Verdict**:", "**Why**:", "**Schedule**:", "**Priority**:", "**Stop signals**:"),
        "CN": ("**判断**：", "**原因**：", "**安排**：", "**先后**：", "**停用信号**："),
    }[lang]
    assert [said.count(head) for head in heads] == [1] * 5
    assert "{" not in said
    assert len(said) <= 560
    assert (("barrier" in said and "屏障" not in said) or "屏障" in said) or not fragile


def test_a_grave_conflict_is_judged_first() -> None:
    question = question_in("retinol, bpo and aha together")
    assert question is not None
    said = answer(question, ["retinoid_x_bpo", "retinoid_x_acids"], "EN", fragile=False)
    assert "Retinoid and benzoyl peroxide: don't layer them" in said
