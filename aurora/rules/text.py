"""Reading people's words: folding and bounded scans. Every scan here is linear in the text.

Contract B 1: word boundaries are ASCII, CJK characters are no word characters, so that mixed text such
as "请recommend一下" matches. Terms called "substring" match anywhere. All matching is on folded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Full-width ASCII, curly apostrophes, and the invisible characters that would split a word.
_FOLD = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FOLD |= {"\u3000": " ", "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00a0": " "}
_FOLD |= dict.fromkeys(("\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"), "")
# Found by a pattern, not by `str.translate`: that looks up every single letter, at ten times the cost.
_FOLDED = re.compile(f"[{''.join(map(re.escape, _FOLD))}]")

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def fold(text: str) -> str:
    """Lower-cased, full-width ASCII made narrow, apostrophes straight, invisible characters gone."""
    if text.isascii():
        return text.lower()
    return _FOLDED.sub(_folded, text).lower()


def _folded(found: re.Match[str]) -> str:
    return _FOLD[found[0]]


def words(*terms: str) -> re.Pattern[str]:
    """Pattern of word-bounded alternatives; a term may be a small regular expression of its own."""
    return re.compile(r"\b(?:" + "|".join(terms) + r")\b", re.ASCII)


def anywhere(*terms: str) -> re.Pattern[str]:
    """Pattern of substring alternatives, taken literally."""
    return re.compile("|".join(re.escape(term) for term in terms))


def pattern(source: str) -> re.Pattern[str]:
    """A pattern in ASCII mode, for text that is already folded. Bound every gap: `.{0,40}`, never `.*`."""
    return re.compile(source, re.ASCII)


def hit(text: str, *patterns: re.Pattern[str]) -> bool:
    """Does any of `patterns` occur in `text`?"""
    return any(found.search(text) for found in patterns)


def followed_by(text: str, first: re.Pattern[str], then: re.Pattern[str]) -> bool:
    """Does `then` occur anywhere after the first `first`? Two scans, whatever the text (no backtracking)."""
    start = first.search(text)
    return start is not None and then.search(text, start.end()) is not None


def strings_in(values: Iterable[object], limit: int) -> list[str]:
    """The non-blank strings among `values`, trimmed, at most `limit` of them."""
    found: list[str] = []
    for value in values:
        if isinstance(value, str) and value.strip():
            found.append(value.strip())
            if len(found) == limit:
                break
    return found


def base36(number: int) -> str:
    """A number, 0 or more, in digits and small letters."""
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = _BASE36[rest] + text
    return text or "0"
