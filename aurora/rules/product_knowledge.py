"""What is kept of a judged product for everybody, and for whom it may be read (contract D 7, 13.21).

A row holds an analysis that was made without a person, the question it came from, and a digest of what that
question called the product. Clients send ids and names side by side; a wrong name beside somebody else's id
must not become what everybody reads of that id. So a row that rests on such a claim is only read again by
whoever makes the same claim, and never takes the place of one that rests on a lookup of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aurora.rules.knowledge_keys import canonical_url
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_enrichment import usable
from aurora.rules.text import fold, pattern

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_OF_PROFILE: Final = pattern(r"profile|skin_?type|barrier|sensitivity|goals|recent_logs")
_WORD: Final = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]")
_DIGITS: Final = 24


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """analysis: without a person. about: `claim` of its question. looked_up: its id or page was found by us.

    ask: the form that a refresh is asked with; blank where only whoever makes the same claim can say it.
    """

    analysis: Analysis
    about: str = ""
    looked_up: bool = False
    ask: dict[str, Any] = {}


def claim(name: str, url: str = "") -> str:
    """A digest of what somebody calls a product and where she says it is; "" if she says neither."""
    words = " ".join(sorted(set(_WORD.findall(fold(name[:400])))))
    told = f"{words}|{canonical_url(url) if url else ''}"
    return hashlib.sha256(told.encode()).hexdigest()[:_DIGITS] if told != "|" else ""


def facts_of(row: Row) -> dict[str, Any]:
    """The row as it is kept. Codes that speak of a profile stay behind."""
    analysis = row.analysis
    shaped = {**analysis.evidence, "missing_info": _public(analysis.evidence.get("missing_info", []))}
    kept = msgspec.structs.replace(analysis, codes=_public(analysis.codes), evidence=shaped)
    facts: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(msgspec.structs.replace(row, analysis=kept))
    )
    return facts


def row_in(facts: Mapping[str, Any]) -> Row | None:
    """The row in what was kept; None if it is none of ours, or holds no verdict."""
    try:
        row = msgspec.convert(facts, Row, strict=True)
    except (msgspec.ValidationError, TypeError):
        return None
    return row if usable(row.analysis) and "science" in row.analysis.evidence else None


def may_read(row: Row, about: str) -> bool:
    """Whether a row may answer somebody whose claim is `about`."""
    return row.about == about or (row.looked_up and not about)


def _public(codes: list[Any]) -> list[str]:
    return [
        code
        for code in codes
        if isinstance(code, str) and _CODE.fullmatch(code) and not _OF_PROFILE.search(code)
    ]
