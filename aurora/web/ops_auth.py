"""Who may see /ops: whoever shows the admin key, in a header, or once in a form that answers with a cookie.

The cookie holds an expiry and its HMAC under the key, never the key: a new key ends every session. Cookies
are strict about their site, and scripts of other origins are refused, also of those that CORS allows.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import deque
from http.cookies import CookieError, SimpleCookie
from typing import Final, Literal
from urllib.parse import urlsplit

import trio

from aurora.web.request import Arrived

HEADER: Final = b"x-aurora-admin-key"
COOKIE: Final = "aurora_ops"
SESSION_S: Final = 8 * 3600
MOST_WRONG: Final = 10
WRONG_WITHIN_S: Final = 60.0

Standing = Literal["welcome", "unknown", "wrong", "foreign", "wait"]


class Gatekeeper:
    """Compares keys for one process. key: the admin key, not empty.

    After MOST_WRONG wrong keys within WRONG_WITHIN_S nobody's key is looked at until the oldest of them is
    past; sessions that are open stay open.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)

    def standing(self, request: Arrived) -> Standing:
        """Of a request: `unknown` shows no key and no valid cookie, `foreign` comes from another origin."""
        if _foreign(request):
            return "foreign"
        if HEADER in request.headers:
            return self.tried(request.header(HEADER))
        return "welcome" if self._knows(request) else "unknown"

    def tried(self, key: str) -> Standing:
        """Of somebody who says the key: `welcome`, `wrong`, or `wait` after too many wrong ones."""
        if self.wait_s() > 0:
            return "wait"
        if hmac.compare_digest(_digest(key.encode()), _digest(self._key)):
            return "welcome"
        self._wrong.append(trio.current_time())
        return "wrong"

    def wait_s(self) -> int:
        """Seconds until a key is looked at again; 0 for now."""
        if len(self._wrong) < MOST_WRONG:
            return 0
        left = self._wrong[0] + WRONG_WITHIN_S - trio.current_time()
        return math.ceil(left) if left > 0 else 0

    def open_session(self, request: Arrived) -> str:
        """`Set-Cookie` of a new session."""
        expires = int(request.now.timestamp()) + SESSION_S
        return self._cookie(request, f"{expires}.{self._sign(str(expires))}", SESSION_S)

    def end_session(self, request: Arrived) -> str:
        """`Set-Cookie` that removes the session from the browser."""
        return self._cookie(request, "", 0)

    def _cookie(self, request: Arrived, value: str, seconds: int) -> str:
        secure = "; Secure" if request.header(b"x-forwarded-proto") == "https" else ""
        return f"{COOKIE}={value}; Path=/ops; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"

    def _knows(self, request: Arrived) -> bool:
        expires, _, signature = _cookie_of(request).partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
            return False
        signed = hmac.compare_digest(self._sign(expires).encode(), signature.encode())
        return signed and int(expires) > request.now.timestamp()

    def _sign(self, expires: str) -> str:
        return hmac.new(self._key, b"ops session " + expires.encode(), hashlib.sha256).hexdigest()


def _digest(key: bytes) -> bytes:
    """Of one length, so that comparing tells nothing about the length of the key."""
    return hashlib.sha256(key).digest()


def _cookie_of(request: Arrived) -> str:
    try:
        found = SimpleCookie(request.header(b"cookie")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _foreign(request: Arrived) -> bool:
    """Whether a page of another origin is behind it. Following a link from elsewhere is fine."""
    site = request.header(b"sec-fetch-site")
    mode = request.header(b"sec-fetch-mode")
    if site in ("cross-site", "same-site") and (mode != "navigate" or request.method == "POST"):
        return True
    origin = request.header(b"origin")
    return bool(origin) and (urlsplit(origin).netloc if "//" in origin else origin) != request.header(b"host")
