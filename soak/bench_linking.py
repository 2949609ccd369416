"""What signing in takes when a device has much to bring: 500 days of check-ins merged into an account.

Through HTTP, with the database: a guest logs the days, then signs in; a second device of the same account
brings another 500; then somebody with nothing to bring, as the yardstick of the same run.
"""

from __future__ import annotations

import datetime
import time
import urllib.request
from typing import Any

import msgspec

from soak import servers
from soak.load import Plan, run_apart
from soak.people import post
from soak.servers import Running
from soak.stats import Figure, median

GROUP = "linking"
DAYS = 500
TARGET_MS = 1000.0
_TODAY = datetime.date(2026, 11, 24)


class NotMergedError(RuntimeError):
    """A sign-in whose answer was not what is measured."""


def measure(rounds: int, days: int = DAYS) -> list[Figure]:
    """Milliseconds of `/v1/auth/verify`, the merge included; median of rounds. Raises NotMergedError."""
    env = {
        "AURORA_BFF_AUTH_ENABLED": "true",
        "AURORA_BFF_AUTH_PEPPER": "bench",
        "AURORA_BFF_AUTH_EMAIL_PROVIDER": "file",
        "AURORA_BFF_AUTH_EMAIL_FILE": "/dev/null",
        "AURORA_BFF_AUTH_DEBUG_RETURN_CODE": "true",
    }
    first: list[float] = []
    second: list[float] = []
    empty: list[float] = []
    with servers.service("", **env) as service:
        for number in range(rounds):
            email = f"mei-{number}@example.com"
            for device, taken in (("phone", first), ("laptop", second)):
                uid = f"{device}-{number}"
                _log(service, uid, days)
                taken.append(_sign_in(service, uid, email))
            if _kept(service, f"laptop-{number}") == 0:
                raise NotMergedError("the account has no check-ins")
            empty.append(_sign_in(service, f"nobody-{number}", f"new-{number}@example.com"))
    return [
        _figure(f"signing in with {days} days of check-ins", first, target=True),
        _figure("the same account from a second device with as many", second, target=True),
        _figure("signing in with nothing to bring", empty, target=False),
    ]


def _figure(name: str, taken: list[float], *, target: bool) -> Figure:
    value = median(taken)
    return Figure(
        group=GROUP,
        name=name,
        value=value,
        unit="ms",
        target=f"<= {TARGET_MS:g}" if target else "",
        ok=value <= TARGET_MS if target else None,
        note=" ".join(f"{each:.0f}" for each in taken),
    )


def _log(service: Running, uid: str, days: int) -> None:
    """A check-in for each of the last days."""
    logs = [
        post(
            "/v1/tracker/log",
            uid,
            {
                "date": f"{_TODAY - datetime.timedelta(days=day)}",
                "redness": day % 6,
                "acne": 1,
                "hydration": 3,
            },
        )
        for day in range(days)
    ]
    outcome = run_apart(
        Plan(
            mode="closed",
            host="127.0.0.1",
            port=service.port,
            requests=logs,
            connections=8,
            count=days,
            seconds=120.0,
            pin=servers.cores()[1],
        )
    )
    if set(outcome.statuses) != {200}:
        raise NotMergedError(f"{outcome.statuses} {outcome.errors}")


def _sign_in(service: Running, uid: str, email: str) -> float:
    """Milliseconds of bringing the code back."""
    told = _call(service, uid, "/v1/auth/start", {"email": email})
    code = _payload(told, "auth_challenge")["debug_code"]
    begun = time.perf_counter()
    opened = _call(service, uid, "/v1/auth/verify", {"email": email, "code": code})
    taken = (time.perf_counter() - begun) * 1000
    if not _payload(opened, "auth_session")["token"]:
        raise NotMergedError("no session")
    return taken


def _kept(service: Running, uid: str) -> int:
    """How many days the person behind a device has logged lately."""
    return len(_payload(_call(service, uid, "/v1/tracker/recent?days=7", None), "tracker_recent")["logs"])


def _payload(envelope: dict[str, Any], card: str) -> dict[str, Any]:
    for each in envelope["cards"]:
        if each["type"] == card:
            return dict(each["payload"])
    raise NotMergedError(f"no {card} among {[each['type'] for each in envelope['cards']]}")


def _call(service: Running, uid: str, path: str, body: object) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310  # loopback, always http
        service.url + path,
        data=None if body is None else msgspec.json.encode(body),
        headers={"content-type": "application/json", "x-aurora-uid": uid},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return dict(msgspec.json.decode(answer.read()))
