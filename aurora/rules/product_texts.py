"""What is said of a product that was recognised or judged: in the chat bubble, and as reasons on its card.

Reasons about the person are true statements about the person; reasons about the product only repeat what its
evidence says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.goals import goal_kind, skin_name
from aurora.rules.notices import pick
from aurora.rules.product_analysis import Verdict
from aurora.rules.product_heroes import Known

Pair = tuple[str, str]

_LEVELS: Final[dict[str, Pair]] = {
    "low": ("low sensitivity", "敏感度低"),
    "medium": ("medium sensitivity", "敏感度中等"),
    "high": ("high sensitivity", "敏感度高"),
}
_BARRIERS: Final[dict[str, Pair]] = {
    "healthy": ("a stable barrier", "屏障稳定"),
    "impaired": ("an impaired barrier", "屏障受损"),
}
_PRIORITIES: Final[dict[str, Pair]] = {
    "oil": ("oil control", "控油"),
    "hydration": ("hydration", "补水保湿"),
    "gentle": ("low irritation", "低刺激"),
    "barrier": ("barrier repair", "修护屏障"),
    "breakouts": ("fewer breakouts", "减少痘痘"),
    "tone": ("a more even tone", "匀净肤色"),
}
_FITS: Final[dict[str, Pair]] = {
    "oil_and_tone": (
        "{name} is in line with that: it works on oil and tone.",
        "其中的{name}正好对应：有助控油、匀净肤色。",
    ),
    "barrier": (
        "{name} is in line with that: it supports the barrier.",
        "其中的{name}正好对应：有助修护屏障。",
    ),
}
_START_LOW: Final[Pair] = (
    "Start with two nights a week, and pause if it stings or reddens.",
    "先每周用两晚，刺痛或泛红就暂停。",
)
_TRY_FIRST: Final[Pair] = (
    "Try a little first, and pause if it stings or reddens.",
    "先小面积试用，刺痛或泛红就暂停。",
)
_HERO: Final[Pair] = ("Most impactful ingredient: {name}. It {why}.", "最关键的成分：{name}，{why}。")
_HERO_PLURAL: Final = frozenset({"ceramide", "sunscreen_filters", "peptides"})

_FROM_EVIDENCE: Final[dict[str, Pair]] = {
    "risks": ("Worth knowing: {}.", "需要留意：{}。"),
    "disliked": ("Some users mention: {}.", "部分用户反馈：{}。"),
    "mechanism": ("How it works: {}.", "作用方式：{}。"),
    "liked": ("Users often mention: {}.", "用户常提到：{}。"),
    "contains": ("Its key ingredients: {}.", "主要成分：{}。"),
    "no_risks": (
        "No explicit risk flags in the evidence I could read.",
        "在读到的资料里没有明确的风险提示。",
    ),
    "label_only": (
        "The source gave only a verdict, without its reasons, so take it with care.",
        "来源只给了结论、没有说明理由，请谨慎参考。",
    ),
}
_UNKNOWN: Final[dict[str, tuple[Pair, ...]]] = {
    "no_answer": (
        ("I have no reliable analysis of it right now.", "目前还没有可靠的分析结果。"),
        (
            "The evidence behind it is missing, so my confidence is low.",
            "缺少成分证据，所以把握不大。",
        ),
        (
            "Send the product link or the full INCI list, and I'll check again.",
            "发我产品链接或完整的成分表（INCI），我再帮你看。",
        ),
    ),
    "not_indexed": (
        (
            "This product isn't in the catalogue or the knowledge base I can read yet.",
            "这款产品还没有收录在我能查到的商品目录和知识库里。",
        ),
        (
            "Share its INCI list (the ingredients on the back), or ask again once it is listed.",
            "把背面的成分表（INCI）发给我，或等收录后再查。",
        ),
    ),
}

_PARSED: Final[Pair] = ("I read this as {name}.", "识别到的产品：「{name}」。")
_PARSED_UNSURE: Final[Pair] = (
    "This looks like {name}, but I'm not sure. Is that the one?",
    "看起来是「{name}」，但我不太确定，是这款吗？",
)
_NOT_PARSED: Final[Pair] = (
    "I couldn't recognise a product there. The brand with the full name, or a link to its page, would help.",
    "没能认出是哪款产品。告诉我品牌加完整产品名，或发一个产品页链接，会更容易找到。",
)
_SAID: Final[dict[Verdict, Pair]] = {
    "suitable": ("{name}: suitable, going by what I could read.", "{name}：就目前查到的信息看，适合。"),
    "likely": ("{name}: likely suitable.", "{name}：较适合。"),
    "caution": ("{name}: use it with caution.", "{name}：谨慎使用。"),
    "avoid": ("{name}: I'd leave this one out for now.", "{name}：目前不建议用。"),
    "unknown": ("{name}: I can't give a verdict yet.", "{name}：暂时无法给出结论。"),
}
_THIS_ONE: Final[Pair] = ("This product", "这款产品")


def parsed(name: str, lang: Lang, *, sure: bool) -> str:
    """A product was looked for. name: "" if none was found. sure: it is no guess."""
    if not name:
        return pick(lang, _NOT_PARSED)
    return pick(lang, _PARSED if sure else _PARSED_UNSURE).format(name=name)


def judged(
    name: str, verdict: Verdict, reasons: Sequence[str], lang: Lang, profile: Profile | None = None
) -> str:
    """The verdict in a sentence, with two of its reasons: the client may not draw the card (F 16 T2).

    What she has told us herself is left to the card: her skin always, and all of it without a verdict.
    """
    lead = pick(lang, _SAID[verdict]).format(name=name or pick(lang, _THIS_ONE))
    hers = profile_lines(profile, (), lang, strong=False)
    known = hers if verdict == "unknown" else [line for line in hers if line == _skin_line(profile, lang)]
    told = [line for line in reasons if line not in known]
    return "\n".join([lead, *(f"- {line}" for line in (told or reasons)[:2])])


def unknown_reasons(why: str, lang: Lang) -> list[str]:
    """Why there is no verdict. why: `no_answer` or `not_indexed`."""
    return [pick(lang, line) for line in _UNKNOWN[why]]


def hero_line(hero: Known, lang: Lang) -> str:
    """Which ingredient does most of the work."""
    why = pick(lang, hero.why)
    if hero.id in _HERO_PLURAL and lang == "EN":
        return f"Most impactful ingredient: {pick(lang, hero.name)}. They {why}."
    return pick(lang, _HERO).format(name=pick(lang, hero.name), why=why)


def named_hero_line(name: str, why: str, lang: Lang) -> str:
    """The same for an ingredient that a source named itself."""
    told = why.rstrip(".。")
    if not told:
        return pick(lang, (f"Most impactful ingredient: {name}.", f"最关键的成分：{name}。"))
    return pick(lang, (f"Most impactful ingredient: {name}. {told}.", f"最关键的成分：{name}，{told}。"))


def profile_lines(profile: Profile | None, found: Sequence[Known], lang: Lang, *, strong: bool) -> list[str]:
    """Up to three lines that tie the product to the person; [] if nothing is known of her.

    found: what is in the product. strong: it holds something that irritates.
    """
    if profile is None:
        return []
    skin, wanted = _skin_line(profile, lang), _wanted(profile)
    lines = [skin] if skin else []
    if wanted:
        named = ("、" if lang == "CN" else ", ").join(pick(lang, _PRIORITIES[key]) for key in wanted)
        lines.append(pick(lang, (f"What matters most for you: {named}.", f"你最需要关注：{named}。")))
    parts = (_fit(wanted, found, lang), _slowly(profile, lang, strong))
    last = ("" if lang == "CN" else " ").join(part for part in parts if part)
    if last and lines:
        lines.append(last)
    return lines[:3]


def from_evidence(kind: str, names: Sequence[str], lang: Lang) -> str:
    """A line that repeats what the evidence says, of up to three names; "" if it says nothing."""
    told = [name.strip().rstrip(".。;；") for name in names if name.strip()][:3]
    line = pick(lang, _FROM_EVIDENCE[kind])
    if "{}" not in line:
        return line
    return line.format(("、" if lang == "CN" else ", ").join(told)) if told else ""


def _skin_line(profile: Profile | None, lang: Lang) -> str:
    """The skin that a product was checked against; "" if nothing is known of it."""
    tags = _tags(profile, lang) if profile is not None else []
    joined = ("、" if lang == "CN" else ", ").join(tags)
    return pick(lang, (f"Checked against your skin: {joined}.", f"结合你的肤况：{joined}。")) if tags else ""


def _tags(profile: Profile, lang: Lang) -> list[str]:
    tags = []
    if profile.skinType and profile.skinType != "unknown":
        tags.append(skin_name(profile.skinType, lang))
    tags += [
        pick(lang, words[value])
        for words, value in ((_LEVELS, profile.sensitivity), (_BARRIERS, profile.barrierStatus))
        if value in words
    ]
    return tags


def _wanted(profile: Profile) -> list[str]:
    kinds = {goal_kind(goal) for goal in profile.goals}
    checks = (
        ("oil", profile.skinType in ("oily", "combination")),
        ("hydration", profile.skinType == "dry"),
        ("gentle", profile.sensitivity in ("medium", "high")),
        ("barrier", profile.barrierStatus == "impaired"),
        ("breakouts", "breakouts" in kinds),
        ("tone", "tone" in kinds),
    )
    return [key for key, holds in checks if holds][:4]


def _fit(wanted: Sequence[str], found: Sequence[Known], lang: Lang) -> str:
    by_id = {known.id: known for known in found}
    if {"oil", "tone", "breakouts"} & set(wanted) and "niacinamide" in by_id:
        return pick(lang, _FITS["oil_and_tone"]).format(name=pick(lang, by_id["niacinamide"].name))
    repair = next((by_id[key] for key in ("ceramide", "panthenol", "centella") if key in by_id), None)
    if "barrier" in wanted and repair is not None:
        line = pick(lang, _FITS["barrier"]).format(name=pick(lang, repair.name))
        plural = repair.id in _HERO_PLURAL and lang == "EN"
        return line.replace(" is in", " are in").replace("it supports", "they support") if plural else line
    return ""


def _slowly(profile: Profile, lang: Lang, strong: bool) -> str:
    """Two nights a week is for what irritates: a barrier cream or a sunscreen is for every day."""
    careful = profile.barrierStatus == "impaired" or profile.sensitivity == "high"
    if strong and (careful or profile.sensitivity == "medium"):
        return pick(lang, _START_LOW)
    return pick(lang, _TRY_FIRST) if careful else ""
