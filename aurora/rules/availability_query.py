"""What to look for in a catalogue: a message without politeness and buying words (contract B 14)."""

from __future__ import annotations

import re

QUERY_CAP = 120
_READ_CAP = 600
_MOST_WORDS = 40
_BLANKS = re.compile(r"\s+")

_OPENERS = re.compile(
    r"^(?:\s|[,，。!！:：~])*(?:请问(?:一下|下)?|麻烦(?:问|查)?(?:一下|下)?|我?想(?:问|了解|知道)(?:一下|下)?"
    r"|帮我(?:看看|查查|查一下|看一下|找找)|你好|您好|哈喽|嗨|在吗|亲|hi\b|hello\b|hey\b|excuse me\b"
    r"|please\b|(?:could|can) you (?:please )?tell me(?: if)?"
    r"|i(?:'d| would) like to know(?: if)?|i want to know(?: if)?|i was wondering if"
    r"|may i ask(?: if)?|do you know if|(?:what|how) about\b|tell me about\b)",
    re.IGNORECASE,
)
_MOST_OPENERS = 4
_ASKING = re.compile(
    r"有没有|有木有|有无|有没|有吗|有货|现货|库存"
    r"|(?:在)?(?:哪里|哪儿|哪)(?:能|可以)?(?:买|下单)(?:到|得到)?|怎么买|(?:可以|能不能|能)买(?:到)?"
    r"|买得到|购买|下单|链接|渠道|官方|旗舰店?|自营|专卖店|店铺|店里|店|你们(?:家)?|这里|这边|现在|目前"
    r"|还有|一下|想买|我要买|我想要"
    r"|(?:相关)?的?(?:产品|单品)|这个(?:品牌|牌子)|品牌|牌子|这款|那款|怎么样|好不好|如何|是什么"
    r"|[吗呢嘛呀啊](?=[\s,，.。!！?？]|$)"
    r"|\b(?:is|are|was|do|does|can|could|would|there|here|still|currently|right now|now|today)\b"
    r"|\b(?:you|we) (?:have|carry|sell|stock|got)\b|\b(?:have you got|have any|in stock|on sale|for sale)\b"
    r"|\bavailab(?:le|ility)(?: of)?\b|\bwhere (?:can|could|do|to)\b"
    r"|\b(?:i|to) (?:buy|get|find|order|purchase)\b"
    r"|\b(?:buy|purchase|order)\b|\b(?:a |the )?links?(?: to| for)?\b"
    r"|\b(?:any|some|anything|something|products?|brand)\b"
    r"|\b(?:you|i|from|by|please|online|store|shop)\b",
    re.IGNORECASE | re.ASCII,
)
_LEADING = re.compile(r"^(?:[\s,，.。!！?？:：;；、~·\-]|的|我|a\s|an\s|of\s|for\s|有(?!机))+")
_TRAILING = re.compile(r"(?:[\s,，.。!！?？:：;；、~·\-]|的)+$")
_MARKS = re.compile(r"[\"“”'‘’「」『』《》()（）\[\]【】?？!！,，。;；:：、\n\t]+")


def cleaned(message: str) -> str:
    """What is asked for: the message without politeness and buying words, no word twice; may be empty."""
    text = message[:_READ_CAP]
    for _ in range(_MOST_OPENERS):
        opener = _OPENERS.match(text)
        if opener is None:
            break
        text = text[opener.end() :]
    text = _MARKS.sub(" ", _ASKING.sub(" ", text))
    seen: dict[str, str] = {}
    for word in text.split()[:_MOST_WORDS]:
        seen.setdefault(word.lower(), word)
    kept = " ".join(seen.values())
    return _TRAILING.sub("", _LEADING.sub("", kept))[:QUERY_CAP].strip()


def is_specific(query: str) -> bool:
    """Does a query name one product, rather than a kind or a maker?"""
    size = compact(query)
    if size >= 12 or (size >= 8 and len(query.split()) >= 3):
        return True
    return size >= 5 and any(sign.isdigit() or sign in "%+" for sign in query)


def compact(text: str) -> int:
    """How long a text is without its blanks."""
    return len(_BLANKS.sub("", text))
