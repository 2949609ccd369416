"""What is known of the person whose skin it is: stored facts, and what this message says about them.

A message can only add caution to a stored fact, never take it away: somebody stored as pregnant who writes
"I'm not pregnant" stays pregnant until the fact is changed by its chip or in the profile (decision 21), but
one stored as not pregnant who writes "I'm pregnant" is treated as pregnant in this turn. Nothing is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

import msgspec

from aurora.contract.memory import Profile
from aurora.rules.safety.mentions import MOST_LOOKS, Mentions
from aurora.rules.safety.speech import about_another, asks_for_another, long_ago
from aurora.rules.safety.terms import PATTERNS
from aurora.rules.text import fold, pattern


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """pregnancy: pregnant, trying, not_pregnant, unknown. lactation: lactating, not_lactating, unknown."""

    pregnancy: str = "unknown"
    lactation: str = "unknown"
    age_known: bool = False
    medications_known: bool = False
    on_isotretinoin: bool = False
    barrier_impaired: bool = False
    sensitive: bool = False

    @property
    def fragile(self) -> bool:
        """An impaired barrier under very sensitive skin (`fragile_profile_guard`, contract B 9.1)."""
        return self.barrier_impaired and self.sensitive

    def facts(self) -> frozenset[str]:
        """The facts that rules ask for by name (`table.Rule.who`)."""
        told = {
            "pregnant": self.pregnancy == "pregnant",
            "trying": self.pregnancy == "trying",
            "pregnancy_unknown": self.pregnancy == "unknown",
            "lactating": self.lactation == "lactating",
            "age_unknown": not self.age_known,
            "medications_unknown": not self.medications_known,
            "on_isotretinoin": self.on_isotretinoin,
            "barrier_impaired": self.barrier_impaired,
            "sensitive": self.sensitive,
        }
        return frozenset(name for name, holds in told.items() if holds)


FACTS: dict[str, str] = {
    "pregnant": "pregnant, or asks about pregnancy",
    "trying": "trying to conceive",
    "pregnancy_unknown": "pregnancy not known",
    "lactating": "breastfeeding",
    "age_unknown": "age not known",
    "medications_unknown": "medicines not known",
    "on_isotretinoin": "on isotretinoin",
    "barrier_impaired": "impaired barrier",
    "sensitive": "high sensitivity",
}

_CAUTION = {"pregnant": 3, "trying": 2, "not_pregnant": 1, "lactating": 2, "not_lactating": 1}
_IMPAIRED = frozenset({"impaired", "compromised", "damaged", "weak", "weakened", "不稳定", "受损", "脆弱"})
_SENSITIVE = frozenset({"high", "sensitive", "高", "敏感", "高敏"})

# --- pregnancy. The first pattern that fits a mention decides; denials and doubts stand first.
_ANY_PREGNANCY = pattern(
    r"\bpregnan(?:t|cy|cies)\b|\bexpecting (?:a baby|a child|twins|our|my)|\bmaternity\b|\b(?:trying"
    r"|try) (?:to conceive|for a baby|to get pregnant|for (?:kids|number two))"
    r"|\bttc\b|\bconceiv(?:e|ing)\b|\b(?:first|second|third|1st|2nd|3rd) trimester\b|\b(?:due"
    r"|baby is due) in (?:january|february|march|april|may|june|july|"
    r"august|september|october|november|december)|\bwith child\b|\bivf\b|\bprenatal\b"
    r"|怀孕|孕期|孕妇|孕妈|准妈妈|备孕|怀上|有喜了|有孕|身孕|怀[了着](?:宝宝|孩子|娃|双胞胎)?"
    r"|孕[早中晚]期|孕\d{1,2}周|孕吐|要宝宝|要孩子|二胎|试管|孕产|宝妈孕|孕激素"
)
_FIGURE = pattern(
    r"\bpregnant (?:pause|silence|moment|with (?:meaning|possibilit\w{1,4}|promise|expectation|emotion))"
    r"|\b(?:phantom|food|false) pregnan|\bmaternity (?:ward|photo|leave policy|brand|clothes)"
    r"|\blook(?:s|ed|ing)? (?:like i'm |like i am )?pregnant\b"
    r"|像怀孕(?:了)?(?:一样|似的)|跟怀孕(?:了)?(?:一样|似的)|假怀孕|不孕不育|孕激素"
)
_NOT_PREGNANT_BEFORE = pattern(
    r"(?:\b(?:not|isn'?t|aren'?t|am not|never been|neither|no longer|without|n't"
    r"|ain't)\s+(?:currently |yet |even |actually |at the moment |trying to get |planning to (?:get "
    r"|be )?|"
    r"breast-?feeding (?:or|nor) |nursing (?:or|nor) |lactating (?:or|nor) |trying (?:or|nor) )?|\bno )$"
    r"|(?:(?<!有)没有?|未|(?<!是)不是|并没有?|尚未|还没|不在|非|并非|从未|不打算|不准备|没打算|没想"
    r"|没有在|没在|暂时没有?|目前没有?|不)(?:在|要|打算|准备|计划|哺乳(?:或|也没|和|、))?$"
)
_NOT_PREGNANT_AFTER = pattern(
    r"\s*(?:test )?(?:was|is|came back|turned out) negative|\s*(?:测试|检查)?(?:是)?阴性|没有[,，。]|的时候没"
)
# Unknown, and so asked: "not sure if I'm pregnant". "If I'm pregnant" asks about pregnancy, and counts.
_DOUBT_BEFORE = pattern(
    r"\b(?:not sure|unsure|don'?t (?:really )?know|no idea|wondering|wonder|unclear"
    r"|can'?t tell)(?: yet)?(?: if| whether| that)?(?: i| we)?"
    r"(?:'m|'re| am| are| might be| could be| may be| get| got| was)?(?: actually| already)? ?$"
    r"|\b(?:prevent(?:ing|s)?|avoid(?:ing)?)(?: an| getting| falling| unwanted)* $"
    r"|(?:不确定|不知道|不清楚|说不准|不晓得|不太确定)(?:自己|我|现在)*(?:有没有|是否|是不是"
    r"|是)?(?:已经)?(?:在)?$|(?:是不是|有没有|是否)(?:已经)?$|(?:避免|防止)(?:意外)?$"
)
_BEFOREHAND = pattern(
    r"\b(?:before|until)(?: i| we)?(?: try| trying)?(?: to)?(?: get| become| getting| becoming| am"
    r"| are)?(?: my| a| the)? ?$"
)
_OVER_BEFORE = pattern(
    r"\b(?:(?:after|post|following)(?:-| )(?:(?:my|the|two|three|a|her) )?|had (?:a|two"
    r"|three) (?:\w+ )?|(?:was|were|had been) (?:\w+ )?|(?:my )?(?:previous|last) |"
    r"during my (?:first|last|previous) )$"
    r"|(?:之前|以前|曾经|上次|上一次|去年|前年|头胎|上一胎|当时|那时候?|那年)(?:我)?(?:的|在|还)?\S{0,2}$"
)
# 不知道自己怀孕的时候: unaware then, pregnant all the same.
_NOT_KNOWN_CN = pattern(r"不知道(?:自己|我)?(?:已经)?$")
_UNAWARE_CN = pattern(r"了?(?:的时候|时|之前|前)")
_JUST_LEARNED = pattern(
    r"\b(?:found out|find out|told|learned|learnt|realis?ed|realized|discovered|tested|knew|know)\b"
)
_OVER_AFTER = pattern(
    r"\s*(?:ended|left me|gave me|is over|was (?:last|years|two|three|over|easy|hard)|last year|years ago)\b"
    r"|过(?!敏)|完|(?:的时候|时|期间|那会儿?|那年)\S{0,4}过|期?结束"
)
_AGAIN = pattern(r"[^.?!]{0,12}(?:again|now)\b|[^，。,]{0,3}(?:又|现在)")
_BEFOREHAND_CN = pattern(r"(?:之)?前(?!\S{0,2}天)")
_TRYING = pattern(
    r"\b(?:trying|try|want(?:ing)?|planning|plan|hoping|hope|decided|going|about|start(?:ing)?|ready"
    r"|like|thinking of|thinking about|prepar(?:e|ing))\b"
    r"(?: to| of| on| about| for)?(?: start(?:ing)?)?(?: trying)?(?: to| for)?(?: get| getting"
    r"| become| becoming| be| have| having| fall)?(?: a)?(?: to)?\s*$"
)
_TRYING_WORDS = pattern(
    r"(?:try\w* (?:to conceive|for|to get)|ttc\b|conceiv|ivf\b|备孕|要宝宝|要孩子|试管|怀上|二胎)"
)
_TRYING_CN_BEFORE = pattern(
    r"(?:准备|打算|计划|想要?|想着|努力|正在准备|考虑)(?:今年|明年|下半年|年底|近期|最近|再|要|去)*$"
)

# --- lactation
_ANY_LACTATION = pattern(
    r"\b(?:breast-?feed(?:ing|s)?|lactat(?:ing|ion|es?)|nursing|nurse my|chest-?feeding"
    r"|pumping (?:milk|breast ?milk)|breast milk|postpartum and feeding)\b"
    r"|哺乳|母乳|喂奶|亲喂|背奶|产奶|泌乳|奶娃"
)
_NOT_LACTATING_BEFORE = pattern(
    r"(?:\b(?:not|isn'?t|aren'?t|no longer|never|without|stopped|stop|quit|done(?: with)?|finished"
    r"|neither|n't|n't do)\s+(?:currently |yet |exclusively |even |really )?"
    r"(?:pregnant (?:or|nor) |pregnant, (?:or )?|trying (?:or|nor) )?)$"
    r"|(?:(?<!有)没有?|未|(?<!是)不是|不在|非|不再|没在|没有在|早就不|已经不|从未|不|停止|已停"
    r"|没打算)(?:在|用|给宝宝|怀孕(?:也没有?|或|和|、)|孕期(?:或|也不是))?$"
)
_NOT_LACTATING_AFTER = pattern(
    r"\s*(?:ended|is over|last year|years ago)|期?(?:已经|早就|早|刚)?(?:结束|过了)|期?之前|期?前"
)
_LACTATION_FIGURE = pattern(
    r"\bnursing (?:home|school|student|degree|job|shift|a (?:hangover|cold|grudge|drink|beer|coffee"
    r"|injury))|\b(?:study|studying|in|work in|career in) nursing\b|母乳(?:味|香|皂)|哺乳动物|哺乳类"
)

_NOT_A_MOTHER = pattern(
    r"\bi(?:'m| am) (?:a |an? \d\d[- ]year[- ]old )?(?:man|male|guy|dude|boy|gay man|trans woman)\b"
    r"|\bas a (?:man|guy|male)\b"
    r"|\bpost-?menopaus\w{1,4}|\bafter menopause\b|\bin menopause\b"
    r"|我是(?:个|一个|名|一名)?(?:\S{0,4})?(?:男生|男的|男士|男性|男孩|大老爷们|爷们)|本人男|男生一枚"
    r"|已经?绝经|绝经后"
)
_AGE = pattern(
    r"\b(?:i'm|i am|im|aged?|turning|turned)\s+(?:a\s+)?(\d{2})\b(?!\s?(?:%|weeks?|months?|days?|wks?"
    r"|hours?|kg|lbs?|steps?))|\b(\d{2})[- ](?:years?[- ]old|yo|y/o)\b"
    r"|(?:我|今年|年龄|本人)\S{0,4}?(\d{2})(?:周)?岁|(\d{2})岁(?:的)?(?:我|女|男)"
)
_TAKING = pattern(
    r"\b(?:on|taking|take|started|start|starting|using|use|prescribed|course of|weeks? (?:of|into)"
    r"|months? (?:of|into)|doing)\b(?: (?:a |an |my |low[- ]dose |the |oral |some "
    r"|\d{1,3} ?mg ?(?:of )?|course of |round of |second )){0,3}\s*$"
    r"|(?:在吃|正在吃|吃着|在服用|服用|口服|吃了|开始吃|在用|吃|开了|疗程)(?:\S{0,6})$"
)
_TAKING_AFTER = pattern(
    r"\s*(?:user|patient|course|treatment|for|since|month|week|at the moment|right now)\b|\s*(?:吃了"
    r"|吃着|在吃|治疗中|疗程|服用中|第\S{1,3}(?:个)?(?:月|周))"
)
_TAKING_PLAN = pattern(
    r"\b(?:should i|can i|could i|want to|thinking (?:of|about)|plan(?:ning)? to|going to|if i"
    r"|is it safe to|may i|must i)\b[^.?!]{0,30}$"
    r"|(?:能不能|可不可以|可以|能|要不要|想|该不该|打算|如果|准备)\S{0,8}$"
)
_LATELY = pattern(
    r"\b(?:days?|weeks?|yesterday|last (?:night|week|month)|just|recently|(?:a|one|two|three|four"
    r"|five|1|2|3|4|5) months? ago)\b|刚|上周|昨天|[天周]前|上个?月|[一二两三四五1-5]个月前"
)
_QUIT = pattern(
    r"\b(?:finished|stopped|quit|came off|off|done with|completed|ended)\b|停了|停药|吃完|停用|停掉|结束"
)
_BARRIER = pattern(
    r"\b(?:barrier)\b[^.?!]{0,20}\b(?:damaged|impaired|compromised|broken|wrecked|weak|shot"
    r"|destroyed)\b|\b(?:damaged|impaired|compromised|broken|wrecked|weakened"
    r"|destroyed)\b[^.?!]{0,12}\bbarrier\b"
    r"|屏障.{0,5}(?:受损|损伤|坏了|脆弱|不稳定|破坏)|(?:受损|破坏|脆弱).{0,4}屏障|烂脸"
)
_SENSITIVE_SKIN = pattern(
    r"\b(?:very |super |really |extremely )?sensitive skin\b|\bskin is (?:very |super |so |really "
    r"|extremely )?sensitive\b|敏感肌|敏感皮|敏皮|皮肤(?:很|特别|非常|比较)?敏感"
)


def person_of(profile: Profile | None, message: str | Mentions = "") -> Person:
    """Stored facts with what the message says about the one whom the advice is for.

    profile: as the turn knows it (stored, snapshot overlaid, patch merged), or None.
    """
    known = profile or Profile()
    said = message if isinstance(message, Mentions) else Mentions(message)
    text = said.folded
    for_another = asks_for_another(text)
    medicines = [fold(m) for m in known.high_risk_medications if m.strip()]
    stated = [fold(c) for c in known.contraindications]
    pregnancy = _worst(
        known.pregnancy_status,
        "pregnant" if any("pregnan" in c or "怀孕" in c or "孕期" in c for c in stated) else None,
        *_pregnancy(said, for_another),
    )
    lactation = _worst(
        known.lactation_status,
        "lactating" if any("breastfeed" in c or "lactat" in c or "哺乳" in c for c in stated) else None,
        *_lactation(said, for_another),
    )
    if _NOT_A_MOTHER.search(text):
        pregnancy = "not_pregnant" if pregnancy == "unknown" else pregnancy
        lactation = "not_lactating" if lactation == "unknown" else lactation
    return Person(
        pregnancy=pregnancy,
        lactation=lactation,
        age_known=_is_known(known.age_band) or _AGE.search(text) is not None,
        medications_known=bool(medicines) and medicines != ["unknown"],
        on_isotretinoin=any(PATTERNS["ISO"].search(m) for m in medicines)
        or _takes_isotretinoin(said, for_another),
        barrier_impaired=fold(known.barrierStatus or "") in _IMPAIRED
        or _affirmed(said, _BARRIER, for_another),
        sensitive=fold(known.sensitivity or "") in _SENSITIVE
        or _affirmed(said, _SENSITIVE_SKIN, for_another),
    )


def _is_known(value: str | None) -> bool:
    return bool(value) and value != "unknown"


def _worst(*statuses: str | None) -> str:
    told = [s for s in statuses if s in _CAUTION]
    return max(told, key=lambda s: _CAUTION[s]) if told else "unknown"


def _spans(found: Iterable[re.Match[str]]) -> list[tuple[int, int]]:
    return [f.span() for f in found]


def _inside(spans: list[tuple[int, int]], position: int) -> bool:
    return any(start <= position < end for start, end in spans[:50])


def _pregnancy(said: Mentions, for_another: bool) -> Iterable[str]:
    text = said.folded
    if not _ANY_PREGNANCY.search(text):
        return
    figures = _spans(_FIGURE.finditer(text))
    every = _ANY_PREGNANCY.finditer(text)
    for found in islice(every, MOST_LOOKS):
        start, end = found.span()
        if _inside(figures, start):
            continue
        begin, stop = said.clauses.around(start)
        if not for_another and about_another(said.clauses, start, end):
            continue
        if _NOT_PREGNANT_BEFORE.search(text, begin, start) or _NOT_PREGNANT_AFTER.match(text, end, stop):
            yield "not_pregnant"
        elif (
            _TRYING_WORDS.match(text, start)
            or _TRYING.search(text, begin, start)
            or _TRYING_CN_BEFORE.search(text, begin, start)
        ):
            # Longing is no plan, but a retinoid is not worth the doubt.
            yield "trying"
        elif _UNAWARE_CN.match(text, end, stop) and _NOT_KNOWN_CN.search(text, begin, start):
            yield "pregnant"
        elif _BEFOREHAND.search(text, begin, start) or _BEFOREHAND_CN.match(text, end, stop):
            yield "trying"
        elif _DOUBT_BEFORE.search(text, begin, start) or _is_over(said, start, end):
            continue
        else:
            yield "pregnant"
            return
    if next(every, None) is not None:
        yield "pregnant"


def _is_over(said: Mentions, start: int, end: int) -> bool:
    text = said.folded
    begin, stop = said.clauses.around(start)
    if _AGAIN.match(text, end, end + 20):
        return False
    if _JUST_LEARNED.search(text, begin, start):
        return False
    return (
        long_ago(said.clauses, start)
        or _OVER_BEFORE.search(text, begin, start) is not None
        or _OVER_AFTER.match(text, end, stop) is not None
    )


def _lactation(said: Mentions, for_another: bool) -> Iterable[str]:
    text = said.folded
    if not _ANY_LACTATION.search(text):
        return
    figures = _spans(_LACTATION_FIGURE.finditer(text))
    every = _ANY_LACTATION.finditer(text)
    for found in islice(every, MOST_LOOKS):
        start, end = found.span()
        if _inside(figures, start):
            continue
        begin, stop = said.clauses.around(start)
        if not for_another and about_another(said.clauses, start, end, child=False):
            continue
        if _NOT_LACTATING_BEFORE.search(text, begin, start) or _NOT_LACTATING_AFTER.match(text, end, stop):
            yield "not_lactating"
        elif not (long_ago(said.clauses, start) or _DOUBT_BEFORE.search(text, begin, start)):
            yield "lactating"
            return
    if next(every, None) is not None:
        yield "lactating"


def _takes_isotretinoin(said: Mentions, for_another: bool) -> bool:
    text = said.folded
    for found in islice(PATTERNS["ISO"].finditer(text), MOST_LOOKS):
        start, end = found.span()
        begin, stop = said.clauses.around(start)
        if not for_another and about_another(said.clauses, start, end):
            continue
        window = min(len(text), stop + 30)
        if _QUIT.search(text, begin, stop):
            # Skin stays fragile for months: what ended just now counts as going on.
            if _LATELY.search(text, begin, window) and not _UNSURE_QUIT.search(text, begin, start):
                return True
            continue
        if long_ago(said.clauses, start) or _NEVER_TOOK.search(text, begin, start):
            continue
        if _TAKING_PLAN.search(text, begin, start):
            continue
        if _TAKING.search(text, begin, start) or _TAKING_AFTER.match(text, end, window):
            return True
    return False


_UNSURE_QUIT = pattern(r"\byears?\b|年")
_NEVER_TOOK = pattern(r"\b(?:never|not|n't|no|without|isn'?t|don'?t|didn'?t|haven'?t)\b|没|未|不(?!过)")


def _affirmed(said: Mentions, words: re.Pattern[str], for_another: bool) -> bool:
    text = said.folded
    for found in islice(words.finditer(text), MOST_LOOKS):
        start, end = found.span()
        begin, _ = said.clauses.around(start)
        # 不稳定 holds a denial and is none.
        inside = _NEVER_TOOK.search(text, start, end) is not None and "不稳定" not in found[0]
        if inside or _NEVER_TOOK.search(text, max(begin, start - 20), start):
            continue
        if not for_another and about_another(said.clauses, start, end):
            continue
        if not long_ago(said.clauses, start):
            return True
    return False
