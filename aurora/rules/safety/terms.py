"""The vocabulary of the safety engine: named sets of terms, English by whole words, Chinese anywhere.

English terms are small regular expressions and take a plural; Chinese ones are literal and may be written
with blanks inside ("A 醇"). Contract B 9.2 lists the sets; what we added to a list is marked in its note.
"""

from __future__ import annotations

import re

import msgspec


class Terms(msgspec.Struct, frozen=True):
    """A set of terms. en: word-bounded expressions; cn: substrings. note: what a reviewer should know.

    stems: every English term has one of them in it, so that a text without any need not be read; none given
    says nothing.
    """

    name: str
    about: str
    en: tuple[str, ...]
    cn: tuple[str, ...] = ()
    note: str = ""
    stems: tuple[str, ...] = ()


_NOT_AN_EXFOLIANT = "".join(
    f"(?<!{kind} )"
    for kind in (
        "hyaluronic",
        "ascorbic",
        "azelaic",
        "tranexamic",
        "amino",
        "fatty",
        "folic",
        "kojic",
        "ferulic",
    )
)
_ACIDS = r"(?:glycolic|lactic|mandelic|salicylic|ahas?|bhas?|phas?)(?: acids?)?"
_OFTEN = (
    r"(?:every ?day|everyday|daily|every (?:single )?(?:day|night|morning|evening)"
    r"|each (?:day|night)|twice a day|nightly)"
)
_ACID_WORDS = rf"(?:{_NOT_AN_EXFOLIANT}acids?|exfoliat\w{{0,4}}|{_ACIDS})"
_OFTEN_CN = "天天|每天|每晚|每日|早晚都|日日"
_ACID_CN = "刷酸|果酸|水杨酸|杏仁酸|去角质|焕肤"

TABLE: tuple[Terms, ...] = (
    Terms(
        "ISO",
        "isotretinoin by mouth",
        ("accutane", "roaccutane", "(?:oral )?isotretinoin", "absorica", "claravis"),
        ("异维a酸", "异维甲酸", "泰尔丝", "异维a"),
        "Brand names are ours.",
        stems=("accutane", "isotretinoin", "absorica", "claravis"),
    ),
    Terms(
        "RET",
        "retinoids on the skin",
        (
            "retinoids?",
            "retinols?",
            "retinals?",
            "retinaldehydes?",
            "tretinoin",
            "retin-a",
            "adapalene",
            "differin",
            "epiduo",
            "tazarotene",
            "tazorac",
            "trifarotene",
            r"retinyl \w{4,14}",
            r"(?:\w{3,24} )?retinoates?",
        ),
        (
            "维a酸",
            "维a",
            "a醇",
            "a酸",
            "维甲酸",
            "维甲",
            "视黄醇",
            "视黄醛",
            "视黄酸",
            "阿达帕林",
            "达芬文",
            "他扎罗汀",
            "早c晚a",
        ),
        "Brand names, esters and 视黄醇, 视黄醛 are ours. 异维a酸 is ISO and nothing else.",
        stems=("retin", "adapalene", "differin", "epiduo", "tazarotene", "tazorac", "trifarotene"),
    ),
    Terms("HQ", "hydroquinone", ("hydroquinones?",), ("氢醌", "对苯二酚"), stems=("hydroquinone",)),
    Terms(
        "SAL",
        "salicylic acid at peel strength",
        (
            r"salicylic acid\b.{0,16}\b(?:30|20|high|strong)",
            r"(?:30|20)\s?%? salicylic(?: acid)?",
            "(?:high|strong)(?:[- ]strength)? salicylic(?: acid)?",
            "bha peels?",
            "salicylic(?: acid)? peels?",
        ),
        ("高浓度水杨酸", "水杨酸焕肤"),
    ),
    Terms(
        "PEEL",
        "chemical peels",
        (
            "(?:chemical|acid|tca|glycolic|jessner'?s?) peel(?:s|ing)?",
            "peel kits?",
            "peeling kits?",
            "peeling solutions?",
        ),
        ("焕肤", "刷酸换肤", "剥脱", "化学换肤"),
        stems=("peel",),
    ),
    Terms(
        "RX",
        "prescription medicines",
        ("prescriptions?", "prescribed", "rx", r"(?:doctor|derm|dermatologist) gave me"),
        ("处方", "医生开", "药膏", "皮肤科开"),
    ),
    Terms("OIL", "essential oils", ("essential oils?",), ("香精精油", "精油")),
    Terms(
        "ACNE",
        "acne",
        ("acne", r"break ?outs?", "breaking out", "pimples?", "zits?"),
        ("控痘", "痘痘", "闭口", "粉刺", "长痘", "爆痘", "祛痘"),
    ),
    Terms(
        "CHEST",
        "chest or areola",
        ("breasts?", "chest", "areolas?", "nipples?"),
        ("乳房", "胸前", "乳晕", "胸口", "乳头"),
    ),
    Terms(
        "EXF",
        "exfoliating acids",
        (_ACIDS,),
        ("果酸", "水杨酸", "杏仁酸", "甘醇酸", "乙醇酸", "葡糖酸内酯", "刷酸", "酸类去角质"),
        stems=("glycolic", "lactic", "mandelic", "salicylic", "aha", "bha", "pha"),
    ),
    Terms(
        "DAILY",
        "exfoliating every day",
        (rf"{_OFTEN}\b.{{0,12}}?\b{_ACID_WORDS}", rf"{_ACID_WORDS}\b.{{0,16}}?\b{_OFTEN}"),
        (),
        "Frequency and acid stand at most 16 characters apart, in either order.",
    ),
    Terms(
        "UVT",
        "sun or travel",
        (
            "travel(?:s|ling|ing)?",
            "trips?",
            "outdoors?",
            "beach(?:es)?",
            "sun",
            "sunny",
            "uv",
            "hiking",
            "vacation",
            "holiday",
        ),
        ("出差", "旅行", "旅游", "户外", "海边", "暴晒", "紫外线", "晒太阳"),
    ),
    Terms(
        "WEXF",
        "exfoliation of any kind",
        (
            r"exfoliat\w{0,5}",
            rf"{_NOT_AN_EXFOLIANT}acids?",
            "(?<!orange )(?<!lemon )(?<!banana )peels?",
            "peeling solution",
            _ACIDS,
        ),
        ("刷酸", "去角质", "焕肤"),
    ),
    Terms(
        "FAST",
        "a wish for results at once",
        ("overnight (?:fix|results?|cure|miracle)", "overnight", "fastest", "quickest"),
        ("立刻见效", "一夜见效", "最快见效", "一夜之间", "马上见效", "速效"),
    ),
    Terms("TRT", "tretinoin", ("tretinoin", "retin-a"), ("维甲酸", "阿维a酸", "维a酸")),
    Terms(
        "STER",
        "steroids on the face",
        (
            (
                r"(?:steroids?|hydrocortisone|cortisone|clobetasol|betamethasone)\b.{0,12}\b(?:face"
                r"|cheeks?|skin)"
            ),
            r"(?:face|cheeks?)\b.{0,12}\b(?:steroids?|hydrocortisone|cortisone)",
            "steroid creams?",
            "topical steroids?",
        ),
        ("激素脸", "激素药膏", "激素依赖"),
        "Named creams are ours.",
    ),
    Terms(
        "STRONG",
        "actives for adults",
        ("strong actives?", "high[- ]strength", "retinoids?", "hydroquinones?"),
        ("高强度活性", "猛药抗老", "高浓度", "猛药"),
    ),
    Terms(
        "BFSAFE",
        "what is safe when breastfeeding",
        (
            r"(?:breast-?feeding|lactating|nursing)\b.{0,20}?\bsafe",
            r"safe\b.{0,24}?\b(?:breast-?feeding|lactating|nursing)",
        ),
        (),
    ),
    Terms("BENZOYL", "benzoyl peroxide", ("benzoyl peroxide", "bpo"), ("过氧化苯甲酰",)),
    Terms(
        "TOGETHER",
        "using things together",
        (
            "add(?:ing)?",
            "stack(?:ing)?",
            "combin(?:e|ing)",
            "mix(?:ing)?",
            "layer(?:ing)?",
            "together",
            "same (?:night|routine)",
        ),
        ("叠加", "一起用", "同晚", "同用", "混用", "一起涂", "搭配"),
    ),
)

_GUARDED = ("维a酸", "维a", "维甲酸", "维甲", "a酸")

# Chinese patterns that need a gap: they cannot be literal substrings.
CN_GAPS: dict[str, str] = {
    "RET": r"(?<!异)(?:维\s?a(?![a-z])(?:酸)?|维\s?甲(?:酸)?)|(?<!异维)(?<!异维 )(?<!异 维 )a\s?酸",
    "DAILY": rf"(?:{_OFTEN_CN}).{{0,12}}?(?:{_ACID_CN})|(?:{_ACID_CN}).{{0,6}}?(?:{_OFTEN_CN})",
    "EXF": r"(?<!透明)乳酸(?!菌|杆)",
    "STER": r"激素.{0,12}?(?:脸|面)|(?:脸|面).{0,12}?激素",
    "BFSAFE": r"(?:哺乳|母乳|喂奶).{0,20}?(?:可以用|安全|能用)",
}


def _chinese(term: str) -> str:
    return r"\s?".join(re.escape(char) for char in term)


def _english(terms: Terms) -> list[str]:
    return [r"\b(?:" + "|".join(terms.en) + r")\b"] if terms.en else []


def _chinese_parts(terms: Terms) -> list[str]:
    parts = []
    gaps = CN_GAPS.get(terms.name)
    if gaps:
        parts.append(gaps)
    # 异维a酸 is no 维a酸: those two stand in the gapped pattern, with their look-behind.
    literal = [t for t in terms.cn if not (terms.name in ("RET", "TRT") and t in _GUARDED)]
    if terms.name == "TRT":
        parts.append(r"(?<!异)(?:维\s?a\s?酸|维\s?甲\s?酸)")
    parts.extend(_chinese(t) for t in literal)
    return parts


def _compiled(parts: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(parts), re.ASCII) if parts else None


PATTERNS: dict[str, re.Pattern[str]] = {
    terms.name: re.compile("|".join([*_english(terms), *_chinese_parts(terms)]), re.ASCII) for terms in TABLE
}
# What each Chinese pattern has in it, blanks aside: a text without any of it need not be read.
_GAPS_HOLD: dict[str, tuple[str, ...]] = {
    "RET": ("维a", "维甲", "a酸"),
    "DAILY": tuple(_ACID_CN.split("|")),
    "EXF": ("乳酸",),
    "STER": ("激素",),
    "BFSAFE": ("哺乳", "母乳", "喂奶"),
}
_CHINESE_HOLDS = {terms.name: (*terms.cn, *_GAPS_HOLD.get(terms.name, ())) for terms in TABLE}
_APART = {terms.name: (_compiled(_english(terms)), _compiled(_chinese_parts(terms))) for terms in TABLE}


def named_in(name: str, folded: str) -> bool:
    """Whether a folded text names something of a set: what `PATTERNS[name].search` would say, but sooner.

    Apart, each language is found by its first letters, English only where a stem stands, Chinese only where a
    term stands when blanks are gone; and no Chinese term can be all ASCII.
    """
    english, chinese = _APART[name]
    stems = BY_NAME[name].stems
    worth = not stems or any(stem in folded for stem in stems)
    if worth and english is not None and english.search(folded):
        return True
    if chinese is None or folded.isascii():
        return False
    bare = folded
    for blank in " \t\n\r\f\v":
        bare = bare.replace(blank, "")
    return any(part in bare for part in _CHINESE_HOLDS[name]) and chinese.search(folded) is not None


BY_NAME: dict[str, Terms] = {terms.name: terms for terms in TABLE}

# Families of actives that MULTI counts: two of them in one breath are a combination (contract B 9.2).
FAMILIES: tuple[str, ...] = ("RET", "EXF", "BENZOYL", "HQ")
