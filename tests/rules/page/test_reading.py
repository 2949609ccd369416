"""Product pages as shops build them, and as nobody should."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.page import document
from aurora.rules.page.job import read_page
from aurora.rules.page.product_page import ProductPage

NAMES = ["Aqua", "Glycerin", "Niacinamide", "Panthenol", "Phenoxyethanol", "Parfum"]
LIST = ", ".join(NAMES)
OTHER = "Talc, Mica, Silica, Zinc Oxide, Kaolin, Magnesium Stearate"


def read(markup: str | bytes, charset: str = "") -> ProductPage:
    return read_page(markup.encode() if isinstance(markup, str) else markup, charset)


def ld(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def state(value: object) -> str:
    return f'<script type="application/json">{json.dumps(value)}</script>'


PLACES = [
    f'<div data-ingredients="{LIST}">',
    f'<div data-original-ingredients="&lt;p&gt;{LIST}&lt;/p&gt;">',
    ld({"@type": "Product", "name": "x", "ingredients": LIST}),
    ld({"@type": "Product", "name": "x", "additionalProperty": [{"name": "Ingredients", "value": LIST}]}),
    ld([{"@type": "List"}, {"@graph": [{"@type": ["Thing", "https://schema.org/Product"], "inci": NAMES}]}]),
    ld({"@type": "Product", "name": "x", "description": f"<p>Calms.</p><p>Ingredients: {LIST}</p>"}),
    f'<span itemprop="ingredients">{LIST}</span>',
    f"<h2>Ingredients</h2><p>{LIST}</p>",
    f"<button>Full Ingredients List</button><div><div><span>{LIST}</span></div></div>",
    f"<details><summary>Ingredients +</summary>{LIST}</details>",
    f"<dl><dt>Ingredients<dd>{LIST}</dl>",
    f"<table><tr><th>Ingredients</th><td>{LIST}</td></tr></table>",
    "<h3>Ingredients</h3><ul>" + "".join(f"<li><a>{name}</a></li>" for name in NAMES) + "</ul><p>Vegan</p>",
    f"<p><b>Ingredients:</b> {LIST}.<br>Made in France.</p>",
    f"<p>Use daily. <i>Ingredients:</i> {LIST}</p>",
    "<h2>INCI</h2>" + "<br>".join(NAMES),
    state({"props": {"product": {"fullIngredients": LIST}}}),
    state({"inci_list": [{"name": name} for name in NAMES]}),
    f"<h2>Key ingredients</h2><p>{LIST}</p>",
]  # fmt: skip


@pytest.mark.parametrize("markup", PLACES)
def test_the_list_is_found_wherever_shops_put_it(markup: str) -> None:
    assert read(f"<!doctype html><title>x</title><nav>Home, Shop</nav>{markup}").inci == NAMES


@pytest.mark.parametrize("later", PLACES[1:])
def test_the_surer_place_wins(later: str) -> None:
    assert read(f'{later.replace(LIST, OTHER)}<div data-ingredients="{LIST}">').inci == NAMES


def test_key_ingredients_are_the_last_resort() -> None:
    key = f"<h2>Key ingredients</h2><p>{OTHER}</p>"
    assert read(f"{key}<h2>Ingredients</h2><p>{LIST}</p>").inci == NAMES


def test_a_page_of_a_shop() -> None:
    product = {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": "Product",
                "name": "Lumen Calm Serum",
                "brand": {"@type": "Brand", "name": "Lumen"},
                "offers": [{"@type": "Offer", "price": "24,90", "priceCurrency": "eur"}],
                "review": [
                    {"reviewBody": "So hydrating, and not sticky at all"},
                    {"reviewBody": "Hydrating. It stings."},
                    {"reviewBody": "Stings, but gentle?"},
                ],
                "isRelatedTo": {"@type": "Product", "name": "Other", "brand": "Else", "ingredients": OTHER},
            }
        ],
    }
    page = read(f"<title>Lumen Calm Serum | Shop</title>{ld(product)}<h2>Ingredients</h2><p>{LIST}")
    assert page == ProductPage(
        title="Lumen Calm Serum | Shop",
        brand="Lumen",
        name="Calm Serum",
        inci=NAMES,
        price_amount=24.9,
        price_currency="EUR",
        themes=["hydrating", "irritation"],
    )


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("<title>Calm Serum | Shop</title>", ("Calm Serum", "")),
        ("<title>Shop</title><h1>Calm <em>Serum</em></h1>", ("Calm Serum", "")),
        ('<meta property="og:title" content="Calm Serum"><title>Shop</title>', ("Calm Serum", "")),
        ('<meta property="product:brand" content="Lumen"><h1>LUMEN – Serum</h1>', ("Serum", "Lumen")),
        ('<meta property="og:brand" content="Lumen"><h1>Lumen</h1>', ("Lumen", "Lumen")),
        ("<h1>A&amp;B &lt;b&gt;Serum&lt;/b&gt;\u202e\u200b</h1>", ("A&B Serum", "")),
        ('<div itemprop="brand">Lumen</div><h1>Serum</h1>', ("Serum", "Lumen")),
        (ld({"@type": "Product", "name": 7, "brand": 7}) + "<h1>Serum</h1>", ("Serum", "")),
        (ld({"@type": "Product", "name": "n" * 5000, "brand": ["Lumen"]}), ("n" * 160, "Lumen")),
    ],
)  # fmt: skip
def test_names(markup: str, seen: tuple[str, str]) -> None:
    page = read(markup)
    assert (page.name, page.brand) == seen


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        ({"price": 12, "priceCurrency": "USD"}, (12.0, "USD")),
        ({"price": "1,299.00", "priceCurrency": "USD"}, (1299.0, "USD")),
        ({"price": "1.299,5", "priceCurrency": "EUR"}, (1299.5, "EUR")),
        ({"price": "¥ 199", "priceCurrency": "CNY"}, (199.0, "CNY")),
        ({"price": "1 299 kr", "priceCurrency": "SEK"}, (1299.0, "SEK")),
        ({"lowPrice": "9.5", "priceCurrency": "gbp"}, (9.5, "GBP")),
        ([{"price": None}, {"price": "3", "priceCurrency": "USD"}], (3.0, "USD")),
        ({"price": "12"}, (None, "")),
        ({"price": "-", "priceCurrency": "USD"}, (None, "")),
        ({"price": 0, "priceCurrency": "USD"}, (None, "")),
        ({"price": True, "priceCurrency": "USD"}, (None, "")),
        ({"price": 1e300, "priceCurrency": "USD"}, (None, "")),
        ({"price": "9" * 400, "priceCurrency": "USD"}, (None, "")),
        ({"price": 12, "priceCurrency": "dollars"}, (None, "")),
        ("free", (None, "")),
        (None, (None, "")),
    ],
)
def test_prices(offers: object, price: tuple[float | None, str]) -> None:
    page = read(ld({"@type": "Product", "name": "Serum", "offers": offers}))
    assert (page.price_amount, page.price_currency) == price


def test_a_price_in_meta_or_microdata() -> None:
    meta = "".join(
        f'<meta property="product:price:{key}" content="{value}">'
        for key, value in (("amount", "8.00"), ("currency", "USD"))
    )
    items = '<i itemprop="price" content="8.00"></i><i itemprop="priceCurrency">usd</i>'
    for markup in (meta, items):
        page = read(f"<h1>Serum</h1>{markup}")
        assert (page.price_amount, page.price_currency) == (8.0, "USD")


@pytest.mark.parametrize(
    ("charset", "declared", "encoding"),
    [
        ("", "", "utf-8"),
        ("utf-8", "", "utf-8"),
        ("gbk", "", "gbk"),
        ("GB2312".lower(), "", "gbk"),
        ("", '<meta charset="gbk">', "gbk"),
        ("", "<meta http-equiv=content-type content='text/html; charset=gb2312'>", "gbk"),
        ("big5", "", "big5"),
        ("utf-8", '<meta charset="gbk">', "utf-8"),  # the header knows better
    ],
)
def test_chinese_pages_in_their_encodings(charset: str, declared: str, encoding: str) -> None:
    text = "<h1>精華</h1><h3>成分</h3><p>水、甘油、烟酰胺、丁二醇、泛醇</p>"
    markup = f"<html><head>{declared}<title>x</title></head>{text}"
    markup = markup if encoding != "big5" else markup.replace("烟酰胺", "尿素")
    page = read(markup.encode(encoding), charset)
    assert page.name == "精華"
    assert len(page.inci) == 5


@pytest.mark.parametrize(
    "charset", ["utf-7", "idna", "rot13", "zlib", "unicode_escape", "x" * 500, "\x00", "utf-16"]
)
def test_an_encoding_that_is_none_of_the_web_is_read_as_utf_8(charset: str) -> None:
    assert read("<h1>Sérum</h1>", charset).name == "Sérum"


HOSTILE = {
    "nothing": b"",
    "no markup": b"hello",
    "binary": bytes(range(256)) * 100,
    "surrogates": b"\xed\xa0\x80" * 1000,
    "utf-16": "<h1>x".encode("utf-16"),
    "nul": b"\0" * 100_000,
    "open tags": b"<p" * 100_000,
    "tags": b"<p>" * 60_000,
    "deep": b"<div>" * 4_000 + b"Ingredients: " + LIST.encode(),
    "inline": b"<b>" * 2_000 + b"x",
    "tables": b"<table><tr><td>" * 3_000,
    "attributes": b"<p " + b" ".join(b"a%d=1" % number for number in range(1_000)) + b">",
    "entities": b"&amp;" * 100_000 + b"&#1114112;&#xD800;&#0;",
    "comments": b"<!--" * 100_000,
    "headings": b"<h2>Ingredients</h2>" * 10_000,
    "labels": b"<p>Ingredients: a, b, c, d, e" * 10_000,
    "brackets": b"<p>Ingredients: " + b"(" * 50_000,
    "commas": b"<p>Ingredients: " + b"," * 50_000,
    "bad json": b'<script type="application/ld+json">{"@type":"Product",</script>',
    "deep json": b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script>",
    "deep objects": b'<script type="application/ld+json">' + b'{"a":' * 50_000 + b"</script>",
    "long number": b'<script type="application/ld+json">' + b"9" * 100_000 + b"</script>",
    "wide json": b'<script type="application/json">[' + b"{}," * 90_000 + b"{}]</script>",
    "odd product": b'<script type="application/ld+json">{"@type":["Product",[],null],"name":{},"brand":[[]],'
    b'"offers":[[[]]],"review":[7,{"reviewBody":[]}],"additionalProperty":"x","ingredients":[null,{},7]}</script>',
    "many scripts": b'<script type="application/json">{"inci":"a"}</script>' * 5_000,
    "many items": b'<p itemprop="reviewBody">hydrating' * 5_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_read_within_bounds(name: str) -> None:
    page = read(HOSTILE[name])
    assert len(page.title) <= 200
    assert len(page.name) <= 160
    assert len(page.brand) <= 80
    assert len(page.inci) <= 150
    assert len(page.themes) <= 6


def test_what_is_hidden_in_a_page_is_not_its_text() -> None:
    for tag in ("script", "style", "template", "noscript", "svg"):
        assert read(f"<h1>Serum</h1><{tag}>Ingredients: {LIST}</{tag}>").inci == []


def test_no_text_has_control_or_direction_characters() -> None:
    page = read(
        f"<title>a\u202eb\x07c</title><h1>\u2066Se\u200bru\0m\x1b[0m</h1><h2>Ingredients</h2><p>{LIST}\u202e"
    )
    said = "".join([page.title, page.name, *page.inci])
    assert said.isprintable()


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=20))
def test_any_bytes_are_a_page(body: bytes, charset: str) -> None:
    page = read_page(body, charset)
    assert page.code in ("", "unreadable")
    assert (page.code == "unreadable") == (not page.name and not page.inci)


def test_a_walk_ends_where_the_tree_ends() -> None:
    found = document.document_of(b"<body>a<p>b<i>c</i>d</p>e<div>f<br>g</div>", "").blocks
    assert [block.text for block in found] == ["a", "bcd", "e", "f\ng"]
    assert [block.tag for block in found] == ["body", "p", "body", "div"]
