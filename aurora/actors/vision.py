"""The vision actor: a model looks at a photo (contract C 13), through OpenAI's or Gemini's REST.

A run is one question: the first provider with its retries, and, where allowed, the other one once. The photo
goes out re-encoded, without anything the camera wrote into it.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
import trio

from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Link, Reply
from aurora.actors.questions import AskVision, ReadVision, VisionAnswer, VisionReady
from aurora.rules.analysis import report_answer, vision_failures, vision_prompt
from aurora.rules.analysis.vision_failures import VisionCode
from aurora.settings import Settings

NAME = "vision"
Provider = Literal["gemini", "openai"]
MOST_PAUSE_MS = 5000  # between attempts (contract C 13)
LEAST_ATTEMPT_S = 0.3  # no model says anything in less
# The first attempt may use all the time there is; every later one leaves this to the rest of the turn
# (contract C 24, decision 25).
LEFT_AFTER_RETRY_S = 0.5

# Bytes and pixels of a photo, ready to be sent: a JPEG of at most 1024 x 1024. Raises for what is no picture.
Prepare = Callable[[Call, str], Awaitable[bytes | None]]


class VisionModels(msgspec.Struct, frozen=True):
    """Where the models are, and what is needed to ask them."""

    links: Mapping[str, Link]
    settings: Settings

    def key(self, provider: Provider) -> str:
        """The provider's key; empty without one."""
        return self.settings.gemini_api_key if provider == "gemini" else self.settings.openai_api_key

    def chosen(self) -> Provider:
        """Who is asked first: as configured; `auto` takes whoever has a key, Gemini before OpenAI."""
        wanted = self.settings.skin_vision_provider
        if wanted == "auto":
            return "openai" if self.settings.openai_api_key and not self.settings.gemini_api_key else "gemini"
        return "openai" if wanted == "openai" else "gemini"


def vision_handler(models: VisionModels, prepare: Prepare) -> Handler:
    """Handler of AskVision and ReadVision.

    prepare: the photo of a call by its id, None when it cannot be had.
    """

    async def handle(call: Call) -> Finding:
        question = call.question
        if isinstance(question, ReadVision):
            first = models.chosen()
            ready = VisionReady(provider=first, code=_not_askable(models, first))
            return Answer(actor=NAME, value=ready)
        if not isinstance(question, AskVision):
            raise TypeError(f"vision cannot answer {type(question).__name__}")
        begun = trio.current_time()
        provider = models.chosen()
        missing = _not_askable(models, provider)
        if missing is not None:
            return Answer(actor=NAME, value=VisionAnswer(provider=provider, code=missing))
        photo = await prepare(call, question.photo_id)
        if photo is None:
            failed = VisionAnswer(provider=provider, code="VISION_IMAGE_FETCH_FAILED")
            return Answer(actor=NAME, value=failed)
        run = _Run(models, call, question, base64.b64encode(photo).decode())
        answer = await run.ask(provider)
        if (
            answer.code is not None
            and provider == "gemini"
            and question.may_fall_back
            and models.key("openai")
        ):
            second = await run.ask("openai")
            answer = msgspec.structs.replace(
                second,
                fallback_from="gemini",
                primary_failure=answer.code,
                attempts=answer.attempts + second.attempts,
                tried=["gemini", "openai"],
            )
        latency_ms = int((trio.current_time() - begun) * 1000)
        return Answer(actor=NAME, value=msgspec.structs.replace(answer, latency_ms=latency_ms))

    return handle


def _not_askable(models: VisionModels, provider: Provider) -> VisionCode | None:
    settings = models.settings
    if not (settings.skin_vision_enabled or settings.skin_force_vision_call):
        return "VISION_DISABLED_BY_FLAG"
    return None if models.key(provider) else "VISION_MISSING_KEY"


class _Run:
    """One photo, as it is shown to one provider after the other. Bytes live here and in the request only."""

    def __init__(self, models: VisionModels, call: Call, question: AskVision, encoded: str) -> None:
        self._models = models
        self._settings = models.settings
        self._call = call
        self._question = question
        self._encoded = encoded
        self._until = call.deadline

    async def ask(self, provider: Provider) -> VisionAnswer:
        """Up to 1 + retries attempts, as long as there is time for one."""
        code: VisionCode = "VISION_TIMEOUT"
        status: int | None = None
        made = 0
        while made <= self._settings.skin_vision_retry_max:
            if self._until - trio.current_time() < LEAST_ATTEMPT_S:
                break
            made += 1
            outcome = await self._attempt(provider)
            self._until = self._call.deadline - LEFT_AFTER_RETRY_S
            if isinstance(outcome, VisionAnswer):
                return msgspec.structs.replace(outcome, attempts=made)
            code, status = outcome
            if code not in vision_failures.RETRIED:
                break
            pause_ms = min(self._settings.skin_vision_retry_base_ms << (made - 1), MOST_PAUSE_MS)
            left_s = self._until - trio.current_time()
            if made > self._settings.skin_vision_retry_max or left_s < pause_ms / 1000 + LEAST_ATTEMPT_S:
                break
            await trio.sleep(pause_ms / 1000)
        return VisionAnswer(provider=provider, code=code, status=status, attempts=made)

    async def _attempt(self, provider: Provider) -> VisionAnswer | tuple[VisionCode, int | None]:
        limit = trio.current_time() + self._settings.skin_vision_timeout_ms / 1000
        path, headers, body = self._request(provider)
        said = await self._models.links[provider].call(
            "POST", path, headers=headers, json=body, deadline=min(self._until, limit), why=words_of
        )
        if isinstance(said, Failure):
            code = vision_failures.code_of(said.code, status=said.status, said=said.detail)
            return code, said.status
        report = report_answer.judge(text_of(provider, said), self._question.lang, saw_photo=True)
        if report is None:
            return "VISION_SCHEMA_INVALID", said.status
        return VisionAnswer(provider=provider, report=report)

    def _request(self, provider: Provider) -> tuple[str, dict[str, str], dict[str, Any]]:
        prompt, settings = self._question.prompt, self._settings
        if provider == "openai":
            shown = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{self._encoded}"}}
            return (
                "/chat/completions",
                {"authorization": f"Bearer {settings.openai_api_key}"},
                {
                    "model": settings.skin_vision_model_openai,
                    "temperature": 0.2,
                    "max_tokens": 480,
                    "response_format": {"type": "json_object"},
                    "messages": [
                        {"role": "system", "content": vision_prompt.SYSTEM},
                        {"role": "user", "content": [{"type": "text", "text": prompt}, shown]},
                    ],
                },
            )
        inline = {"inlineData": {"mimeType": "image/jpeg", "data": self._encoded}}
        return (
            f"/v1beta/models/{settings.skin_vision_model_gemini}:generateContent",
            {"x-goog-api-key": settings.gemini_api_key},
            {
                "contents": [{"role": "user", "parts": [inline, {"text": prompt}]}],
                "generationConfig": {"temperature": 0.2, "responseMimeType": "application/json"},
            },
        )


def text_of(provider: Provider, said: Reply) -> str | None:
    """The model's text; None where the answer has another shape."""
    body = said.body if isinstance(said.body, dict) else {}
    if provider == "openai":
        first = _first(body.get("choices"))
        content = _object(first.get("message")).get("content")
        return content if isinstance(content, str) else None
    parts: list[str] = []
    candidates = body.get("candidates")
    for candidate in candidates if isinstance(candidates, list) else []:
        listed = _object(_object(candidate).get("content")).get("parts")
        for part in listed if isinstance(listed, list) else []:
            text = _object(part).get("text")
            if isinstance(text, str):
                parts.append(text)
    return "".join(parts) or None


def words_of(body: object) -> str | None:
    """A service's own words about its refusal, cut: status, code and message of its error object."""
    found = _first(body) if isinstance(body, list) else _object(body)
    error = _object(found.get("error"))
    told = [error.get(key) for key in ("status", "code", "type", "message")]
    return " ".join(word[:200] for word in told if isinstance(word, str)) or None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: object) -> dict[str, Any]:
    return _object(value[0]) if isinstance(value, list) and value else {}
