"""The four rules about actives that do not sit well together, as data (contract D 8.2, 8.3; D 13.22, 23).

A rule fires at most once in a routine. Every step counts, the product under test included; morning and
evening are not told apart. Texts are (EN, CN) pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from aurora.rules.routine.actives import ACIDS

Pair = tuple[str, str]
Severity = Literal["warn", "block"]
Code = Literal["separate_time", "reduce_frequency", "swap_step", "avoid_layering", "pause_until_calm"]


class Advice(msgspec.Struct, frozen=True):
    """What to do about it. code: the kind of advice, which stays here; text: what people read."""

    code: Code
    text: Pair


class ConflictRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: a step with one of `one` and a step with one of `other`, in that order of preference.

    any_two: the pair to show is the first two steps with any of them (several exfoliants), not one of each.
    message: one line for the list; headline and why: the heatmap's cell; advice: at most three.
    """

    id: str
    severity: Severity
    one: tuple[str, ...]
    other: tuple[str, ...]
    any_two: bool = False
    message: Pair
    headline: Pair
    why: Pair
    advice: tuple[Advice, ...]


RULES: tuple[ConflictRule, ...] = (
    ConflictRule(
        id="retinoid_x_acids",
        severity="warn",
        one=("retinoid",),
        other=ACIDS,
        message=(
            "A retinoid and an exfoliating acid on one night often irritate. Alternate the nights.",
            "维A类和酸类放在同一晚，容易刺激。建议隔晚交替用。",
        ),
        headline=("Retinoid × acids", "维A类 × 酸类"),
        why=(
            "Both make skin shed faster. In one routine, irritation rises and the barrier pays for it.",
            "两者都会加快角质更新，放进同一套流程，刺激明显增加，屏障也吃不消。",
        ),
        advice=(
            Advice("separate_time", ("Put them on different nights.", "错开到不同的晚上用。")),
            Advice(
                "reduce_frequency",
                (
                    "Start each at once or twice a week, and add nights only while skin stays calm.",
                    "各从每周1–2次开始，皮肤稳定再慢慢加。",
                ),
            ),
            Advice(
                "pause_until_calm",
                (
                    "If it stings or turns red, leave all strong actives for 5–7 days.",
                    "一旦刺痛或泛红，所有强效成分先停5–7天。",
                ),
            ),
        ),
    ),
    ConflictRule(
        id="retinoid_x_bpo",
        severity="block",
        one=("retinoid",),
        other=("benzoyl_peroxide",),
        message=(
            "Do not layer a retinoid and benzoyl peroxide: very irritating, and each may work less well.",
            "维A类和过氧化苯甲酰不要叠着用：刺激很大，效果还可能打折。",
        ),
        headline=("Retinoid × benzoyl peroxide", "维A类 × 过氧化苯甲酰"),
        why=(
            "Together they dry and irritate a great deal, and benzoyl peroxide can weaken some retinoids.",
            "叠用又干又刺激，过氧化苯甲酰还会让部分维A类成分失效。",
        ),
        advice=(
            Advice(
                "separate_time",
                (
                    "Keep them to different nights, or morning and night if a doctor told you so.",
                    "分开到不同的晚上；医生交代过的，可以一早一晚。",
                ),
            ),
            Advice(
                "pause_until_calm",
                (
                    "If your barrier is already upset, stop both and repair first.",
                    "屏障已经不稳的话，两样都先停，先修护。",
                ),
            ),
        ),
    ),
    ConflictRule(
        id="vitc_x_acids",
        severity="warn",
        one=("vitamin_c",),
        other=ACIDS,
        message=(
            "Vitamin C with an exfoliating acid can be too much at once. One in the morning, one at night.",
            "维C和酸类一起上，有些皮肤会受不了。建议一早一晚分开。",
        ),
        headline=("Vitamin C × acids", "维C × 酸类"),
        why=(
            "Strong vitamin C is acidic itself. Beside another acid some skin tingles and dries.",
            "高浓度维C本身就偏酸，再叠酸类，有些人会刺痛、发干。",
        ),
        advice=(
            Advice(
                "separate_time",
                (
                    "Vitamin C in the morning, the acid at night, or alternate days.",
                    "早上维C，晚上酸类；或者隔天用。",
                ),
            ),
            Advice(
                "reduce_frequency",
                ("If it tingles or dries, use them less often.", "觉得刺或干，就降低使用频率。"),
            ),
        ),
    ),
    ConflictRule(
        id="multiple_exfoliants",
        severity="warn",
        one=("aha",),
        other=("bha",),
        any_two=True,
        message=(
            "Several exfoliants in one routine. Watch for dryness, and use them less often.",
            "流程里不止一种去角质成分。留意是否发干，适当降低频率。",
        ),
        headline=("Multiple exfoliants", "多重去角质"),
        why=(
            "Acids add up. Too much exfoliation shows as dryness, stinging or new breakouts.",
            "酸类会叠加，去角质过度时，皮肤会干、刺痛，甚至冒痘。",
        ),
        advice=(
            Advice(
                "reduce_frequency",
                ("Two or three acid nights a week in total.", "所有酸类加起来，每周2–3次就够。"),
            ),
            Advice(
                "avoid_layering",
                ("Never two acids in the same routine.", "同一次护肤里，不要叠两种酸。"),
            ),
        ),
    ),
)

BY_ID: dict[str, ConflictRule] = {rule.id: rule for rule in RULES}

# Of a rule that somebody else's table has.
OTHER_HEADLINE: Pair = ("Take care combining these", "这两步搭配要留意")
OTHER_WHY: Pair = (
    "These two may not sit well together. I have no more detail on it.",
    "这两步放在一起可能不太合适，暂时没有更多细节。",
)
OTHER_ADVICE: tuple[Advice, ...] = (
    Advice(
        "reduce_frequency",
        ("Use them less often, and patch-test first.", "先降低频率，并在小范围试用。"),
    ),
)


class Fired(msgspec.Struct, frozen=True):
    """A rule that fired, and the two steps behind it, lower first; the same step twice if both sit in it."""

    rule: ConflictRule
    steps: tuple[int, int]


def conflicts(steps: Sequence[frozenset[str]]) -> Iterator[Fired]:
    """The rules that fire over the actives of each step, in table order."""
    for rule in RULES:
        pair = _pair(rule, steps)
        if pair is not None:
            yield Fired(rule, pair)


def _pair(rule: ConflictRule, steps: Sequence[frozenset[str]]) -> tuple[int, int] | None:
    one, other = _with(rule.one, steps), _with(rule.other, steps)
    if not one or not other:
        return None
    if rule.any_two:
        either = sorted({*one, *other})
        return either[0], either[min(1, len(either) - 1)]
    apart = next(((a, b) for a in one for b in other if a != b), (one[0], other[0]))
    return min(apart), max(apart)


def _with(groups: tuple[str, ...], steps: Sequence[frozenset[str]]) -> list[int]:
    """Steps with one of `groups`: those of the first group first, each step once."""
    return list(dict.fromkeys(index for group in groups for index, step in enumerate(steps) if group in step))
