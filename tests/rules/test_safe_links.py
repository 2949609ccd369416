"""Addresses that act never leave (contract F 12)."""

from __future__ import annotations

import pytest

from aurora.rules.safe_links import is_unsafe, without_unsafe_links


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
