"""What people call their goals and their skin, in their words and in ours."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.text import fold

Pair = tuple[str, str]

# What a goal is, told from its words: kind -> (needles, how we call it).
_GOALS: tuple[tuple[str, tuple[str, ...], Pair], ...] = (
    # Marks that breakouts leave are a matter of tone.
    ("tone", ("痘印", "acne mark", "acne scar"), ("dark marks and tone", "暗沉与色斑")),
    ("breakouts", ("acne", "breakout", "blemish", "pimple", "痘", "闭口", "粉刺"), ("breakouts", "痘痘")),
    (
        "pores",
        ("pore", "texture", "rough", "blackhead", "毛孔", "黑头", "粗糙"),
        ("pores and texture", "毛孔和肤质"),
    ),
    (
        "redness",
        (
            "redness",
            "reddish",
            "red skin",
            "red face",
            "flush",
            "sensitiv",
            "sooth",
            "calm",
            "irritat",
            "reactive",
            "泛红",
            "敏感",
            "舒缓",
        ),
        ("redness", "泛红"),
    ),
    ("barrier", ("barrier", "repair", "屏障", "修护", "修复"), ("barrier repair", "屏障修护")),
    (
        "tone",
        ("dark", "spot", "tone", "bright", "pigment", "dull", "淡斑", "斑", "暗沉", "美白", "提亮"),
        ("dark marks and tone", "暗沉与色斑"),
    ),
    (
        "firmness",
        (
            "wrinkl",
            "aging",
            "ageing",
            "anti age",
            "firm",
            "fine line",
            "皱",
            "抗老",
            "抗衰",
            "紧致",
        ),
        ("firmness and fine lines", "紧致与细纹"),
    ),
    (
        "hydration",
        ("hydrat", "dry", "tight", "moistur", "补水", "保湿", "干燥", "缺水"),
        ("hydration", "补水保湿"),
    ),
)


def goal_kind(goal: str) -> str | None:
    """Which kind of goal somebody's words mean, None when we cannot tell."""
    told = fold(goal).replace("_", " ").replace("-", " ").strip()
    if told == "red":  # not "reduce", not "tired"
        return "redness"
    return next((kind for kind, needles, _ in _GOALS if any(n in told for n in needles)), None)


def goal_name(goal: str, lang: Lang) -> str:
    """How we call a goal; somebody's own words when we do not know it."""
    kind = goal_kind(goal)
    named = next((name for known, _, name in _GOALS if known == kind), None)
    return pick(lang, named) if named else goal.replace("_", " ")[:24]


def joined(names: Sequence[str], lang: Lang) -> str:
    """Names in one phrase."""
    return "、".join(names) if lang == "CN" else " and ".join(names)


_SKIN: tuple[tuple[str, Pair], ...] = (
    ("combination", ("combination", "混合性")),
    ("oily", ("oily", "油性")),
    ("dry", ("dry", "干性")),
    ("normal", ("normal", "中性")),
    ("sensitive", ("sensitive", "敏感性")),
)


def skin_name(skin_type: str, lang: Lang) -> str:
    """A skin type in the reply language; the person's own word when we do not know it."""
    told = fold(skin_type).strip()
    return next((pick(lang, name) for key, name in _SKIN if key == told), skin_type[:24])
