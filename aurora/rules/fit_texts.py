"""What is said of one product: the question for it, and the verdict in its sections (contract B 8.8, 17.2).

Section heads stand verbatim, because tests of the old service look for them (B 17.6): 结论： 风险点：
停用信号：, "Verdict:", "Risk points:", "How to use (frequency/order/timeline):"; so do "product name",
"link", "paste the product link" and 产品链接.
"""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.goals import skin_name
from aurora.rules.notices import pick
from aurora.rules.product_analysis import Analysis, Verdict, verdict_word
from aurora.rules.product_reading import product_name
from aurora.rules.reco_reasons import goal_words

Pair = tuple[str, str]

_ANCHOR: Pair = (
    "I can check one product for you. I just need the product name (brand and name) or a link to it.",
    "可以帮你评估一款产品。请告诉我产品名（品牌+名称），或者发一个产品链接。",
)
_PASTE: Pair = (
    "Please paste the product link here, or type its full name with the brand.",
    "请把产品链接粘贴在这里，或者直接输入品牌加完整的产品名。",
)

_HEADS: dict[str, Pair] = {
    "verdict": ("Verdict:", "结论："),
    "profile": ("Your skin:", "你的肤况："),
    "why": ("Why:", "理由："),
    "risks": ("Risk points:", "风险点："),
    "instead": ("Safer alternatives:", "更稳妥的选择："),
    "use": ("How to use (frequency/order/timeline):", "怎么用（频率/顺序/周期）："),
    "stop": ("Stop signals:", "停用信号："),
}
_SENSITIVITY: dict[str, Pair] = {
    "low": ("low sensitivity", "敏感度低"),
    "medium": ("medium sensitivity", "敏感度中等"),
    "high": ("high sensitivity", "敏感度高"),
}
_BARRIER: dict[str, Pair] = {
    "healthy": ("stable barrier", "屏障稳定"),
    "impaired": ("impaired barrier", "屏障受损"),
}
_NO_PROFILE: Pair = (
    "not known yet, so this is a general reading.",
    "还不了解，所以先按一般情况判断。",
)
_NO_RISKS: Pair = (
    "no explicit risk flags in what I could read. Still, patch-test first.",
    "目前读到的信息里没有明确的风险提示，仍建议先局部试用。",
)
_NOT_READ: Pair = (
    "I couldn't read its ingredient list, so risks are open.",
    "没能读到成分表，风险暂时无法判断。",
)
_INSTEAD: Pair = (
    "a plain moisturizer with ceramides or panthenol, fragrance-free.",
    "不含香精、以神经酰胺或泛醇为主的基础保湿。",
)
_USE: dict[Verdict, Pair] = {
    "suitable": (
        "every other day for a week, then daily if skin stays calm; thin to thick; judge it after 4 weeks.",
        "第一周隔天用，皮肤稳定再改成每天；质地由稀到稠，用满4周再看效果。",
    ),
    "likely": (
        "two or three times a week, then every other day; nothing else new; judge it after 4 weeks.",
        "先每周用2–3次，再改成隔天；期间不加别的新品。用满4周再看效果。",
    ),
    "caution": (
        "patch-test for 3 days, then one or two nights a week under moisturizer; go on if 2 weeks stay calm.",
        "先局部试3天，再每周晚上用1–2次，之后涂保湿；两周都稳定再继续。",
    ),
    "avoid": ("leave it out for now.", "目前先不要用。"),
    "unknown": (
        "hold it until I can read it. Send the link or the full ingredient list, and I'll look again.",
        "先别急着用。发我产品链接或完整成分表，我再看一次。",
    ),
}
_STOP: Pair = (
    "stinging that stays, redness, itching or new bumps. Rinse, pause 5–7 days; see a doctor if it lasts.",
    "持续刺痛、泛红、发痒或冒新痘。先洗掉，停5–7天；一直不退就去看医生。",
)
_UNKNOWN_REASONS: tuple[Pair, ...] = (
    ("I have no reliable analysis of it right now.", "目前还没有可靠的分析结果。"),
    (
        "The evidence behind it is missing, so my confidence is low.",
        "缺少成分证据，所以把握不大。",
    ),
    (
        "Send the product link or the full INCI list, and I'll check again.",
        "发我产品链接或完整的成分表（INCI），我再帮你看。",
    ),
)
_UNFINISHED: Pair = (
    "I couldn't finish the full product check in time. Please send it again in a moment.",
    "这次没来得及做完整的产品评估，稍后再发一次就好。",
)


def anchor_prompt(lang: Lang) -> str:
    """A verdict is wanted, a product is not named."""
    return pick(lang, _ANCHOR)


def paste(lang: Lang) -> str:
    """A link or a name was announced."""
    return pick(lang, _PASTE)


def unknown_reasons(lang: Lang) -> list[str]:
    """Why there is no verdict, and what would help."""
    return [pick(lang, reason) for reason in _UNKNOWN_REASONS]


def unfinished(lang: Lang) -> str:
    """The budget ended before the verdict."""
    return pick(lang, _UNFINISHED)


def has_sections(text: str) -> bool:
    """Does an upstream's own text already have the sections of a verdict?"""
    return any(all(_HEADS[name][side] in text for name in ("verdict", "risks")) for side in (0, 1))


def verdict(analysis: Analysis, profile: Profile | None, lang: Lang, *, cautions: Sequence[str] = ()) -> str:
    """The verdict in sections, in markdown. cautions: what the safety rules say of it, before other risks."""
    judged = analysis.verdict or "unknown"
    name = product_name(analysis.product)
    read = bool(analysis.evidence.get("science", {}).get("key_ingredients"))
    science = analysis.evidence.get("science", {})
    risks = list(dict.fromkeys([*cautions, *science.get("risk_notes", [])]))[:3]
    told: dict[str, str | list[str]] = {
        "verdict": verdict_word(judged, lang) + (pick(lang, (f" ({name})", f"（{name}）")) if name else ""),
        "profile": _profile(profile, lang),
        "why": list(analysis.reasons[:2]),
        "risks": risks or pick(lang, _NO_RISKS if read else _NOT_READ),
        "instead": _alternatives(analysis, lang) if judged in ("caution", "avoid", "unknown") else [],
        "use": _usage(analysis, judged, lang),
        "stop": pick(lang, _STOP),
    }
    return "\n\n".join(_section(head, told[head], lang) for head in _HEADS if told[head])


def _usage(analysis: Analysis, judged: Verdict, lang: Lang) -> str:
    """How its source says to use it, in the reader's script; else how one starts with such a verdict."""
    told = analysis.how_to_use
    if isinstance(told, str) and judged not in ("avoid", "unknown") and (lang == "EN" or not told.isascii()):
        return told
    return pick(lang, _USE[judged])


def _section(head: str, told: str | list[str], lang: Lang) -> str:
    title = f"**{pick(lang, _HEADS[head])}**"
    if isinstance(told, str):
        return title + ("" if lang == "CN" else " ") + told[:1].upper() + told[1:]
    return "\n".join([title, *(f"- {line}" for line in told)])


def _profile(profile: Profile | None, lang: Lang) -> str:
    known = profile or Profile()
    parts = []
    if known.skinType and known.skinType != "unknown":
        parts.append(skin_name(known.skinType, lang) + (" skin" if lang == "EN" else "皮肤"))
    parts += [
        pick(lang, words[value])
        for words, value in ((_SENSITIVITY, known.sensitivity), (_BARRIER, known.barrierStatus))
        if value in words
    ]
    goals = goal_words(known, lang)
    if goals:
        parts.append(pick(lang, (f"working on {goals}", f"想改善{goals}")))
    if not parts:
        return pick(lang, _NO_PROFILE)
    return ("，" if lang == "CN" else ", ").join(parts) + pick(lang, (".", "。"))


def _alternatives(analysis: Analysis, lang: Lang) -> str:
    names = [product_name(row) for row in analysis.candidates[:2]]
    if not names:
        return pick(lang, _INSTEAD)
    return ("、" if lang == "CN" else ", ").join(names) + pick(lang, (".", "。"))
