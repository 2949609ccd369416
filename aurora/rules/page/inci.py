"""Telling a list of ingredients from other text, and taking it apart. Linear in the text.

A list is at least five entries, nearly all of which look like entries and many of which sound like chemistry:
a menu or a sentence with commas is none.
"""

from __future__ import annotations

import re

from aurora.rules.text import fold, pattern

LEAST_ENTRIES = 5
MOST_ENTRIES = 150
READ_CAP = 12_000
ENTRY_CAP = 80
_WORDS_CAP = 9
_SWALLOWED = 160  # from here on an open bracket is a slip, not a bracket
_LEAST_VALID = 0.85
_LEAST_CHEMICAL = 0.4

_SEPARATORS = frozenset(",;，、；•·●|")
_OPEN, _CLOSED = frozenset("(（["), frozenset(")）]")
# American labels have two lists; both are in it. A colour range is not what everybody gets.
_HALVES = re.compile(
    r"[.;。]?\s{0,3}\b(?:in|non-?)?active\s{1,3}ingredients?\s{0,3}:|[。；]?其他(?:微量)?成分[:：]",
    re.IGNORECASE | re.ASCII,
)
_ENDS = re.compile(
    r"(?<=[a-z)\]]{4})\.\s|。|\n[ \t]{0,8}\n|\[?\+/-|(?:可能含有|请以|以产品)"
    r"|\b(?:may contain|please (?:note|be aware|refer)|ingredients? (?:lists?|are subject)|disclaimer)\b",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(
    r"(?:(?:full|complete|all|list of)\s{1,3})?(?:ingr(?:e|é)dients?(?:\s{1,3}list)?|inci|composition)"
    r"(?:\s{0,3}\((?:inci)?\))?\s{0,3}[:：–-]|(?:产品)?(?:全|主要)?成[分份](?:表|列表)?\s{0,3}[:：]",
    re.IGNORECASE | re.ASCII,
)
_SHARE = re.compile(r"\s{0,3}[(（]?\b\d{1,3}(?:[.,]\d{1,3})?\s?[%％][)）]?")
_GAPS = re.compile(r"\s+")
_EDGES = " \t\r\n*†‡^.:：-–—_'\"“”"
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f\u3400-\u9fff]")
_NO_NAME = re.compile(r"[<>{}=@\\?!？！]|https?:|www\.")
_PROSE = pattern(
    r"\b(?:you|your|we|our|the|is|are|was|with|for|this|that|it|its|helps?|from|these|skin|without|made"
    r"|contains?|free|please|add|cart|shop|shipping|reviews?|home|login)\b"
    r"|[的了您我]|肌肤|适合|使用|帮助|含有|不含"
)
_CHEMICAL = pattern(
    r"\b(?:aqua|water|eau|glycer|sodium|disodium|trisodium|tetrasodium|potassium|magnesium|calcium|zinc"
    r"|copper|titanium|iron|aluminum|acid|extract|oil|butter|seed|leaf|fruit|root|flower|juice|wax|cera"
    r"|powder|starch|mica|silica|kaolin|talc|alcohol|cetearyl|cetyl|stear|behen|palmit|lauryl|laureth|peg-"
    r"|ppg-|polysorbate|dimethicon|cyclo|panthenol|pantothen|tocopher|niacin|phenoxy|parfum|fragrance|gum"
    r"|ammonium|edta|carbomer|hyaluron|hydrolyzed|ceramide|peptide|tripeptide|tetrapeptide|hexapeptide"
    r"|retin|ascorb|allantoin|betaine|squalane|urea|ferment|lecithin|ci ?7|ci ?1|limonene|linalool|citral"
    r"|geraniol|capryl|ethylhexyl|octocrylene|homosalate|avobenzone|collagen|isopropyl|butyl|propyl|propan"
    r"|pentyl|hexyl|hexan|caffeine|adenosine|bisabolol|cholesterol|phytosphingosine|trehalose|xanthan|benzyl"
    r"|benzo|salicyl|glycol|azela|tranexam|arbutin|madecass|asiatic|centella|bakuchiol|ubiquinone|menthol)"
    r"|(?:ate|ide|one|ene|ine|ose|ol|yl|ium|in)s?\b.{0,40}\b(?:acid|oil|extract|glycol)"
    r"|\w{3}(?:glycol|stearate|crosspolymer|acrylates?|hydroxide|chloride|citrate|benzoate|sorbate|siloxane"
    r"|phosphate|sulfate|acetate|lactate|glucoside|oxide|hexanediol|propanediol)\b"
    r"|水|甘油|醇|酸|酯|钠|钾|锌|提取物|油|胺|酮|胶|蜡|肽|醚|糖|香精|素|酵母|囊|甜菜碱|二氧化"
)


def without_label(text: str) -> str:
    """`text` without an "Ingredients:" in front."""
    label = _LABEL.match(text.lstrip())
    return text.lstrip()[label.end() :] if label else text


def after_label(text: str) -> str:
    """What follows the first "Ingredients:" anywhere in `text`; "" without one."""
    label = _LABEL.search(text)
    return text[label.end() :] if label else ""


def is_labelled(text: str) -> bool:
    """Does `text` begin with an "Ingredients:"?"""
    return _LABEL.match(text.lstrip()) is not None


def ingredients(text: str) -> list[str]:
    """The entries of the list that `text` is, in order and once each; [] if it is none."""
    entries = _entries(_HALVES.sub(",", without_label(text[:READ_CAP])))
    if len(entries) < LEAST_ENTRIES:
        return []
    valid = [entry for entry in entries if _may_be_entry(entry)]
    chemical = sum(_CHEMICAL.search(fold(entry)) is not None for entry in valid)
    if len(valid) < _LEAST_VALID * len(entries) or chemical < _LEAST_CHEMICAL * len(valid):
        return []
    first: dict[str, str] = {}
    for entry in valid:
        first.setdefault(fold(entry), entry)
    once = list(first.values())
    return once[:MOST_ENTRIES] if len(once) >= LEAST_ENTRIES else []


def _entries(text: str) -> list[str]:
    end = _ENDS.search(text)
    text = text[: end.start()] if end else text
    separators = _SEPARATORS if any(mark in text for mark in _SEPARATORS) else frozenset("\n/")
    found: list[str] = []
    start = depth = 0
    for at, char in enumerate(text):
        if char in _OPEN:
            depth += 1
        elif char in _CLOSED:
            depth = max(0, depth - 1)
        elif char in separators and (depth == 0 or at - start > _SWALLOWED) and not _inside(text, at):
            found.append(text[start:at])
            start, depth = at + 1, 0
    found.append(text[start:])
    cleaned = (_cleaned(entry) for entry in found)
    return [entry for entry in cleaned if entry]


def _inside(text: str, at: int) -> bool:
    """A comma between two digits, as in 1,2-Hexanediol."""
    return text[at] == "," and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit()


def _cleaned(entry: str) -> str:
    return _GAPS.sub(" ", _SHARE.sub("", entry[: 4 * ENTRY_CAP])).strip(_EDGES)


def _may_be_entry(entry: str) -> bool:
    return (
        len(entry) <= ENTRY_CAP
        and entry.count(" ") < _WORDS_CAP
        and _LETTER.search(entry) is not None
        and _NO_NAME.search(entry) is None
        and _PROSE.search(fold(entry)) is None
    )
