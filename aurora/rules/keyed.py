"""Keyed hashes: what stands in a table instead of a code, a token, an address or a client."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re

_HEX_64 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def keyed(pepper: str, purpose: str, text: str) -> str:
    """HMAC-SHA-256 of a text under the pepper, as 64 hex digits; different for every purpose."""
    return hmac.new(pepper.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two hashes are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def bearer_of(header: str) -> str | None:
    """The token of an `Authorization` header, if it has the form of one of ours: 64 hex digits."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and _HEX_64.fullmatch(token) else None


def client_of(peer: str, forwarded: str, trusted: int) -> str:
    """The client as limits count it: an IPv4 address, or the /64 of an IPv6 one (which a person has whole).

    trusted: how many proxies of ours stand before us; the client is the last name in X-Forwarded-For that
    none of them could have been told by the client itself. 0: the peer of the socket, whatever is forwarded.
    """
    named = peer
    if trusted > 0:
        hops = [hop.strip() for hop in forwarded.rsplit(",", trusted)[-trusted:]] if forwarded else []
        named = hops[0] if len(hops) == trusted else peer
    try:
        address = ipaddress.ip_address(named)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), 64), strict=False).network_address)
    return str(address)
