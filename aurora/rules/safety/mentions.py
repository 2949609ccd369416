"""Which terms of the vocabulary a text really brings up: named, and neither denied nor long past.

"Without retinol", 不含A醇, "retinol-free", "I stopped retinol" bring nothing up. "Should I stop retinol?",
"I don't want to give up retinol", "I have never used retinol, can I start?" do.
"""

from __future__ import annotations

import re
from itertools import islice

from aurora.rules.safety.speech import Clauses, long_ago
from aurora.rules.safety.terms import FAMILIES, PATTERNS
from aurora.rules.text import fold, pattern

MOST_LOOKS = 200
"""Mentions of one set that are judged at most; it bounds what a flood of them can cost."""

_REACH_EN, _REACH_CN = 28, 10

# Said outright: a question does not soften it.
_WITHOUT = pattern(
    r"\b(?:no|not|without|free of|free from|instead of|other than|none|alternatives? to"
    r"|alternatives? for|replac\w{0,6}(?: for| of)?|"
    r"substitutes? for|non|(?:do|does|did|am|is|are|was|were|have|has|had|wo|would)n'?t|allergic to"
    r"|intolerant to|never|nothing (?:with|containing))\b"
    r"|不含|不要|(?<!能)(?<!可以)不用(?!.{0,6}不行)|没用(?!过)|没有用(?!过)|没在用|不想用|不加"
    r"|(?<!法)无(?![法比时数论可效])|非(?!常)|别(?:给|再|用|推荐|加)|除了|代替|替代|不使用"
    r"|(?<!有)没有(?!过)|(?<!做)不(?:想|敢|打算|准备|考虑)?做|没做|不想刷|(?<!要)不$|没$|(?<![去清消祛解免])除$|讨厌|过敏"
)
# Given up or kept away from: not while it is still being asked.
_GIVEN_UP = pattern(
    r"\b(?:stop(?:ped|ping)?|quit|avoid(?:s|ed|ing)?|skip(?:ped|ping)?|gave up|ditched|dropped"
    r"|paus(?:e|ed|ing)|off|threw (?:out|away)|swore off)\b"
    r"|停用|停了|停掉|停止|戒了|戒掉|避开|避免|已停|不再"
)
_UNDONE = pattern(
    r"\b(?:not|never|can'?t|cannot|won'?t|don'?t|didn'?t|haven'?t|hasn'?t|hard to|without|refuse to"
    r"|not want to)\b|不想|不愿|没|不能|舍不得|不"
)
_ASKED = pattern(
    r"\b(?:should (?:i|we|she|they)|do (?:i|we) (?:need|have)|must i|is it necessary|when (?:do"
    r"|should)|why|need to|have to|whether|restart|"
    r"resume|start again|go back|reintroduce|when can)\b|\?|吗|么|要不要|需不需要|需要|是否|该不该"
    r"|可不可以|能不能|重新|恢复|再用|什么时候|多久|为什么"
)
# After a denial, before the term: then something else is denied.
_OTHER_OBJECT = pattern(
    r"\b(?:sure|only|just|idea|why|know|certain|doubt|wonder|problems?|issues?|trouble|reactions?"
    r"|side effects?|used|tried|heard|stop|quit|"
    r"give up|skip|avoid|enough|pregnant|breastfeeding|working|helping|mind|matter|until|expect\w*"
    r"|think|bother\w*|results?|improv\w*|safe|afford)\b"
    r"|确定|知道|只|仅|怀孕|哺乳|备孕|效果|用过|试过|不|问题|停|够"
)
_QUESTION_FIRST = pattern(
    r"\s*(?:isn'?t|aren'?t|wasn'?t|doesn'?t|don'?t (?:i|you|we)|can'?t|why (?:not|don'?t)|didn'?t|haven'?t)\b"
)
_AFTER = pattern(
    r"[- ]?free\b|[- ](?:alternatives?|substitutes?|dupes?|replacements?|like)\b"
    r"|\s?(?:的?平替|的?替代|类似)|\s?(?:我)?(?:已经|早就|早已|都|就|全)(?:停|没用|不用|戒)"
    r"|\s?(?:停了|停用了|戒了|过敏|(?:我)?(?:早就?|已经)?(?:都|全)?(?:扔|丢|送)(?:了|掉|人))|\s?(?:\S{1,3})?(?:我)?(?:就)?(?:不想用|不要用|不需要)"
)
_RESUMES = pattern(
    r"\b(?:again|restart\w*|resume|reintroduce|go(?:ing)? back (?:to|on)|(?:start|use|using|try) it"
    r"|continue|keep using)\b"
    r"|再用|再涂|重新|继续|还能用|还可以用|能再|恢复使用|接着用"
)
_ALL_BUT = pattern(r"\b(?:anything|everything) (?:but|except)(?: for)?(?: a| my)? $")
_FIGURATIVE = pattern(
    r"\bacid (?:rain|reflux|jazz|tongue|trip)|\b(?:orange|lemon|banana|potato|apple) peels?"
    r"|\bcherry pick|医生开(?:玩笑|会|车)"
)


class Mentions:
    """What one text brings up. Sets are looked for once, when first asked after."""

    __slots__ = ("_clauses", "_found", "_resumes", "_unreal", "folded")

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self._clauses: Clauses | None = None
        self._resumes: bool | None = None
        self._found: dict[str, bool] = {}
        self._unreal: list[tuple[int, int]] | None = None

    def __contains__(self, name: str) -> bool:
        """Is the set `name` brought up? `MULTI`: things to combine, of at least two families."""
        known = self._found.get(name)
        if known is None:
            known = self._found[name] = self._combined() if name == "MULTI" else self._named(name)
        return known

    @property
    def resumes(self) -> bool:
        """Is something to be taken up again ("can I use it again?")? Then nothing in the text is past."""
        if self._resumes is None:
            self._resumes = _RESUMES.search(self.folded) is not None
        return self._resumes

    @property
    def clauses(self) -> Clauses:
        """The clauses of the folded text."""
        if self._clauses is None:
            self._clauses = Clauses(self.folded)
        return self._clauses

    def _combined(self) -> bool:
        return "TOGETHER" in self and sum(family in self for family in FAMILIES) >= 2

    def _named(self, name: str) -> bool:
        found = PATTERNS[name].finditer(self.folded)
        if any(self._counts(one) for one in islice(found, MOST_LOOKS)):
            return True
        # Nobody denies a thing hundreds of times: what is left unread counts.
        return next(found, None) is not None

    def _counts(self, found: re.Match[str]) -> bool:
        start, end = found.span()
        if self._unreal is None:
            self._unreal = [unreal.span() for unreal in _FIGURATIVE.finditer(self.folded)]
        if any(first <= start < last for first, last in self._unreal[:50]):
            return False
        return not (
            denied(self.folded, self.clauses, start, end, resumes=self.resumes)
            or (not self.resumes and long_ago(self.clauses, start, used=True))
        )


def denied(text: str, clauses: Clauses, start: int, end: int, *, resumes: bool) -> bool:
    """Is the term at [start, end) denied, given up or named only to be left out, within its own clause?

    resumes: what was given up is to be taken up again, so giving it up excuses nothing.
    """
    begin, stop = clauses.around(start)
    asked = resumes or _ASKED.search(text, begin, min(len(text), stop + 1)) is not None
    after = _AFTER.match(text, end, end + 16)
    if after is not None and not (asked and "停" in after[0]):
        return True
    if _WITHOUT.search(text, start, end):  # "acid but not every day"
        return True
    # "anything but retinol": "but" ends a clause elsewhere.
    return _ALL_BUT.search(text, max(0, start - 24), start) is not None or _is_left_out(
        text, begin, start, asked
    )


def _is_left_out(text: str, begin: int, start: int, asked: bool) -> bool:
    near = max(begin, start - _REACH_EN)
    last = None
    for found in _WITHOUT.finditer(text, near, start):
        if found[0][0].isascii() or start - found.end() <= _REACH_CN:
            last = found
    if (
        last is not None
        and not _OTHER_OBJECT.search(text, last.end(), start)
        and not _QUESTION_FIRST.match(text, begin)
    ):
        return True
    for found in _GIVEN_UP.finditer(text, near, start):
        if not found[0][0].isascii() and start - found.end() > _REACH_CN:
            continue
        if not asked and not _UNDONE.search(text, max(begin, found.start() - 14), found.start()):
            return True
    return False
