"""The medical boundary (contract B 9.1): words that mean "see a doctor", unless they are denied.

Read before everything else, for every message, both languages in every language. A denial holds only
inside its own clause, and every mention is judged, not only the first: "no bleeding but fever" is a
fever. When it is unclear whether something was denied, it was not: a needless "please see a doctor" costs
less than picks for an infected face.
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from aurora.rules.text import anywhere, fold, pattern, words

_RULES_EN: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "severe_pain",
        words(r"(?:severe|intense|throbbing|burning) pains?", "painful swelling", "painfully swollen"),
    ),
    (
        "infection_signal",
        # Hay fever is an allergy, and cabin fever is a mood.
        words(
            "pus",
            r"ooz(?:e|es|ed|ing)",
            "discharge",
            "infections?",
            "infected",
            r"(?<!hay )(?<!cabin )fevers?",
            "feverish",
            "cellulitis",
        ),
    ),
    (
        "rapid_worsening",
        words(
            r"sudden(?:ly)? spread(?:s|ing)?",
            "rapidly spreading",
            r"spreading (?:fast|quickly|rapidly)",
            r"(?:get|gets|getting|got) (?:much )?worse (?:quickly|fast|rapidly)",
            r"worsening (?:fast|quickly|rapidly)",
        ),
    ),
    (
        "bleeding_ulcer",
        words("bleeding", "bleeds", "open wounds?", "open sores?", r"ulcers?", r"ulcerat(?:ion|ions|ed|ing)"),
    ),
    (
        "eye_swelling",
        words(
            "eyes? swelling",
            "eyelids? swelling",
            r"around my eyes? (?:is |are |feels? |looks? )?swollen",
            r"eye area (?:is |looks? )?swollen",
            "puffy eyelids?",
            r"swollen (?:eyes?|eyelids?)",
            r"(?:eyes?|eyelids?) (?:is|are) (?:very |so |badly )?swollen",
        ),
    ),
)

_RULES_CN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("severe_pain", pattern(r"剧痛|[疼痛]得(?:很|特别|非常)?厉害|刺痛很强|灼痛明显")),
    ("infection_signal", anywhere("化脓", "渗液", "流脓", "发烧", "发热", "疑似感染", "感染了")),
    ("rapid_worsening", anywhere("突然扩散", "迅速加重", "恶化很快", "大面积恶化", "越来越严重")),
    ("bleeding_ulcer", anywhere("出血", "破溃", "溃烂", "开放性伤口")),
    ("eye_swelling", anywhere("眼周肿", "眼皮肿", "眼部肿胀", "眼周浮肿")),
)

# Where a clause ends, and with it the reach of a denial. The Chinese enumeration mark does not end one.
_CLAUSE_END = pattern(
    r"[.,;:!?\n。，；：！？…]"
    r"|\b(?:but|however|though|although|yet|except|and|then|now|because|while|until)\b"
    r"|但|不过|可是|然而|却|只是|而是|反而|现在|结果|因为|所以|可能|一直"
)
_DENIAL_REACH_EN, _DENIAL_REACH_CN = 24, 12
_DENIAL_EN = pattern(
    r"\b(?:no|not|without|never|none|nor|den(?:y|ies|ied)|free of|"
    r"(?:do|did|is|does|has|have|had|was|are|were)n'?t)\b"
)
# 无法, 没有过, 是不是, 有没有 deny nothing.
_DENIAL_CN = pattern(
    r"无(?![法比时数论可])|(?<!有)没有(?!过)|并无|未见|(?<!是)不是|并非(?!没)|未出现|不再|(?<!有)没(?![有完])"
)
# Between a denial and a mention: "not sure if", "not only", "won't stop", 没有好转 … deny something else.
_OTHER_OBJECT = pattern(
    r"\b(?:sure|only|just|idea|why|know|certain|doubt|wonder|matter|stop(?:s|ped|ping)?|heal(?:s|ed|ing)?|help(?:s|ed|ing)?|"
    r"work(?:s|ed|ing)?|improv\w{0,4}|better|reliev\w{0,4}|relief|going away|gone|longer able)\b"
    r"|止|停|好转|消|愈|缓解|改善|恢复|确定|知道|只|仅|用"
)
# A denied list goes on: "no pus, bleeding, or fever", 没有发烧、出血.
_LIST_OR = pattern(r"[\s]*,?[\s]*(?:or|nor|/|、|或者|或|和|及|与|也没有?)[\s]*(?:any[\s]+)?")
_LIST_COMMA = pattern(r"[\s]*,[\s]*(?:any[\s]+)?")


class Boundary(msgspec.Struct, frozen=True):
    """blocked: something needs a doctor. flags: the rules that say so, in table order, each once."""

    blocked: bool
    flags: tuple[str, ...]


class _Mention(msgspec.Struct):
    rule: str
    start: int
    end: int
    denied: bool


def check(text: str) -> Boundary:
    """Judge everything that a message says (raw text, any language, any length)."""
    folded = fold(text)
    mentions = [
        _Mention(rule, found.start(), found.end(), _denied(folded, found.start()))
        for rules in (_RULES_EN, _RULES_CN)
        for rule, terms in rules
        for found in terms.finditer(folded)
    ]
    if not mentions:
        return Boundary(False, ())
    mentions.sort(key=lambda mention: mention.start)
    _carry_denial_along_lists(folded, mentions)
    raised = {mention.rule for mention in mentions if not mention.denied}
    flags = tuple(rule for rule, _ in _RULES_EN if rule in raised)
    return Boundary(bool(flags), flags)


def _denied(text: str, start: int) -> bool:
    return _denied_within(text, start, _DENIAL_REACH_EN, _DENIAL_EN) or _denied_within(
        text, start, _DENIAL_REACH_CN, _DENIAL_CN
    )


def _denied_within(text: str, start: int, reach: int, denial: re.Pattern[str]) -> bool:
    """Is there a denial in the same clause, at most `reach` characters before `start`, that means this?"""
    begin = max(0, start - reach)
    for end in _CLAUSE_END.finditer(text, begin, start):
        begin = end.end()
    last = None
    # One character of context more, so that the look-behinds of 有没有 and 是不是 see it.
    for found in denial.finditer(text, begin, start):
        last = found
    return last is not None and _OTHER_OBJECT.search(text, last.end(), start) is None


def _carry_denial_along_lists(text: str, mentions: list[_Mention]) -> None:
    """A denial reaches along a list: "or" carries it, a comma only on the way to an "or"."""
    gaps = [
        text[left.end : right.start] if right.start - left.end <= 12 else ""
        for left, right in pairwise(mentions)
    ]
    carries = [bool(_LIST_OR.fullmatch(gap)) for gap in gaps]
    for index in range(len(gaps) - 2, -1, -1):
        if carries[index + 1] and _LIST_COMMA.fullmatch(gaps[index]):
            carries[index] = True
    for index, carried in enumerate(carries):
        if carried and mentions[index].denied:
            mentions[index + 1].denied = True
