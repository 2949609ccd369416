"""The medical boundary (contract B 9.1): words that mean "see a doctor", unless they are denied.

Read before everything else, for every message, both languages in every language. A denial holds only
inside its own clause, and every mention is judged, not only the first: "no bleeding but fever" is a
fever. When it is unclear whether something was denied, it was not: a needless "please see a doctor" costs
less than picks for an infected face.

Four more things excuse a mention: it was years ago and nothing ties it to today; the sentence says that it
healed; it is a figure of speech (bleeding edge, 发烧友); it is somebody else's, and advice is plainly wanted
for the writer's own skin and not for theirs. Rationale and sentences of each rule: `safety.red_flag_notes`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from aurora.rules.safety import speech
from aurora.rules.safety.red_flag_terms import RULES_CN, RULES_EN
from aurora.rules.text import anywhere, fold, pattern, words

_TERMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *((rule, words(*terms)) for rule, terms in RULES_EN),
    *((rule, anywhere(*terms)) for rule, terms in RULES_CN),
)

# Words of the list that mean something else here.
_FIGURE = pattern(
    r"\bbleeding[ -](?:edge|hearts?)\b|\b(?:gold|spring|dance|football|world cup|wedding"
    r"|saturday night|baby|bieber|election|holiday|christmas|sale|shopping|k-?pop|disco) fever\b"
    r"|\bfever[ -](?:pitch|dreams?|tree)\b"
    r"|\b(?:wallet|bank account|budget|company|savings)\b(?: \w+){0,2} (?:bleeds|bled|bleeding)\b"
    r"|\b(?:screen|backlight|display)\b(?: \w+){0,3} (?:bleeds|bled|bleeding)\b|\bbleed(?:s|ing) light\b"
    r"|\bbleeding (?:money|cash|subscribers|users)\b"
    r"|\b(?:lipsticks?|lip ?liner|eye ?liner|liner|ink|colou?rs?|dye"
    r"|mascara)\b(?: \w+){0,3} (?:bleeds|bled|bleeding)\b"
    r"|\binfected (?:by|with) (?:her|his|their|your|the|so much|such) (?:laugh\w*|enthusiasm|energy"
    r"|joy|excitement|optimism|passion|smile|mood)"
    r"|\b(?:computer|laptop|server|website|pc|phone)\b(?: \w+){0,4} (?:infected|infection)\b"
    r"|\binfected (?:computer|laptop|file|pc|phone)s?\b"
    r"|\bdischarge (?:papers?|letter|date|summary|from (?:the )?(?:hospital|army|clinic))|\b(?:static"
    r"|battery|electric\w{0,4}|hospital) discharge\b"
    r"|\b(?:severe|intense|burning|throbbing|excruciating|unbearable) pain (?:of|to) (?:choos|wait"
    r"|heartbreak|los|read|watch|my wallet|use)"
    r"|发烧(?:友|级|音响)|(?:手机|电脑|充电器|机器|笔记本|仪器|美容仪|电池"
    r"|导入仪)[^，。,.]{0,4}(?:发热|发烧)|发热(?:面膜|眼罩|贴|内衣|纤维|衣|鞋垫|膜|款)"
    r"|(?:钱包|荷包|预算|余额|信用卡|价格|价钱|账单)[^，。,.]{0,8}(?:出血|流血|剧痛)|大出血(?:促销|甩卖|价)"
    r"|出血色|(?:头脑|脑子|脑袋|打折|折扣|促销|直播间?|种草)[^，。,.]{0,6}发热"
    # A face that is puffy from a night out or a tooth is no allergy, however it is painted.
    r"|(?:熬夜|没睡|睡[多前醒]|早起|起床|早上|吃咸|火锅|喝[多酒水]|哭|拔(?:智齿|牙))[^。]{0,12}?脸[^，。]{0,4}?肿[成得]\S{0,6}"
    r"|出血(?:价|甩卖|促销|大减价|大甩卖)"
    r"|被(?:她|他|你|大家|氛围|气氛|热情|情绪|笑|快乐|这份|这种|歌声)[^菌毒，。]{0,8}感染了?|感染力"
    r"|(?:拖延症|内卷|堵车|强迫症|选择困难症?|囤货|剁手|物价|通货膨胀|内耗)[^，。]{0,6}越来越严重"
    r"|剧痛的?(?:教训|领悟)"
)
# What is to be prevented is not there: "to prevent infection", 预防感染.
_PREVENTED = pattern(
    r"\b(?:prevent(?:s|ing)?|avoid(?:s|ing)?|protect(?:s|ing)? (?:\w+ )?(?:against|from)|risk of"
    r"|lower the risk of|(?:worried|afraid|scared|nervous) (?:about|of) (?:getting|catching))"
    r"(?: an| any| further| the| possible)? ?$"
    r"|(?:预防|防止|避免)(?:伤口|皮肤|再次)?$"
)

_DENIAL_REACH_EN, _DENIAL_REACH_CN = 24, 12
# "It's not like there's no pus": what denies a denial, right before it.
_DENIED_ITSELF = pattern(
    r"(?:\bnot|n't|\bnever) (?:like|that|as if|as though)(?: there(?:'s| is| are| was)| i have)? $"
)
_DENIAL_EN = pattern(
    r"\b(?:no|not|without(?! \w{1,20} (?:the|my|it|i)\b)|never|none|nor|neither"
    r"|den(?:y|ies|ied)|free of|negative for|"
    r"(?<!not )(?<!n't )(?<!never )(?<!been )(?:rules|ruled) out|"
    r"(?:do|did|is|does|has|have|had|was|are|were)n'?t)\b"
)
# 无法, 没有过, 是不是, 有没有 deny nothing.
_DENIAL_CN = pattern(
    r"无(?![法比时数论可])|(?<!有)没有(?!过)|并无|未见|(?<!是)不是|并非(?!没)|未出现|不再|(?<!有)没(?![有完])"
    # Right before the sign: 不发烧, 从不出血; but 会不会出血 asks.
    r"|(?<![要会是能对没])(?<!没有)不(?:怎么|太|再|会)?$|(?<![不没能未有])排除了?"
)
# Between a denial and a mention: "not sure if", "not only", "won't stop", 没有好转 … deny something else.
_OTHER_OBJECT = pattern(
    r"\b(?:sure|only|just|idea|why|know|certain|doubt|wonder|matter|stop(?:s|ped|ping)?|heal(?:s|ed"
    r"|ing)?|help(?:s|ed|ing)?|"
    r"work(?:s|ed|ing)?|improv\w{0,4}|better|reliev\w{0,4}|relief|going away|gone|longer able|"
    r"rul(?:e|es|ed) out|touch(?:ing|ed)?|when|once|after)\b"
    r"|止|停|好转|消|愈|缓解|改善|恢复|确定|知道|只|仅|用|碰|挤|抓|抠|也会|还会|就会|排除|人|告诉|想到|料到|注意|办法"
)
# A denied list goes on: "no pus, bleeding, or fever", 没有发烧、出血.
_LIST_OR = pattern(r"[\s]*(?:,[\s]*)?(?:or|nor|/|、|或者|或|和|及|与|也没有?)[\s]*(?:any[\s]+)?")
_MOST_EXCUSES = 200
_LIST_COMMA = pattern(r"[\s]*,[\s]*(?:any[\s]+)?")


class Boundary(msgspec.Struct, frozen=True):
    """blocked: something needs a doctor. flags: the rules that say so, in table order, each once."""

    blocked: bool
    flags: tuple[str, ...]


class _Mention(NamedTuple):
    start: int
    end: int
    rule: str


def check(text: str) -> Boundary:
    """Judge everything that a message says (raw text, any language, any length)."""
    folded = fold(text)
    found = [
        _Mention(hit.start(), hit.end(), rule) for rule, terms in _TERMS for hit in terms.finditer(folded)
    ]
    if not found:
        return Boundary(False, ())
    found.sort(key=_start)
    # What is no sign at all leaves before lists are read; the rest is excused where it stands.
    raised = _Reading(folded, _without_figures(folded, found)).raised()
    flags = tuple(rule for rule, _ in RULES_EN if rule in raised)
    return Boundary(bool(flags), flags)


def _start(mention: _Mention) -> int:
    return mention.start


def _without_figures(text: str, mentions: list[_Mention]) -> list[_Mention]:
    """Mentions that are no figure of speech. Both lists are sorted, so one pass does."""
    spans = [figure.span() for figure in _FIGURE.finditer(text)]
    if not spans:
        return mentions
    kept: list[_Mention] = []
    at = 0
    for mention in mentions:
        while at < len(spans) and spans[at][1] <= mention.start:
            at += 1
        if at == len(spans) or mention.end <= spans[at][0]:
            kept.append(mention)
    return kept


class _Reading:
    """Which rules the mentions of one text raise, from left to right.

    One mention that counts settles its rule: what follows is only read if a list hangs on it ("no pus,
    bleeding or fever"). So a flood of one word costs little more than finding it.
    """

    def __init__(self, text: str, mentions: list[_Mention]) -> None:
        self.text = text
        self.mentions = mentions
        self.clauses = speech.Clauses(text)
        self._settled: list[bool | None] = [None] * len(mentions)
        self._carried: dict[int, bool] = {}
        self._for_self: bool | None = None

    def raised(self) -> set[str]:
        """The rules that at least one mention raises."""
        raised: set[str] = set()
        stood: set[str] = set()  # rules with a mention that no excuse of its own covers
        looked = 0
        for index, mention in enumerate(self.mentions):
            if mention.rule in raised:
                continue
            denied = self._denied(mention)
            # Nobody has hundreds to excuse.
            if not denied and mention.rule not in stood and looked < _MOST_EXCUSES:
                looked += 1
                denied = self._excused(mention)
                if not denied:
                    stood.add(mention.rule)
            self._settled[index] = denied = denied or self._hangs_on_a_denial(index)
            if not denied:
                raised.add(mention.rule)
                if len(raised) == len(RULES_EN):
                    break
        return raised

    def _denied(self, mention: _Mention) -> bool:
        start = mention.start
        return (
            self._denied_within(start, _DENIAL_REACH_EN, _DENIAL_EN)
            or self._denied_within(start, _DENIAL_REACH_CN, _DENIAL_CN)
            # "infection-free"
            or self.text.startswith(("-free", " free "), mention.end)
        )

    def _denied_within(self, start: int, reach: int, denial: re.Pattern[str]) -> bool:
        """Is there a denial in the same clause, at most `reach` characters back, that means this?"""
        begin = self.clauses.begin(start, reach)
        last = None
        for found in denial.finditer(self.text, begin, start):
            last = found
        return (
            last is not None
            and _OTHER_OBJECT.search(self.text, last.end(), start) is None
            and _DENIED_ITSELF.search(self.text, max(0, last.start() - 40), last.start()) is None
        )

    def _excused(self, mention: _Mention) -> bool:
        """Long past, healed, prevented, or plainly somebody else's while the writer asks about themselves."""
        start, end = mention.start, mention.end
        return (
            _PREVENTED.search(self.text, max(0, start - 40), start) is not None
            or speech.long_ago(self.clauses, start)
            or speech.healed(self.clauses, end)
            or (self._asks_for_self() and speech.about_another(self.clauses, start, end))
        )

    def _asks_for_self(self) -> bool:
        if self._for_self is None:
            self._for_self = speech.asks_for_self(self.text) and not speech.asks_for_another(self.text)
        return self._for_self

    def _hangs_on_a_denial(self, index: int) -> bool:
        """A denial reaches along a list: is one carried to this mention from those before it?"""
        at = index
        while at > 0 and self._carries(at - 1):
            at -= 1
            settled = self._settled[at]
            if settled is None:  # passed over, because its rule was raised before
                settled = self._denied(self.mentions[at])
                if not settled:
                    continue
            self._settled[at] = settled
            return settled
        return False

    def _carries(self, index: int) -> bool:
        """Does a list go on to the next mention? "or" carries; a comma only on the way to an "or"."""
        at, commas = index, []
        while (known := self._carried.get(at)) is None:
            gap = self._gap(at)
            if _LIST_OR.fullmatch(gap):
                known = True
            elif not _LIST_COMMA.fullmatch(gap):
                known = False
            if known is not None:
                self._carried[at] = known
                break
            commas.append(at)
            at += 1
        for comma in commas:
            self._carried[comma] = known
        return known

    def _gap(self, index: int) -> str:
        if index + 1 >= len(self.mentions):
            return ""
        end, start = self.mentions[index].end, self.mentions[index + 1].start
        return self.text[end:start] if start - end <= 12 else ""
