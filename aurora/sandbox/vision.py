"""The vision models' understudies in OpenAI's and Gemini's shapes (C 13): the same few words for any photo.

A `stub` word spoils them: `forbidden` names a disease, `question` asks nothing, `prose` is no JSON.
"""

from __future__ import annotations

from typing import Any

import msgspec

_WORDS: dict[str, dict[str, Any]] = {
    "EN": {
        "features": [
            {"observation": "Cheeks look a little redder than the forehead", "confidence": "somewhat_sure"},
            {"observation": "A slight shine along the nose", "confidence": "pretty_sure"},
            {"observation": "Texture looks mostly even", "confidence": "somewhat_sure"},
        ],
        "strategy": "Keep things gentle for a week. Does your skin sting after cleansing?",
        "needs_risk_check": False,
    },
    "CN": {
        "features": [
            {"observation": "两颊比额头略红", "confidence": "somewhat_sure"},
            {"observation": "鼻部有一点油光", "confidence": "pretty_sure"},
            {"observation": "肤质整体比较均匀", "confidence": "somewhat_sure"},
        ],
        "strategy": "这一周先温和护理。洁面后会刺痛吗？",
        "needs_risk_check": False,
    },
}


def text(prompt: str, stub: str) -> str:
    """What a model writes about any photo."""
    said = dict(_WORDS["CN" if "reply_language: Chinese" in prompt else "EN"])
    if stub == "prose":
        return "I see a face."
    if stub == "forbidden":
        said["strategy"] = "This looks like rosacea. Is it?"
    if stub == "question":
        said["strategy"] = "Keep things gentle."
    return msgspec.json.encode(said).decode()


def openai(prompt: str, stub: str) -> dict[str, Any]:
    """An answer of chat completions."""
    message = {"role": "assistant", "content": text(prompt, stub)}
    return {"id": "chatcmpl-sandbox", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def gemini(prompt: str, stub: str) -> dict[str, Any]:
    """An answer of generateContent, its text in two parts as it may come."""
    said = text(prompt, stub)
    parts = [{"text": said[:20]}, {"text": said[20:]}]
    return {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}


def prompt_of_openai(body: dict[str, Any]) -> str:
    """The text that went with the photo."""
    for message in body.get("messages") or []:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else []:
            if isinstance(part, dict) and part.get("type") == "text":
                return str(part.get("text", ""))
    return ""


def prompt_of_gemini(body: dict[str, Any]) -> str:
    """The text that went with the photo."""
    for content in body.get("contents") or []:
        for part in (content.get("parts") if isinstance(content, dict) else None) or []:
            if isinstance(part, dict) and "text" in part:
                return str(part["text"])
    return ""
