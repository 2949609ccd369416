"""One small catalogue: whoever is asked in the sandbox, it is the same product in both languages."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.sandbox import commerce, decision, neighbours, wares
from aurora.sandbox.wares import Ware

EVERYTHING = (*wares.SHELF, *neighbours.WARES)
LANGS = ("EN", "CN")


def answered(query: str) -> dict[str, Any]:
    return dict(msgspec.json.decode(decision.reply(query)["answer"]))


def test_ids_and_names_are_nobody_elses_and_prices_are_prices() -> None:
    for said in ("id", "name_en", "name_cn"):
        assert len({str(getattr(ware, said)).lower() for ware in EVERYTHING}) == len(EVERYTHING)
    assert all(ware.usd > 0 and ware.cny > 0 and ware.actives for ware in EVERYTHING)
    assert all(neighbours.named_in(ware.name(lang)) is None for ware in wares.SHELF for lang in LANGS)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("ware", EVERYTHING, ids=lambda ware: ware.id)
def test_a_product_is_parsed_resolved_and_read_as_the_same(ware: Ware, lang: str) -> None:
    name = ware.name(lang)
    parsed = answered(f'meta={{"lang":"{lang}"}}\n\nTask: Parse the product.\nInput: {ware.brand} {name}')
    assert parsed["product"]["product_id"] == ware.id
    assert parsed["product"]["name"] == name
    opened = commerce.resolve({"query": f"{ware.brand} {name}", "lang": lang.lower()})
    assert opened["product_ref"] == {"product_id": ware.id, "merchant_id": wares.MERCHANT}
    stable = commerce.invoke({"operation": "offers.resolve", "payload": {"product": {"sku_id": ware.id}}})
    assert stable["canonical_product_ref"]["product_id"] == ware.id
    offer = commerce.offer({"url": f"https://shop.example/p/{ware.id}", "market": lang})["offer"]
    assert offer["title"] == name
    assert offer["price"] == (
        {"amount": ware.cny, "currency": "CNY"} if lang == "CN" else {"amount": ware.usd, "currency": "USD"}
    )


@pytest.mark.parametrize("ware", wares.SHELF, ids=lambda ware: ware.id)
def test_what_is_named_as_like_it_can_be_opened_in_the_shop(ware: Ware) -> None:
    listed = answered(f"Task: Deep-scan this product and list products.\nProduct: {ware.name_en}")
    assert listed["alternatives"]
    for one in listed["alternatives"]:
        product = one["product"]
        opened = commerce.resolve(
            {"query": product["display_name"], "hints": {"product_id": product["sku_id"]}}
        )
        assert opened["product_ref"]["product_id"] == product["product_id"]


@pytest.mark.parametrize(
    ("original", "one"),
    [(original, one) for original, listed in neighbours.NEIGHBOURS.items() for one in listed],
    ids=lambda each: getattr(each, "id", each),
)
def test_a_comparison_in_chinese_names_ingredients_in_chinese(
    original: str, one: neighbours.Neighbour
) -> None:
    known = wares.BY_ID.get(original)
    name = known.name_cn if known else "Mock Parsed Product"
    told = answered(f'meta={{"lang":"CN"}}\n\nTask: Compare.\nOriginal: {name}\nDupe: {one.cn}')
    assert told["tradeoffs"]
    for english in (*one.lacks, *one.adds):
        assert not any(english in line for line in told["tradeoffs"])
        assert any(neighbours.IN_CN[english] in line for line in told["tradeoffs"])
