"""CORS headers of every answer (contract A 1.1), encoded once per combination that browsers really send."""

from __future__ import annotations

from functools import lru_cache

from aurora.settings import Settings

RawHeaders = list[tuple[bytes, bytes]]

LOCAL_ORIGINS = (
    "http://localhost:3000",
    "http://localhost:5173",
    "http://127.0.0.1:3000",
    "http://127.0.0.1:5173",
)
_BASE_HEADERS = (
    "content-type", "authorization", "x-api-key", "x-agent-api-key", "x-checkout-token", "x-aurora-uid",
    "x-aurora-lang", "x-trace-id", "x-brief-id", "x-lang", "x-session-id",
)  # fmt: skip
_EXPOSED = b"x-aurora-bucket, x-aurora-variant, x-aurora-policy-version, x-aurora-build, x-service-commit"
_COMMON: RawHeaders = [
    (b"vary", b"Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE, OPTIONS"),
    (b"access-control-expose-headers", _EXPOSED),
]
_MAX_AGE = (b"access-control-max-age", b"600")
_MOST_REQUESTED = 4096
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")


class Cors:
    """The policy in force: local origins and those of the settings, compared exactly."""

    def __init__(self, settings: Settings) -> None:
        origins = {
            origin.encode("latin-1", "replace") for origin in (*LOCAL_ORIGINS, *settings.allowed_origins)
        }
        self._allowed: dict[bytes, RawHeaders] = {
            origin: [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
            ]
            for origin in origins
            if origin != b"null"
        }

    def headers(self, request_headers: dict[bytes, bytes], *, preflight: bool = False) -> RawHeaders:
        """What to add to an answer. A foreign origin is answered all the same, without allow-origin."""
        allow = allow_headers(request_headers.get(b"access-control-request-headers", b""))
        found = [*_COMMON, (b"access-control-allow-headers", allow)]
        if preflight:
            found.append(_MAX_AGE)
        origin = request_headers.get(b"origin")
        if origin is not None:
            found += self._allowed.get(origin, ())
        return found


@lru_cache(maxsize=128)
def allow_headers(requested: bytes) -> bytes:
    """The header names a page may send: ours, and those it asked for."""
    asked = requested[:_MOST_REQUESTED].decode("latin-1").lower().split(",")
    names = dict.fromkeys([*_BASE_HEADERS, *(name.strip() for name in asked)])
    return ", ".join(_shown(name) for name in names if name and _TOKEN.issuperset(name.encode())).encode()


def _shown(name: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in name.split("-"))
