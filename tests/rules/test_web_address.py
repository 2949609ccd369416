"""Which addresses the service visits: the forms, the list, and the numbers behind a name."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aurora.rules.web_address import (
    MOST_CHARACTERS,
    WebAddress,
    is_host_name,
    is_listed,
    is_public,
    page_address,
    redirected,
    web_address,
)

HOSTS = ("shop.example", "beauty.example.org")

VISITED = [
    ("https://shop.example", "https://shop.example/"),
    ("http://shop.example/a?b=c", "http://shop.example/a?b=c"),
    ("HTTPS://WWW.Shop.Example/A", "https://www.shop.example/A"),
    ("https://shop.example:443/a", "https://shop.example/a"),
    ("http://shop.example:80/a", "http://shop.example/a"),
    ("  https://shop.example/a#part  ", "https://shop.example/a"),
    ("https://shop.example/精华?色=红", "https://shop.example/%E7%B2%BE%E5%8D%8E?%E8%89%B2=%E7%BA%A2"),
    ("https://shop.example/a b", "https://shop.example/a%20b"),
    ("https://shop.example/a%2Fb@c", "https://shop.example/a%2Fb@c"),
    ("https://m.shop.example?id=1", "https://m.shop.example/?id=1"),
]

REFUSED = [
    "", "shop.example", "//shop.example/a", "https:shop.example", "https:///a", "https://", "http://",
    "ftp://shop.example/a", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x",
    "gopher://shop.example/", "view-source:https://shop.example", "blob:https://shop.example/1",
    # a user, or what looks like one
    "https://user@shop.example/", "https://user:secret@shop.example/", "https://shop.example@evil.example/",
    "https://shop.example:443@evil.example/", "https://@shop.example/", "https://evil.example\\@shop.example/",
    "https://shop.example\\.evil.example/", "https:\\\\shop.example\\a",
    # other ports
    "https://shop.example:8443/", "https://shop.example:80/", "http://shop.example:443/",
    "http://shop.example:22/", "http://shop.example:0/", "http://shop.example:99999/", "http://shop.example:x/",
    # numbers, in all their dresses
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://017700000001/", "http://0x7f000001/",
    "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.0.0.1./", "http://0/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[2606:4700::1]/", "http://93.184.215.14/",
    "http://１２７.０.０.１/", "http://①②⑦.0.0.1/", "http://shop.example.0x7f/",
    # names that are not on the list
    "http://localhost/", "http://metadata/", "http://metadata.google.internal/", "https://evil.example/",
    "https://evilshop.example/", "https://shop.example.evil.example/", "https://example.org/",
    "https://shop.example./", "https://.shop.example/", "https://shop..example/", "https://-a.shop.example/",
    "https://shop。example/", "https://shоp.example/", "https://xn--shp-fmc.example/", "https://%73hop.example/",
    "https://a_b.shop.example/", "https://shop.example%00.evil.example/", "https://shop.example%2eevil.example/",
    # what splits a request
    "https://shop.example/a\r\nHost: evil", "https://shop.example/\x00", "https://sho\tp.example/",
    "https://shop.example/\u202e", "\nhttps://shop.example\n/a",
    "https://shop.example/" + "a" * MOST_CHARACTERS, "https://" + "a" * 64 + ".shop.example/",
    "https://" + "a." * 130 + "shop.example/", "http://[", "http://[::1", "https://shop.example]/",
]  # fmt: skip


@pytest.mark.parametrize(("url", "seen"), VISITED)
def test_visited(url: str, seen: str) -> None:
    address = page_address(url, HOSTS)
    assert address is not None
    assert (address.url, address.port) == (seen, None)


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    assert page_address(url, HOSTS) is None


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(["", "http://", "https://", "https://shop.example", "//"]))
@example("@shop.example", "https://")
def test_whatever_is_visited_is_plain_and_on_the_list(text: str, before: str) -> None:
    address = page_address(before + text, HOSTS)
    if address is not None:
        assert is_listed(address.host, HOSTS)
        assert address.url.isascii()
        assert address.url.isprintable()
        assert " " not in address.url
        assert address.target.startswith("/")
        assert page_address(address.url, HOSTS) == address


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/b?c", "https://shop.example/b?c"),
        ("b", "https://shop.example/a/b"),
        ("//www.shop.example/x", "https://www.shop.example/x"),
        ("https://beauty.example.org/x#y", "https://beauty.example.org/x"),
        ("?q=1", "https://shop.example/a/?q=1"),
        ("http://shop.example/plain", None),
        ("https://evil.example/", None),
        ("//127.0.0.1/", None),
        ("https://shop.example:8080/", None),
        ("https://a@shop.example/", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
        ("/\t//evil.example", None),
        ("/\x00", None),
    ],
)
def test_redirects_are_checked_like_addresses(location: str, there: str | None) -> None:
    start = WebAddress("https", "shop.example", None, "/a/?old=1")
    found = redirected(start, location, HOSTS)
    assert (found.url if found else None) == there


@pytest.mark.parametrize(
    ("host", "hosts", "listed"),
    [
        ("shop.example", ("shop.example",), True),
        ("www.shop.example", ("shop.example",), True),
        ("www.shop.example", ("*.shop.example",), True),
        ("www.shop.example", (" .Shop.Example ",), True),
        ("evilshop.example", ("shop.example",), False),
        ("shop.example", ("www.shop.example",), False),
        ("shop.example", (), False),
        ("shop.example", ("",), False),
        ("shop.example", ("example",), False),
        ("shop.example", ("*",), False),
        ("shop.example", ("*.",), False),
    ],
)
def test_the_list_counts_whole_labels(host: str, hosts: tuple[str, ...], listed: bool) -> None:
    assert is_listed(host, hosts) is listed


def test_a_host_name_is_short_and_no_number() -> None:
    assert is_host_name("a.example")
    assert is_host_name("xn--0zwm56d.example")
    assert not is_host_name("a" * 64 + ".example")
    assert not is_host_name(".".join(["a" * 60] * 5))
    assert not is_host_name("1.2.3.4")
    assert not is_host_name("a.0x")


PUBLIC = [
    "93.184.215.14",
    "1.1.1.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "2400::1",
]
CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1",
    "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "fe80::1%eth0", "2606:4700::1%eth0",
    "", "localhost", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "1.1.1.1 ", "1.1.1.1/32", "[::1]",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", CLOSED)
def test_closed(address: str) -> None:
    assert not is_public(address)


@settings(deadline=None)
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@example(IPv4Address("192.0.0.170"))
@example(IPv6Address("2001:4:112::1"))
def test_never_laxer_than_the_standard_library(address: IPv4Address | IPv6Address) -> None:
    if is_public(str(address)):
        known = ip_address(str(address))
        assert known.is_global
        assert not any((known.is_multicast, known.is_private, known.is_reserved, known.is_link_local))


def test_the_address_of_a_photo_may_be_anywhere_but_has_no_user() -> None:
    address = web_address("http://127.0.0.1:9000/put?sig=1")
    assert address is not None
    assert (address.origin, address.target) == ("http://127.0.0.1:9000", "/put?sig=1")
    assert (address.loggable, address.url) == (
        "http://127.0.0.1:9000/put",
        "http://127.0.0.1:9000/put?sig=1",
    )
    six = web_address("http://[::1]:9000/")
    assert six is not None
    assert six.origin == "http://[::1]:9000"
    assert web_address("http://a@127.0.0.1/") is None
    assert web_address("http://127.0.0.1\\evil.example/") is None
    assert web_address("http://127.0.0.1/\u00e4") is None
