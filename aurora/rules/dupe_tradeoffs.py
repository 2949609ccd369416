"""What somebody trades who takes one product for another, in whole sentences (contract D 2.4, 3.4).

Two ways to know: what a source says of an alternative (what it lacks, adds, costs), or what is in either
product. Both are read by ingredient family, and both end in lines that may stand on the card.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.dupe_families import Family, called, holds, listed, named_in, without_water
from aurora.rules.dupe_texts import clause, tradeoff
from aurora.rules.notices import pick
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_heroes import hero_of, known_in
from aurora.rules.text import fold

MOST_LINES: Final = 10
"""What the client shows (contract F 13.6)."""
MIN_FIRST: Final = 20
"""Characters of the first line, at least (contract D 3.4)."""
FRAGILE: Final = frozenset({"impaired", "damaged", "reactive", "sensitive", "compromised"})
"""Barriers that make an added acid a reason to wait."""

_MOST_DIFFERENCES = 6  # lines of a comparison of two analyses
_MOST_RISKS = 2
_LEAST_PRICE = 0.01
_LINE_CAP = 300
_SHARED: Final[tuple[tuple[Family, str], ...]] = (
    ("occlusives", "both_seal"),
    ("humectants", "both_moisten"),
)
_CJK = re.compile(r"[\u3400-\u9fff]")
_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+", re.ASCII)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a product is made of, as far as anybody says. hero: the leading ingredient, if a source named it.

    risks: lines of a source. confidence: 0..1 of whoever says it.
    """

    ingredients: list[str] = []
    risks: list[str] = []
    hero: str = ""
    confidence: float | None = None


def made_of(analysis: Analysis | None, product: Mapping[str, Any]) -> Made:
    """What an analysis says is in a product; without one, what its own object names."""
    science = analysis.evidence.get("science", {}) if analysis is not None else {}
    named = analysis.key_ingredients if analysis is not None else []
    actives = product.get("key_actives")
    own = [text for text in actives if isinstance(text, str)] if isinstance(actives, list) else []
    return Made(
        ingredients=without_water(named or own),
        risks=[line for line in science.get("risk_notes", []) if not _CODE.fullmatch(line)],
        hero=analysis.hero["name"] if analysis is not None and analysis.hero else "",
        confidence=analysis.confidence if analysis is not None else None,
    )


def of_alternative(detail: Mapping[str, Any], lang: Lang, *, fragile: bool) -> list[str]:
    """Lines from what a source says of an alternative.

    detail: `tradeoffs_detail` as `alternatives.normalise` shapes it. fragile: this person's barrier needs
    care.
    """
    missing = without_water(detail.get("missing_actives", ()))
    added = without_water(detail.get("added_benefits", ()))
    lines = [
        *(["lighter"] if holds("occlusives", missing) and holds("humectants", added) else []),
        *(["richer"] if holds("occlusives", added) and holds("humectants", missing) else []),
    ]
    said = [tradeoff(name, lang) for name in lines]
    said += _added_to("exfoliants", added, (), lang, "irritates_fragile" if fragile else "irritates")
    said += _added_to("fragrance", added, (), lang, "scented")
    said += _added_to("alcohol", added, (), lang, "drying")
    if not said:
        said += [tradeoff("omits", lang, names=listed(missing, lang))] if missing else []
        said += [tradeoff("adds", lang, names=listed(added, lang))] if added else []
    said += _lines(detail.get("texture_finish_differences", ()))
    delta = detail.get("price_delta_usd")
    if isinstance(delta, int | float) and abs(delta) > _LEAST_PRICE:
        said.append(tradeoff("cheaper" if delta < 0 else "dearer", lang, amount=f"{abs(delta):g}"))
    if note := detail.get("availability_note"):
        said.append(tradeoff("availability", lang, told=clause(note)))
    return in_language(said, lang)


def of_ingredients(original: Made, dupe: Made, lang: Lang, *, fragile: bool) -> list[str]:
    """Lines from what is in either product; none if too little is known of one of them."""
    ours, theirs = original.ingredients, dupe.ingredients
    if not ours or not theirs:
        return []
    said = _feel(ours, theirs, lang)
    said += _added_to("exfoliants", theirs, ours, lang, "irritates_fragile" if fragile else "irritates")
    said += _added_to("fragrance", theirs, ours, lang, "scented")
    said += _added_to("alcohol", theirs, ours, lang, "drying")
    known = {fold(line) for line in original.risks}
    new = in_language([line for line in dupe.risks if fold(line) not in known], lang)[:_MOST_RISKS]
    said += [tradeoff("risk", lang, told=clause(line)) for line in new]
    if not said:
        return _emphasis(ours, theirs, lang)
    leads = _hero(original, lang), _hero(dupe, lang)
    if all(leads) and fold(leads[0]) != fold(leads[1]):
        shift = tradeoff("hero_shift", lang, original=leads[0], dupe=leads[1])
        said = [*said[: _MOST_DIFFERENCES - 1], shift]
    return said[:_MOST_DIFFERENCES]


def fit_to_stand(lines: Iterable[str], lang: Lang) -> list[str]:
    """At most ten lines, each once, the first of them a whole sentence; never empty (contract D 3.4)."""
    kept = _lines(lines)
    whole = next((line for line in kept if len(line) >= MIN_FIRST), None)
    if whole is not None:
        kept = [whole, *(line for line in kept if line != whole)]
    elif kept:
        kept = [tradeoff("main_difference", lang, told=clause(kept[0])), *kept[1:]]
    return kept[:MOST_LINES] or [tradeoff("limited", lang)]


def in_language(lines: Sequence[str], lang: Lang) -> list[str]:
    """The lines that the reader can read; all of them if there is none."""
    told = [line for line in lines if (_CJK.search(line) is not None) == (lang == "CN")]
    return told or list(lines)


def _feel(ours: list[str], theirs: list[str], lang: Lang) -> list[str]:
    """How it feels on the skin: what seals and what holds water, shared or changed."""
    said: list[str] = []
    seals = holds("occlusives", ours), holds("occlusives", theirs)
    if seals == (True, False) and holds("humectants", theirs):
        said.append(tradeoff("lighter", lang))
    elif seals == (False, True) and holds("humectants", ours):
        said.append(tradeoff("richer", lang))
    for family, line in _SHARED:
        shared = _shared(named_in(family, ours), named_in(family, theirs))
        if shared and len(said) < 2:
            said.append(tradeoff(line, lang, names=listed(shared, lang)))
    return said


def _added_to(family: Family, theirs: Iterable[str], ours: Iterable[str], lang: Lang, line: str) -> list[str]:
    """The line for a family that the other product has and this one has not."""
    added = named_in(family, theirs)
    return [tradeoff(line, lang, names=listed(added, lang))] if added and not holds(family, ours) else []


def _hero(made: Made, lang: Lang) -> str:
    """The ingredient that does most of the work: as its source says, else as we know them, else blank."""
    if made.hero:
        return called(made.hero, lang)
    hero = hero_of(known_in(made.ingredients))
    return pick(lang, hero.name) if hero is not None else ""


def _emphasis(ours: list[str], theirs: list[str], lang: Lang) -> list[str]:
    shared = {fold(name) for name in _shared(ours, theirs)}
    only = [name for name in ours if fold(name) not in shared]
    only_theirs = [name for name in theirs if fold(name) not in shared]
    if only and only_theirs:
        parts = {"original": listed(only, lang, most=3), "dupe": listed(only_theirs, lang, most=3)}
        return [tradeoff("emphasis", lang, **parts)]
    if only or only_theirs:
        name, names = ("omits", only) if only else ("adds", only_theirs)
        return [tradeoff(name, lang, names=listed(names, lang))]
    return [tradeoff("same_heart", lang, names=listed(ours, lang, most=3))]


def _shared(ours: Iterable[str], theirs: Iterable[str]) -> list[str]:
    known = {fold(name) for name in theirs}
    return [name for name in ours if fold(name) in known]


def _lines(lines: Iterable[object]) -> list[str]:
    """Lines that say something, each once, in one row each and bounded."""
    texts = (" ".join(line[: 2 * _LINE_CAP].split())[:_LINE_CAP] for line in lines if isinstance(line, str))
    return list(dict.fromkeys(text for text in texts if text))
