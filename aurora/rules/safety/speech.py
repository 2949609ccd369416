"""How something was said: about whom, when, denied, or only as a figure of speech. Both languages.

Red flags and the safety engine judge mentions of words; this module tells which mentions are about the
reader's skin today. Every doubt is settled on the side of caution: what cannot be excused, counts.
Each look reaches a bounded number of characters, so that judging every mention stays linear in the text.
All functions take folded text.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from aurora.rules.text import pattern

# Where a clause ends, and with it the reach of a denial. The Chinese enumeration mark does not end one.
CLAUSE_END = pattern(
    r"[.,;:!?\n。，；：！？…]"
    r"|\b(?:but|however|though|although|yet|except|and|then|now|because|while|until)\b"
    r"|但|不过|可是|然而|却|只是|而是|反而|现在|结果|因为|所以|可能|一直"
)
# Ends that no comma softens; "so" and "while" do not end what a sentence is about.
_SENTENCE_END = pattern(r"[.;!?\n。；！？…]")

_REACH = 90
"""Characters that a look at a clause goes back or forth at most: people's clauses are shorter."""

# --- whom it is about
_KIN_EN = (
    r"(?:(?:older |younger |little |big |best |good |pregnant |breastfeeding |nursing )?"
    r"(?:sisters?|sis|mom|mum|mommy|mother|wife|girlfriend|gf|friends?|daughters?|cousins?|aunt|aunty"
    r"|colleague|"
    r"coworker|co-worker|boss|neighbou?r|roommate|flatmate|partner|clients?|patients?|sons?|husband"
    r"|boyfriend|bf|"
    r"dad|father|brothers?|grandma|grandmother|grandpa|niece|nephew|sister-in-law|mother-in-law|bestie|"
    r"dogs?|cats?|puppy|kitten|horse|bab(?:y|ies)|toddler|kids?|child|children|teenager))"
)
KIN_CN = (
    r"(?:妈妈?|母亲|姐姐?|妹妹?|姐妹|老婆|妻子|媳妇|女朋友|女友|闺蜜|朋友|同事|嫂子|弟妹|表姐|表妹"
    r"|堂姐|堂妹|阿姨|姑姑|"
    r"邻居|室友|老公|丈夫|男朋友|男友|对象|爸爸?|父亲|女儿|儿子|孩子|宝宝|弟弟?|哥哥?|奶奶|外婆|婆婆"
    r"|领导|老板|客户|"
    r"顾客|学生|同学|[狗猫](?![粮砂]))"
)
_SUBJECT = re.compile(
    rf"(?P<we>我?(?:和|跟|与)(?:我)?(?:的)?{KIN_CN})"
    rf"|(?P<other>\b(?:my|our|a|the|one of my|his|her|their) {_KIN_EN}\b(?!-)|\b(?:she|he|they|she's"
    rf"|he's|they're|somebody|someone)\b"
    rf"|(?:我|你)?(?:家|们)?(?:的)?{KIN_CN}|她们?|(?<![其吉])他们?(?![扎汀克莫])|人家)"
    r"|(?P<self>\b(?:i|i'm|im|i've|ive|i'd|we|we're|me|myself|my|mine)\b|我|咱|俺|本人|自己)",
    re.ASCII,
)
_PREGNANT_KIN = re.compile(
    rf"\s+(?:sister|wife|friend|girlfriend|daughter|cousin|mom|mother|aunt|colleague|coworker|dog|cat"
    rf"|niece|client)s?\b"
    rf"|(?:中)?的(?:我)?{KIN_CN}",
    re.ASCII,
)
_CHILD = pattern(r"bab(?:y|ies)|toddler|kids?|child|sons?|daughters?|宝宝|孩子|女儿|儿子")
# The advice is for them: then their condition is what matters.
_FOR_OTHER = re.compile(
    rf"\b(?:can|could|should|may|must|would|does|safe for|okay for|ok for|good for|for|recommend|give"
    rf"|on|tell)\s+"
    rf"(?:(?:my|a|the|our) {_KIN_EN}|she|her|he|him|they|them|someone)\b"
    rf"|\b(?:my|our) {_KIN_EN} (?:can|could|should|wants? to|needs?|is asking|asks|would like)\b"
    rf"|\b(?:she|he|they) (?:can|could|should|wants?|needs?|use|try)\b"
    rf"|\b(?:on|for) (?:her|his|their) (?:skin|face|cheeks?|chin|arms?|legs?|forehead)\b"
    rf"|(?:她们?|(?<![其吉])他们?|{KIN_CN})(?:现在|还|到底)?(?:可以|可不可以|能(?!量)|该|适合|应该"
    rf"|要不要|想用|想要|用什么|需要|怎么)"
    rf"|(?:给|帮|替|为)(?:我)?(?:的)?(?:她|他|{KIN_CN})(?:推荐|买|选|挑|找|问|用|涂|看)",
    re.ASCII,
)
# The advice is plainly for the writer.
_FOR_SELF = pattern(
    r"\b(?:for (?:me|myself)|recommend me|(?:my|mine) (?:own )?(?:skin|face|pores|cheeks|routine|acne"
    r"|dryness|t-zone|complexion)|"
    r"i (?:just |only |also )?(?:have|am|need|want) (?:just |only |a |some )?(?:an? )?(?:mild|dry"
    r"|oily|combination|normal|healthy|fine|"
    r"sunscreen|moisturi[sz]er|cleanser|serum|toner|good)\w*|i'm (?:fine|dry|oily|ok|okay|healthy|well))"
    r"|适合我|我的(?:皮肤|脸|肤质)|我自己|给我推荐|推荐给我|我是[干油混敏中]|我(?:只|就)?(?:想要|想买"
    r"|需要|要买)|我(?:皮肤|的脸|脸)"
)

# --- when it was
_LONG_AGO = (
    r"(?:(?:about |around |over |almost )?(?:a|an|one|two|three|four|five|six|ten|\d{1,2}|a few"
    r"|a couple of|several|many|some) "
    r"(?:years?|decades?) (?:ago|back)|years ago|a year ago|(?:six|seven|eight|nine|ten|eleven|[6-9]"
    r"|1[0-2]|several|many) months ago|"
    r"last year|long ago|as a (?:kid|child|teen|teenager|baby|student)|"
    r"when i was (?:a |an )?(?:kid|child|teen|teenager|little|young|younger|student|baby|\d{1,2})"
    r"|back in (?:school|college|high school|(?:19|20)\d\d)|"
    r"in (?:high school|college|my teens|my twenties|my childhood|(?:19|20)\d\d)|used to (?:be|have"
    r"|get)|once had)"
)
_PAST_EN = pattern(rf"\b{_LONG_AGO}")
_PAST_ONLY_EN = pattern(rf"\s*(?:and |so )?{_LONG_AGO}\s*")
_PAST_VERB_EN = pattern(
    r"\b(?:had|was|were|got|developed|suffered|caught|ended up|experienced|used to|did|bled|took"
    r"|finished|stopped|came off|completed|used|tried|applied)\b"
)
_PAST_CN = pattern(
    r"去年|前年|大前年|以前|曾经|曾(?!孙)|从前|小时候|年前|当年|大学(?:时|的时候)|高中(?:时|的时候)"
    r"|上学(?:时|的时候)|青春期"
)
_PAST_ONLY_CN = pattern(
    r"\s*(?:我)?(?:大概|差不多)?(?:去年|前年|以前|曾经|从前|小时候|\S{1,3}年前|大学时|高中时"
    r"|大学的时候|高中的时候)(?:夏天|冬天|的时候)?\s*"
)
_USED = pattern(r"\b(?:used|tried|applied|had|did|was|stopped|finished|quit)\b|过|停|戒")
_STILL = pattern(
    r"\b(?:again|still|since|keeps?|today|tonight|this (?:morning|week|evening|afternoon)|yesterday"
    r"|last (?:night|week)|currently|lately|recently|"
    r"right now|these days|ever since|came back|is|are|(?<!used to )have|has|it's|i'm|coming back)\b"
    r"|现在|最近|又|还在|还是|还有|还没|仍|一直|这几天|这两天|今天|今早|昨天|昨晚|刚|再次|复发|至今"
    r"|到今|持续|开始|正在|目前|以来"
)
_HEALED_AFTER = pattern(
    r"\b(?:healed|cleared(?: up)?|resolved|gone|recovered|went away|all better|got better)\b"
    r"|(?:已经|早就|都|完全|后来|很快|现在)(?:就|都|已|全|完全)?(?:好了|痊愈|愈合|退了|退烧|康复|治好"
    r"|消退|恢复)|痊愈了|治好了"
)
_NOT_HEALED = pattern(
    r"\b(?:not|n't|never|almost|nearly|barely|half|isnt|hasnt|until|once|when|if|back|again"
    r"|returned)\b|n't|没|不|差不多|快|又|复发|再|还"
)


class Clauses:
    """Clause ends of one text, found once."""

    __slots__ = ("_bounds", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._bounds = [0]
        for end in CLAUSE_END.finditer(text):
            self._bounds += (end.start(), end.end())
        self._bounds.append(len(text))

    def around(self, position: int) -> tuple[int, int]:
        """[start, end) of the clause that holds `position`, at most `_REACH` characters either way."""
        index = bisect_right(self._bounds, position) - 1
        if index % 2:  # on the separator itself: "yet" and the like
            return position, self._bounds[min(index + 1, len(self._bounds) - 1)]
        start, end = self._bounds[index], self._bounds[min(index + 1, len(self._bounds) - 1)]
        return max(start, position - _REACH), min(end, position + _REACH)

    def begin(self, position: int, reach: int) -> int:
        """Where the clause before `position` begins, at most `reach` characters back."""
        index = bisect_right(self._bounds, position) - 1
        index -= index % 2
        # The clause end in front of it, if all of it lies within reach.
        if index and self._bounds[index - 1] >= position - reach:
            return self._bounds[index]
        return max(0, position - reach)

    def before(self, position: int) -> str:
        """The clause in front of the one that holds `position`, if it is in the same sentence; else ""."""
        index = bisect_right(self._bounds, position) - 1
        index -= index % 2
        if index < 2 or _SENTENCE_END.search(self.text, self._bounds[index - 1], self._bounds[index]):
            return ""
        return self.text[
            max(self._bounds[index - 2], self._bounds[index - 1] - _REACH) : self._bounds[index - 1]
        ]


def about_another(clauses: Clauses, start: int, end: int, *, child: bool = True) -> bool:
    """Is the nearest subject before (or right behind, "pregnant sister") somebody else?

    child: whether a child counts as somebody; of a baby that is nursed, the writer is the mother.
    """
    if _PREGNANT_KIN.match(clauses.text, end, end + 24):
        return True
    begin, _ = clauses.around(start)
    # A possessive is kept whole: the clause may not be cut inside "my sister".
    nearest = None
    for found in _SUBJECT.finditer(clauses.text, begin, start):
        # "on her cheek", "my skin": whose skin, not who; the owner says it all the same.
        if child or not _CHILD.search(found[0]):
            nearest = found.lastgroup
    return nearest == "other"


def asks_for_another(text: str) -> bool:
    """Is advice wanted for somebody else?"""
    return _FOR_OTHER.search(text) is not None


def asks_for_self(text: str) -> bool:
    """Is advice plainly wanted for the writer's own skin?"""
    return _FOR_SELF.search(text) is not None


def long_ago(clauses: Clauses, start: int, *, used: bool = False) -> bool:
    """Was it a matter of years ago, with nothing that ties it to today?

    used: of a product: it must have been used and done with (用过); one bought long ago may be in use.
    """
    begin, stop = clauses.around(start)
    text = clauses.text
    if _STILL.search(text, begin, stop):
        return False
    ahead = clauses.before(start)
    if used and not _USED.search(text, begin, stop):
        return False
    if _PAST_CN.search(text, begin, stop) or (ahead and _PAST_ONLY_CN.fullmatch(ahead)):
        return True
    if _PAST_EN.search(text, begin, stop) or (ahead and _PAST_ONLY_EN.fullmatch(ahead)):
        return _PAST_VERB_EN.search(text, begin, stop) is not None
    return False


def healed(clauses: Clauses, end: int) -> bool:
    """Does what follows, in this sentence, say that it is over?"""
    text = clauses.text
    stop = min(len(text), end + 48)
    over = _SENTENCE_END.search(text, end, stop)
    stop = over.start() if over else stop
    found = _HEALED_AFTER.search(text, end, stop)
    # Look a little behind it too: "healed, then came back".
    return found is not None and _NOT_HEALED.search(text, end, min(len(text), found.end() + 24)) is None
