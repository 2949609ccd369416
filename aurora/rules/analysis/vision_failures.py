"""What went wrong with the vision model, in the contract's words, and what the person is told (C 13)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from aurora.contract.envelope import Lang

VisionCode = Literal[
    "VISION_MISSING_KEY", "VISION_DISABLED_BY_FLAG", "VISION_RATE_LIMITED", "VISION_QUOTA_EXCEEDED",
    "VISION_TIMEOUT", "VISION_UPSTREAM_4XX", "VISION_UPSTREAM_5XX", "VISION_SCHEMA_INVALID",
    "VISION_IMAGE_FETCH_FAILED", "VISION_UNKNOWN",
]  # fmt: skip
# Not a failure: the pixels were measured all the same.
MEASURED_INSTEAD = "VISION_CV_FALLBACK_USED"

RETRIED: frozenset[VisionCode] = frozenset({"VISION_TIMEOUT", "VISION_UPSTREAM_5XX", "VISION_RATE_LIMITED"})

_QUOTA_WORDS = ("quota", "billing", "credit")

# A service's own word for a failure, in the body's error.status (Gemini) or error.code (OpenAI).
_BY_WORD: dict[str, VisionCode] = {
    "deadline_exceeded": "VISION_TIMEOUT",
    **dict.fromkeys(
        (
            "invalid_argument", "failed_precondition", "out_of_range", "unauthenticated", "permission_denied",
            "not_found", "already_exists",
        ),
        "VISION_UPSTREAM_4XX",
    ),
    **dict.fromkeys(("unavailable", "internal", "aborted", "data_loss"), "VISION_UPSTREAM_5XX"),
}  # fmt: skip

_BY_LINK: dict[str, VisionCode] = {
    "timeout": "VISION_TIMEOUT",
    "http_5xx": "VISION_UPSTREAM_5XX",
    "http_4xx": "VISION_UPSTREAM_4XX",
    "connect": "VISION_UPSTREAM_5XX",
    "reset": "VISION_UPSTREAM_5XX",
    "broken_pipe": "VISION_UPSTREAM_5XX",
    "dns": "VISION_UPSTREAM_5XX",
    "tls": "VISION_UPSTREAM_5XX",
    "breaker_open": "VISION_UPSTREAM_5XX",
    "admission": "VISION_RATE_LIMITED",
    "not_json": "VISION_SCHEMA_INVALID",
    "bad_shape": "VISION_SCHEMA_INVALID",
    "too_large": "VISION_SCHEMA_INVALID",
    "too_deep": "VISION_SCHEMA_INVALID",
    "not_configured": "VISION_MISSING_KEY",
}


def code_of(failure: str, *, status: int | None, said: str) -> VisionCode:
    """The code of a failed call. failure: of the link. said: the service's own words about it, or ""."""
    word = said.lower()
    if status == 429 or "resource_exhausted" in word:
        return "VISION_QUOTA_EXCEEDED" if any(q in word for q in _QUOTA_WORDS) else "VISION_RATE_LIMITED"
    if status == 408 or "timed out" in word:
        return "VISION_TIMEOUT"
    for named, code in _BY_WORD.items():
        if named in word:
            return code
    return _BY_LINK.get(failure, "VISION_UNKNOWN")


# EN and CN, for each group of reasons. "temporarily unavailable" and "re-upload" are wire contract (C 13).
_WORDS: tuple[tuple[frozenset[str], tuple[str, str]], ...] = (
    (
        frozenset({"VISION_MISSING_KEY", "VISION_DISABLED_BY_FLAG", "VISION_SCHEMA_INVALID"}),
        (
            "Detailed photo analysis is temporarily unavailable, so I used a simpler photo check.",
            "照片的精细分析暂时用不了，这次先用了简易的照片检测。",
        ),
    ),
    (
        frozenset({"VISION_TIMEOUT", "VISION_UPSTREAM_5XX"}),
        (
            "Detailed photo analysis is slow right now. Please try again in a moment.",
            "照片的精细分析现在有点慢，请过一会儿再试。",
        ),
    ),
    (
        frozenset({"VISION_RATE_LIMITED", "VISION_QUOTA_EXCEEDED"}),
        (
            "Detailed photo analysis is busy right now. Please try again later.",
            "照片的精细分析正忙，请稍后再试。",
        ),
    ),
    (
        frozenset({"VISION_UPSTREAM_4XX", "VISION_IMAGE_FETCH_FAILED"}),
        (
            "That photo couldn't be processed in detail. Please re-upload a clear one without a filter.",
            "这张照片没能做精细分析。请重新上传一张清晰、不带滤镜的照片。",
        ),
    ),
    (
        frozenset({"VISION_UNKNOWN"}),
        (
            "Detailed photo analysis is temporarily unavailable. Please try again shortly.",
            "照片的精细分析暂时用不了，请稍后再试。",
        ),
    ),
)


def told(reasons: Iterable[str], lang: Lang) -> str | None:
    """A sentence about the first failure among the reasons; None where the model did not fail.

    Reasons of the policy ("the photo is too poor") are no failures of the model.
    """
    for reason in reasons:
        for group, (english, chinese) in _WORDS:
            if reason in group:
                return chinese if lang == "CN" else english
    return None
