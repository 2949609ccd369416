"""E-mail addresses as people type them: one form each, or none."""

from __future__ import annotations

import re

MOST = 254  # RFC 5321: what fits into a path
_MOST_LOCAL = 64  # the same, of the part before the @
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def address_of(text: str) -> str | None:
    """The address, lower-cased and without blanks around it; None if it is none that mail can be sent to.

    ASCII only, at least two labels in the domain, no quotes and no comments.
    """
    address = text.strip().lower()
    local, _, domain = address.partition("@")
    labels = domain.split(".")
    fits = (
        len(address) <= MOST
        and len(local) <= _MOST_LOCAL
        and _LOCAL.fullmatch(local) is not None
        and len(labels) > 1
        and not labels[-1].isdigit()
        and all(_LABEL.fullmatch(label) for label in labels)
    )
    return address if fits else None
