"""The report model of the skin analysis (contract C 14)."""

from __future__ import annotations

import msgspec

from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import Cue, Reply, as_text


def report(asked: Asked) -> Reply:
    """The report model's strict JSON (contract C 14); the strategy ends with a question."""
    if asked.cn:
        features = [
            ("目前的信息更像是混合出油、局部偏干的状态。", "somewhat_sure"),
            ("屏障需要多一点耐心，先稳住再谈提亮。", "somewhat_sure"),
            ("肤色不均可能与日晒累积有关。", "not_sure"),
            ("现有流程步骤不多，这是个好的起点。", "pretty_sure"),
        ]
        strategy = (
            "先用两周时间把清洁、保湿、防晒做稳。"
            "新的活性成分一次只加一种，从每周两晚开始。最近有没有刺痛或泛红？"
        )
    else:
        features = [
            ("From what you told me, oil and dryness seem to share the face.", "somewhat_sure"),
            ("The barrier asks for patience: steady first, brighter later.", "somewhat_sure"),
            ("Uneven tone may have to do with sun over the years.", "not_sure"),
            ("Your routine is short, which is a good place to start.", "pretty_sure"),
        ]
        strategy = (
            "Give cleansing, moisture and sunscreen two steady weeks. "
            "Add one active at a time, two nights a week. Has your skin stung or turned red lately?"
        )
    body = {
        "features": [{"observation": text, "confidence": sure} for text, sure in features],
        "strategy": strategy,
        "needs_risk_check": False,
    }
    return {"answer": as_text(body), "intent": "skin_report"}


def report_forbidden(asked: Asked) -> Reply:
    """A report that names a disease: the validator must reject it whole."""
    word = asked.pick("This looks like rosacea.", "看起来像湿疹。")
    ask = asked.pick("Shall we go on?", "要继续吗？")
    body = {
        "features": [{"observation": word, "confidence": "pretty_sure"}] * 2,
        "strategy": f"{word} {ask}",
        "needs_risk_check": True,
    }
    return {"answer": as_text(body), "intent": "skin_report"}


def report_no_question(asked: Asked) -> Reply:
    """A report whose strategy asks nothing: rejected too."""
    good = msgspec.json.decode(report(asked)["answer"])
    good["strategy"] = asked.pick("Keep going as you are.", "照现在这样继续就好。")
    return {"answer": as_text(good), "intent": "skin_report"}


TOKENS: tuple[Cue, ...] = (
    ("REPORT_FORBIDDEN_TEST", report_forbidden),
    ("REPORT_NO_QUESTION_TEST", report_no_question),
)
TASKS: tuple[Cue, ...] = (("needs_risk_check", report),)
