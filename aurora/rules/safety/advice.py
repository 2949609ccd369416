"""Is this a wish for advice, or a question about facts? (decision 20)

While something must be known first, advice ("can I use it", 能用吗) waits for the answer to the safety
question. What goes together, and how an ingredient works, may be answered beside it.
"""

from __future__ import annotations

from aurora.rules import detectors
from aurora.rules.text import hit, pattern

_FOR_ME_EN = pattern(
    r"\b(?:can|could|may|should|shall|must) i (?:\w+ly |still |just |even |already |now )?"
    r"(?:use|try|start|apply|put|take|wear|keep|continue|buy|get|switch|go)\b"
    r"|\b(?:is|are|was|would|will)\b[^.?!]{1,40}?\b(?:safe|ok|okay|alright|suitable|all right)\b"
    r"|\b(?:safe|ok|okay|right|good|fine|suitable) (?:to use|to try|for (?:me|my|someone like me))\b"
)
_FOR_ME_CN = pattern(
    r"[能可](?:不[能可])?以?(?:否)?(?:用|涂|抹|刷|试|擦|上脸|入手)(?!多久|多少|来|什么)"
    r"|适合我|适不适合|合适我?吗|该不该|要不要(?:用|试|买)|安全吗|安不安全|行不行|有没有事"
)


def wants_advice(text: str, *, combining: bool) -> bool:
    """Does folded `text` ask whether something is right for the writer?

    combining: it asks what goes together (`conflict_question`). That is a conflict check, and no such
    question, even if it begins with "can I".
    """
    if combining:
        return False
    return detectors.asks_suitability(text) or hit(text, _FOR_ME_EN, _FOR_ME_CN)
