"""From the pieces of a page to what it says of its product: each from the surest place that says it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aurora.rules.page import structured
from aurora.rules.page.document import Block, Document, document_of
from aurora.rules.page.inci import ENTRY_CAP, after_label, ingredients, is_labelled
from aurora.rules.page.product_page import ProductPage
from aurora.rules.page.themes import themes
from aurora.rules.text import fold, pattern

TITLE_CAP = 200
NAME_CAP = 160
BRAND_CAP = 80
_MOST_CANDIDATES = 400
_MOST_HEADINGS = 12
_LOOK_AHEAD = 6  # blocks below a heading
_SHORT = 80  # characters of a block that may be one entry of a list
_MOST_ITEMS = 160

_HEADING = pattern(
    r"(?:(?:full|complete|all|list of|product|view) )?(?:ingr(?:e|é)dients?|inci)(?: list| information)?"
    r"(?: \(inci\))?[ :]*[+⌄v]?|(?:产品)?(?:全|完整)?成[分份](?:表|列表|信息)?[ :]*"
)
_KEY_HEADING = pattern(
    r"(?:key|hero|main|star|active|featured|powerhouse) ingredients?[ :]*"
    r"|(?:核心|主要|关键|明星)成[分份][ :]*"
)
_TAGS = re.compile(r"<[^<>]{0,400}>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffd]+")
_GAPS = re.compile(r"\s+")
_SITE = re.compile(r"\s[|–—»·-]\s|[_｜]")  # between a product's name and its shop's


def page_of(body: bytes, charset: str) -> ProductPage:
    """What a page says. `unreadable` when there is neither a name nor a list of ingredients in it."""
    document = document_of(body, charset)
    data = [value for text in document.json_ld if (value := structured.parsed(text)) is not None]
    product = structured.product_of(data)
    title = _plain(document.metas.get("og:title") or document.title, TITLE_CAP)
    brand = _brand(document, product)
    name = _without_brand(_name(document, product, title), brand)
    inci = _inci(document, product)
    if not name and not inci:
        return ProductPage(code="unreadable")
    amount, currency = _price(document, product)
    return ProductPage(
        title=title,
        brand=brand,
        name=name,
        inci=inci,
        price_amount=amount,
        price_currency=currency,
        themes=themes([*structured.reviews_of(product), *document.reviews]),
    )


def _brand(document: Document, product: Any) -> str:
    said = (
        structured.brand_of(product),
        document.metas.get("product:brand", ""),
        document.metas.get("og:brand", ""),
        document.items.get("brand", ""),
    )
    return next((brand for text in said if (brand := _plain(text, BRAND_CAP))), "")


def _name(document: Document, product: Any, title: str) -> str:
    own = product.get("name")
    said = (own if isinstance(own, str) else "", document.heading, _SITE.split(title)[0])
    return next((name for text in said if (name := _plain(text, NAME_CAP))), "")


def _without_brand(name: str, brand: str) -> str:
    if brand and fold(name).startswith(fold(brand)):
        rest = name[len(brand) :].lstrip(" -–—:|®™")
        return rest or name
    return name


def _price(document: Document, product: Any) -> tuple[float | None, str]:
    found = structured.price_of(product)
    if found[0] is not None:
        return found
    metas, items = document.metas, document.items
    for amount, currency in (
        (metas.get("product:price:amount"), metas.get("product:price:currency")),
        (metas.get("og:price:amount"), metas.get("og:price:currency")),
        (items.get("price"), items.get("pricecurrency")),
    ):
        number, code = structured.amount_of(amount), structured.currency_of(currency)
        if number is not None and code:
            return number, code
    return None, ""


def _inci(document: Document, product: Any) -> list[str]:
    candidates = islice(_candidates(document, product), _MOST_CANDIDATES)
    found = next((found for text in candidates if (found := ingredients(text))), [])
    return [entry for text in found if (entry := _plain(text, ENTRY_CAP))]


def _candidates(document: Document, product: Any) -> Iterator[str]:
    """Texts that may be the list, from the most to the least trustworthy place. Lazy: most are never made."""
    for text in document.attributes:
        yield _unmarked(text)
    for text in structured.property_lists(product):
        yield _unmarked(text)
    for name in ("ingredients", "ingredient"):
        yield document.items.get(name, "")
    yield from _below(document.blocks, _HEADING)
    for block in document.blocks:
        if is_labelled(block.text):
            yield block.text
    described = product.get("description")
    yield after_label(_unmarked(described)) if isinstance(described, str) else ""
    for text in document.states:
        for found in structured.list_texts(structured.parsed(text)):
            yield _unmarked(found)
    for block in document.blocks:
        yield after_label(block.text)
    yield from _below(document.blocks, _KEY_HEADING)


def _below(blocks: list[Block], heading: re.Pattern[str]) -> Iterator[str]:
    """What follows headings of one kind: a block of its own, or one short block for each entry."""
    seen = 0
    for at, block in enumerate(blocks):
        if len(block.text) > _SHORT or not heading.fullmatch(fold(block.text)):
            continue
        seen += 1
        if seen > _MOST_HEADINGS:
            return
        for following in blocks[at + 1 : at + 1 + _LOOK_AHEAD]:
            yield following.text
        yield ", ".join(_run_of_short(blocks[at + 1 : at + 1 + _MOST_ITEMS]))


def _run_of_short(blocks: list[Block]) -> Iterator[str]:
    """As long as one follows the other in elements of one kind."""
    for block in blocks:
        if (
            block.tag != blocks[0].tag
            or len(block.text) > _SHORT
            or any(mark in block.text for mark in ",，、")
        ):
            return
        yield block.text


def _unmarked(text: str) -> str:
    """A text of a script or an attribute, which may hold markup of its own."""
    return html.unescape(_TAGS.sub(" ", text[:12_000]))


def _plain(text: str, cap: int) -> str:
    """One line of plain text."""
    return _GAPS.sub(" ", _CONTROL.sub(" ", _unmarked(text[:2000]))).strip()[:cap].strip()
