"""What the address of a product page says of the product: a guess, and marked as one (contract D 2.2).

The shop is the brand, the last part of the path is the name. Also the words to search a catalogue for.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_BRANDS = {
    "theordinary": "The Ordinary",
    "larocheposay": "La Roche-Posay",
    "laroche-posay": "La Roche-Posay",
    "paulaschoice": "Paula's Choice",
    "kiehls": "Kiehl's",
    "skii": "SK-II",
    "sk-ii": "SK-II",
    "cerave": "CeraVe",
    "skinceuticals": "SkinCeuticals",
}
# Shops that sell many brands: the host says where, not who.
_SHOPS = frozenset({
    "amazon", "sephora", "ulta", "boots", "tmall", "taobao", "jd", "lookfantastic", "cultbeauty", "iherb",
    "yesstyle", "stylevana", "douglas", "watsons", "target", "walmart", "ebay", "google",
})  # fmt: skip
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE | re.ASCII)
_LONG_NUMBER = re.compile(r"[0-9]{5,}", re.ASCII)
_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE | re.ASCII)
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "edu", "ac"})
_CAPITALS = frozenset({"aha", "bha", "pha", "spf", "uv", "uva", "uvb", "txa", "bb", "cc"})
_NOT_A_NAME = frozenset(
    {"product", "products", "shop", "store", "item", "items", "dp", "p", "index", "skincare"}
)
_QUERY_KEYS = ("q", "query", "product", "name", "keyword", "title")
_NAME_CAP = 120
_MOST_SEGMENTS = 40
CONFIDENCE = 0.25
"""How sure a guess is (contract D 2.2)."""


def guess(url: str) -> dict[str, Any] | None:
    """`{brand?, name, display_name}` from an address; None if its path names nothing."""
    parts = _split(url)
    if parts is None:
        return None
    name = _name(parts)
    if not name:
        return None
    brand = _brand(parts)
    full = name if not brand or name.lower().startswith(brand.lower()) else f"{brand} {name}"
    return {**({"brand": brand} if brand else {}), "name": name, "display_name": full}


def queries(text: str, url: str, most: int) -> list[str]:
    """What to look for in a catalogue, best first, at most `most` texts (contract D 3.1).

    text: the product in words, if there are any.
    """
    found = [text] if text and text != url else []
    parts = _split(url) if url else None
    if parts is not None:
        guessed = guess(url)
        if guessed is not None:
            found += [guessed["display_name"], guessed["name"]]
        asked = dict(parse_qsl(parts.query[:2000], max_num_fields=20))
        found += [value[:_NAME_CAP] for key in _QUERY_KEYS if (value := asked.get(key, "").strip())]
        found.append(url)
    return list(dict.fromkeys(found))[:most]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.scheme.lower() in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def _brand(parts: SplitResult) -> str:
    labels = (parts.hostname or "").split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in (parts.hostname or ""):
        return ""
    at = -3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else -2
    label = labels[at]
    if label in _SHOPS:
        return ""
    return _BRANDS.get(label) or " ".join(word.capitalize() for word in label.split("-") if word)[:_NAME_CAP]


def _name(parts: SplitResult) -> str:
    for segment in reversed(parts.path.split("/")[-_MOST_SEGMENTS:]):
        text = _EXTENSION.sub("", unquote(segment)[: 2 * _NAME_CAP])
        if not text or _LOCALE.fullmatch(text):
            continue
        words = [w for w in re.split(r"[-_\s+]+", text) if w and not _LONG_NUMBER.fullmatch(w)]
        named = " ".join(_cased(word) for word in words if word.isprintable())[:_NAME_CAP]
        if named and any(sign.isalpha() for sign in named) and named.lower() not in _NOT_A_NAME:
            return named
    return ""


def _cased(word: str) -> str:
    return word.upper() if word.lower() in _CAPITALS else word[:1].upper() + word[1:]
