"""The mail API, played: it takes a mail as Resend does and keeps the last ones, in memory only."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec

MAILS_KEPT: Final = 50
_LONGEST: Final = 20_000  # characters of a mail that are kept
_NEEDED: Final = ("from", "to", "subject")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it was handed over. sender: as the API's `from`."""

    id: str
    sender: str
    to: list[str]
    subject: str
    text: str


class Mailbox:
    """Mails that were taken, the newest last; at most MAILS_KEPT. keep: whether they are kept at all."""

    def __init__(self, *, keep: bool) -> None:
        self.mails: deque[Mail] = deque(maxlen=MAILS_KEPT if keep else 0)

    def take(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a mail that is well-formed (`refused`); the API's answer."""
        mail = Mail(
            id=str(uuid.uuid4()),
            sender=str(body["from"])[:_LONGEST],
            to=addressees(body)[:MAILS_KEPT],
            subject=str(body["subject"])[:_LONGEST],
            text=str(body.get("text", ""))[:_LONGEST],
        )
        self.mails.append(mail)
        return {"id": mail.id}


def addressees(body: Mapping[str, Any]) -> list[str]:
    """Whom a mail is for: one address or a list of them."""
    to = body.get("to")
    listed = to if isinstance(to, list) else [to]
    return [each for each in listed if isinstance(each, str) and "@" in each]


def refused(body: Mapping[str, Any], authorization: str) -> tuple[int, dict[str, Any]] | None:
    """Status and body for a call without a key, or for what is no mail."""
    if not authorization.lower().startswith("bearer ") or not authorization[7:].strip():
        return 401, {"statusCode": 401, "name": "missing_api_key", "message": "Missing API key"}
    missing = [name for name in _NEEDED if not body.get(name)]
    if missing:
        told = f"Missing `{missing[0]}` field."
        return 422, {"statusCode": 422, "name": "missing_required_field", "message": told}
    if not addressees(body):
        return 422, {"statusCode": 422, "name": "validation_error", "message": "Invalid `to` field."}
    return None
