"""What a worker runs on a page. Importing this module loads no parser; the parent only names the job."""

from __future__ import annotations

from aurora.rules.page.product_page import ProductPage


def read_page(body: bytes, charset: str = "") -> ProductPage:
    """What the page says; `unreadable` if it is no product page that we understand at all.

    charset: from its header, as it was sent.
    """
    from aurora.rules.page.reading import page_of

    return page_of(body, charset)
