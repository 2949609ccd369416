"""Addresses, bearers and clients as they are read; what people are told."""

from __future__ import annotations

import pytest

from aurora.rules.auth_texts import REFUSED, SAID
from aurora.rules.email_address import address_of
from aurora.rules.errors_text import error_text
from aurora.rules.keyed import bearer_of, client_of, same

TOKEN = "0a" * 32


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Mei@Example.COM", "mei@example.com"),
        ("  mei.li+skin@sub.example.co \n", "mei.li+skin@sub.example.co"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("", None),
        ("mei", None),
        ("mei@example", None),
        ("mei@@example.com", None),
        ("mei@exa mple.com", None),
        ("mei..li@example.com", None),
        (".mei@example.com", None),
        ("mei.@example.com", None),
        ("mei@-example.com", None),
        ("mei@example-.com", None),
        ("mei@example..com", None),
        ("mei@example.com.", None),
        ("mei@127.0.0.1", None),
        ("美@example.com", None),
        ("mei@example.com\r\nBcc: a@b.co", None),
        ("mei@example.com,a@b.co", None),
        ('"mei li"@example.com', None),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("a" * 65 + "@example.com", None),
        ("a@" + ("b" * 63 + ".") * 3 + "co", "a@" + ("b" * 63 + ".") * 3 + "co"),
        ("a@" + ("b" * 63 + ".") * 4 + "co", None),
        ("a@" + "b" * 64 + ".co", None),
    ],
)
def test_addresses(text: str, address: str | None) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (f"Bearer {TOKEN}", TOKEN),
        (f"bEARER   {TOKEN} ", TOKEN),
        (f"Basic {TOKEN}", None),
        (TOKEN, None),
        (f"Bearer {TOKEN.upper()}", None),
        (f"Bearer {TOKEN}0", None),
        (f"Bearer {TOKEN[1:]}", None),
        (f"Bearer {TOKEN} {TOKEN}", None),
        ("Bearer", None),
        ("", None),
    ],
)
def test_bearers(header: str, token: str | None) -> None:
    assert bearer_of(header) == token


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("1.2.3.4", "", 0, "1.2.3.4"),
        ("1.2.3.4", "6.6.6.6", 0, "1.2.3.4"),
        ("1.2.3.4", "6.6.6.6, 5.5.5.5", 1, "5.5.5.5"),
        ("1.2.3.4", "6.6.6.6, 5.5.5.5", 2, "6.6.6.6"),
        ("1.2.3.4", "7.7.7.7, 6.6.6.6,5.5.5.5", 2, "6.6.6.6"),
        ("1.2.3.4", "5.5.5.5", 2, "1.2.3.4"),
        ("1.2.3.4", "", 1, "1.2.3.4"),
        ("1.2.3.4", "nonsense", 1, "unknown"),
        ("::ffff:1.2.3.4", "", 0, "1.2.3.4"),
        ("2001:db8:1:2:aaaa::1", "", 0, "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", "", 0, "2001:db8:1:2::"),
        ("", "", 0, "unknown"),
    ],
)
def test_clients(peer: str, forwarded: str, trusted: int, client: str) -> None:
    assert client_of(peer, forwarded, trusted) == client


def test_hashes_are_compared_whole() -> None:
    assert same("ab", "ab")
    assert not same("ab", "abc")
    assert not same("", "ab")


@pytest.mark.parametrize("code", sorted(REFUSED))
def test_every_refusal_has_words_of_its_own(code: str) -> None:
    english, chinese = (error_text(code, 401, lang) for lang in ("EN", "CN"))
    assert english.isascii()
    assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)
    assert len(english) < 120


def test_everything_said_is_said_in_both_languages() -> None:
    assert all(set(pair) == {"EN", "CN"} and all(pair.values()) for pair in SAID.values())
