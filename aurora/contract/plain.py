"""Answers that are no envelopes: health, readiness, version, and refusals outside the chat's paths."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """Base of plain answers; further keys may come."""


class BuildInfo(Plain, frozen=True, kw_only=True):
    """Which build is running. commit: 12 characters. started_at: ISO-8601 UTC."""

    service: str
    commit: str | None
    build_id: str
    branch: str | None
    started_at: str


class Health(Plain, frozen=True, kw_only=True):
    """The process is alive. api_mode: MOCK (sandbox), REAL (every upstream configured), else HYBRID."""

    ok: Literal[True]
    use_mock: bool
    port: int
    api_mode: Literal["MOCK", "HYBRID", "REAL"]
    modes: dict[str, Any]
    version: BuildInfo
    backend: dict[str, bool]
    features: dict[str, Any]
    message: str


class DatabaseHealth(Plain, frozen=True, kw_only=True):
    """Whether the database answers; always 200, read `db_ready`."""

    ok: Literal[True]
    db_ready: bool
    reason: str | UnsetType = UNSET
    error: str | UnsetType = UNSET


class Readiness(Plain, frozen=True, kw_only=True):
    """Whether turns are admitted."""

    ok: bool
    ready: bool


class Version(Plain, frozen=True, kw_only=True):
    """The build, with its full commit."""

    ok: Literal[True]
    service: str
    commit: str | None
    full_sha: str | None
    build_id: str
    branch: str | None
    started_at: str


class PlainError(Plain, frozen=True, kw_only=True):
    """A refusal that is no envelope. details: tree of `_errors` lists."""

    error: str
    details: dict[str, Any] | UnsetType = UNSET
