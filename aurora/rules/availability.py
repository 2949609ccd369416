"""Is it to be had? Which questions are answered from the shop's catalogue (contract B 14).

An ordinary question is none of these: "?" and 请问 are hints only beside a known brand (B 22 row 2), and
words as common as "do you have" or 有没有 only before what looks like a product.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from aurora.rules import detectors, intents
from aurora.rules.availability_query import cleaned, compact, is_specific
from aurora.rules.request import ChatAsk
from aurora.rules.text import anywhere, fold, hit, pattern, words

Reason = Literal["availability_hint", "bare_brand_query", "availability_hint_generic"]

_READ_CAP = 600
_MOST_WORDS = 40
GENERIC = "brand_generic"
_LEAST_TARGET = 3


class Brand(msgspec.Struct, frozen=True):
    """A brand that is recognised by name. aliases: its spellings, for a resolve and for comparing rows."""

    id: str
    en: str
    cn: str
    aliases: tuple[str, ...]
    names_cn: re.Pattern[str]
    latin: re.Pattern[str]

    def named_in(self, text: str) -> bool:
        """Does folded `text` name it?"""
        return hit(text, self.names_cn, self.latin)

    def name_in(self, text: str) -> str:
        """Its name in the script in which `text` names it."""
        return self.cn if self.names_cn.search(text) else self.en


BRANDS: tuple[Brand, ...] = (
    Brand(
        "brand_winona",
        "Winona",
        "薇诺娜",
        ("Winona", "薇诺娜"),
        anywhere("薇诺娜"),
        re.compile(r"\bwinona\b|\bwei[ -]?nuo[ -]?na\b", re.ASCII | re.IGNORECASE),
    ),
    Brand(
        "brand_ipsa",
        "IPSA",
        "茵芙莎",
        ("IPSA", "茵芙莎"),
        anywhere("茵芙莎"),
        re.compile(r"\bipsa\b|\bi[ .]p[ .]s[ .]a\b", re.ASCII | re.IGNORECASE),
    ),
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An availability question. query: what to look for, at most 120 signs. specific: it names one product.

    brand: None for one that we do not know.
    """

    reason: Reason
    query: str
    specific: bool
    brand: Brand | None = None

    @property
    def brand_id(self) -> str:
        """Label of events and metrics."""
        return self.brand.id if self.brand is not None else GENERIC


# --- is it one

# Enough by themselves; those after them need something that looks like a product.
_STRONG = (
    pattern(
        r"有货|现货|库存|(?:哪里|哪儿|哪)(?:能|可以)?买|能买到|买得到"
        r"|你们(?:家|店里?|这里|这儿|这边)?(?:有没有|有|卖)"
    ),
    words("in stock", "availability", "available", "where (?:can i|could i|do i|to) (?:buy|get|find|order)"),
)
_WEAK_CN = anywhere(
    "有没有", "有无", "有吗", "有没", "有木有", "怎么买", "能买", "购买", "下单", "链接", "渠道", "旗舰",
    "自营", "店",
)  # fmt: skip
_WEAK_EN = words("do you (?:have|carry|sell|stock)", "have any", "buy", "purchase", "link")
_HAVE_CN = pattern(r"有[^，。！？,.!?\n]{0,20}?(?:产品|单品|品牌|[a-z0-9]{2,})[^，。！？,.!?\n]{0,12}?吗")
# Only beside a known brand.
_POLITE = (anywhere("请问"), pattern(r"\?"))

_THING = (
    words(
        "cleansers?", "face wash", "toners?", "essences?", "serums?", "ampoules?", "moisturi[sz]ers?",
        "creams?", "lotions?", "gels?", "balms?", "masks?", "sunscreens?", "sunblocks?", "spf ?\\d+",
        "mists?", "oils?", "eye creams?", "foundations?", "cushions?", "sets?",
    ),
    anywhere(
        "洁面", "洗面奶", "爽肤水", "化妆水", "精华", "精油", "面霜", "乳液", "面膜", "防晒", "眼霜",
        "喷雾", "凝胶", "啫喱", "唇膏", "套装", "特护霜", "品牌", "牌子", "同款", "小样",
    ),
)  # fmt: skip
_LATIN_RUN = pattern(r"[a-z][a-z0-9.'&-]{1,}|\d{2,}")
_NAMED = re.compile(r"(?<![.!?])(?<!^)\s(?:[A-Z][A-Za-zÀ-ÿ'’&-]{1,}|[A-Z]{2,})", re.ASCII)
# A target that is no product, whatever stands around it.
_ADVICE = (
    words(
        "advice", "tips?", "ideas?", "suggestions?", "opinions?", "questions?", "information", "info",
        "time", "experience", "evidence", "proof", "stud(?:y|ies)", "side effects?", "allerg\\w{0,6}",
        "diet", "foods?", "why", "how (?:do|does|often|long|much|many|should|can|to)", "difference",
        "better", "worth", "plans?",
    ),
    anywhere(
        "办法", "方法", "建议", "必要", "效果", "作用", "副作用", "刺激", "好处", "坏处", "影响", "区别",
        "问题", "依据", "道理", "经验", "关系", "风险", "危害", "用处", "时间", "依赖", "过敏", "反应",
        "怎么用", "怎么办", "为什么", "多久", "便利店",
    ),
)  # fmt: skip

# Buying words make a recommendation of a message that names a brand only in passing; they are left out then.
_BUYING = pattern(r"\bproducts?\b|怎么买|购买|下单|链接")
_LINK = pattern(r"https?://|\bwww\.")


def read(ask: ChatAsk) -> Asked | None:
    """The availability question in a typed message, or None.

    Anything else that the message may be comes first: a diagnosis, a fit check, a wish for recommendations, a
    routine, a pair, the weather, a question about ingredients or about one product that is linked.
    """
    if ask.trigger not in ("text", "text_explicit") or not ask.message or ask.anchor_id or ask.anchor_url:
        return None
    message = ask.message[:_READ_CAP]
    text = fold(message)
    if _LINK.search(text) or _is_something_else(ask, text):
        return None
    brand = next((each for each in BRANDS if each.named_in(text)), None)
    if brand is not None:
        return _of_brand(brand, text, cleaned(brand.latin.sub(brand.en, message)))
    return _of_nobody(message, text, cleaned(message))


def _is_something_else(ask: ChatAsk, text: str) -> bool:
    return (
        detectors.starts_diagnosis(text)
        or detectors.asks_suitability(text)
        or detectors.asks_routine(text)
        or detectors.asks_compatibility(text)
        or detectors.asks_weather(text)
        or detectors.is_science(text)
        or detectors.evaluates_product(text)
        or intents.canonical(ask).name
        in ("evaluate_product", "travel_planning", "weather_env", "dupe_compare")
    )


def _of_brand(brand: Brand, text: str, query: str) -> Asked | None:
    if detectors.asks_recommendation(_BUYING.sub(" ", text)):
        return None
    hinted = hit(text, *_STRONG, _WEAK_CN, _WEAK_EN, _HAVE_CN, *_POLITE)
    name = brand.name_in(text)
    left = compact(query)
    if not hinted and left > len(name):
        return None
    reason: Reason = "availability_hint" if hinted else "bare_brand_query"
    return Asked(reason=reason, query=query or name, specific=left > len(name) + 2, brand=brand)


def _of_nobody(message: str, text: str, query: str) -> Asked | None:
    if detectors.asks_recommendation(text) or compact(query) < _LEAST_TARGET:
        return None
    target = fold(query)
    if hit(text, *_ADVICE):
        return None
    strong = hit(text, *_STRONG)
    weak = hit(text, _WEAK_CN, _WEAK_EN, _HAVE_CN)
    if not strong and not (weak and _looks_like_a_product(message, target)):
        return None
    return Asked(reason="availability_hint_generic", query=query, specific=is_specific(query))


def _looks_like_a_product(message: str, target: str) -> bool:
    """A product word, a Latin name in a Chinese sentence, or a name with a capital in an English one."""
    if hit(target, *_THING):
        return True
    if not message.isascii() and any("\u3400" <= sign <= "\u9fff" for sign in message):
        return hit(target, _LATIN_RUN)
    return _NAMED.search(message) is not None
