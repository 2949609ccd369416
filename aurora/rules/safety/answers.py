"""Words that answer a safety question, for people who write instead of tapping.

What is read here counts in this turn only: it is put beside the message that the question interrupted, and
never stored (decision 21). Whoever writes about something else is answered for that.
"""

from __future__ import annotations

from aurora.rules import detectors
from aurora.rules.goals import goal_kind
from aurora.rules.safety.person import person_of
from aurora.rules.safety.terms import PATTERNS
from aurora.rules.text import fold, hit, pattern

_LONGEST = 80
_ASKS = pattern(r"[?]|[吗么呢]\s*[。.!]?$")
_NO = pattern(
    r"(?:no|nope|nah|neither|none|not (?:at all|really|that i know)|no[, ]+(?:neither|i'm not|not at all))"
    r"|(?:都)?(?:没有|没|不是|否|不|均无|无)(?:的|啊|呢|哦|哈)?|没有没有"
)
_YES = pattern(r"(?:yes|yep|yeah|yup|i am|y)|是的?|对的?|有的?|嗯+|怀了")
_AGE = pattern(r"(?<!\d)(\d{2})(?!\d)")
_AGE_ONLY = pattern(
    r"(?:i'm|i am|im|aged?|my age is|我|我今年|今年)?\s*\d{2}(?:\s*(?:-|to|–|到|~|至)\s*\d{2})?"
    r"\s*(?:years? old|yo|y/o|岁|周岁)?"
)
_MEDICINE = pattern(
    r"\b(?:none|no|nothing|not|cream|gel|ointment|lotion|tablets?|pills?|capsules?|antibiotics?|doxycycline"
    r"|minocycline|clindamycin|azelaic|steroids?|hydrocortisone|prescri\w{1,6}|doctor|derm\w{0,12}|mg)\b"
    r"|没有|没|无|不知道|不清楚|膏|药|医生|激素|片|胶囊|凝胶"
)
_MEDICINES = ("ISO", "RET", "HQ", "RX", "STER", "EXF")


def in_words(reply: str, *, rule: str, field: str | None) -> str | None:
    """What `reply` adds to the interrupted message if it answers the question of `rule`; None if it does not.

    field: the fact asked for; None for the question of one goal.
    """
    text = fold(reply).strip()
    bare = text.rstrip(" .!。！~～")
    if not text or len(text) > _LONGEST or _ASKS.search(text) or _is_about_something_else(text):
        return None
    match field:
        case "pregnancy_status":
            if _NO.fullmatch(bare):
                return "I'm not pregnant."
            # "Pregnant, or trying?" - "yes" leaves open which; both rule out the same things.
            if _YES.fullmatch(bare):
                return "I'm pregnant."
            return reply if person_of(None, reply).pregnancy != "unknown" else None
        case "age_band":
            found = _AGE.search(bare) if _AGE_ONLY.fullmatch(bare) else None
            return f"I'm {found[1]}." if found else None
        case "high_risk_medications":
            named = hit(text, _MEDICINE) or any(PATTERNS[name].search(text) for name in _MEDICINES)
            return reply if named else None
        case _:
            return reply if rule == "I3" and goal_kind(reply) is not None else None


def _is_about_something_else(text: str) -> bool:
    return (
        detectors.requests_recommendation(text)
        or detectors.asks_suitability(text)
        or detectors.asks_compatibility(text)
        or detectors.starts_diagnosis(text)
        or detectors.reviews_routine(text)
        or detectors.is_science(text)
    )
