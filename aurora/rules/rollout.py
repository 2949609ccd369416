"""Who gets which capabilities, and under which name (contract B 11.3).

Drawn at the door, once a turn, from ids of the request; what it means for the turn is read from here. Safety
and the profile are never part of it: no bucket, variant, percentage or header can switch them off
(decision 19).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

from aurora.settings import Settings

Variant = Literal["v2_weather", "v2_safety", "v2_core", "legacy"]
KeySource = Literal["user_id", "session_id", "anon_id", "request_id"]

VARIANTS: tuple[Variant, ...] = get_args(Variant)
RAW_KEY = "rollout"

_SOURCES: dict[KeySource, str] = {
    "user_id": "user",
    "session_id": "session",
    "anon_id": "anon",
    "request_id": "request",
}


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request belongs. applied: capabilities follow the variant; without it the settings stand as
    they are, and the variant is what they amount to. build: commit of the service that drew it.
    """

    bucket: int = 0
    source: KeySource = "request_id"
    variant: Variant = "legacy"
    forced: Variant | None = None
    applied: bool = False
    build: str = ""


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """Capabilities in force for a turn, named as in `flags_effective`."""

    profile_v2: bool
    qa_planner_v1: bool
    safety_engine_v1: bool
    travel_weather_live_v1: bool
    loop_breaker_v2: bool
    chat_response_meta: bool


_CAN: dict[Variant, frozenset[str]] = {
    "v2_weather": frozenset({"qa_planner_v1", "loop_breaker_v2", "travel_weather_live_v1"}),
    "v2_safety": frozenset({"qa_planner_v1", "loop_breaker_v2"}),
    "v2_core": frozenset({"qa_planner_v1", "loop_breaker_v2"}),
    "legacy": frozenset(),
}


def bucket(source: KeySource, name: str) -> int:
    """0..99: first four bytes of SHA-256 of the key (`user:<id>` ...), big-endian, modulo 100."""
    key = f"{_SOURCES[source]}:{name}"
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:4], "big") % 100


def assign(settings: Settings, *, source: KeySource, name: str, forced: Variant | None = None) -> Assignment:
    """Place a request. name: the id that `source` names. forced: by a header that counts (`may_force`)."""
    place = bucket(source, name)
    applied = settings.rollout_enabled or forced is not None
    variant = forced or (variant_of(place, settings) if applied else amounts_to(global_flags(settings)))
    return Assignment(
        bucket=place, source=source, variant=variant, forced=forced, applied=applied, build=settings.git_sha
    )


def variant_of(place: int, settings: Settings) -> Variant:
    """The variant of a bucket: shares stand one after the other from 0, each capped by what is left."""
    edge = 0
    shares: tuple[tuple[Variant, int], ...] = (
        ("v2_weather", settings.rollout_weather_pct),
        ("v2_safety", settings.rollout_safety_pct),
        ("v2_core", settings.rollout_core_pct),
    )
    for variant, percent in shares:
        edge = min(100, edge + min(100, max(0, percent)))
        if place < edge:
            return variant
    return "legacy"


def may_force(settings: Settings, debug_key: str) -> bool:
    """May a request choose its variant? Free outside production; there by setting, with its key if set."""
    if settings.deployment.strip().lower() != "production":
        return True
    key = settings.force_variant_debug_key
    return settings.force_variant_enabled and (not key or _same(key, debug_key))


def forced_variant(text: str) -> Variant | None:
    """The variant that a header names, or None."""
    name = text.strip().lower()
    return next((variant for variant in VARIANTS if variant == name), None)


def global_flags(settings: Settings) -> Flags:
    """The capabilities that the settings switch on for everybody."""
    return Flags(
        profile_v2=settings.profile_v2_enabled,
        qa_planner_v1=settings.qa_planner_v1,
        safety_engine_v1=True,
        travel_weather_live_v1=settings.travel_weather_live,
        loop_breaker_v2=settings.loop_breaker_v2,
        chat_response_meta=settings.response_meta,
    )


def effective(settings: Settings, assignment: Assignment) -> Flags:
    """The capabilities of one turn: switched on, and part of its variant, if there is a rollout."""
    everybody = global_flags(settings)
    if not assignment.applied:
        return everybody
    can = _CAN[assignment.variant]
    return msgspec.structs.replace(
        everybody,
        qa_planner_v1=everybody.qa_planner_v1 and "qa_planner_v1" in can,
        loop_breaker_v2=everybody.loop_breaker_v2 and "loop_breaker_v2" in can,
        travel_weather_live_v1=everybody.travel_weather_live_v1 and "travel_weather_live_v1" in can,
        chat_response_meta=True,
    )


def amounts_to(flags: Flags) -> Variant:
    """The variant that a set of flags equals, for the headers of a service without a rollout."""
    core = flags.profile_v2 and flags.qa_planner_v1 and flags.loop_breaker_v2
    if core and flags.safety_engine_v1:
        return "v2_weather" if flags.travel_weather_live_v1 else "v2_safety"
    return "v2_core" if core else "legacy"


def needed(assignment: Assignment, settings: Settings) -> bool:
    """Does anything of the turn depend on its assignment?"""
    return assignment.applied or settings.response_meta


def as_raw(assignment: Assignment) -> dict[str, Any]:
    """For `Turn.raw`, so that a replay finds the same assignment."""
    plain: dict[str, Any] = msgspec.to_builtins(assignment)
    return plain


def from_raw(raw: Mapping[str, Any], settings: Settings) -> Assignment:
    """The assignment of a turn; of one without any, what the settings amount to."""
    told = raw.get(RAW_KEY)
    if told is not None:
        try:
            return msgspec.convert(told, Assignment)
        except msgspec.ValidationError:
            pass
    return Assignment(variant=amounts_to(global_flags(settings)))


def _same(key: str, given: str) -> bool:
    return hmac.compare_digest(key.encode("utf-8", "replace"), given.encode("utf-8", "replace"))
