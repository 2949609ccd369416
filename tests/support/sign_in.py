"""Signing in, in tests: settings with which it works, and the steps a person takes."""

from __future__ import annotations

from typing import Any

from aurora.settings import Settings
from tests.support.web import WebAnswer, WebClient

EMAIL = "mei@example.com"
PEPPER = "test-pepper"


def sign_in_settings(**more: Any) -> Settings:
    """Sign-in on, codes in the answers, cheap passwords, mails into nothing."""
    return Settings(
        **{"auth_enabled": True, "auth_pepper": PEPPER, "auth_debug": True, "auth_scrypt_n": 1024, **more}
    )


async def code_for(client: WebClient, email: str = EMAIL, **how: Any) -> str:
    """Ask for a code, and read it from the answer."""
    answer = await client.post("/v1/auth/start", {"email": email}, **how)
    assert answer.status == 200, answer.json
    return str(answer.payload("auth_challenge")["debug_code"])


async def verify(client: WebClient, code: str, email: str = EMAIL, **how: Any) -> WebAnswer:
    """Bring a code back."""
    return await client.post("/v1/auth/verify", {"email": email, "code": code}, **how)


async def signed_in(client: WebClient, email: str = EMAIL, **how: Any) -> dict[str, str]:
    """Sign in; the header that says so."""
    answer = await verify(client, await code_for(client, email, **how), email, **how)
    assert answer.status == 200, answer.json
    return bearer(answer)


def bearer(answer: WebAnswer) -> dict[str, str]:
    """The header for the session that an answer opened."""
    return {"Authorization": f"Bearer {answer.payload('auth_session')['token']}"}


def other_than(code: str) -> str:
    """A code that is wrong."""
    return str((int(code) - 100_000 + 1) % 900_000 + 100_000)
