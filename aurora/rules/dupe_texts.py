"""What is said when one product is put beside another (contract D 2.4, 3.3, 3.4), in both languages.

`TRADEOFFS` are lines of the card, whole sentences about facts that a source named; `OVER` stands over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick

Pair = tuple[str, str]

TRADEOFFS: Final[Mapping[str, Pair]] = {
    "lighter": (
        (
            "Texture: the original seals with richer occlusives, the alternative leans on humectants. "
            "Expect a lighter feel and less of a protective film."
        ),
        "质地：原款更多靠油脂封闭锁水，替代款以补水保湿成分为主，肤感会更轻，但锁水感会弱一些。",
    ),
    "richer": (
        (
            "Texture: the alternative has richer occlusives that the original doesn't. "
            "Expect a heavier feel and more of a protective film."
        ),
        "质地：替代款多了封闭性更强的油脂类成分，肤感会更厚重，锁水感也更强。",
    ),
    "both_seal": (
        "Both seal moisture in with {names}, so the protective feel should be close.",
        "两款都用{names}来锁水，滋润和封闭感应该比较接近。",
    ),
    "both_moisten": (
        "Both hydrate with {names}, so that part is shared.",
        "两款都用{names}补水，这方面是一致的。",
    ),
    "irritates": (
        "Irritation: the alternative adds {names}, so it may sting more. Start with two nights a week.",
        "刺激性：替代款多了{names}，可能更容易刺痛，建议从每周两晚开始。",
    ),
    "irritates_fragile": (
        (
            "Irritation: the alternative adds {names}. Your barrier needs calm right now, so hold off, "
            "and patch-test before you start."
        ),
        "刺激性：替代款多了{names}。你的屏障现在比较脆弱，建议先缓一缓，状态稳定后做过局部测试再用。",
    ),
    "scented": (
        "Scent: the alternative adds {names}; worth a patch test if your skin reacts easily.",
        "香味：替代款多了{names}，皮肤容易敏感的话，建议先做局部测试。",
    ),
    "drying": (
        "Feel: the alternative adds {names}; it dries down fast and may feel drying.",
        "肤感：替代款多了{names}，干得快，但可能偏干。",
    ),
    "omits": (
        "The alternative may leave out {names}, so expect less of what that does.",
        "替代款可能不含{names}，对应的效果会弱一些。",
    ),
    "adds": ("The alternative adds {names} on top.", "替代款额外添加了{names}。"),
    "emphasis": (
        "Key ingredients: the original leans on {original}, the alternative on {dupe}.",
        "主打成分不同：原款以{original}为主，替代款以{dupe}为主。",
    ),
    "hero_shift": (
        "The leading ingredient changes from {original} to {dupe}, so results may differ.",
        "核心成分由{original}换成了{dupe}，效果侧重会有所不同。",
    ),
    "same_heart": (
        "Both are built around {names}; strength and texture may still differ.",
        "两款都以{names}为主，浓度和质地仍可能不同。",
    ),
    "risk": ("Also watch with the alternative: {told}.", "用替代款还要留意：{told}。"),
    "cheaper": (
        "Price: about US${amount} less than the original.",
        "价格：比原款大约便宜 {amount} 美元。",
    ),
    "dearer": ("Price: about US${amount} more than the original.", "价格：比原款大约贵 {amount} 美元。"),
    "availability": ("Where to get it: {told}.", "购买渠道：{told}。"),
    "limited": (
        (
            "I couldn't get usable details on how these two differ, so this comparison is limited. "
            "Send the alternative's link or full name, or pick one of the suggested alternatives."
        ),
        (
            "这次没有拿到两款之间的具体差别，对比有限。可以发一下替代款的链接或完整名称，"
            "或者从推荐的替代款里选一个。"
        ),
    ),
    "main_difference": (
        "The one difference I can confirm: {told}.",
        "就目前查到的资料看，能确认的主要差别是：{told}。",
    ),
}

OVER: Final[Mapping[str, Pair]] = {
    "compared": ("{original} next to {dupe}. {first}", "帮你把{original}和{dupe}放在一起比了比。{first}"),
    "cheaper_found": (
        "Like {original}, for less: {dupes}, starting with {best}.",
        "比{original}更省的有 {dupes} 款，可以先看{best}。",
    ),
    "and_close": (
        "Close in feel, though no cheaper: {comparables}.",
        "另有 {comparables} 款定位相近，只是价格不占优。",
    ),
    "only_close": (
        "I found nothing cheaper like {original}, but something close: {comparables}, starting with {best}.",
        "没找到比{original}更便宜的平替，不过有 {comparables} 款相近的，可以先看{best}。",
    ),
    "tap_compare": ("Tap compare to see what you'd trade.", "点“对比”就能看到各自的取舍。"),
    "none_found": (
        (
            "I couldn't find a match for {original} yet. Its full name with the variant, "
            "or a link to the product page, usually helps."
        ),
        "暂时没找到和{original}相近的。发一下完整名称和规格，或者产品链接，会更准。",
    ),
    "came_late": (
        "I couldn't finish looking for matches for {original}. Please try again in a moment.",
        "这次没来得及找完和{original}相近的产品，稍后再试一次吧。",
    ),
    "as_known": (
        "A fresh check didn't come through, so these are the matches I already knew.",
        "这次没能重新核对，下面是之前确认过的结果。",
    ),
    "checked_lately": (
        "This was checked a short while ago, so here is that result.",
        "刚刚才核对过这款，先给你看那次的结果。",
    ),
}
_NAME_CAP: Final = 80
_BLANKS: Final[Mapping[str, Pair]] = {
    "original": ("the original", "原款"),
    "dupe": ("the alternative", "替代款"),
    "product": ("this product", "这款产品"),
}


def tradeoff(name: str, lang: Lang, **parts: str) -> str:
    """A line of the card. parts: what its placeholders stand for."""
    return pick(lang, TRADEOFFS[name]).format(**parts)


def over(name: str, lang: Lang, **parts: str) -> str:
    """A sentence over the card. A brand keeps its small letter, our own words do not."""
    said = pick(lang, OVER[name]).format(**parts)
    return said[:1].upper() + said[1:] if said.startswith(("the ", "this ")) else said


def product(name: str, lang: Lang, *, blank: str = "product") -> str:
    """A product inside of a sentence; without a name what it is to the other one."""
    told = name if len(name) <= _NAME_CAP else f"{name[: _NAME_CAP - 1].rstrip()}…"
    if not told:
        return pick(lang, _BLANKS[blank])
    return f"「{told}」" if lang == "CN" else told


def options(number: int, lang: Lang) -> str:
    """How many there are."""
    return str(number) if lang == "CN" else f"{number} option{'' if number == 1 else 's'}"


def clause(line: str) -> str:
    """A source's line without its full stop, to stand inside of one of ours."""
    return line.rstrip(" .。;；")
