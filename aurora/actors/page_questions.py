"""The one question of the pages actor: what stands on a product page (contract D 3.2)."""

from __future__ import annotations

from typing import ClassVar

from aurora.actors.question import Question
from aurora.contract.envelope import Lang
from aurora.rules.page.product_page import PageCode as PageCode
from aurora.rules.page.product_page import ProductPage as ProductPage


class ReadProductPage(Question, frozen=True, kw_only=True, tag=True):
    """Pages: fetch a product page and read it. Answer: ProductPage; whatever goes wrong is its `code`.

    url: at most 2048 characters, of anybody's making.
    """

    actor: ClassVar[str] = "pages"
    url: str
    lang: Lang = "EN"
