"""Is one product to be judged, and which one? (contract B 7 steps 3 and 4, 8.8)

A verdict needs an anchor: an id, a link, or a name that a catalogue could know. "This cream" is none, nor is
one plain word; nor an ingredient, but a question about that needs no product.
"""

from __future__ import annotations

import re

from aurora.rules import detectors, intents
from aurora.rules.request import ChatAsk
from aurora.rules.routine import actives
from aurora.rules.text import fold, hit, pattern

SEND_LINK = "chip.fitcheck.send_link"
SEND_NAME = "chip.fitcheck.send_product_name"

PHRASE_CAP = 160
_READ_CAP = 1200
_COLON_MIN, _COLON_MAX = 2, 400
MOST_PEELED = 6

_URL = re.compile(r"https?://[^\s<>\"'，。；、）)]{4,2000}", re.IGNORECASE)

# --- what the message wants

_WHOLE_SIGNAL = pattern(
    r"(?:(?:i'?ll |let me )?(?:send|paste|share)(?: you)? )?(?:a |the )?(?:product )?(?:link|url|name)"
    r"|(?:我(?:来|给你)?)?(?:发送?|贴|粘贴)?(?:一个|个|一下)?(?:产品)?(?:链接|名字|名称|产品名)"
)
_PASTES = pattern(r"\bpaste\b.{0,20}?\blinks?\b|请粘贴|粘贴.{0,6}?链接")
# "Is it okay to ..." asks about a habit.
_A_HABIT = pattern(
    r"\bis it (?:really |still |even )?(?:okay|ok|safe|good|bad|fine|normal|suitable|necessary)"
    r" (?:to|if|that|when|for me to)\b"
)
# "Which cleanser suits me" asks for a choice; "what about X" does not.
_A_CHOICE = pattern(
    r"\b(?:what(?! about)|which) |哪[款个种些]|什么(?:样的?)?(?:产品|面霜|精华|防晒|洁面|牌子|护肤)"
)
_POINTS = pattern(r"\b(?:this|that|these)\b|这款|这个|这瓶|这支|该产品")


# A named product beside words that fit a habit too: it counts only if the name looks like one.
_SUITS_NAMED = pattern(
    r"\bis .{2,120}? (?:a )?(?:good|right|suitable|safe|okay|ok|fine)(?: (?:choice|fit|match))?"
    r" for (?:me|my|sensitive|oily|dry|combination|acne)\b"
    r"|\b(?:will|would|does) .{2,120}? (?:suit|work for|irritate|break me out|clog)\b"
    r"|怎么样|好用吗|好不好用"
)


def evaluates(ask: ChatAsk) -> bool:
    """Is one product to be judged (`evaluateIntent`)? Routines, choices and ingredients are not products."""
    text, action = ask.text, ask.action_id
    outright = asks_outright(ask)
    if not outright and not hit(text, _SUITS_NAMED):
        return False
    if hit(text, _A_HABIT, _A_CHOICE) or detectors.reviews_routine(text):
        return False
    if detectors.is_science(text, action) or detectors.asks_routine(text, action):
        return False
    if detectors.starts_diagnosis(text) and not detectors.asks_suitability(text):
        return False
    if detectors.requests_recommendation(text) and not hit(text, _POINTS):
        return False
    if text and _about_ingredients(ask):
        return False
    return outright or looks_named(product_phrase(ask.message))


def asks_outright(ask: ChatAsk) -> bool:
    """Is a verdict asked for in so many words, whatever it is about?"""
    return (
        detectors.evaluates_product(ask.text, ask.action_id)
        or intents.canonical(ask).name == "evaluate_product"
    )


def collects(ask: ChatAsk) -> bool:
    """Is an anchor about to be sent ("send a link"), rather than sent?"""
    if ask.anchor_id or ask.anchor_url or _URL.search(ask.message[:_READ_CAP]):
        return False
    if ask.action_id in (SEND_LINK, SEND_NAME):
        return True
    words = ask.text.strip(" .!?。！？")
    return bool(_WHOLE_SIGNAL.fullmatch(words)) or hit(words[:200], _PASTES)


def anchored(ask: ChatAsk) -> bool:
    """Does the request say which product it is about?"""
    named = bool(ask.anchor_id or ask.anchor_url) or meaningful(product_phrase(ask.message))
    return named or ingredient_list(ask.message) is not None


def subject(ask: ChatAsk, *, awaited: bool = False) -> str | None:
    """What a verdict is to be about, as an upstream may look it up; None if no verdict is wanted.

    awaited: the person was asked for a product the turn before, so a bare name is one.
    """
    listed = ingredient_list(ask.message)
    if listed is not None and (awaited or evaluates(ask)):
        return listed
    if collects(ask) or not (evaluates(ask) or (awaited and is_reply(ask)) or is_link(ask.message)):
        return None
    phrase = product_phrase(ask.message)
    return phrase if meaningful(phrase) else ask.anchor_url or ask.anchor_id


def ingredient_list(message: str) -> str | None:
    """The ingredients that a message lists, at most 1,500 characters; None if it lists none.

    A list without a heading needs more entries, so that ordinary sentences with commas are none.
    """
    text = message[:LIST_CAP]
    heading = _LIST_HEADING.search(text)
    if heading is not None:
        text = text[heading.end() :]
    entries = [entry.strip() for entry in _LIST_MARK.split(text)]
    entries = [entry for entry in entries if 0 < len(entry) <= _LONGEST_ENTRY]
    inci = sum(_INCI.search(entry.lower()) is not None for entry in entries)
    enough, known = (_FEW, 2) if heading is not None else (_MANY, 3)
    return text.strip() if len(entries) >= enough and inci >= known else None


LIST_CAP = 1500
_FEW, _MANY = 3, 7
_LONGEST_ENTRY = 60
_LIST_HEADING = re.compile(
    r"(?:\binci\b|\bingredients?(?: list)?|成分表?|配料表?)\s*(?:are|is|是|为)?\s*[:：]",
    re.IGNORECASE | re.ASCII,
)
_LIST_MARK = re.compile(r"[,，、;；\n•·|]|[.。?？](?=\s|$)")
_INCI = pattern(
    r"\b(?:water|aqua|glycerin|glyceryl|glycol|dimethicone|sodium|potassium|phenoxyethanol|carbomer|xanthan|edta"
    r"|tocopher\w{1,8}|extract|fragrance|parfum|alcohol|panthenol|niacinamide|ceramide|hyaluron\w{1,8}|oxide"
    r"|stearate|caprylic|squalane|allantoin|urea|betaine|retinol|acid|oil)\b"
    r"|^水$|甘油|丁二醇|丙二醇|戊二醇|己二醇|提取物|硅|钠|钾|苯氧乙醇|卡波姆|黄原胶|香精|泛醇|烟酰胺|神经酰胺|透明质酸|^.{2,12}(?:醇|酸|酯)$"
)


def is_link(message: str) -> bool:
    """Is the message a link and next to nothing else?"""
    found = _URL.search(message[:_READ_CAP])
    return found is not None and len(message.strip()) - len(found[0]) <= 12


def is_reply(ask: ChatAsk) -> bool:
    """Could this be the name that was asked for? A new wish or question could not."""
    text = ask.text
    return (
        ask.action_id is None
        and 0 < len(ask.message) <= PHRASE_CAP
        and meaningful(product_phrase(ask.message))
        and not actives.only(text)
        and not detectors.requests_recommendation(text)
        and not detectors.starts_diagnosis(text)
        and not detectors.asks_compatibility(text)
        and not detectors.asks_weather(text)
        and not hit(text, _ANOTHER_TOPIC)
    )


_ANOTHER_TOPIC = pattern(
    r"\b(?:how|what|when|why|who|where|which|should|never ?mind|forget it|cancel|thanks?|hello|hi)\b"
    r"|怎么|什么|为什么|多久|哪|算了|不用了|谢谢|你好"
)


def _about_ingredients(ask: ChatAsk) -> bool:
    return not (ask.anchor_id or ask.anchor_url) and actives.only(fold(product_phrase(ask.message)))


# --- the product phrase

_LEADING = re.compile(
    r"\s*(?:please|hi|hello|hey|(?:can|could|would) you(?: please)?|help me(?: to)?"
    r"|i(?: want|'d like| need) to|tell me|do you think|evaluate|assess|analy[sz]e"
    r"|check(?: out| whether| if)?|review|look at|judge|whether|if"
    r"|请问?|帮我|帮忙|麻烦|你好|我想(?:要|问)?|想|给我|一下|下|评估|测评|评价|分析|看一?看|判断|查)"
    r"(?![a-z])[\s,，、]*",
    re.IGNORECASE | re.ASCII,
)
_UNWRAP = tuple(
    re.compile(source, re.IGNORECASE | re.ASCII | re.DOTALL)
    for source in (
        r"(?:is|are|was)\s(.{0,200}?)\s?\b(?:a good|good|right|suitable|safe|okay|ok|fine|appropriate)\b",
        (
            r"(?:will|would|does|do|could|can)\s(?!i\b)(.{0,200}?)\s"
            r"(?:suit|work|irritate|break me out|clog|help|fit)\b"
        ),
        r"(.{1,160}?)\s(?:(?:is|are|would be)\s(?:a )?(?:good|right|suitable|safe|okay|ok|fine)|suits?)\b",
        r"(?:can|could|may|should) i (?:still |already )?(?:use|try|apply|wear|keep using)\s(.{0,200})",
        (
            r"(.{0,80}?)(?:到底|究竟|是否|是不是|对我)?(?:适不适合|合不合适|适合|合适|适配|能不能用|能用|可以用"
            r"|可不可以用|会不会|刺激吗|爆痘吗|闷痘吗|好不好用|好用吗|怎么样)"
        ),
    )
)
_TAIL = re.compile(
    r"\s(?:for (?:me|my|us|sensitive|oily|dry|combination|normal|acne)\b.*|on my (?:skin|face)\b.*"
    r"|every (?:day|night).*|daily|twice a day|if i .*|while .*|during .*|when .*|(?:in|with) my .*)$",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_EDGES = " \t\r\n\"'“”‘’「」『』《》()（）[]【】.,;:!?。，；：！？、~～-—"


# Where a name ends; a full stop inside of a number or a name ("No.7") does not end it.
_CLAUSE_END = re.compile(r"[?!？！。\n;；,，]|\.(?=\s|$)")
_MOST_CLAUSES = 8
_OF_THE_WRITER = pattern(r"\b(?:i|i'm|i've|my|me)\b|我|\b(?:how|what|why|when|which)\b|什么|怎么|为什么")


def product_phrase(message: str) -> str:
    """The part of a message that could name a product, at most 160 characters; a link if there is one.

    What follows the last colon counts. In it, a clause that asks whether something suits says what; if that
    is only "this one", another clause may name it.
    """
    text = message[:_READ_CAP].strip()
    link = _URL.search(text)
    if link is not None:
        return link[0].rstrip(".,;!?")
    at = max(text.rfind(":"), text.rfind("："))
    after_colon = (
        at >= 0
        and _COLON_MIN <= len(text) - at - 1 <= _COLON_MAX
        and not text[at + 1 : at + 3].isdigit()  # a time of day
    )
    if after_colon:
        text = text[at + 1 :]
    text = text[-_COLON_MAX:]
    parts = [_peeled(part.strip(_EDGES)) for part in _CLAUSE_END.split(text)[:_MOST_CLAUSES]]
    clauses = [part for part in parts if part]
    asked = [_trimmed(inner) for clause in clauses if (inner := _unwrapped(clause)) is not None]
    if after_colon and not asked:
        return _trimmed(_peeled(text.strip(_EDGES)))  # a name may have commas
    told = [clause for clause in clauses if _unwrapped(clause) is None]
    named = [_trimmed(clause) for clause in told if not hit(fold(clause), _OF_THE_WRITER)]
    phrases = [*asked, *named]
    best = next((phrase for phrase in phrases if meaningful(phrase)), None)
    return best or next(iter([*phrases, *(_trimmed(clause) for clause in told)]), "")


def _peeled(text: str) -> str:
    """Without the words that lead up to it: please, check, 帮我看看."""
    for _ in range(MOST_PEELED):
        peeled = _LEADING.match(text)
        if peeled is None or not peeled.end():
            break
        text = text[peeled.end() :]
    return text


def _unwrapped(clause: str) -> str | None:
    """X of "is X good", "can I use X", X 适合我吗; None if the clause asks nothing of the kind."""
    found = next((inner for wrapped in _UNWRAP if (inner := wrapped.match(clause)) is not None), None)
    return found[1] if found is not None else None


def _trimmed(text: str) -> str:
    return _TAIL.sub("", f" {text}")[-PHRASE_CAP:].strip(_EDGES)


# --- is it a name?

_STOPWORDS = frozenset({
    "a", "an", "the", "this", "that", "these", "it", "its", "product", "products", "specific", "for",
    "me", "my", "evaluate", "evaluation", "assess", "assessment", "analyze", "analyse", "check", "review",
    "send", "link", "url", "name", "please", "do", "you", "have", "one", "item", "thing", "stuff", "some",
    "any", "new", "safe", "good", "okay", "ok", "suitable", "right", "is", "are", "was", "be", "can",
    "could", "will", "would", "i", "we", "use", "using", "used", "to", "of", "on", "in", "at", "and",
    "or", "so", "really", "very", "skin", "face", "sensitive", "oily", "dry", "combination", "normal",
    "acne", "prone", "type", "daily", "day", "night", "everyday", "pregnant", "pregnancy",
    "breastfeeding", "still", "too", "not", "yes", "no", "with", "without", "if", "buy", "bought",
})  # fmt: skip
# Kinds of products: beside a name they are part of it, alone they are none.
_KINDS = frozenset({
    "cream", "serum", "toner", "cleanser", "moisturizer", "moisturiser", "lotion", "gel", "mask", "oil",
    "essence", "sunscreen", "spf", "foam", "balm", "mist", "ampoule", "exfoliant", "peel", "facial",
    "skincare", "moisturizing", "hydrating", "eye",
})  # fmt: skip
_GENERIC_CN = re.compile(
    r"这款|这个|这瓶|这支|那款|那个|该|产品名称?|产品|单品|发送?|粘贴|贴|链接|名字|名称|护肤品|化妆品|东西|品牌|一款|一个|某|我|的|了|吗|呢"
    r"|吧|啊|皮肤|肤质|肌肤|敏感肌?|油皮|干皮|油性|干性|混合性?|混油|混干|中性|痘痘肌?|孕妇|孕期|怀孕|哺乳期?|现在|每天"
    r"|天天|晚上|早上|用|能|可以|和|也|还|就|是|不|会|有|在|给|想|要|一下|看看|很|太|对|它"
)
_KINDS_CN = re.compile(
    r"面霜|精华液?|乳液|面膜|防晒霜?|洁面乳?|洗面奶|爽肤水|化妆水|眼霜|水乳|喷雾|精油|凝胶|护肤|晚霜|日霜|素颜霜|隔离"
)
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z0-9][a-z0-9.+&'%-]{0,40}", re.ASCII)


def meaningful(phrase: str) -> bool:
    """Could a catalogue know it? A link, two words that say something, one beside a number, or Chinese."""
    if _URL.match(phrase):
        return True
    text = _GENERIC_CN.sub(" ", fold(phrase))
    kinds = len(_KINDS_CN.findall(text))
    named_cn = len(_CJK.findall(_KINDS_CN.sub(" ", text)))
    tokens = [token.strip(".-'") for token in _LATIN.findall(text)]
    tokens = [token for token in tokens if token and token not in _STOPWORDS]
    kinds += sum(token in _KINDS for token in tokens)
    numbers = sum(token[0].isdigit() for token in tokens)
    words = sum(token not in _KINDS and not token[0].isdigit() and len(token) > 1 for token in tokens)
    return named_cn >= 2 or words >= 2 or (words + (named_cn > 0) >= 1 and (numbers > 0 or kinds > 0))


def looks_named(phrase: str) -> bool:
    """Is it written like a product: a capital, a number, a kind of product, Chinese?"""
    if not meaningful(phrase):
        return False
    kinds = _KINDS_CN.search(phrase) or any(word in _KINDS for word in _LATIN.findall(fold(phrase)))
    written = any(sign.isupper() or sign.isdigit() for sign in phrase[1:]) or _CJK.search(phrase)
    return bool(kinds or written)
