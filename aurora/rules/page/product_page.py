"""What a product page says, once it was read."""

from __future__ import annotations

from typing import Literal

import msgspec

PageCode = Literal[
    "", "off", "url_refused", "unresolved", "too_many_redirects", "too_large", "timeout", "http_error",
    "wrong_type", "unreadable",
]  # fmt: skip
"""Why a page was not read; "" if it was. `off` by setting or in mock mode; `url_refused` for an address that
we do not visit, a host off the list and one that is not on the public internet included; `unreadable` for
what our parser cannot take or died of."""


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a product page says, as plain bounded text. Everything but `code` is blank unless it was read.

    url: where it was found in the end, without query. name: of the product, without its brand. inci: the list
    of ingredients in its order, [] if there is none of at least five. price_currency: ISO 4217. themes: codes
    of what its reviews talk about (`themes`).
    """

    code: PageCode = ""
    url: str = ""
    title: str = ""
    brand: str = ""
    name: str = ""
    inci: list[str] = []
    price_amount: float | None = None
    price_currency: str = ""
    themes: list[str] = []
