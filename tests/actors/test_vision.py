"""The vision actor over the sandbox: what leaves, what comes back, who is asked next, and every code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio

from aurora.actors.call import Call
from aurora.actors.links import Link, Reply
from aurora.actors.questions import AskVision, VisionAnswer
from aurora.actors.vision import VisionModels, text_of, vision_handler, words_of
from aurora.contract.envelope import Lang
from aurora.rules.analysis import vision_failures
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import http, raw_upstream, replies
from tests.support.sandbox import Served

ON = Settings(
    skin_vision_enabled=True,
    skin_vision_retry_base_ms=50,
    skin_vision_timeout_ms=2000,
    breaker_enabled=False,
    gemini_api_key="gemini-key",
    openai_api_key="openai-key",
)
PHOTO = b"\xff\xd8\xff-a-small-jpeg"


@asynccontextmanager
async def models_at(base: str, **more: Any) -> AsyncIterator[VisionModels]:
    settings = msgspec.structs.replace(ON, **more)
    async with Link("openai", base, settings) as openai, Link("gemini", base, settings) as gemini:
        yield VisionModels({"openai": openai, "gemini": gemini}, settings)


async def ask(
    models: VisionModels, *, photo: bytes | None = PHOTO, within_s: float = 10, **more: Any
) -> VisionAnswer:
    async def prepare(call: Call, photo_id: str) -> bytes | None:
        assert photo_id == "upl_1"
        return photo

    question = AskVision(photo_id="upl_1", prompt="reply_language: English", **more)
    finding = await vision_handler(models, prepare)(
        Call(question, turn_for(), trio.current_time() + within_s)
    )
    assert finding.ok
    answer: VisionAnswer = finding.value
    return answer


@pytest.mark.parametrize("provider", ["gemini", "openai"])
async def test_a_model_describes_the_photo(sandbox: Served, provider: str) -> None:
    async with models_at(sandbox.url, skin_vision_provider=provider) as models:
        answer = await ask(models)
    assert (answer.provider, answer.code, answer.attempts) == (provider, None, 1)
    assert answer.report is not None
    assert len(answer.report.features) == 3
    assert answer.report.strategy.endswith("?")


@pytest.mark.parametrize(
    ("wanted", "keys", "asked"),
    [
        ("gemini", {}, "gemini"),
        ("openai", {}, "openai"),
        ("auto", {}, "gemini"),
        ("auto", {"gemini_api_key": ""}, "openai"),
        ("nonsense", {}, "gemini"),
    ],
)
async def test_who_is_asked(sandbox: Served, wanted: str, keys: dict[str, str], asked: str) -> None:
    async with models_at(sandbox.url, skin_vision_provider=wanted, **keys) as models:
        assert (await ask(models)).provider == asked


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"skin_vision_enabled": False}, "VISION_DISABLED_BY_FLAG"),
        ({"gemini_api_key": ""}, "VISION_MISSING_KEY"),
        ({"skin_vision_provider": "openai", "openai_api_key": ""}, "VISION_MISSING_KEY"),
        ({"skin_vision_provider": "auto", "openai_api_key": "", "gemini_api_key": ""}, "VISION_MISSING_KEY"),
        (
            {"skin_vision_enabled": False, "skin_force_vision_call": True, "gemini_api_key": ""},
            "VISION_MISSING_KEY",
        ),
    ],
)
async def test_nobody_is_asked_without_leave_or_key(
    sandbox: Served, settings: dict[str, Any], code: str
) -> None:
    async with models_at(sandbox.url, **settings) as models:
        assert (await ask(models)).code == code
    assert sandbox.state.total == 0


async def test_a_photo_that_cannot_be_had_is_not_asked_about(sandbox: Served) -> None:
    async with models_at(sandbox.url) as models:
        assert (await ask(models, photo=None)).code == "VISION_IMAGE_FETCH_FAILED"
    assert sandbox.state.total == 0


@pytest.mark.parametrize(
    ("behaviour", "code", "attempts"),
    [
        ("status=500", "VISION_UPSTREAM_5XX", 3),
        ("status=429", "VISION_RATE_LIMITED", 3),
        ("status=403", "VISION_UPSTREAM_4XX", 1),
        ("reset", "VISION_UPSTREAM_5XX", 3),
        ("html", "VISION_SCHEMA_INVALID", 1),
        ("empty_object", "VISION_SCHEMA_INVALID", 1),
        ("array_root", "VISION_SCHEMA_INVALID", 1),
        ("stub=prose", "VISION_SCHEMA_INVALID", 1),
        ("stub=forbidden", "VISION_SCHEMA_INVALID", 1),
        ("stub=question", "VISION_SCHEMA_INVALID", 1),
        ("huge=4", "VISION_SCHEMA_INVALID", 1),
    ],
)
async def test_every_failure_has_its_code(sandbox: Served, behaviour: str, code: str, attempts: int) -> None:
    async with models_at(sandbox.url) as models:
        sandbox.state.script("vision", behaviour, times=None)
        answer = await ask(models, may_fall_back=False)
    assert (answer.code, answer.attempts, answer.report) == (code, attempts, None)
    assert sandbox.state.total == attempts


async def test_the_other_provider_is_asked_once_the_first_has_failed(sandbox: Served) -> None:
    async with models_at(sandbox.url) as models:
        sandbox.state.script("vision", "status=403")
        answer = await ask(models)
    assert (answer.provider, answer.code, answer.fallback_from) == ("openai", None, "gemini")
    assert (answer.primary_failure, answer.tried, answer.attempts) == (
        "VISION_UPSTREAM_4XX",
        ["gemini", "openai"],
        2,
    )


async def test_both_fail(sandbox: Served) -> None:
    async with models_at(sandbox.url) as models:
        sandbox.state.script("vision", "status=403")
        sandbox.state.script("vision", "stub=prose")
        answer = await ask(models)
    assert (answer.provider, answer.code) == ("openai", "VISION_SCHEMA_INVALID")
    assert answer.primary_failure == "VISION_UPSTREAM_4XX"


@pytest.mark.parametrize("settings", [{"openai_api_key": ""}, {"skin_vision_provider": "openai"}])
async def test_nobody_else_is_asked_without_a_key_or_beside_openai(
    sandbox: Served, settings: dict[str, Any]
) -> None:
    async with models_at(sandbox.url, **settings) as models:
        sandbox.state.script("vision", "status=403", times=None)
        answer = await ask(models)
    assert (answer.code, answer.fallback_from) == ("VISION_UPSTREAM_4XX", None)
    assert sandbox.state.total == 1


async def test_no_attempt_is_begun_that_could_not_finish(sandbox: Served) -> None:
    async with models_at(sandbox.url) as models:
        sandbox.state.script("vision", "status=500", times=None)
        answer = await ask(models, within_s=0.25)
    assert (answer.code, sandbox.state.total) == ("VISION_TIMEOUT", 0)


async def test_a_model_that_stalls_is_left_at_the_deadline(sandbox: Served) -> None:
    async with models_at(sandbox.url) as models:
        sandbox.state.script("vision", "stall", times=None)
        began = trio.current_time()
        answer = await ask(models, within_s=0.6, may_fall_back=False)
        assert trio.current_time() - began < 1.2
    assert answer.code == "VISION_TIMEOUT"


async def test_what_leaves_is_the_photo_the_prompt_and_the_key_and_nobodys_name() -> None:
    says_nothing = replies(http(200, b'{"candidates":[]}'))
    async with (
        raw_upstream(says_nothing) as upstream,
        models_at(upstream.url, openai_api_key="") as models,
    ):
        await ask(models)
    (request,) = upstream.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1beta/models/gemini-2.0-flash:generateContent ")
    assert b"x-goog-api-key: gemini-key" in head.lower()
    for secret in (b"uid-1", b"brief-1", b"x-aurora-uid"):
        assert secret not in request.lower()
    assert b'"mimeType":"image/jpeg"' in body


@pytest.mark.parametrize(
    ("failure", "status", "said", "code"),
    [
        ("http_4xx", 429, "RESOURCE_EXHAUSTED quota exceeded", "VISION_QUOTA_EXCEEDED"),
        ("http_4xx", 429, "insufficient_quota", "VISION_QUOTA_EXCEEDED"),
        ("http_4xx", 429, "slow down", "VISION_RATE_LIMITED"),
        ("http_5xx", 504, "DEADLINE_EXCEEDED", "VISION_TIMEOUT"),
        ("http_4xx", 400, "INVALID_ARGUMENT bad image", "VISION_UPSTREAM_4XX"),
        ("http_5xx", 503, "UNAVAILABLE", "VISION_UPSTREAM_5XX"),
        ("http_4xx", 408, "", "VISION_TIMEOUT"),
        ("timeout", None, "", "VISION_TIMEOUT"),
        ("tls", None, "", "VISION_UPSTREAM_5XX"),
        ("something new", None, "", "VISION_UNKNOWN"),
    ],
)
def test_codes(failure: str, status: int | None, said: str, code: str) -> None:
    assert vision_failures.code_of(failure, status=status, said=said) == code


@pytest.mark.parametrize(
    ("reasons", "english", "chinese"),
    [
        (["photo_quality_fail_retake"], None, None),
        ([], None, None),
        (["VISION_CV_FALLBACK_USED"], None, None),
        (["VISION_MISSING_KEY", "VISION_CV_FALLBACK_USED"], "temporarily unavailable", "暂时用不了"),
        (["VISION_TIMEOUT"], "slow right now", "有点慢"),
        (["VISION_QUOTA_EXCEEDED"], "busy", "正忙"),
        (["VISION_IMAGE_FETCH_FAILED"], "re-upload", "重新上传"),
        (["VISION_UNKNOWN"], "temporarily unavailable", "暂时用不了"),
    ],
)
def test_what_the_person_is_told(reasons: list[str], english: str | None, chinese: str | None) -> None:
    by_lang: dict[Lang, str | None] = {"EN": english, "CN": chinese}
    for lang, words in by_lang.items():
        told = vision_failures.told(reasons, lang)
        assert (told is None) if words is None else (told is not None and words in told)


@pytest.mark.parametrize(
    "body", [{}, [], None, {"choices": [7]}, {"candidates": [{"content": {"parts": "x"}}]}]
)
def test_other_shapes_have_no_text(body: Any) -> None:
    for provider in ("openai", "gemini"):
        assert text_of(provider, Reply(status=200, body=body, raw=b"")) is None


def test_words_of_a_refusal_are_cut_and_typed() -> None:
    assert (
        words_of({"error": {"status": "UNAVAILABLE", "code": 503, "message": "m" * 500}})
        == "UNAVAILABLE " + "m" * 200
    )
    assert words_of([{"error": {"code": "insufficient_quota"}}]) == "insufficient_quota"
    assert words_of({"error": "text"}) is None
