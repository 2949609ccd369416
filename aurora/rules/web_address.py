"""Addresses on the web that the service itself visits: which forms it takes at all, and which places are
open to everybody.

Whoever gives an address may have made it up to reach something of ours: a name that points inside, a number
written so that a check reads it differently from a connection, a user's name that looks like a host. What is
refused here is refused by form; where a name leads is asked of `is_public` about every address that it
resolves to, and the connection then goes to an address that was asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urljoin, urlsplit

import msgspec

MOST_CHARACTERS = 2048
STANDARD_PORTS = {"http": 80, "https": 443}
_HOST_CAP = 253

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.ASCII)
# A name whose last label is a number, plain, octal or hexadecimal, is an IPv4 address to a browser.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_KEPT = "/%:=&?~+!$,;'()*[]@-._|"  # of a path or query; anything else is percent-encoded

# IANA's special-purpose registries (RFC 6890 and what came after), all that is not open to everybody.
_CLOSED_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # looks public; on Azure it is the host below the machine
    )
)  # fmt: skip
# Public unicast is 2000::/3. Mapped and compatible IPv4, NAT64, unique local, link-local and multicast
# addresses lie outside it; inside it, these lead elsewhere: protocol assignments with Teredo, 6to4,
# documentation.
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


class WebAddress(msgspec.Struct, frozen=True):
    """One address, taken apart. host: in small letters, an IPv6 one without brackets. target: path and query.

    port: None where the scheme's own is meant.
    """

    scheme: str
    host: str
    port: int | None
    target: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a base of requests."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")

    @property
    def url(self) -> str:
        """All of it, without fragment."""
        return self.origin + self.target

    @property
    def loggable(self) -> str:
        """Without its query, which may say who asked."""
        return self.origin + self.target.partition("?")[0]


def web_address(url: str) -> WebAddress | None:
    """An http(s) address in plain ASCII with a host and no user; None for anything else."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in STANDARD_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebAddress(parts.scheme, parts.hostname, port, target)


def page_address(url: str, hosts: Iterable[str]) -> WebAddress | None:
    """The address of a page that may be visited: of a listed host, by name, on the scheme's own port.

    url: as a person gave it; characters of a path that an address cannot hold are encoded, a fragment is
    dropped. hosts: see `is_listed`. None for anything else.
    """
    text = url.strip()
    if len(text) > MOST_CHARACTERS or not text.isprintable() or "\\" in text:
        return None
    address = web_address(quote(text.partition("#")[0], safe=_KEPT))
    if address is None or not is_host_name(address.host) or not is_listed(address.host, hosts):
        return None
    if address.port not in (None, STANDARD_PORTS[address.scheme]):
        return None
    return msgspec.structs.replace(address, port=None)


def redirected(address: WebAddress, location: str, hosts: Iterable[str]) -> WebAddress | None:
    """Where a redirect leads, by the rules of `page_address`; never from https to http."""
    if not location.isprintable():
        return None  # what joins addresses would leave such characters out
    try:
        there = urljoin(address.url, location.strip())
    except ValueError:
        return None
    found = page_address(there, hosts)
    if found is not None and address.scheme == "https" and found.scheme != "https":
        return None
    return found


def is_host_name(host: str) -> bool:
    """A name with at least two labels that no reader can take for a number; no trailing dot."""
    if len(host) > _HOST_CAP or not _NAME.fullmatch(host):
        return False
    return not _NUMBER.fullmatch(host.rpartition(".")[2])


def is_listed(host: str, hosts: Iterable[str]) -> bool:
    """Is `host` one of `hosts`, or below one? Whole labels count: `evilshop.example` is not `shop.example`.

    An entry may begin with `*.` or a dot; one with fewer than two labels is none.
    """
    for entry in hosts:
        name = entry.strip().lower().removeprefix("*").removeprefix(".")
        if is_host_name(name) and (host == name or host.endswith(f".{name}")):
            return True
    return False


def is_public(address: str) -> bool:
    """Is this number the address of a single machine on the public internet? A zone id makes it local."""
    try:
        four = IPv4Address(address)
    except AddressValueError:
        pass
    else:
        return not any(four in block for block in _CLOSED_4)
    try:
        six = IPv6Address(address)
    except AddressValueError:
        return False
    return six.scope_id is None and six in _OPEN_6 and not any(six in block for block in _CLOSED_6)
