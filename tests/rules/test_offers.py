"""Offers: what is taken over from a stranger's page, and how an item opens."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import offers, offers_texts
from aurora.rules.offer_snapshot import OfferSnapshot, outbound_url, snapshot_in
from aurora.rules.offers import Resolved, item_of

URL = "https://shop.example/p/1"
READ = OfferSnapshot(
    title="Quiet Cream",
    brand="Understudy",
    image_url="https://img.example/1.png",
    canonical_url="https://shop.example/p/one",
    price=12.5,
    currency="EUR",
)


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        (URL, True),
        (f"  {URL}  ", True),
        ("http://shop.example", True),
        ("https://shop.example/面霜?q=神经酰胺", True),
        ("https://shop.example:8443/p", True),
        ("HTTPS://shop.example/p", True),
        ("", False),
        (None, False),
        (7, False),
        ("shop.example/p", False),
        ("//shop.example/p", False),
        ("ftp://shop.example/p", False),
        ("javascript:alert(1)", False),
        ("data:text/html,<p>", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https:///p", False),
        ("https://shop.example@evil.example/p", False),
        ("https://user:pw@shop.example/p", False),
        ("https:\\\\shop.example\\p", False),
        ("https://shop.example/a b", False),
        ("https://shop.example/\x00", False),
        ("https://shop.example/\n", True),  # trimmed
        ("https://shop.example/\u202ep", False),
        ("https://[::1", False),
        ("https://shop.example:99999/p", False),
        ("https://shop.example/" + "a" * 3000, False),
    ],
)
def test_a_person_is_sent_to_http_addresses_without_a_user_and_nowhere_else(url: Any, leads: bool) -> None:
    assert bool(outbound_url(url)) is leads


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        ({"affiliate_url": "a", "affiliateUrl": "b", "url": "c"}, "a"),
        ({"affiliateUrl": "b", "url": "c"}, "b"),
        ({"affiliate_url": "  ", "url": " c "}, "c"),
        ({"affiliate_url": 5, "url": ["x"]}, ""),
        ({}, ""),
    ],
)
def test_the_affiliate_link_comes_first(offer: dict[str, Any], expected: str) -> None:
    assert offers.link_of(offer) == expected


@pytest.mark.parametrize(
    ("offer", "gap"),
    [
        ({}, ("offer.affiliate_url", "missing_affiliate_url")),
        ({"affiliate_url": "javascript:alert(1)"}, ("offer.affiliate_url", "invalid_affiliate_url")),
        ({"affiliate_url": "https://a@b.example/"}, ("offer.affiliate_url", "invalid_affiliate_url")),
    ],
)
def test_an_offer_that_leads_nowhere_is_not_asked_for(offer: dict[str, Any], gap: tuple[str, str]) -> None:
    became = offers.unaskable(offer)
    assert became is not None
    assert became.gap == gap
    assert not became.asked
    assert offers.unaskable({"url": URL}) is None


def told(**offer: Any) -> OfferSnapshot:
    return snapshot_in({"ok": True, "offer": offer})


@pytest.mark.parametrize(
    ("price", "amount", "currency"),
    [
        ({"amount": 12.5, "currency": "EUR"}, 12.5, "EUR"),
        ({"amount": 12, "currency": " usd "}, 12, "USD"),
        ({"amount": 12.5}, 12.5, ""),
        ({"amount": 12.5, "currency": None}, 12.5, ""),
        ({"amount": 12.5, "currency": "Euro"}, None, ""),
        ({"amount": 12.5, "currency": "ＵＳＤ"}, None, ""),
        ({"amount": 12.5, "currency": "<b>"}, None, ""),
        ({"amount": "12.5", "currency": "EUR"}, None, ""),
        ({"amount": True, "currency": "EUR"}, None, ""),
        ({"amount": 0, "currency": "EUR"}, None, ""),
        ({"amount": -1, "currency": "EUR"}, None, ""),
        ({"amount": 1e30, "currency": "EUR"}, None, ""),
        ({"amount": float("nan"), "currency": "EUR"}, None, ""),
        ({"amount": 10**400, "currency": "EUR"}, None, ""),
        (12.5, None, ""),
        (None, None, ""),
        ([12.5, "EUR"], None, ""),
    ],
)
def test_a_price_is_a_positive_number_in_a_currency_or_nothing(
    price: Any, amount: float | None, currency: str
) -> None:
    snapshot = told(price=price)
    assert (snapshot.price, snapshot.currency) == (amount, currency)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Quiet  Cream\n50 ml", "Quiet Cream 50 ml"),
        ("<b>Quiet</b> Cream<script>alert(1)</script>", "Quiet Cream"),
        ("Cream javascript:alert(1)", "Cream"),
        ("静护 面霜", "静护 面霜"),
        ("a" * 10_000, "a" * 200),
        (None, ""),
        (["x"], ""),
    ],
)
def test_a_title_is_one_line_of_words(title: Any, expected: str) -> None:
    assert told(title=title).title.startswith(expected[:200])
    assert len(told(title=title).title) <= 200
    assert "<" not in told(title=title).title
    assert "javascript:" not in told(title=title).title


def test_pictures_are_taken_over_https_only() -> None:
    assert told(imageUrl="https://img.example/1.png").image_url == "https://img.example/1.png"
    assert told(imageUrl="http://img.example/1.png").image_url == ""
    assert told(imageUrl="data:image/png;base64,AA").image_url == ""
    assert told(canonicalUrl="javascript:x").canonical_url == ""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"ok": True}, "no_candidates"),
        ({"ok": True, "offer": None}, "no_candidates"),
        ({"ok": True, "offer": []}, "no_candidates"),
        ({"ok": 1, "offer": {}}, "no_candidates"),
        ({"ok": "true", "offer": {}}, "no_candidates"),
        ({"ok": False, "code": "db_error"}, "db_error"),
        ({"ok": False, "error": "Database is away"}, "db_error"),
        ({"ok": False, "reasonCode": "UPSTREAM_TIMEOUT"}, "upstream_timeout"),
        ({"ok": False, "metadata": {"reason_code": "db_error"}}, "db_error"),
        ({"ok": False, "message": "request timeout"}, "upstream_timeout"),
        ({"ok": False, "error": "not_found"}, "no_candidates"),
        ({}, "no_candidates"),
    ],
)
def test_an_answer_without_an_offer_says_why(body: dict[str, Any], reason: str) -> None:
    assert snapshot_in(body) == OfferSnapshot(reason=reason)


@pytest.mark.parametrize(
    ("code", "status", "detail", "reason", "gap"),
    [
        ("timeout", None, "", "upstream_timeout", "external_offer_resolve_timeout_or_network"),
        ("connect", None, "", "upstream_timeout", "external_offer_resolve_timeout_or_network"),
        ("reset", None, "", "upstream_timeout", "external_offer_resolve_timeout_or_network"),
        ("breaker_open", None, "", "upstream_timeout", "external_offer_resolve_timeout_or_network"),
        ("http_5xx", 500, "", "upstream_timeout", "external_offer_resolve_failed"),
        ("http_5xx", 500, "db_error", "db_error", "external_offer_resolve_db_error"),
        ("http_4xx", 429, "", "upstream_timeout", "external_offer_resolve_failed"),
        ("http_4xx", 404, "", "no_candidates", "external_offer_resolve_failed"),
        ("not_json", 200, "", "no_candidates", "external_offer_resolve_failed"),
        ("http_4xx", 404, "anything else", "no_candidates", "external_offer_resolve_failed"),
    ],
)
def test_a_failure_keeps_the_item_and_names_its_reason(
    code: str, status: int | None, detail: str, reason: str, gap: str
) -> None:
    became = offers.failed(code, status, detail, 7)
    assert became == Resolved(reason=reason, gap=("offer.snapshot", gap), asked=True, took_ms=7)


def test_without_a_backend_nobody_is_asked() -> None:
    became = offers.failed("not_configured", None, "", 0)
    assert became.gap == ("offer.snapshot", "pivota_backend_not_configured")
    assert not became.asked
    assert not became.reason


def test_what_the_page_says_is_patched_in() -> None:
    item = item_of({}, {"affiliate_url": URL, "price": 0}, Resolved(snapshot=READ, asked=True, took_ms=3))
    product, offer = item["product"], item["offer"]
    assert (product["name"], product["brand"]) == ("Quiet Cream", "Understudy")
    assert product["image_url"] == "https://img.example/1.png"
    assert offer == {
        "affiliate_url": "https://shop.example/p/one",
        "price": 12.5,
        "currency": "EUR",
        "purchase_route": "affiliate_outbound",
    }
    assert item["metadata"]["offer_resolve_attempted"] is True
    assert item["metadata"]["time_to_pdp_ms"] == 3


def test_a_name_and_a_brand_that_are_known_stay() -> None:
    for key in ("name", "display_name", "title"):
        item = item_of({key: "Mine", "brand": "Ours"}, {"url": URL}, Resolved(snapshot=READ, asked=True))
        assert item["product"].get("name", "Mine") == "Mine"
        assert item["product"]["brand"] == "Ours"


def test_a_page_that_says_nothing_leaves_everything_but_gives_the_link_its_name() -> None:
    item = item_of({"name": "A"}, {"url": URL, "price": 5}, Resolved(snapshot=OfferSnapshot(), asked=True))
    assert item["offer"] == {
        "url": URL, "price": 5, "affiliate_url": URL, "purchase_route": "affiliate_outbound"
    }  # fmt: skip


REF = {"product_id": "p1", "merchant_id": "m1"}
UUID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ({"subject": {"type": "product_group", "id": "pg:m:p"}, **REF}, "group"),
        ({"subject": {"product_group_id": "pg:m:p"}}, "group"),
        ({"product_group_id": "pg:m:p", **REF}, "group"),
        ({"productGroupId": "pg:m:p"}, "group"),
        ({"pdp_open": {"subject": {"type": "product_group", "id": "pg:m:p"}}}, "group"),
        (REF, "ref"),
        ({"canonical_product_ref": REF}, "ref"),
        ({"productRef": {"productId": "p1", "merchantId": "m1"}}, "ref"),
        ({"product_id": "p1"}, "external"),
        ({"product_id": UUID, "merchant_id": "m1"}, "external"),
        ({}, "external"),
        ({"product_group_id": ["x"], "product_id": 7, "merchant_id": {}}, "external"),
    ],
)
def test_an_item_opens_by_group_then_by_reference_then_by_a_search(
    product: dict[str, Any], path: str
) -> None:
    item = item_of(product, {}, Resolved())
    assert item["pdp_open"]["path"] == path
    assert item["metadata"]["pdp_open_mode"] == path
    assert item["metadata"]["pdp_open_path"] == ("external" if path == "external" else "internal")
    if path == "group":
        assert item["product"]["product_group_id"] == "pg:m:p"
        assert item["pdp_open"]["subject"]["id"] == "pg:m:p"
    if path == "ref":
        assert item["product"]["canonical_product_ref"] == REF
        assert item["pdp_open"]["get_pdp_v2_payload"] == {"product_ref": REF}


REASONS = ("pdp_open_fail_reason", "resolve_reason_code", "resolve_fail_reason")


def test_only_an_inside_item_whose_page_failed_carries_reasons() -> None:
    well, badly = item_of(REF, {}, Resolved()), item_of(REF, {}, offers.late(9))
    assert not set(REASONS) & set(well["metadata"])
    assert [badly["metadata"][key] for key in REASONS] == ["upstream_timeout"] * 3


@pytest.mark.parametrize(
    ("became", "reason"), [(Resolved(), "no_candidates"), (offers.late(1), "upstream_timeout")]
)
def test_an_outside_item_always_says_why(became: Resolved, reason: str) -> None:
    item = item_of({"name": "A"}, {}, became)
    assert item["pdp_open"]["resolve_reason_code"] == reason
    assert [item["metadata"][key] for key in REASONS] == [reason] * 3


@pytest.mark.parametrize(
    ("product", "offer", "query"),
    [
        ({"brand": "Acme", "name": "Cream"}, {"url": URL}, "Acme Cream"),
        ({"brand": "Acme", "display_name": "ACME Cream"}, {"url": URL}, "ACME Cream"),
        ({"brand": "Acme"}, {"url": URL}, "Acme"),
        ({}, {"url": URL}, URL),
        ({}, {}, None),
    ],
)
def test_a_search_is_for_brand_and_name_before_the_address(
    product: dict[str, Any], offer: dict[str, Any], query: str | None
) -> None:
    external = item_of(product, offer, Resolved())["pdp_open"]["external"]
    assert external["query"] == query
    assert external["url"].startswith("https://www.google.com/")


@pytest.mark.parametrize("route", ["internal_checkout", "affiliate_outbound", "anything", 5, None])
def test_a_checkout_of_the_shops_own_never_leaves(route: Any) -> None:
    checkout = {"internal_checkout": {"items": [{"sku_id": "s", "quantity": 1}]}, "InternalCheckout": {}}
    offer = {"affiliate_url": URL, "purchase_route": route, "variants": [{**checkout, "id": 1}], **checkout}
    item = item_of({"offers": [checkout]}, offer, Resolved())
    assert b"checkout" not in msgspec.json.encode(item).lower()
    assert item["offer"]["purchase_route"] == "affiliate_outbound"
    assert item["offer"]["variants"] == [{"id": 1}]


@pytest.mark.parametrize("key", ["purchase_route", "purchaseRoute"])
def test_an_offer_that_goes_to_an_affiliate_by_another_address_still_does(key: str) -> None:
    offer = item_of({}, {"url": URL, key: "affiliate_outbound"}, Resolved())["offer"]
    assert offer == {"url": URL, "purchase_route": "affiliate_outbound"}
    assert item_of({}, {"url": "javascript:x", key: "affiliate_outbound"}, Resolved())["offer"] == {
        "url": "javascript:x"
    }


def test_an_offer_without_an_affiliate_link_names_no_route() -> None:
    assert item_of({}, {"purchase_route": "internal_checkout"}, Resolved())["offer"] == {}


@pytest.mark.parametrize(
    ("said", "market"),
    [(None, "US"), ("", "US"), ("  ", "US"), (" CN ", "CN"), ("de", "de"), ("a\nb", "US")],
)
def test_the_market_is_as_named_or_the_united_states(said: Any, market: str) -> None:
    assert offers.market_of(said) == market


def test_gaps_are_named_once_and_at_most_eight() -> None:
    many = [Resolved(gap=("f", str(number))) for number in range(12)]
    assert offers.gaps_of([*many[:1], *many]) == [("f", str(number)) for number in range(8)]


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_words_are_there_for_all_some_and_none(lang: Any) -> None:
    said = {offers_texts.said(fresh, 3, lang) for fresh in (0, 2, 3)}
    assert len(said) == 3
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) is (lang == "CN") for text in said)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(
    st.sampled_from(
        ["name", "brand", "product_id", "merchant_id", "subject", "product_ref", "pdp_open", "affiliate_url",
         "url", "price", "purchase_route", "internal_checkout", "x"]
    ),
    json_values | st.just(URL),
    max_size=6,
)  # fmt: skip


@given(objects, objects, st.dictionaries(st.sampled_from(["ok", "offer", "error"]), json_values))
def test_whatever_is_said_an_item_comes_out_whole(
    product: dict[str, Any], offer: dict[str, Any], answer: dict[str, Any]
) -> None:
    became = offers.unaskable(offer) or offers.answered(snapshot_in(answer), 5)
    item = item_of(product, offer, became)
    assert set(item) == {"product", "offer", "metadata", "pdp_open"}
    assert item["pdp_open"]["path"] in ("group", "ref", "external")
    assert b'"internal_checkout"' not in msgspec.json.encode(item)
    assert item == item_of(product, offer, became)
    stats = offers.offers_metadata([item])
    assert sum(stats["pdp_open_path_stats"].values()) == 1
    assert stats["time_to_pdp_ms_stats"]["count"] == 1
