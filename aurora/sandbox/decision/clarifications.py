"""Questions back (contract B 16.6): one, two, too many, unlawful ones, and answers to a request resumed."""

from __future__ import annotations

from typing import Any

from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import Cue, Reply

RESUMED = "clarification_history"


def _skin_type(asked: Asked) -> dict[str, Any]:
    return {
        "id": "skin_type",
        "question": asked.pick("Which skin type fits you best?", "你的肤质更接近哪一种？"),
        "options": asked.pick("Oily|Dry|Combination|Sensitive", "油性|干性|混合|敏感").split("|"),
    }


def _goals(asked: Asked) -> dict[str, Any]:
    return {
        "id": "goals",
        "question": asked.pick("What would you like to work on first?", "你最想先改善什么？"),
        "options": asked.pick("Breakouts|Dark spots|Hydration|Fine lines", "痘痘|色沉|补水|细纹").split("|"),
    }


def _asks(asked: Asked, *questions: object) -> Reply:
    lead = asked.pick("Two things would help me answer well.", "先了解一点，我能答得更准。")
    return {"answer": lead, "intent": "clarify", "clarification": {"questions": list(questions)}, "cards": []}


def _says(asked: Asked, en: str, cn: str) -> Reply:
    return {"answer": asked.pick(en, cn), "intent": "chat", "cards": []}


def two_questions(asked: Asked) -> Reply:
    """Skin type and goals; once they are answered, an answer that uses them."""
    if RESUMED not in asked.query:
        return _asks(asked, _skin_type(asked), _goals(asked))
    return _says(
        asked,
        "With the history context you gave me: keep it gentle, and start with one active, two nights a week.",
        "结合你刚才的回答（history context）：先温和打底，活性成分一次只加一种，每周两晚开始。",
    )


def resume_echo(asked: Asked) -> Reply:
    """The same two questions; once they are answered, the query itself."""
    if RESUMED not in asked.query:
        return two_questions(asked)
    return {"answer": asked.query, "intent": "chat", "cards": []}


def resume_bad(asked: Asked) -> Reply:
    """The same two questions; once they are answered, an intake all over again."""
    return intake(asked) if RESUMED in asked.query else two_questions(asked)


def intake(asked: Asked) -> Reply:
    """Three intake questions in plain text."""
    return _says(
        asked,
        "What is your skin type? How is your skin barrier right now? What is your main goal?",
        "你是什么肤质？现在屏障状态怎么样？你最想改善的目标是什么？",
    )


def truncation(asked: Asked) -> Reply:
    """Eight questions of 400 characters with twelve options of 120 each."""
    many = [
        {
            "id": f"question_{number}_" + "x" * 120,
            "question": f"Question {number} " + "goes on " * 48 + "?",
            "options": [f"Option {place} of {number} " + "and on " * 14 for place in range(12)],
        }
        for number in range(8)
    ]
    return _asks(asked, *many)


def skin_type_only(asked: Asked) -> Reply:
    """One question, about the skin type."""
    return _asks(asked, _skin_type(asked))


def skin_type_next(asked: Asked) -> Reply:
    """The skin type, and another question behind it."""
    return _asks(asked, _skin_type(asked), _goals(asked))


def invalid_options(asked: Asked) -> Reply:
    """Questions of every wrong shape."""
    return _asks(
        asked,
        "no object",
        {"question": "No id?", "options": ["a"]},
        {"id": "budget", "question": "Options are no list?", "options": "a"},
        {"id": "barrier", "question": "Nothing to choose?", "options": []},
        {"id": "goals", "question": "Not all are text?", "options": [1, None, {"label": "x"}]},
    )


TOKENS: tuple[Cue, ...] = (
    ("CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST", two_questions),
    ("CLARIFICATION_FLOW_V2_RESUME_ECHO_TEST", resume_echo),
    ("CLARIFICATION_FLOW_V2_RESUME_PROBE_BAD_TEST", resume_bad),
    ("RESUME_PROBE_NON_RESUME_BAD_TEXT_TEST", intake),
    ("CLARIFICATION_FLOW_V2_TRUNCATION_TEST", truncation),
    (
        "CLARIFICATION_FLOW_V2_FREE_TEXT_CONTINUE_TEST",
        lambda asked: _says(
            asked,
            "Free text ends the open question; here is the answer to it.",
            "自由输入会结束未答完的问题（free text abandon），下面直接回答。",
        ),
    ),
    (
        "CLARIFICATION_FLOW_V2_TTL_TEST",
        lambda asked: _says(
            asked,
            "The question had run out of time (TTL fallback), so this is answered by itself.",
            "之前的问题已过期（TTL fallback），这条单独回答。",
        ),
    ),
    ("CLARIFICATION_FILTER_SKINTYPE_ONLY_TEST", skin_type_only),
    ("CLARIFICATION_FILTER_SKINTYPE_NEXT_TEST", skin_type_next),
    ("CLARIFICATION_FILTER_INVALID_OPTIONS_TEST", invalid_options),
)
TASKS: tuple[Cue, ...] = ()
