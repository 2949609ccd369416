"""What an analysis puts on the wire: the `analysis_summary` and the words beside it (contract C 22-24)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.analysis import content, policy, render, vision_run
from aurora.rules.analysis.content import Pair
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.policy import Decision, Raw
from aurora.rules.analysis.vision_run import Vision
from aurora.rules.notices import pick

MAX_REASONS = 8
TIMED_OUT = "analysis_budget_timeout"
TIMEOUT_ACTIONS = ("retry_analysis", "upload_daylight_and_indoor_white", "update_current_routine")


class Asked(msgspec.Struct, frozen=True):
    """Which models were to be asked, and how that went. report_failure: why an asked report is missing.

    mode: who may speak about a degraded photo. forced: the vision model was asked against the rules.
    """

    vision: Vision
    report: Decision
    report_failure: str | None = None
    mode: str = "report"
    forced: bool = False


def payload(
    facts: Intake,
    raw: Raw,
    lang: Lang,
    *,
    analysis: dict[str, Any],
    source: str,
    failure: str | None,
    models: Asked,
    artifact: dict[str, Any] | None,
    plan: dict[str, Any] | None,
    ready: bool,
) -> dict[str, Any]:
    """The card's payload. source: as rendered. artifact: without identity. failure: the photo's code."""
    body: dict[str, Any] = {
        "analysis": analysis,
        "low_confidence": raw == "baseline_low_confidence",
        "photos_provided": facts.photos_provided,
        "photo_qc": list(facts.photo_qc),
        "used_photos": facts.photo_used,
        "analysis_source": source,
        "quality_report": {
            "photo_quality": {"grade": facts.grade, "reasons": list(facts.grade_reasons)},
            "detector_confidence": {
                "level": facts.detector_level,
                "signals": list(facts.signals),
                "strong": list(facts.strong),
            },
            "degraded_mode": models.mode,
            "llm": {"vision": vision_run.node(models.vision, facts), "report": models.report.as_node()},
            "reasons": _reasons(facts, raw, lang, failure, models),
        },
        "recommendation_ready": ready,
        "photo_pipeline_enabled": False,
    }
    pixels = facts.reading.policy
    if pixels is not None:
        body["quality_report"]["detector_policy"] = pixels.as_node()
    if facts.reading.code is not None:
        body["photo_notice"] = {
            "failure_code": facts.reading.code,
            "message": render.could_not_read(facts.reading.code, lang),
        }
    if artifact is not None:
        body["diagnosis_artifact"] = artifact
    if plan is not None:
        body["ingredient_plan"] = plan
    return body


# --- reasons


_SKIPPED: dict[str, Pair] = {
    "report_unavailable": ("The report model is not available right now.", "报告模型暂时不可用。"),
    "detector_confident_template": (
        "Your answers were clear enough without the report model.",
        "你的回答已经足够清楚，没有调用报告模型。",
    ),
}
_REPORT_FAILED: dict[str, Pair] = {
    "report_upstream_failed": (
        "The report model did not answer in time (report_upstream_failed); rules stand in.",
        "报告模型没有及时回应（report_upstream_failed），改用规则解读。",
    ),
    "report_output_invalid": (
        "The report model's answer did not hold up (report_output_invalid); rules stand in.",
        "报告模型的回答不合规范（report_output_invalid），改用规则解读。",
    ),
}


def _reasons(facts: Intake, raw: Raw, lang: Lang, failure: str | None, models: Asked) -> list[str]:
    found: list[Pair] = []
    report, run = models.report, models.vision.run
    if "llm_kill_switch" in report.reasons:
        found.append(("Model calls are switched off; rules stand in.", "模型调用已关闭，改用规则解读。"))
    if facts.photo_requested and not facts.photos_provided:
        found.append(("A photo was asked for, but none came.", "选择了使用照片，但没有收到照片。"))
    if failure:
        found.append((f"The photo could not be opened ({failure}).", f"照片无法打开（{failure}）。"))
    unreadable = facts.reading.unreadable
    if unreadable is not None:
        found.append(
            (f"The photo's pixels could not be read ({unreadable}).", f"无法读取照片内容（{unreadable}）。")
        )
    elif facts.photo_used and facts.grade == "degraded":
        found.append(
            (
                "The photo's quality is limited, so its findings count less.",
                "照片质量一般，相关结论会打折扣。",
            )
        )
    if not facts.has_primary_input:
        found.append(("Routine and recent check-ins are unknown.", "还不知道护肤流程，也没有近期打卡。"))
    if raw == "retake":
        found.append(
            ("The photo did not pass the quality check; please retake it.", "照片未通过质量检查，请重拍。")
        )
    found += [_SKIPPED[reason] for reason in report.reasons if reason in _SKIPPED]
    if models.report_failure:
        found.append(_REPORT_FAILED[models.report_failure])
    if models.forced:
        found.append(("The photo model was asked on purpose.", "本次强制调用了照片模型。"))
    if run is not None and run.code is not None:
        found.append(
            (f"The photo model could not help ({run.code}).", f"照片模型没有给出结果（{run.code}）。")
        )
    if run is not None and run.report is not None and run.fallback_from is not None:
        found.append(
            (
                f"OpenAI looked at the photo as a fallback ({run.primary_failure}).",
                f"首选照片模型未成功（{run.primary_failure}），由 OpenAI 代为查看。",
            )
        )
    return [pick(lang, text) for text in found][:MAX_REASONS]


# --- words beside the card


def low_confidence_details(facts: Intake, lang: Lang) -> list[str]:
    """Readable ways to a surer result: the client prints action codes raw (contract F 16 T14)."""
    found: list[Pair] = []
    if not facts.has_routine:
        found.append(
            (
                "Tell me your morning and evening products, by name or link.",
                "告诉我你早晚在用的产品，名称或链接都可以。",
            )
        )
    if facts.photo_expected or not facts.photos_provided:
        found.append(
            (
                "Take one photo in daylight and one in white indoor light, without filters.",
                "分别在自然光和室内白光下各拍一张，不开滤镜。",
            )
        )
    gaps = _core_gaps(facts, lang)
    if gaps:
        found.append((f"Still open: {gaps}.", f"还没填写：{gaps}。"))
    return [pick(lang, text) for text in found]


_CORE: tuple[tuple[str, Pair], ...] = (
    ("skin_type", ("skin type", "肤质")),
    ("barrier", ("barrier", "屏障状况")),
    ("sensitivity", ("sensitivity", "敏感度")),
    ("goals", ("goals", "护肤目标")),
)


def _core_gaps(facts: Intake, lang: Lang) -> str:
    open_ones = [pick(lang, name) for field, name in _CORE if not getattr(facts, field)]
    return pick(lang, (", ", "、")).join(open_ones)


_SEE_A_DOCTOR: Pair = (
    (
        "Something you wrote may need a doctor. Please have it looked at first and pause anything that "
        "irritates; the plan here is only for keeping your skin calm until then."
    ),
    "你写的内容里有些情况可能需要看医生。请先就医，并停用有刺激性的产品；这里的方案只是在那之前让皮肤保持平静。",
)


def sentence(facts: Intake, raw: Raw, lang: Lang, *, ready: bool, failure: str | None) -> str:
    """What the assistant says: the client hides chips beside this card, and that a photo failed."""
    if facts.red_flags:
        return pick(lang, _SEE_A_DOCTOR)
    if raw == "retake" and "no_face" in facts.grade_reasons:
        return pick(
            lang,
            (
                (
                    "I couldn't find a face in that photo, so nothing here comes from it. A photo from the "
                    "front, in daylight, with nothing over your face would do; until then, this gentle plan "
                    "is safe to follow."
                ),
                (
                    "这张照片里没有找到人脸，所以结果里没有任何内容来自它。方便时在自然光下正对镜头、不遮挡脸重拍"
                    "一张；在那之前，先照这份温和的方案来就好。"
                ),
            ),
        )
    if raw == "retake":
        return pick(
            lang,
            (
                (
                    "That photo was too unclear to read, so I left it out. Retake it in daylight when "
                    "you can; until then, the gentle plan here is safe to follow."
                ),
                "这张照片不够清楚，我没有拿它来判断。方便时在自然光下重拍一张；在那之前，先照这份温和的方案来就好。",
            ),
        )
    if failure:
        return pick(
            lang,
            (
                (
                    "I couldn't open your photo this time, so nothing here comes from it: this rests on "
                    "your answers. Please upload it again in a while."
                ),
                "这次没能打开你的照片，所以结果里没有任何内容来自照片，只依据你的回答。稍后请再上传一次。",
            ),
        )
    if policy.reads_photo(facts):
        return _of_photo(facts, lang, ready=ready)
    if raw == "baseline_low_confidence":
        return pick(
            lang,
            (
                (
                    "Here is a careful starting point. Tell me what you use in the morning and at night, "
                    "and I can be much more exact."
                ),
                "先给你一份稳妥的起步方案。告诉我你早晚在用什么，我就能说得更准。",
            ),
        )
    if ready:
        return pick(
            lang,
            (
                (
                    "Here is my read of your answers, with a calm plan for the week. When you like, ask "
                    "me for product picks that fit it."
                ),
                "这是我根据你的回答做的解读，还有一份这周的温和计划。想看适合的产品，随时跟我说。",
            ),
        )
    gaps = _core_gaps(facts, lang)
    return pick(
        lang,
        (
            f"Here is a first read, with a calm plan for the week. To suggest products I still need: {gaps}."
            if gaps
            else "Here is a first read, with a calm plan for the week. A daylight photo would make it surer.",
            f"先给你一份初步解读和这周的温和计划。要推荐产品，我还需要知道：{gaps}。"
            if gaps
            else "先给你一份初步解读和这周的温和计划。补一张自然光照片，结果会更可靠。",
        ),
    )


def _of_photo(facts: Intake, lang: Lang, *, ready: bool) -> str:
    """A photo was read: what it was good for, and the one thing that would help now."""
    first = pick(
        lang,
        (
            "I've read your photo; this is what shows on the surface, not a diagnosis."
            if facts.grade == "pass"
            else "I've read your photo with some care, because its quality is limited. No diagnosis, though.",
            "照片我看过了，以下只是表面能看到的情况，不是诊断。"
            if facts.grade == "pass"
            else "照片我看过了，不过画质一般，我会说得保守些，也不作为诊断。",
        ),
    )
    gaps = _core_gaps(facts, lang)
    if not facts.has_primary_input:
        then: Pair = (
            "Tell me your morning and evening products, and the plan gets more exact.",
            "再告诉我你早晚在用的产品，方案就能更准。",
        )
    elif gaps:
        then = (f"To suggest products I still need: {gaps}.", f"要推荐产品，我还需要知道：{gaps}。")
    elif ready:
        then = (
            "When you like, ask me for product picks that fit it.",
            "想看适合的产品，随时跟我说。",
        )
    else:
        then = (
            "A brighter, sharper photo would make it surer.",
            "补一张光线好、更清晰的照片，结果会更可靠。",
        )
    return first + pick(lang, (" ", "")) + pick(lang, then)


def safety_details(lang: Lang) -> list[str]:
    """What to do when something in the routine's own words sounds like a case for a doctor."""
    return [
        pick(lang, ("Pause strong actives.", "先停用强功效成分。")),
        pick(lang, ("See a doctor if it lasts or gets worse.", "如果持续或加重，请及时就医。")),
        pick(lang, ("Come back to skincare once it is settled.", "稳定之后再继续护肤。")),
    ]


# --- when time runs out


_LATE_LINE: Pair = (
    "The analysis ran out of time and was replaced by a low-confidence baseline.",
    "分析超时，已改为低置信度的基础方案。",
)
_LATE_MESSAGE: Pair = (
    (
        "The analysis took too long, so I switched to a careful fallback. Please try again shortly, or "
        "add photos or your current routine."
    ),
    "分析超时了，我先换成保守的方案。请稍后再试，或补充照片、当前的护肤流程。",
)
_LATE_FEATURES: tuple[Pair, Pair, Pair] = (
    ("The analysis ran out of time: this is a conservative baseline.", "分析超时：以下是保守的基础方案。"),
    (
        "No conclusion about your skin: neither answers nor photos were weighed.",
        "没有对皮肤下结论：回答和照片都还没来得及看。",
    ),
    ("A new try is worthwhile: it often takes only a few seconds.", "值得再试一次：通常只需几秒钟。"),
)


def timeout_payload(*, photos_provided: bool, lang: Lang, mode: str = "report") -> dict[str, Any]:
    """The summary when the budget fired: the baseline of nobody in particular (contract C 24)."""
    plan = content.baseline_guidance(lang)
    skipped = {"decision": "skip", "reasons": [TIMED_OUT]}
    return {
        "analysis": {
            "features": [
                {"observation": pick(lang, line), "confidence": "not_sure"} for line in _LATE_FEATURES
            ],
            "strategy": "\n\n".join([plan.lead, render.numbered(plan.steps), plan.question]),
            "needs_risk_check": False,
        },
        "low_confidence": True,
        "photos_provided": photos_provided,
        "photo_qc": [],
        "used_photos": False,
        "analysis_source": "baseline_low_confidence",
        "quality_report": {
            "photo_quality": {"grade": "unknown", "reasons": [TIMED_OUT]},
            "detector_confidence": {"level": "low", "signals": [], "strong": []},
            "degraded_mode": mode,
            "llm": {"vision": dict(skipped), "report": dict(skipped)},
            "reasons": [pick(lang, _LATE_LINE)],
        },
        "recommendation_ready": False,
        "photo_pipeline_enabled": False,
    }


def timeout_message(lang: Lang) -> str:
    """The notice's sentence when the budget fired."""
    return pick(lang, _LATE_MESSAGE)


def timeout_details(lang: Lang) -> list[str]:
    """The notice's one detail: the line of the quality report."""
    return [pick(lang, _LATE_LINE)]


def timeout_confidence() -> dict[str, Any]:
    """Of the timeout notice."""
    return {"score": 0.35, "level": "low", "rationale": [TIMED_OUT]}
