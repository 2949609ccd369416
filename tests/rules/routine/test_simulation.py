"""The four rules over the steps of a routine, and the laws of both payloads (D 8; D 13.6, 22, 23)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.cards import CARD_PAYLOADS
from aurora.rules.routine import conflict_rules, heatmap
from aurora.rules.routine.simulation import simulate
from aurora.rules.routine.steps import read_steps


def run(am: Any = (), pm: Any = (), test: Any = None, lang: Any = "EN") -> dict[str, Any]:
    return simulate(read_steps(list(am), list(pm), test), lang)


def named(*actives: str, **more: Any) -> dict[str, Any]:
    return {"step": "Treatment", "key_actives": list(actives), **more}


def drawn(simulation: dict[str, Any], size: int) -> dict[str, Any]:
    return heatmap.heatmap(simulation, [(f"Step {n}", f"步骤 {n}") for n in range(size)])


# (morning, evening, product under test) -> (rule, severity, pair)
CASES: list[tuple[list[str], list[str], str, list[tuple[str, str, list[int]]]]] = [
    ([], ["retinol"], "glycolic acid", [("retinoid_x_acids", "warn", [0, 1])]),
    ([], ["adapalene"], "benzoyl peroxide", [("retinoid_x_bpo", "block", [0, 1])]),
    (["vitamin c"], [], "salicylic acid", [("vitc_x_acids", "warn", [0, 1])]),
    ([], ["retinol + glycolic"], "", [("retinoid_x_acids", "warn", [0, 0])]),
    # AHA steps are preferred to BHA steps, wherever they stand.
    (
        ["bha"],
        ["retinol"],
        "aha",
        [("retinoid_x_acids", "warn", [1, 2]), ("multiple_exfoliants", "warn", [0, 2])],
    ),
    (["aha", "bha"], [], "", [("multiple_exfoliants", "warn", [0, 1])]),
    (["aha, bha"], [], "", [("multiple_exfoliants", "warn", [0, 0])]),
    (["niacinamide"], ["azelaic acid"], "tranexamic acid", []),
    (["retinol"], ["retinol"], "", []),
    ([], [], "", []),
    (
        ["vitamin c"],
        ["retinol"],
        "mandelic acid",
        [("retinoid_x_acids", "warn", [1, 2]), ("vitc_x_acids", "warn", [0, 2])],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("am", "pm", "test", "expected"), CASES)
def test_which_rules_fire_and_between_which_steps(
    am: list[str], pm: list[str], test: str, expected: list[tuple[str, str, list[int]]]
) -> None:
    found = run([named(one) for one in am], [named(one) for one in pm], named(test) if test else None)
    assert [(c["rule_id"], c["severity"], c["step_indices"]) for c in found["conflicts"]] == expected
    assert found["safe"] is (not expected)


def test_d13_defect_22_one_vocabulary_chinese_and_pha_included() -> None:
    found = run([], [named("维 A 醇")], named("葡糖酸内酯"))
    assert [c["rule_id"] for c in found["conflicts"]] == ["retinoid_x_acids"]
    found = run([], [named("阿达帕林")], named("PHA"))
    assert [c["rule_id"] for c in found["conflicts"]] == ["retinoid_x_acids"]
    assert run([], [named("Alpha lipoic, Ahab")], named("retinol"))["safe"], "Latin terms by whole words"


def test_d13_defect_23_the_product_under_test_counts_as_an_exfoliant() -> None:
    found = run([named("glycolic acid")], [], named("BHA"))
    assert [(c["rule_id"], c["step_indices"]) for c in found["conflicts"]] == [
        ("multiple_exfoliants", [0, 1])
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_d13_defect_6_conflicts_and_summary_speak_chinese(case: Any) -> None:
    am, pm, test, _ = case
    steps = [named(one) for one in am], [named(one) for one in pm], named(test) if test else None
    chinese, english = run(*steps, lang="CN"), run(*steps, lang="EN")
    texts = [chinese["summary"], *(c["message"] for c in chinese["conflicts"])]
    assert all(any("一" <= sign <= "鿿" for sign in text) for text in texts)
    assert not any("一" <= sign <= "鿿" for sign in english["summary"])
    assert [c["rule_id"] for c in chinese["conflicts"]] == [c["rule_id"] for c in english["conflicts"]]


@pytest.mark.parametrize(
    ("step", "hears"),
    [
        ({"keyActives": ["Retinol"]}, True),
        ({"actives": "retinol, squalane"}, True),
        ({"evidence_pack": {"keyActives": ["retinol"]}}, True),
        ({"ingredients": {"highlights": ["retinol"]}}, True),
        ({"ingredients": {"head": "retinol"}}, True),
        ({"name": "Night Retinol 0.2"}, True),
        ({"title": "视黄醇晚霜"}, True),
        ({"sku": {"name": "Night Retinol 0.2"}}, True),
        ({"name": "Bakuchiol serum, retinol-free"}, False),
        ({"notes": "do not use with retinol"}, False),
        ({"key_actives": [{"name": "retinol"}], "ingredients": ["retinol"]}, False),
        ({"key_actives": [None, 3, "retinol"]}, True),
    ],
)
def test_where_a_step_may_say_what_is_in_it(step: dict[str, Any], hears: bool) -> None:
    assert run([], [step], named("glycolic acid"))["safe"] is not hears


@pytest.mark.parametrize(
    ("step", "slot", "en", "zh"),
    [
        ({"step": "Treatment", "name": "x"}, "pm", "PM Treatment", "晚间 Treatment"),
        ({"category": "  serum \n gel "}, "am", "AM serum gel", "早间 serum gel"),
        ({"step": 3}, "am", "Step 1", "步骤 1"),
        ({"name": "n" * 90}, "test", "TEST " + "n" * 55, "新增 " + "n" * 57),
    ],
)
def test_what_a_step_is_called(step: dict[str, Any], slot: str, en: str, zh: str) -> None:
    given: dict[str, Any] = {"am": [], "pm": [], "test": None}
    given[slot] = step if slot == "test" else [step]
    (found,) = read_steps(**given)
    assert found.label == (en, zh)


# --- the heatmap


def test_a_cell_tells_what_why_and_what_to_do() -> None:
    payload = drawn(run([], [named("retinol")], named("glycolic acid")), 2)
    (cell,) = payload["cells"]["items"]
    assert (cell["cell_id"], cell["row_index"], cell["col_index"], cell["severity"]) == ("cell_0_1", 0, 1, 2)
    assert cell["rule_ids"] == ["retinoid_x_acids"]
    assert len(cell["recommendations"]) == 3
    assert payload["state"] == "has_conflicts"
    assert payload["unmapped_conflicts"] == []


def test_the_gravest_rule_words_a_cell_that_several_share() -> None:
    payload = drawn(run([named("retinol, vitamin c")], [named("bpo, aha")]), 2)
    (cell,) = payload["cells"]["items"]
    assert cell["severity"] == 3
    assert cell["rule_ids"] == ["retinoid_x_acids", "retinoid_x_bpo", "vitc_x_acids"]
    assert cell["headline_i18n"]["en"] == conflict_rules.BY_ID["retinoid_x_bpo"].headline[0]


def test_only_sixteen_steps_have_a_place() -> None:
    steps = [named("squalane")] * 16
    simulation = run(steps, [named("retinol")], named("aha"))
    assert simulation["conflicts"][0]["step_indices"] == [16, 17]
    payload = drawn(simulation, 18)
    assert len(payload["axes"]["rows"]["items"]) == 16
    assert (payload["state"], len(payload["unmapped_conflicts"])) == ("has_conflicts_partial", 1)


@pytest.mark.parametrize(
    ("simulation", "size", "state"),
    [
        (None, 2, "unavailable"),
        ({"safe": True, "conflicts": []}, 0, "unavailable"),
        ({"safe": True, "conflicts": []}, 1, "no_conflicts"),
        ({"safe": False, "conflicts": [{"rule_id": "x"}]}, 2, "has_conflicts_partial"),
        ({"safe": False, "conflicts": [{"rule_id": "x", "step_pair": ["1", "0"]}]}, 2, "has_conflicts"),
    ],
)
def test_the_state_of_the_heatmap(simulation: Any, size: int, state: str) -> None:
    assert drawn(simulation, size)["state"] == state


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ("block", 3), (" Warn ", 2), ("low", 1), ("none", 0), ("", 0), (None, 0), ("fatal", 2), (7, 3),
        (-1, 0), (1.9, 1), (float("nan"), 0), (float("inf"), 0), (True, 2), ([], 2),
    ],
)  # fmt: skip
def test_how_grave_a_foreign_severity_is(said: Any, severity: int) -> None:
    assert heatmap.severity_of(said) == severity


# --- laws


TEXTS = st.sampled_from(
    [
        "retinol",
        "A醇",
        "aha",
        "glycolic",
        "BHA",
        "水杨酸",
        "bpo",
        "vitamin c",
        "维C",
        "刷酸",
        "squalane",
        "",
        "\x00",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)
STEP = st.dictionaries(
    st.sampled_from(
        ["step", "name", "title", "key_actives", "actives", "ingredients", "evidence_pack", "sku"]
    ),
    st.lists(TEXTS, max_size=3) | TEXTS | JSON,
    max_size=4,
)  # fmt: skip


def check_pair_of_cards(simulation: dict[str, Any], payload: dict[str, Any], size: int) -> None:
    msgspec.convert(simulation, CARD_PAYLOADS["routine_simulation"], strict=True)
    msgspec.convert(payload, CARD_PAYLOADS["conflict_heatmap"], strict=True)
    assert simulation["safe"] is (not simulation["conflicts"])
    for conflict in simulation["conflicts"]:
        low, high = conflict["step_indices"]
        assert 0 <= low <= high < size
    assert payload["axes"]["rows"] == payload["axes"]["cols"]
    places = len(payload["axes"]["rows"]["items"])
    assert places == min(size, 16)
    for cell in payload["cells"]["items"]:
        assert 0 <= cell["row_index"] < cell["col_index"] < places
    told = {(cell["row_index"], cell["col_index"]): cell["rule_ids"] for cell in payload["cells"]["items"]}
    expected: dict[tuple[int, int], list[str]] = {}
    for conflict in simulation["conflicts"]:
        low, high = conflict["step_indices"]
        if low < high < places:
            expected.setdefault((low, high), []).append(conflict["rule_id"])
    assert told == {pair: sorted(rules)[:3] for pair, rules in expected.items()}
    placed = sum(map(len, expected.values()))
    assert len(payload["unmapped_conflicts"]) == len(simulation["conflicts"]) - placed


@given(
    st.lists(STEP, max_size=10), st.lists(STEP, max_size=10), st.none() | STEP, st.sampled_from(["EN", "CN"])
)
def test_any_routine_gives_a_lawful_pair_of_cards(am: Any, pm: Any, test: Any, lang: Any) -> None:
    steps = read_steps(am, pm, test)
    simulation = simulate(steps, lang)
    check_pair_of_cards(simulation, heatmap.heatmap(simulation, [step.label for step in steps]), len(steps))


@given(st.lists(st.lists(TEXTS, max_size=2), max_size=6))
def test_order_of_the_steps_changes_where_not_whether(actives: list[list[str]]) -> None:
    steps = [named(*some) for some in actives]
    forth, back = run(steps), run(steps[::-1])
    assert [c["rule_id"] for c in forth["conflicts"]] == [c["rule_id"] for c in back["conflicts"]]
    assert [c["rule_id"] for c in run([], steps)["conflicts"]] == [c["rule_id"] for c in forth["conflicts"]]


@given(st.dictionaries(st.sampled_from(["safe", "conflicts", "schema_version"]), JSON), st.integers(0, 20))
def test_a_hostile_simulation_is_drawn_within_bounds(simulation: dict[str, Any], size: int) -> None:
    payload = drawn(simulation, size)
    msgspec.convert(payload, CARD_PAYLOADS["conflict_heatmap"], strict=True)
    assert len(payload["unmapped_conflicts"]) <= 10
    assert len(payload["cells"]["items"]) <= 64


def test_the_texts_fit_their_limits_in_both_languages() -> None:
    for rule in conflict_rules.RULES:
        for pair in (rule.message, rule.headline, rule.why):
            assert all(0 < len(text) <= 220 for text in pair)
        assert 1 <= len(rule.advice) <= 3
        assert all(0 < len(text) <= 160 for one in rule.advice for text in one.text)
