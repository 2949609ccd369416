"""No card carries an address that runs something when it is opened (contract F 12: the client opens them)."""

from __future__ import annotations

import re
from typing import Any

_IGNORED = re.compile(r"[\x00-\x20\u200b-\u200d\u2060\ufeff]+")  # what a browser skips inside a scheme
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30}):")
_OPENED = frozenset({"http", "https"})
_RUNS = frozenset({"javascript", "vbscript", "livescript"})
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|webp|gif);")
# The same in JSON. What a browser skips may stand between any two letters, escaped or as bytes beyond ASCII.
_SKIPPED = rb'(?:\x20|\\(?:u[0-9a-f]{4}|[^u"])|[\x7f-\xff])'
_FIRST = b"|".join(b"%c%b*%c" % (one, _SKIPPED, two) for one, two in (b"ja", b"vb", b"li", b"da"))
_MAY_RUN = re.compile(
    rb'"(?=[jvld\x20\\\x7f-\xff])%b*(?:%b)(?:[a-z0-9+.-]|%b)*:' % (_SKIPPED, _FIRST, _SKIPPED)
)
# An address that is neither null nor plainly http. The Kelvin sign is a k in small letters. Read from the
# colon backwards: looking for the names themselves is thirty times slower.
_NAMES = (
    b"url", b"urls", b"uri", b"uris", b"href", b"link", b"links", b"src",
    b"lin\xe2\x84\xaa", b"lin\xe2\x84\xaas",
)  # fmt: skip
_MAY_LEAD = re.compile(
    rb'":(?!"https?:|null)(?<=[lisfkc\xaa]":)(?:%b)' % b"|".join(b'(?<=%b":)' % name for name in _NAMES)
)
_ADDRESS_KEYS = ("url", "urls", "uri", "href", "link", "links", "src")
MAX_DEPTH = 24
_HEAD = 256
_HOLDERS = (dict, list)


def without_unsafe_links(value: Any, *, address: bool = False, depth: int = 0) -> Any:
    """`value` without unsafe addresses: keys that name one, and list items, go; the rest is as it was.

    address: `value` stands under a key for addresses; there only http, https, pictures and relative paths
    pass. Elsewhere only texts that start with a scripting scheme go. The same object if nothing changed.
    """
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, dict):
        changed: dict[str, Any] | None = None
        for key, inner in value.items():
            if isinstance(inner, str):
                if ":" in inner and is_unsafe(inner, address=_names_address(key)):
                    changed = dict(value) if changed is None else changed
                    del changed[key]
            elif isinstance(inner, _HOLDERS):
                clean = without_unsafe_links(inner, address=_names_address(key), depth=depth + 1)
                if clean is not inner:
                    changed = dict(value) if changed is None else changed
                    changed[key] = clean
        return value if changed is None else changed
    if isinstance(value, list):
        kept = [
            without_unsafe_links(inner, address=address, depth=depth + 1)
            if isinstance(inner, _HOLDERS)
            else inner
            for inner in value
            if not (isinstance(inner, str) and ":" in inner and is_unsafe(inner, address=address))
        ]
        same = len(kept) == len(value) and all(a is b for a, b in zip(kept, value, strict=True))
        return value if same else kept
    return value


def may_hold_unsafe_links(encoded: bytes) -> bool:
    """Whether `without_unsafe_links` could find anything in the payload that this compact JSON is of.

    False is certain, and some thirty times sooner known than by a walk; True means that it is worth one.
    """
    small = encoded.lower()
    return _MAY_RUN.search(small) is not None or _MAY_LEAD.search(small) is not None


def _names_address(key: Any) -> bool:
    return isinstance(key, str) and key.lower().endswith(_ADDRESS_KEYS)


def is_unsafe(text: str, *, address: bool) -> bool:
    """Would opening `text` run something, or, where an address belongs, lead anywhere but to the web?"""
    if ":" not in text[:_HEAD]:
        return False
    head = _IGNORED.sub("", text[:_HEAD]).lower()
    scheme = _SCHEME.match(head)
    if scheme is None:
        return False
    name = scheme[1]
    if name in _RUNS or head.startswith("data:text"):
        return True
    return address and name not in _OPENED and not _PICTURE.match(head)
