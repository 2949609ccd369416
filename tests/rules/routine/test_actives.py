"""One vocabulary of actives: what it hears, what it does not, and what is only named to be left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aurora.rules.routine.actives import MOST_JUDGED, in_use, named, only
from aurora.rules.routine.question import question_in
from aurora.rules.text import fold
from tests.support.linear import assert_linear


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("retinol and glycolic acid", ["retinoid", "aha"]),
        ("Retinoids, retinaldehyde, Differin", ["retinoid"]),
        ("阿达帕林 + 果 酸", ["retinoid", "aha"]),
        ("维A酸、维甲酸、A醇、视黄醇", ["retinoid"]),
        ("维 A 类和酸类", ["retinoid", "exfoliating_acid"]),
        ("benzoyl peroxide, vitamin c", ["benzoyl_peroxide", "vitamin_c"]),
        ("2.5%BPO", ["benzoyl_peroxide"]),
        ("ＢＨＡ １０％ＡＨＡ", ["bha", "aha"]),
        ("PHA, gluconolactone, 葡糖酸内酯", ["aha"]),
        ("a glycolic acid toner", ["aha"]),
        ("an acid toner", ["exfoliating_acid"]),
        ("我在刷酸，用的是水杨酸", ["bha"]),
        ("早C晚A", ["retinoid", "vitamin_c"]),
        ("VC和烟酰胺", ["vitamin_c", "niacinamide"]),
        ("壬二酸 传明酸 氢醌", ["azelaic_acid", "tranexamic_acid", "hydroquinone"]),
        ("请问retinol可以吗", ["retinoid"]),
        ("异维A酸、异 维甲酸", []),
        ("乳酸菌饮料", []),
        ("维AD", []),
        ("alpha version, Ahab, Bhavani, vcard", []),
        ("", []),
    ],
)
def test_what_a_text_names(text: str, groups: list[str]) -> None:
    assert named(fold(text)) == groups


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("My serum has no retinol. Can I add glycolic acid?", ["aha"]),
        ("retinol-free cream with AHA", ["aha"]),
        ("I stopped retinol last month and use BHA", ["bha"]),
        ("晚霜不含A醇", []),
        ("Is retinol not compatible with glycolic acid?", ["retinoid", "aha"]),
        ("I don't know if retinol and glycolic acid mix", ["retinoid", "aha"]),
        ("A醇和果酸能不能一起用", ["retinoid", "aha"]),
    ],
)
def test_what_is_only_named_to_be_left_out_does_not_count(text: str, groups: list[str]) -> None:
    assert in_use(text) == groups


def test_a_flood_of_denials_is_not_read_to_its_end() -> None:
    assert in_use("no retinol. " * MOST_JUDGED) == []
    assert in_use("no retinol. " * (MOST_JUDGED + 1)) == ["retinoid"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["retinol ", "no retinol. ", "with ", "维 ", "不含果酸，", "a "])
def test_reading_takes_time_in_proportion_to_the_text(seed: str) -> None:
    def work_on(size: int) -> Callable[[], None]:
        text = (seed * size)[:size]

        def work() -> None:
            named(text)
            in_use(text)
            question_in(text)

        return work

    assert_linear(work_on)


@pytest.mark.parametrize(
    ("text", "nothing_else"),
    [
        ("retinol", True),
        ("0.5% retinol serum", True),
        ("A醇精华", True),
        ("A醇和果酸", True),
        ("Night Shift Retinol 0.2", False),
        ("露得清A醇晚霜", False),
        ("a plain cream", False),
    ],
)
def test_an_ingredient_alone_is_no_product(text: str, nothing_else: bool) -> None:
    assert only(fold(text)) is nothing_else
