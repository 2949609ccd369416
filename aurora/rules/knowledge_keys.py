"""Under which keys knowledge of a product or of its dupes is kept (contract D 3.3, 7).

A key names a product and the language of its texts, never a person: of an address, what tells where a visitor
came from or who she is does not get in. A key that would be too long is "" and has no row.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from aurora.contract.envelope import Lang

MOST_KEY: Final = 512
MOST_DUPES_KEY: Final = 256
_MOST_ID = 128
_MOST_TEXT = 220
_MOST_PARAMETERS = 50
_PORTS = {"http": 80, "https": 443}
_CLICKS = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ttclid", "twclid",
        "igshid", "li_fat_id", "irclickid", "mc_cid", "mc_eid", "_ga", "_gl", "ref", "srsltid", "spm",
        "scm", "clickid",
    }
)  # fmt: skip
# Parameters that name a visitor or open a door; no shop tells its products apart by them.
_VISITOR = re.compile(
    r"token|secret|sess(?:ion)?(?:_?id)?|sid|auth|sign(?:ature)?|sig|passw(?:or)?d|e?mail|phone|user(?:_?id)?|"
    r"uid|aurora_uid|customer(?:_?id)?|account(?:_?id)?|api_?key|x-(?:amz|goog)-.*"
)


def product_keys(*, product_id: str = "", url: str = "", lang: Lang) -> tuple[str, ...]:
    """Keys of what is known of a product, the steadier one first; empty where nothing names it.

    product_id: SKU or product id. url: of its page, in any spelling.
    """
    return _named(product_id, url, "", lang, "product", MOST_KEY)


def dupes_keys(*, product_id: str = "", url: str = "", text: str = "", lang: Lang) -> tuple[str, ...]:
    """Keys of what is like a product, the steadiest first. text: its name, as somebody wrote it."""
    return _named(product_id, url, text, lang, "id", MOST_DUPES_KEY)


def canonical_url(url: str) -> str:
    """An http(s) address in its one spelling, or "".

    Without fragment, credentials, default port, `utm_*`, click ids and parameters that name a visitor; scheme
    and host in small letters; parameters sorted.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
        asked = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or not url.isprintable():
        return ""
    host = f"[{host}]" if ":" in host else host
    place = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    kept = sorted((name, value) for name, value in asked if not _tells_of_a_visitor(name.lower()))
    path = parts.path.rstrip("/")
    return f"{scheme}://{place}{path}" + (f"?{urlencode(kept)}" if kept else "")


def may_be_key(kind: Literal["product", "dupes"], key: str) -> bool:
    """Whether a row may stand under `key`: printable, not blank, and not too long for its kind."""
    most = MOST_KEY if kind == "product" else MOST_DUPES_KEY
    return 0 < len(key) <= most and key.isprintable() and key == key.strip()


def _named(product_id: str, url: str, text: str, lang: Lang, by_id: str, most: int) -> tuple[str, ...]:
    spoken = " ".join(text.lower().split())[:_MOST_TEXT].rstrip()
    named = product_id.strip()
    found = (
        f"{by_id}:{named}" if 0 < len(named) <= _MOST_ID else "",
        f"url:{address}" if (address := canonical_url(url)) else "",
        f"text:{spoken}" if spoken else "",
    )
    keys = (f"{name}|lang:{lang}" for name in found if name)
    return tuple(key for key in keys if len(key) <= most and key.isprintable())


def _tells_of_a_visitor(name: str) -> bool:
    return name.startswith("utm_") or name in _CLICKS or _VISITOR.fullmatch(name) is not None
