"""The answer to "may these go together?": judgement, why, a schedule, what first, when to stop (B 17.2).

Short on purpose: cell by cell advice is on the heatmap.
"""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.routine.conflict_rules import BY_ID, Pair
from aurora.rules.routine.question import Question

_WORDS: dict[str, Pair] = {
    "retinoid": ("retinoid", "维A类"),
    "benzoyl_peroxide": ("benzoyl peroxide", "过氧化苯甲酰"),
    "bha": ("BHA (salicylic acid)", "水杨酸（BHA）"),
    "aha": ("AHA", "果酸（AHA）"),
    "exfoliating_acid": ("exfoliating acid", "去角质酸类"),
    "vitamin_c": ("vitamin C", "维C"),
    "niacinamide": ("niacinamide", "烟酰胺"),
    "azelaic_acid": ("azelaic acid", "壬二酸"),
    "tranexamic_acid": ("tranexamic acid", "传明酸"),
}

_JUDGED: dict[str, Pair] = {
    "retinoid_x_acids": ("{names}: not on the same night.", "{names}不建议同一晚用。"),
    "retinoid_x_bpo": ("{names}: don't layer them.", "{names}不要叠着用。"),
    "vitc_x_acids": ("{names}: better apart.", "{names}建议分开用。"),
    "multiple_exfoliants": ("{names}: one acid at a time is enough.", "{names}一次用一种就够了。"),
}
_SCHEDULES: dict[str, Pair] = {
    "retinoid_x_acids": (
        "alternate nights. 1 retinoid, 2 moisturizer only, 3 acid, 4 moisturizer only, then repeat.",
        "隔晚交替。第1晚维A类，第2晚只保湿，第3晚酸类，第4晚只保湿，然后循环。",
    ),
    "retinoid_x_bpo": (
        "alternate nights. 1 retinoid, 2 benzoyl peroxide, 3 moisturizer only, then repeat.",
        "隔晚交替。第1晚维A类，第2晚过氧化苯甲酰，第3晚只保湿，然后循环。",
    ),
    "vitc_x_acids": (
        "vitamin C in the morning under sunscreen; the acid on two or three nights, moisturizer in between.",
        "早上维C加防晒；酸类一周两三晚，中间的晚上只保湿。",
    ),
    "multiple_exfoliants": (
        "one acid on Monday, the other on Thursday, moisturizer only on the nights in between.",
        "比如周一用一种，周四用另一种，其余晚上只保湿。",
    ),
}

_FINE: Pair = ("No known conflict between {names}.", "{names}之间没有已知冲突。")
_FINE_REASON: Pair = (
    "none of the rules I check speaks against it. Skin differs, so go by yours.",
    "我核对的规则里没有冲突项；但每个人皮肤不同，以自己的感受为准。",
)
# Two that get along and still have their own time of day.
_DAY_AND_NIGHT: dict[frozenset[str], Pair] = {
    frozenset({"retinoid", "vitamin_c"}): (
        "vitamin C in the morning under sunscreen, the retinoid at night.",
        "早上维C加防晒，晚上维A类。",
    ),
}
_FINE_SCHEDULE: Pair = (
    "bring in the new one every other night for two weeks, then more often if skin stays calm.",
    "新加的先隔晚用两周，皮肤稳定再慢慢加频率。",
)
_PRIORITY: Pair = (
    "keep one as your core active for 2–4 weeks before you add the other.",
    "先固定一个主打成分，稳定用2–4周，再加另一个。",
)
_FRAGILE: Pair = (
    "your barrier or sensitivity comes first: repair until it is calm, then one active only.",
    "先顾屏障和敏感：修护到稳定，再从一个成分开始。",
)
_STOP: Pair = (
    "stinging that stays, redness or peeling. Then pause both for 5–7 days.",
    "持续刺痛、泛红或脱皮，两样先停5–7天。",
)
_HEADS: tuple[Pair, ...] = (
    ("Verdict", "判断"),
    ("Why", "原因"),
    ("Schedule", "安排"),
    ("Priority", "先后"),
    ("Stop signals", "停用信号"),
)


def answer(question: Question, rule_ids: Sequence[str], lang: Lang, *, fragile: bool) -> str:
    """The answer, in markdown. rule_ids: of the simulation, gravest first.

    fragile: the person's barrier is impaired or their skin sensitive.
    """
    if rule_ids:
        rule = BY_ID[rule_ids[0]]
        names = _named(question, {*rule.one, *rule.other}, lang)
        reasons = [pick(lang, BY_ID[rule_id].why) for rule_id in rule_ids[:2]]
        parts = [
            pick(lang, _JUDGED[rule.id]).format(names=names),
            ("" if lang == "CN" else " ").join(reasons),
            pick(lang, _SCHEDULES[rule.id]),
        ]
    else:
        verdict = pick(lang, _FINE).format(names=_named(question, set(_WORDS), lang))
        own = _DAY_AND_NIGHT.get(frozenset((*question.routine, *question.test)), _FINE_SCHEDULE)
        parts = [verdict, pick(lang, _FINE_REASON), pick(lang, own)]
    parts += [pick(lang, _FRAGILE if fragile else _PRIORITY), pick(lang, _STOP)]
    colon = "：" if lang == "CN" else ": "
    return "\n\n".join(
        f"**{pick(lang, head)}**{colon}{part[0].upper()}{part[1:]}"
        for head, part in zip(_HEADS, parts, strict=True)
    )


def _named(question: Question, groups: set[str], lang: Lang) -> str:
    names = [name for name in (*question.routine, *question.test) if name in groups]
    words = [pick(lang, _WORDS[name]) for name in names]
    if lang == "CN":
        return "、".join(words[:-1]) + "和" + words[-1]
    return ", ".join(words[:-1]) + " and " + words[-1]
