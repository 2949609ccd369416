"""Addresses that act never leave (contract F 12)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.safe_links import is_unsafe, may_hold_unsafe_links, without_unsafe_links


@pytest.mark.parametrize(
    ("text", "anywhere", "as_address"),
    [
        ("https://shop.example/a", False, False),
        ("HTTP://shop.example", False, False),
        ("/products/1", False, False),
        ("", False, False),
        ("javascript:alert(1)", True, True),
        ("JaVa\tScRiPt:alert(1)", True, True),
        (" \u200bjavascript:alert(1)", True, True),
        ("vbscript:x", True, True),
        ("data:text/html,<script>", True, True),
        ("data:image/png;base64,AAAA", False, False),
        ("data:image/svg+xml;base64,AAAA", False, True),
        ("intent://x#Intent", False, True),
        ("file:///etc/passwd", False, True),
        ("Note: keep it gentle", False, True),
        ("Use javascript: never", False, True),
    ],
)
def test_an_address_that_acts_is_seen(text, anywhere, as_address):
    assert is_unsafe(text, address=False) is anywhere
    assert is_unsafe(text, address=True) is as_address


def test_only_the_unsafe_goes_and_nothing_else_is_copied():
    fine = {"a": [{"url": "https://x.example"}, "Note: b"], "n": 1}
    assert without_unsafe_links(fine) is fine
    dirty = {
        "sku": {"image_url": "javascript:1", "name": "Cream"},
        "citations": ["javascript:alert(1)", {"url": "ftp://x", "title": "T"}],
        "imageUrls": ["https://x.example/1", "file:///x"],
        "kept": fine,
    }
    assert without_unsafe_links(dirty) == {
        "sku": {"name": "Cream"},
        "citations": [{"title": "T"}],
        "imageUrls": ["https://x.example/1"],
        "kept": fine,
    }
    assert dirty["sku"]["image_url"] == "javascript:1", "the argument is left alone"


_PIECES = (
    "java",
    "script",
    "vb",
    "live",
    "data",
    "text",
    ":",
    "http",
    "s",
    "/",
    " ",
    "\t",
    "\x01",
    "\u200b",
    "\\",
    '"',
    "é",
)
_TEXTS = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=7).map("".join),
    st.text(max_size=12),
    st.sampled_from(
        ("javascript:x", "J\x00avaScript:x", " \u200bvbscript:1", "data:text/html,x", "mailto:a@b", "ftp:x")
    ),
)
_KEYS = st.sampled_from(("url", "HREF", "uris", "lin\u212a", "links", "image_src", "name", "notes"))
_PAYLOADS = st.dictionaries(
    _KEYS,
    st.recursive(
        _TEXTS | st.none() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=500)
@given(_PAYLOADS)
def test_what_its_json_acquits_needs_no_walk(payload: dict[str, Any]) -> None:
    if not may_hold_unsafe_links(msgspec.json.encode(payload)):
        assert without_unsafe_links(payload) is payload


@pytest.mark.parametrize(
    "payload",
    [
        {
            "notes": ["Vitamin C: one morning", "2026-11-24T15:00:00Z"],
            "url": "https://a.example/x",
            "src": None,
        },
        {"reasons": ["Brings part of your plan: zinc PCA."], "pdp_open": {"url": "HTTP://a.example"}},
    ],
)
def test_prose_and_web_addresses_are_acquitted(payload: dict[str, Any]) -> None:
    assert not may_hold_unsafe_links(msgspec.json.encode(payload))
