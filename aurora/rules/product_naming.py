"""Which product a form names: in words, by an address, by an id (contract D 1.7, 3.1, 3.2).

Whatever comes in is cut to one line of bounded length: it becomes the last line of a question upstream, and
must not look like more than that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.rules.product_reading import product_name, product_of
from aurora.rules.text import fold

TEXT_CAP = 600
URL_CAP = 2048
_ID_KEYS = ("sku_id", "skuId", "product_id", "productId")
_WORD_KEYS = ("display_name", "displayName", "name", "title")
_SCRIPTS = (re.compile(r"[a-z]{3,}"), re.compile(r"[\u3400-\u9fff]"))
_URL_KEYS = ("url", "product_url", "canonical_url")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """text: what to ask about, one line. url: an http(s) address or "". anchor_id: "" if none.

    product: its known keys, as far as an object or a name was sent.
    """

    text: str
    url: str = ""
    anchor_id: str = ""
    product: dict[str, Any] | None = None

    @property
    def words(self) -> str:
        """Its name as far as it was said; "" if all there is is an address."""
        return product_name(self.product) or ("" if self.text == self.url else self.text)


def by_text(said: Mapping[str, Any]) -> Named:
    """Body of a parse: the address wins over the words."""
    url = address(said.get("url"))
    return Named(text=url or one_line(said.get("text")), url=url)


def by_form(said: Mapping[str, Any]) -> Named:
    """Body of an analysis: an object, an address and a name, any of them."""
    return by_object(said.get("product"), url=said.get("url"), name=said.get("name"))


def by_object(product: object, *, url: object = None, name: object = None) -> Named:
    """A product of anybody's making, with an address and a name that may stand beside it.

    Objects that wrap another under `product` or `sku` are looked into once.
    """
    given = product if isinstance(product, Mapping) else {}
    inner = next((v for key in ("product", "sku") if isinstance(v := given.get(key), Mapping)), {})
    holders = (given, inner)
    link = address(url) or _first(holders, _URL_KEYS, address)
    anchor_id = _first(holders, _ID_KEYS, identifier)
    known = product_of(given) or product_of(inner) or product_of({"name": one_line(name)})
    words = product_name(known) or _first(holders, _WORD_KEYS, one_line) or one_line(name)
    if anchor_id and not words:
        words = one_line(name) or anchor_id
    return Named(text=link or words or anchor_id, url=link, anchor_id=anchor_id, product=known)


def one_line(value: object) -> str:
    """A text without line breaks, runs of blanks and characters nobody sees, at most 600 characters."""
    if not isinstance(value, str):
        return ""
    seen = "".join(sign if sign.isprintable() else " " for sign in value[: 4 * TEXT_CAP])
    return " ".join(seen.split())[:TEXT_CAP].rstrip()


def address(value: object) -> str:
    """An http(s) address without white space, at most 2048 characters; "" for anything else."""
    text = value.strip() if isinstance(value, str) and len(value) <= 2 * URL_CAP else ""
    low = text[:8].lower()
    fits = low.startswith(("http://", "https://")) and len(text) <= URL_CAP
    return text if fits and text.isprintable() and not any(sign.isspace() for sign in text) else ""


def identifier(value: object) -> str:
    """An id of a product: printable, without blanks, at most 200 characters; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = value.strip() if isinstance(value, str) and len(value) <= 400 else ""
    return text if len(text) <= 200 and text.isprintable() and " " not in text else ""


def resembles(typed: str, found: str) -> bool:
    """Whether a product that was found may be the one that was typed: do they share a word or a character?

    True also where they cannot be compared: an address was sent, or a name in another script.
    """
    said, named = fold(typed), fold(found)
    comparable = False
    for script in _SCRIPTS:
        ours, theirs = script.findall(said), script.findall(named)
        if ours and theirs:
            comparable = True
            # Joined, because "CeraVe" may be written "Cera Ve".
            joined, other = "".join(ours), "".join(theirs)
            if any(word in other for word in ours) or any(word in joined for word in theirs):
                return True
    return not comparable


def _first(holders: tuple[Mapping[str, Any], ...], keys: tuple[str, ...], read: Any) -> str:
    return next((text for holder in holders for key in keys if (text := read(holder.get(key)))), "")
