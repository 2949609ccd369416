"""Why the commerce backend brought nothing, in the three words that the client knows (contract D 1.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

Reason = Literal["db_error", "upstream_timeout", "no_candidates"]
REASONS: tuple[Reason, ...] = ("db_error", "upstream_timeout", "no_candidates")

_STATED = ("reason_code", "reasonCode")
_TOLD = ("reason", "error", "code", "message")
_NOBODY = frozenset({"no_candidates", "not_found", "not_found_in_cache", "low_confidence", "empty_query"})
_PASSING = frozenset({
    "timeout", "connect", "reset", "broken_pipe", "dns", "tls", "breaker_open", "admission", "http_5xx",
})  # fmt: skip


def reason_of(body: Any) -> Reason:
    """From an answer that found nothing: what it states, else what its words mean, else nobody was found."""
    for holder in _holders(body):
        for key in _STATED:
            word = holder.get(key)
            if isinstance(word, str) and word.lower() in REASONS:
                return cast(Reason, word.lower())
    for holder in _holders(body):
        for key in _TOLD:
            reason = _meaning(holder.get(key))
            if reason is not None:
                return reason
    return "no_candidates"


def reason_of_failure(code: str, status: int | None) -> Reason:
    """From a call without a usable answer. code: of `actors.findings.Failure`."""
    late = code in _PASSING or status in (408, 429) or (status or 0) >= 500
    return "upstream_timeout" if late else "no_candidates"


def _holders(body: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(body, Mapping):
        return
    yield body
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        yield metadata
        sources = metadata.get("sources")
        for source in (sources if isinstance(sources, list) else [])[:8]:
            if isinstance(source, Mapping):
                yield source


def _meaning(told: Any) -> Reason | None:
    if not isinstance(told, str):
        return None
    word = told[:200].lower()
    if word.startswith("db_") or "database" in word or "postgres" in word:
        return "db_error"
    if word in _NOBODY:
        return "no_candidates"
    return "upstream_timeout" if "timeout" in word or word.startswith("upstream_") else None
