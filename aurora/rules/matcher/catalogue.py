"""The catalogue file: what a product row may say, and what is wrong with the rows that are left out.

The format is documented in docs/catalogue.md. A file that is no catalogue at all is refused. A row that is
wrong is left out and named: one typing error must not take the whole shelf down, and half a row (a mistyped
`risk_tags`) could let something strong through.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from aurora.contract.envelope import Lang

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 2_000
SCHEMA = "aurora.catalogue.v1"

Slot = Literal["cleanser", "moisturizer", "sunscreen", "treatment", "toner", "optional"]
Band = Literal["low", "mid", "high"]

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
Named = Annotated[str, Meta(min_length=1, max_length=160, pattern=r"\S")]
Text = Annotated[str, Meta(max_length=160)]
Note = Annotated[str, Meta(max_length=400)]
Words = Annotated[tuple[Word, ...], Meta(max_length=24)]
Notes = Annotated[tuple[Note, ...], Meta(max_length=6)]
Market = Annotated[str, Meta(pattern=r"^[A-Z]{2,8}$")]


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Shelf price. None: not known."""

    usd: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    cny: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One row of the catalogue.

    slot: the step it serves, where the ingredients do not tell it. market_scope: countries it is sold in, or
    GLOBAL; empty means not known. merchant_id, product_group_id: how the shop opens it, if it can.
    """

    product_id: Id
    name: Named
    name_zh: Text = ""
    brand: Text = ""
    brand_zh: Text = ""
    slot: Slot | None = None
    market_scope: Annotated[tuple[Market, ...], Meta(max_length=40)] = ()
    ingredient_ids: Words = ()
    risk_tags: Words = ()
    price_band: Band | None = None
    price: Price | None = None
    usage_note_en: Note = ""
    usage_note_zh: Note = ""
    cautions_en: Notes = ()
    cautions_zh: Notes = ()
    merchant_id: Id | None = None
    product_group_id: Id | None = None
    image_url: Annotated[str, Meta(pattern=r"^https?://\S{1,2000}$")] | None = None

    def title(self, lang: Lang) -> str:
        """Its name in the reply's language, else in the other one."""
        return (self.name_zh if lang == "CN" else "") or self.name

    def maker(self, lang: Lang) -> str:
        """Its brand in the reply's language, else in the other one."""
        return (self.brand_zh if lang == "CN" else "") or self.brand

    def usage(self, lang: Lang) -> str:
        """How to use it."""
        return self.usage_note_zh if lang == "CN" else self.usage_note_en

    def cautions(self, lang: Lang) -> tuple[str, ...]:
        """What to mind."""
        return self.cautions_zh if lang == "CN" else self.cautions_en

    def said_in(self, lang: Lang) -> Product:
        """The row without the texts that an answer in `lang` does not use: what a trace keeps of it."""
        if lang == "CN":
            return msgspec.structs.replace(self, usage_note_en="", cautions_en=())
        return msgspec.structs.replace(self, name_zh="", brand_zh="", usage_note_zh="", cautions_zh=())


class Problem(msgspec.Struct, frozen=True):
    """A row that was left out. row: from 1. line: where it begins in the file, 0 if that cannot be told."""

    row: int
    line: int
    what: str

    def __str__(self) -> str:
        """For the log of an operator."""
        return f"row {self.row}{f', line {self.line}' if self.line else ''}: {self.what}"


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that hold. seed: a demonstration shelf, not for production. digest: of the file's bytes."""

    products: tuple[Product, ...]
    seed: bool
    digest: str
    problems: tuple[Problem, ...] = ()


class NoCatalogueError(Exception):
    """The file as a whole is no catalogue; the text says why."""


class _File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    schema: Literal["aurora.catalogue.v1"]
    products: list[msgspec.Raw]
    seed: bool = False
    about: str = ""


_as_list = msgspec.json.Decoder(list[msgspec.Raw])
_as_file = msgspec.json.Decoder(_File)
_row = msgspec.json.Decoder(Product)
_SPACE = re.compile(rb"\s*")


def read(raw: bytes) -> Catalogue:
    """Read a catalogue file: an object with `schema`, `products` and maybe `seed`, or a bare list of rows.

    Raises NoCatalogueError if it is too large, no JSON, of another shape, or has no row that holds.
    """
    if len(raw) > MAX_BYTES:
        raise NoCatalogueError(f"it has {len(raw)} bytes, more than {MAX_BYTES}")
    try:
        if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            rows, seed = _as_list.decode(raw.removeprefix(b"\xef\xbb\xbf")), False
        else:
            file = _as_file.decode(raw.removeprefix(b"\xef\xbb\xbf"))
            rows, seed = file.products, file.seed
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoCatalogueError(f"it is not a list of products ({error})") from None
    if len(rows) > MAX_ROWS:
        raise NoCatalogueError(f"it has {len(rows)} rows, more than {MAX_ROWS}")
    products, problems = _sorted_out(rows, raw)
    if not products:
        why = f"; the first problem: {problems[0]}" if problems else ""
        raise NoCatalogueError(f"no row of it can be used{why}")
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return Catalogue(products=tuple(products), seed=seed, digest=digest, problems=tuple(problems))


def _sorted_out(rows: list[msgspec.Raw], raw: bytes) -> tuple[list[Product], list[Problem]]:
    products: list[Product] = []
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for number, (row, line) in enumerate(zip(rows, _lines(rows, raw), strict=True), 1):
        try:
            product = _row.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.append(Problem(number, line, str(error)))
            continue
        key = product.product_id.lower()
        if key in first:
            what = f"product_id {product.product_id!r} is also that of row {first[key]}"
            problems.append(Problem(number, line, what))
            continue
        first[key] = number
        products.append(product)
    return products, problems


def _lines(rows: list[msgspec.Raw], raw: bytes) -> Iterator[int]:
    """The line on which each row begins. Rows stand in the file in order, so one scan finds them all."""
    at, line = 0, 1
    for row in rows:
        found = raw.find(bytes(row), at)
        if found < 0:
            yield 0
            continue
        line += raw.count(b"\n", at, found)
        yield line
        line += raw.count(b"\n", found, found + len(bytes(row)))
        at = found + len(bytes(row))


def plain(product: Product) -> dict[str, Any]:
    """A row as plain data."""
    row: dict[str, Any] = msgspec.to_builtins(product)
    return row
