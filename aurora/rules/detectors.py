"""What a message is about: the term lists of contract B 6, in both languages, as yes-or-no questions.

Every function takes folded text (`rules.text.fold`). Gaps are bounded or scanned twice, so each detector
is linear in the text. Where the contract marks a list as too eager (REC), the careful reading is built.
"""

from __future__ import annotations

import re

from aurora.rules.routine import actives
from aurora.rules.text import anywhere, followed_by, hit, pattern, words

_CONCERNS_CN = anywhere("抗老", "抗衰", "抗皱", "细纹", "淡纹", "紧致", "提拉", "暗沉", "色沉")
_ANTI_AGING = pattern(r"anti[- ]?aging|anti[- ]?ageing|wrinkles?|fine lines?")

# --- explicit wishes (B 2.4) and the pair rule W
_WISH = anywhere("求推荐", "求推", "想要", "想买", "要", "求")
_PRODUCT_NOUN = anywhere(
    "精华", "面霜", "乳液", "面膜", "防晒", "洁面", "洗面奶", "爽肤水", "化妆水", "护肤品", "产品", "平替",
    "替代",
)  # fmt: skip
_IS_THIS_FINE = pattern(r"\bis (?:this|it)\b.{0,40}?\b(?:okay|ok|safe|suitable|good)\b")
_EXPLICIT_EN = pattern(
    r"\brecommend\b|product recommendations?|build me a routine|diagnose my skin|review my routine"
    r"|\bcan i use\b"
)
_EXPLICIT_CN = anywhere(
    "推荐", "给我方案", "诊断", "评估我现在用的", "适合吗", "适不适合", "能用吗", "可以用吗", "冲突",
    "相克", "兼容", "叠加", "同晚", "一起用", "能不能一起", "还能和", "搭配", "同用",
)  # fmt: skip

# --- recommendation requests
_RECO_EN = words(
    "recommend", "recommends", "recommended", "recommendations?", "suggest", "suggestions?",
    "what should i (?:buy|use)", "routines?", "products?", "firming", "dark spots?", "hyperpigmentation",
    "acne", "pores?", "redness", r"am\s*(?:/|and|&|\+)\s*pm", r"(?:am|pm) routine",
)  # fmt: skip
_RECO_CN = anywhere(
    "推荐", "护肤方案", "早晚", "痘痘", "闭口", "毛孔", "泛红", "痘印", "色斑", "怎么买", "购买", "下单",
    "链接",
)  # fmt: skip
_GIVE_ME = anywhere("给我")
_PRODUCTS_OR_LIST = anywhere("产品", "清单")
_BUYING = words("recommend", "recommendations?", "products?", "buy", "what should i (?:buy|use)")
_BUYING_CN = anywhere("推荐", "产品", "清单", "购买", "下单", "链接", "护肤方案", "早晚")
_REQUEST_EN = pattern(r"\brecommend\b|\bproduct recommendations?\b|\bbuild me a routine\b")
_REQUEST_CN = anywhere("推荐", "给我方案")

# --- ingredient science
_SCIENCE_EN = pattern(
    r"\b(?:ingredients?|actives?)\b.{0,28}?\b(?:science|evidence|mechanisms?|clinical|stud(?:y|ies)|papers?|citations?)\b"
    r"|\b(?:science|evidence|mechanisms?|clinical|stud(?:y|ies)|papers?|citations?)\b.{0,28}?\b(?:ingredients?|actives?)\b"
)
_SCIENCE_CN = pattern(r"成分.{0,8}?(?:机理|机制|科学|证据|原理)|证据链|循证|临床证据|论文证据|问成分")

# --- suitability
_FIT_EN = pattern(
    r"\bcan i use\b|\bwill it (?:irritate|break me out)\b|\bsuitable\b|\bsuits? (?:me|my)\b"
    r"|\bif (?:this|it) (?:is|would be)\b.{0,40}?\b(?:okay|ok|safe|good|right)\b"
)
_FIT_CN = anywhere(
    "适合吗", "适不适合", "适合我吗", "是否适合", "适合不适合", "合适吗", "适配吗", "能用吗", "可以用吗",
    "刺激吗", "爆痘吗",
)  # fmt: skip
_FIT_COLON = pattern(r"(?:评估|测评|评价)\s*:\s*(?:\S\s*){3}")

# --- starting a diagnosis
_DIAG_NOUN = r"(?:diagnos(?:e|is|tic|ing)?|analy[sz](?:e|is|ing)|assessment|scan|check)"
_DIAG_EN = pattern(
    rf"\b(?:start|begin|run)\b[^.?!\n]{{0,40}}?\b{_DIAG_NOUN}\b"
    rf"|\b{_DIAG_NOUN}\b[^.?!\n]{{0,40}}?\bmy (?:skin|face)\b"
    rf"|\b(?:skin|face)\b[^.?!\n]{{0,40}}?\b{_DIAG_NOUN}\b"
    r"|\bskin profile\b"
)
_DIAG_BODY_CN = anywhere("皮肤", "肤质", "肤况", "面部", "脸部", "脸")
_DIAG_ACT_CN = anywhere("诊断", "分析", "检测", "评估", "测一测", "测试")

# --- routine
_ROUTINE = pattern(r"\broutines?\b|\bam\s*(?:/|and|&|\+)\s*pm\b")
_ROUTINE_CN = anywhere("早晚护肤", "护肤方案")
_GENERATE_CN = anywhere("生成")
_ROUTINE_THING = pattern(r"早晚|am\s*/\s*pm")
_ROUTINE_KIND = pattern(r"护肤|routine")
_REVIEW_ROUTINE = pattern(
    r"\b(?:review|check|evaluate|assess)\b.{0,12}?\bmy (?:current )?(?:skincare |skin care )?routine\b"
    r"|评估我现在用的"
)

# --- compatibility
_COMPAT = words(
    "conflicts?", "compatible", "incompatible", "pair", "pairing", "layer", "layering", "stack", "mix",
    "combine", "together", "same routine", "same night", "can i add", "should i add", "with",
)  # fmt: skip
_COMPAT_CN = anywhere(
    "冲突", "相克", "兼容", "叠加", "同晚", "一起用", "能不能一起", "还能和", "搭配", "同用",
)  # fmt: skip

# --- weather and travel
_WEATHER = words(
    "snow", "snowing", "rain", "raining", "weather", "humidity", "uv", "climate", "wind", "windy",
    "dry air", "cold", "heat", "sun exposure", "travel", "travell?ing", "itinerary", "destination",
    "flights?", "ski", "skiing",
)  # fmt: skip
_WEATHER_CN = anywhere(
    "下雪", "雪天", "下雨", "雨天", "天气", "气温", "温度", "湿度", "紫外线", "风大", "大风", "寒冷",
    "冷空气", "高温", "热浪", "干燥", "雾霾", "污染", "花粉", "旅行", "出差", "飞行", "飞机", "高原",
    "海边", "滑雪", "户外",
)  # fmt: skip

_BUDGETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (pattern(r"¥\s*1000|\b1000\b|\bhigh\b|\bpremium\b"), "¥1000+"),
    (pattern(r"¥\s*500|\b500\b|\bmid\b|\bmedium\b"), "¥500"),
    (pattern(r"¥\s*200|\b200\b|\blow\b"), "¥200"),
    (pattern(r"不确定|\bunknown\b|\bunsure\b"), "不确定"),
)


def wishes_product(text: str) -> bool:
    """Pair rule W: a Chinese wish verb, later followed by a product noun."""
    return followed_by(text, _WISH, _PRODUCT_NOUN)


def is_explicit(text: str) -> bool:
    """The `text_explicit` allowlist (contract B 2.4)."""
    return hit(text, _EXPLICIT_EN, _EXPLICIT_CN, _ANTI_AGING, _CONCERNS_CN, _IS_THIS_FINE) or wishes_product(
        text
    )


def asks_recommendation(text: str) -> bool:
    """RECO. Science-only phrasing is vetoed unless buying words stand beside it; "I am" is not AM."""
    asked = (
        hit(text, _RECO_EN, _RECO_CN, _ANTI_AGING, _CONCERNS_CN)
        or wishes_product(text)
        or followed_by(text, _GIVE_ME, _PRODUCTS_OR_LIST)
    )
    return asked and (not is_science(text) or hit(text, _BUYING, _BUYING_CN))


def requests_recommendation(text: str) -> bool:
    """The outright request that moves the state machine to RECO_GATE (contract B 4.3)."""
    return hit(text, _REQUEST_EN, _REQUEST_CN) or wishes_product(text)


def is_science(text: str, action_id: str | None = None) -> bool:
    """SCIENCE: how ingredients work, rather than which product."""
    return action_id in ("chip.start.ingredients", "chip_start_ingredients") or hit(
        text, _SCIENCE_EN, _SCIENCE_CN
    )


def asks_suitability(text: str) -> bool:
    """FIT: is this one right for me."""
    return hit(text, _FIT_EN, _FIT_CN, _FIT_COLON, _IS_THIS_FINE)


def starts_diagnosis(text: str) -> bool:
    """DIAG: wants the skin looked at."""
    return hit(text, _DIAG_EN) or (hit(text, _DIAG_BODY_CN) and hit(text, _DIAG_ACT_CN))


def reviews_routine(text: str) -> bool:
    """Wants the present routine reviewed."""
    return hit(text, _REVIEW_ROUTINE)


def asks_routine(text: str, action_id: str | None = None) -> bool:
    """ROUTINE: an AM/PM routine. An action id counts only if the message does not speak of something else."""
    asked = hit(text, _ROUTINE, _ROUTINE_CN) or (
        followed_by(text, _GENERATE_CN, _ROUTINE_THING) and followed_by(text, _GENERATE_CN, _ROUTINE_KIND)
    )
    return asked or (not text.strip() and "routine" in (action_id or ""))


def asks_compatibility(text: str) -> bool:
    """COMPAT: may these go together; a verb and at least one known active."""
    return hit(text, _COMPAT, _COMPAT_CN) and bool(actives.named(text))


def asks_weather(text: str) -> bool:
    """WEATHER: conditions outside, or a trip."""
    return hit(text, _WEATHER, _WEATHER_CN)


def budget_tier(text: str) -> str | None:
    """The budget tier that a text names, or None.."""
    return next((tier for found, tier in _BUDGETS if found.search(text)), None)
