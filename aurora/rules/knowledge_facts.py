"""What may be kept as knowledge: facts of a product, and nothing of a person (contract D 13.21).

The check is by shape, not by trust: whoever keeps a row hands over JSON, and any key that names something of
a person, any id of the turn and any address of a mailbox in it is refused, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from aurora.contract.memory import Profile

MAX_DEPTH: Final = 16
_SHORT_ID = 8  # a shorter id could be part of any word: it must stand alone to be recognised
_FOLD = re.compile(r"[^a-z0-9]+")
_MAILBOX = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}", re.ASCII)

# Profile facts that are words of a product page too. `contraindications` are facts in a block of their own.
_SHARED: Final = frozenset({"contraindications"})
_IN_BLOCK: Final = "skinfit"
_NAMES: Final = (
    "profile", "profile_id", "user_profile", "profile_prompt", "profile_patch", "profile_snapshot",
    "profile_context", "profile_summary", "skin_profile", "recent_logs", "skin_logs", "last_analysis",
    "uid", "aurora_uid", "user_id", "account_id", "user", "customer", "email", "e_mail", "phone",
    "identity", "session", "session_id", "brief_id", "request_id", "trace_id", "client", "client_state",
    "conversation", "messages", "history", "token", "bearer", "password", "cookie",
    "medications", "pregnancy", "lactation", "pregnant", "age", "gender", "check_in", "check_ins",
)  # fmt: skip


def _folded(name: str) -> str:
    return _FOLD.sub("", name.lower())


_PERSONAL: Final = (
    frozenset(
        _folded(name)
        for name in (*Profile.__struct_fields__, *_NAMES, "high_risk_medication", "goal", "age_range")
    )
    - _SHARED
)
# A profile that was written out in a text, as prompts have it: a name that no prose holds, and its value. The
# code of a gap (`profile.skinType`) says nothing of anybody.
_WRITTEN_OUT: Final = re.compile(
    r"\b(?:skinType|skin_type|barrierStatus|barrier_status|budgetTier|budget_tier|currentRoutine|"
    r"current_routine|lang_pref|age_band|pregnancy_status|lactation_status|high_risk_medications|travel_plan|"
    r"recent_logs|aurora_uid)\\?[\"']?\s{0,3}[=:]|\bprofile(?:=|\\?[\"']?\s{0,3}:\s{0,3}[{\[])",
    re.ASCII,
)


def personal_in(facts: Mapping[str, Any], ids: Iterable[str] = ()) -> str:
    """What of a person stands in `facts`: the kind of thing (never the thing itself), or "".

    ids: of the turn that would keep them (UID, account, brief, request ...). Also `depth` for what nests
    deeper than MAX_DEPTH, and `shape` for what is no JSON.
    """
    known = [one for one in ids if one]
    long = [one for one in known if len(one) >= _SHORT_ID]
    for place, value, depth in _walk(facts):
        if depth > MAX_DEPTH:
            return "depth"
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    return "shape"
                if is_personal_key(key, within=place) or any(one in key for one in long):
                    return "key"
        elif isinstance(value, str):
            if value in known or any(one in value for one in long):
                return "id"
            if "@" in value and _MAILBOX.search(value):
                return "mailbox"
            if _WRITTEN_OUT.search(value):
                return "profile"
        elif not (value is None or isinstance(value, list | bool | int | float)):
            return "shape"
    return ""


def is_personal_key(name: str, *, within: str = "") -> bool:
    """Whether a key names something of a person, in whatever spelling. within: the key it stands under."""
    folded = _folded(name)
    if folded in _SHARED:
        return _folded(within) != _IN_BLOCK
    return folded in _PERSONAL


def is_empty(facts: Any) -> bool:
    """Whether nothing is said: every value in it is null, blank or an empty container."""
    if isinstance(facts, dict):
        return all(is_empty(value) for value in facts.values())
    if isinstance(facts, list):
        return all(is_empty(value) for value in facts)
    return facts is None or (isinstance(facts, str) and not facts.strip())


def may_replace(*, stands_verified: bool, verified: bool) -> bool:
    """Whether a new row may take the place of one that stands: what was verified yields to verified alone."""
    return verified or not stands_verified


def size_of(facts: Mapping[str, Any]) -> int | None:
    """Bytes of its JSON; None for what is none."""
    try:
        return len(msgspec.json.encode(facts))
    except (TypeError, ValueError, UnicodeEncodeError, RecursionError):
        return None


def _walk(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Every value with the key it stands under and its depth; no recursion, and no deeper than needed."""
    waiting: list[tuple[str, Any, int]] = [("", facts, 1)]
    while waiting:
        place, value, depth = waiting.pop()
        yield place, value, depth
        if isinstance(value, dict):
            waiting += [(str(key), inner, depth + 1) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(place, inner, depth + 1) for inner in value]
