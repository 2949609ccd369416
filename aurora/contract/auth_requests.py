"""What clients may send to sign in (contract A 8). `hidden`: fields that no trace may hold."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from aurora.contract.requests import Request

# Whether it is an address is `rules.email_address`'s to say: that refusal has a code of its own.
Email = Annotated[str, Meta(min_length=1, max_length=320, description="An e-mail address.")]


class AuthStart(Request, frozen=True, kw_only=True):
    """POST /v1/auth/start: send me a code."""

    email: Email


class AuthVerify(Request, frozen=True, kw_only=True):
    """POST /v1/auth/verify: here is the code."""

    hidden: ClassVar[tuple[str, ...]] = ("code",)

    email: Email
    code: Annotated[str, Meta(min_length=4, max_length=12)]


class PasswordLogin(Request, frozen=True, kw_only=True):
    """POST /v1/auth/password/login."""

    hidden: ClassVar[tuple[str, ...]] = ("password",)

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=128)]


class PasswordSet(Request, frozen=True, kw_only=True):
    """POST /v1/auth/password/set: for whoever is signed in."""

    hidden: ClassVar[tuple[str, ...]] = ("password",)

    password: Annotated[str, Meta(min_length=8, max_length=128)]
