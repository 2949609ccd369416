"""Keys of knowledge: one product, one key, whoever came from wherever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.knowledge_keys import MOST_KEY, canonical_url, dupes_keys, may_be_key, product_keys


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://shop.example/p/1", "https://shop.example/p/1"),
        (" HTTPS://Shop.Example:443/p/1/ ", "https://shop.example/p/1"),
        ("http://shop.example:80/p#reviews", "http://shop.example/p"),
        ("https://shop.example:8443/p", "https://shop.example:8443/p"),
        ("https://me:secret@shop.example/p", "https://shop.example/p"),
        ("https://shop.example./p?b=2&a=1&a=0", "https://shop.example/p?a=0&a=1&b=2"),
        ("https://shop.example/p?utm_source=x&UTM_Medium=y&gclid=1&variant=3", "https://shop.example/p?variant=3"),
        ("https://shop.example/p?email=a@b.co&session_id=1&sid=2&token=3&uid=4", "https://shop.example/p"),
        ("https://shop.example/p?q=玻尿酸", "https://shop.example/p?q=%E7%8E%BB%E5%B0%BF%E9%85%B8"),
        ("https://[2001:db8::1]/p", "https://[2001:db8::1]/p"),
        ("ftp://shop.example/p", ""),
        ("javascript:alert(1)", ""),
        ("https:///p", ""),
        ("https://shop.example:99999/p", ""),
        ("https://shop.example/p\x00", ""),
        ("https://[half/p", ""),
        ("https://shop.example/p?" + "&".join(f"a{n}=1" for n in range(51)), ""),
        ("", ""),
    ],
)  # fmt: skip
def test_an_address_has_one_spelling(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


def test_keys_name_product_and_language_the_steadier_first() -> None:
    assert product_keys(product_id=" p1 ", url="https://a.example/x?utm_id=1", lang="CN") == (
        "product:p1|lang:CN",
        "url:https://a.example/x|lang:CN",
    )
    assert dupes_keys(product_id="p1", url="https://a.example/x", text="  The\tOrdinary  B5 ", lang="EN") == (
        "id:p1|lang:EN",
        "url:https://a.example/x|lang:EN",
        "text:the ordinary b5|lang:EN",
    )
    assert product_keys(lang="EN") == dupes_keys(text=" \n ", lang="EN") == ()


def test_what_is_too_long_or_cannot_be_printed_has_no_key() -> None:
    assert product_keys(product_id="x" * 129, url="https://a.example/" + "x" * 600, lang="EN") == ()
    assert dupes_keys(product_id="a\x00b", lang="EN") == ()
    (key,) = dupes_keys(text="面霜" * 5000, lang="CN")
    assert may_be_key("dupes", key)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300), st.sampled_from(["EN", "CN"]))
def test_every_key_may_be_one(product_id: str, url: str, text: str, lang: str) -> None:
    for key in product_keys(product_id=product_id, url=url, lang=lang):  # type: ignore[arg-type]
        assert may_be_key("product", key)
    for key in dupes_keys(product_id=product_id, url=url, text=text, lang=lang):  # type: ignore[arg-type]
        assert may_be_key("dupes", key)


@given(st.text(max_size=80))
def test_the_one_spelling_is_its_own(path: str) -> None:
    once = canonical_url(f"https://shop.example/{path}")
    assert once == "" or canonical_url(once) == once


@pytest.mark.parametrize("key", ["", " a", "a" * (MOST_KEY + 1), "a\nb"])
def test_odd_keys_may_be_none(key: str) -> None:
    assert not may_be_key("product", key)
