"""Upstreams of a simulated world: what stands behind the links in place of an HTTP pool.

The links are the real ones (limiter, breaker, retries, attempts, reading of JSON). Healthy answers are those
of the sandbox, and so are the spoilt ones; latencies are few and round, so that answers, give-ups and cuts
tie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
import trio

from aurora.actors import offer_reading, opening
from aurora.actors import weather as weather_wire
from aurora.actors.findings import Failure, FailureCode
from aurora.actors.http_pool import ExchangeError, Headers, HttpPool, Received
from aurora.actors.links import Link
from aurora.actors.photo_tray import PhotoCache, PhotoTray
from aurora.actors.photos import PhotoDesk
from aurora.actors.signed_urls import SignedUrls
from aurora.sandbox import commerce, decision, photos, vision, weather
from aurora.sandbox.misbehave import spoilt
from aurora.sandbox.script import Step
from aurora.settings import Settings
from aurora.skin.measured import ISSUE_TYPES, Box, Evidence, Finding, Measured, Picture, Quality
from soak.simulation_dice import PIXELS, UPSTREAM, Dice

QUICK_MS = (0, 1, 40, 250, 400, 900)
SLOW_MS = (1000, 2000, 3000, 5000, 8500, 8999, 9000, 11999)
LATE_MS = (12000, 12001, 15000, 30000)
FAILURES: tuple[FailureCode, ...] = ("connect", "reset", "broken_pipe", "dns", "tls", "admission")
STATUSES = (302, 400, 404, 408, 429, 500, 502, 503)
GARBAGE = (
    "empty_body", "truncated", "bad_utf8", "nul", "surrogate", "nan", "array_root", "scalar_root",
    "empty_object", "empty_cards", "null_cards", "array_payload", "wrong_types", "unrenderable", "deep",
)  # fmt: skip
DEEP = 300
LARGE_CHARACTERS = 300_000  # of an answer that a trace is too small for
STUBS = (
    "", "", "", "NO_CARDS_TEST", "CONTEXT_CARDS_TEST", "STRUCTURED_COMMERCE_TEST",
    "PICKS_TREATMENT_ONLY_TEST", "PICKS_WITH_TREATMENT_TEST", "PICKS_EMPTY_TEST", "PICKS_TOP_LEVEL_TEST",
    "PICKS_STRUCTURED_TEST", "PICKS_FENCED_TEST", "REPORT_FORBIDDEN_TEST", "REPORT_NO_QUESTION_TEST",
    "CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST", "CLARIFICATION_FILTER_INVALID_OPTIONS_TEST",
    "ANCHOR_CONTEXT_ONLY_TEST", "PRODUCT_UNKNOWN_TEST", "PRODUCT_FLAT_TEST", "INJECTION_TEST",
    "SHORT_CARDS_BELOW_STRIPPED_RECO_TEST", "STRUCTURED_STUB_ONLY_TEST", "OVERLONG_TEMPLATE_CONTEXT_TEST",
)  # fmt: skip
ASKS_BACK = (*[False] * 15, True)  # instead of answering, and says no more
VISION_STUBS = ("", "", "prose", "forbidden", "question")
CHECKS = ("passed", "passed", "too_dark", "failed", "pending", "pending", "done", "odd")
STORAGE, SIGNATURE = "http://storage.simulated", "sig-that-nobody-may-tell"

T = TypeVar("T")

_FACE = Box(10, 10, 300, 300)
_PICTURE = Picture(format="jpeg", width=400, height=400)
MEASURED = (
    *(
        Measured(
            picture=_PICTURE,
            face=_FACE,
            quality=quality,
            findings=[
                Finding(
                    issue_type=kind,
                    severity=severity,
                    confidence=0.7,
                    score=severity / 4,
                    evidence=[Evidence(region="left_cheek", score=severity / 4, box=_FACE)]
                    if severity
                    else [],
                )
                for severity, kind in enumerate(ISSUE_TYPES)
            ],
        )
        for quality in (
            Quality(grade="pass", factor=0.9),
            Quality(grade="degraded", reasons=["blur"], factor=0.6),
        )
    ),
    Measured(picture=_PICTURE, quality=Quality(grade="fail", reasons=["no_face"])),
    Measured(problem="damaged"),
)

Body = dict[str, object]


class SimulatedPool(HttpPool):
    """One upstream. No socket is ever opened. asks_back: half of its answers are questions."""

    def __init__(self, name: str, dice: Dice, *, asks_back: bool = False) -> None:
        super().__init__(f"http://{name}.simulated")
        self._dice = dice
        self._asks_back = asks_back

    async def exchange(
        self,
        method: str,  # noqa: ARG002 - as HttpPool has it, and so are the next ones
        target: str,
        headers: Headers,  # noqa: ARG002
        content: bytes | None,
        *,
        read: Callable[[int], bool],  # noqa: ARG002
        max_bytes: int,  # noqa: ARG002
    ) -> Received:
        """See `HttpPool.exchange`."""
        dice = self._dice
        fault = dice.fault(UPSTREAM)
        await trio.sleep(dice.pick(_LATENCY_MS.get(fault, QUICK_MS)) / 1000)
        match fault:
            case "upstream.stall":
                await trio.sleep_forever()
            case "upstream.failure":
                raise ExchangeError(dice.pick(FAILURES))
            case "upstream.status":
                return Received(dice.pick(STATUSES), None)
            case "upstream.huge":
                return Received(200, None)
        said = healthy(target, content, dice.pick)
        if self._asks_back and dice.chance(0.5):
            said = {"intent": "clarify"}
        if fault == "upstream.garbage":
            return Received(200, spoilt(Step(dice.pick(GARBAGE), DEEP), said))
        if fault == "upstream.large":
            said = {**said, "answer": "a" * LARGE_CHARACTERS}
        return Received(200, msgspec.json.encode(said))


class SimulatedPixels:
    """Who measures photos in place of the workers: at once or slowly, well, not at all, or dead."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    async def measure(self, photo: bytes, deadline: float) -> Measured | Failure:  # noqa: ARG002
        """See `Pixels.measure`."""
        return await self._worked(deadline) or self._dice.pick(MEASURED)

    async def reencode(self, photo: bytes, deadline: float) -> bytes | Failure | None:
        """See `Pixels.reencode`."""
        return await self._worked(deadline) or self._dice.pick((photo, photo, photo, None))

    async def _worked(self, deadline: float) -> Failure | None:
        fault = self._dice.fault(PIXELS)
        took_ms = self._dice.pick(SLOW_MS if fault == "pixels.slow" else QUICK_MS)
        with trio.move_on_at(deadline) as limit:
            await trio.sleep(took_ms / 1000)
        if limit.cancelled_caught:
            return Failure(actor="pixels", code="timeout")
        return Failure(actor="pixels", code="crashed") if fault == "pixels.died" else None


_LATENCY_MS = {"upstream.slow": SLOW_MS, "upstream.late": LATE_MS}


def link(name: str, settings: Settings, dice: Dice) -> Link:
    """A real link to a simulated upstream."""
    made = Link(name, "", settings)
    made.pool = SimulatedPool(name, dice)
    return made


def desk(bridge: Link, settings: Settings, storage: HttpPool) -> PhotoDesk:
    """A real photo desk in front of an understudy of the storage."""
    urls = SignedUrls()
    urls._pools[STORAGE] = storage
    cache = PhotoCache(settings.photo_cache_max_items, settings.photo_cache_ttl_ms / 1000)
    return PhotoDesk(bridge, urls, PhotoTray(), cache, settings.backend_api_key)


class Pick(Protocol):
    """Chooses; the first of the choices is always the plain one."""

    def __call__(self, choices: Sequence[T], /) -> T:
        """One of `choices`."""
        ...


def healthy(target: str, content: bytes | None, pick: Pick) -> Body:
    """What the sandbox would answer, whichever upstream is asked."""
    path, asked = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
    if path == opening.RESOLVE_PATH and content is not None:
        return commerce.resolve(msgspec.json.decode(content))
    if path == opening.STABLE_ID_PATH and content is not None:
        return commerce.invoke(msgspec.json.decode(content))
    if path == offer_reading.PATH and content is not None:
        return commerce.offer(msgspec.json.decode(content))
    if path == weather_wire.GEOCODING_PATH:
        return weather.geocode(asked.get("name", ""))
    if path == weather_wire.FORECAST_PATH:
        return weather.forecast(asked)
    if path == "/photos/presign":
        return _slot(pick)
    if path in ("/photos/confirm", "/photos/qc"):
        return photos.check(pick(CHECKS))
    if path == "/photos/download-url":
        return {"download": {"url": _address(asked.get("upload_id", ""), pick)}}
    if path.startswith(photos.STORAGE):
        return {}
    if path.endswith("/chat/completions") and content is not None:
        prompt = vision.prompt_of_openai(msgspec.json.decode(content))
        return vision.openai(prompt, pick(VISION_STUBS))
    if path.endswith(":generateContent") and content is not None:
        prompt = vision.prompt_of_gemini(msgspec.json.decode(content))
        return vision.gemini(prompt, pick(VISION_STUBS))
    if content is None:
        return _commerce(asked)
    return {"intent": "clarify"} if pick(ASKS_BACK) else _decision(content, pick)


def _slot(pick: Pick) -> Body:
    """Mostly a place for a photo; an address that cannot be followed, or none."""
    photo_id = pick(("upl_1", "upl_2", "upl_3"))
    address = _address(photo_id, pick)
    headers = {"Content-Type": "image/jpeg", "x-amz-security-token": SIGNATURE}
    return {"upload_id": photo_id, "upload": {"url": address, "method": "PUT", "headers": headers}}


def _address(photo_id: str, pick: Pick) -> str:
    origin = pick((STORAGE, STORAGE, STORAGE, STORAGE, "ftp://storage.simulated", ""))
    return f"{origin}{photos.STORAGE}/{photo_id}?X-Amz-Signature={SIGNATURE}" if origin else ""


def _decision(content: bytes, pick: Pick) -> Body:
    asked = msgspec.json.decode(content)
    tasked = "Task: " in asked["query"]  # several of these make an answer: half of them go well
    stub = pick(STUBS) if not tasked or pick((True, False)) else ""
    return decision.reply(asked["query"], anchor_id=asked.get("anchor_product_id") or "", stub=stub)


def _commerce(asked: dict[str, str]) -> Body:
    return commerce.search(asked.get("query", ""), int(asked.get("limit", "8")), "EN")
