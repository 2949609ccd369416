"""The `analysis` object as the client gets it, when it rests on no photo (contract C 17, 18; F 13.1).

`photo_render` makes the other one.

What every such analysis says: why there is no photo reading, what answers and routine support, what to do for
seven days, how to retake, what we would like to know. The strategy opens with one line and goes straight into
its three numbered steps, because the client looks for them there; its features are never fewer than three,
because the client would fill up with claims of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.analysis import content, policy
from aurora.rules.analysis.content import Feature, Guidance, Pair
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.photo_reading import DIAGNOSIS_FAILED
from aurora.rules.analysis.policy import Raw
from aurora.rules.analysis.report_answer import Report
from aurora.rules.notices import pick
from aurora.rules.treatment import mentions_treatment

MIN_FEATURES = 3
MAX_STRATEGY = 1200

_NO_PHOTO: Pair = (
    "No photo to read: this rests on your answers only.",
    "没有照片可以分析：以下只根据你的回答。",
)
_PRIMARY: dict[str, Pair] = {
    "none": (
        "No photo was provided: this rests on your answers only.",
        "这次没有提供照片：以下只根据你的回答。",
    ),
    "fail": (
        "The photo was not clear enough: light, focus or framing fell short.",
        "照片不够清晰：光线、对焦或取景没有达到要求。",
    ),
    "no_face": (
        "No face was found in the photo.",
        "照片里没有找到人脸。",
    ),
    policy.NO_BYTES: (
        "Your photo could not be opened: no link to it could be made.",
        "照片暂时打不开：没能生成它的读取链接。",
    ),
    "DOWNLOAD_URL_FETCH_4XX": (
        "Your photo could not be opened: the storage refused it.",
        "照片暂时打不开：存储服务拒绝了读取。",
    ),
    "DOWNLOAD_URL_FETCH_5XX": (
        "Your photo could not be opened: the storage has a problem.",
        "照片暂时打不开：存储服务出了故障。",
    ),
    "DOWNLOAD_URL_TIMEOUT": (
        "Your photo could not be opened: the storage took too long.",
        "照片暂时打不开：存储服务响应太慢。",
    ),
    "DOWNLOAD_URL_EXPIRED": (
        "Your photo could not be opened: the link to it has expired.",
        "照片暂时打不开：读取链接已经过期。",
    ),
    "DOWNLOAD_URL_DNS": (
        "Your photo could not be opened: its storage was not found.",
        "照片暂时打不开：找不到它所在的存储服务。",
    ),
    DIAGNOSIS_FAILED: (
        "Your photo could not be looked at: we ran out of time for it.",
        "这次没来得及看照片：处理时间不够。",
    ),
}
_GUARDRAIL: Pair = (
    "Questionnaire and history only: nothing here was read from a photo.",
    "只依据问卷和记录：没有任何结论来自照片。",
)
_NO_ROUTINE: Pair = (
    "Your routine is still unknown: the plan stays on the safe side.",
    "还不知道你的护肤流程：方案先以安全为主。",
)
_CALM_START: Pair = (
    "Nothing you told us calls for a rush: we start gently and watch.",
    "从你说的来看不必着急：先温和开始，边用边看。",
)

_RETAKE: tuple[Pair, Pair, Pair] = (
    ("Daylight, facing a window, no light behind you.", "用自然光，面向窗户，避免逆光。"),
    (
        "30-50 cm away, straight on, your face filling about 70% of the frame.",
        "距离 30～50 厘米，正对镜头，脸占画面约 70%。",
    ),
    ("No filters, in focus, nothing covering your face.", "不开滤镜，对焦清楚，面部不要遮挡。"),
)

# These steps name no active on purpose: they must be safe for skin we have not seen.
_MEANWHILE: tuple[Pair, Pair, Pair] = (
    (
        "If it stings or turns red: pause anything irritating for 5-7 days; wash, moisturize, SPF.",
        "如果刺痛或泛红：刺激性产品停 5～7 天，只做洁面、保湿和白天防晒。",
    ),
    (
        "If it is oily yet tight: wash less and use a light moisturizer.",
        "如果出油又紧绷：减少清洁，换清爽的保湿。",
    ),
    (
        "After 3 calm days: bring one product back, 1-2 nights a week; stop if it bothers you.",
        "稳定 3 天后：每次只恢复一种产品，每周 1～2 晚，不适就停。",
    ),
)
_ASK: tuple[Pair, Pair, Pair] = (
    (
        "Any stinging or burning in the last 72 hours, and after which step?",
        "最近 72 小时有没有刺痛或灼热？是在哪一步之后？",
    ),
    (
        "Which exact products do you use in the morning and at night, and how often?",
        "早上和晚上具体用哪些产品？多久用一次？",
    ),
    (
        "Has anything changed lately: travel, climate, sleep, stress?",
        "最近有没有变化：出行、气候、睡眠、压力？",
    ),
)

_PHOTO_LINE: Pair = ("Based on your answers only (photo not analyzed).", "仅根据你的回答得出（未分析照片）。")
_FAILED_LINE: Pair = (
    "Based on your questionnaire and history only, because the photo's quality was too low.",
    "由于照片质量不足，以下仅根据问卷和历史记录得出。",
)
_COULD_NOT: Pair = (
    (
        "We couldn't analyze your photo ({code}). These results rest on your answers and history only. "
        "Please re-upload it and try again."
    ),
    "这次没能分析你的照片（{code}），以下结果只依据你的回答和历史记录。请重新上传后再试一次。",
)


def analysis(
    facts: Intake,
    raw: Raw,
    lang: Lang,
    *,
    report: Report | None = None,
    failure: str | None = None,
    model_notice: str | None = None,
) -> dict[str, Any]:
    """The finished object.

    raw: who speaks. report: the model's; its lines are heard when raw is `aurora_text`. failure: why a sent
    photo was not read. model_notice: about a vision model that could not look.
    """
    features = _features(facts, raw, lang, report, failure)
    retake = [pick(lang, line) for line in _RETAKE]
    meanwhile = [pick(lang, line) for line in _MEANWHILE]
    questions = [pick(lang, line) for line in _ASK]
    notice = photo_line(facts, lang, failure, model_notice)
    return {
        "features": [{"observation": f.observation, "confidence": f.confidence} for f in features],
        "strategy": _strategy(facts, raw, lang, notice, retake, questions),
        "needs_risk_check": bool(
            (report is not None and report.needs_risk_check)
            or facts.red_flags
            or content.safety_features(facts, lang)
        ),
        "photo_notice": notice,
        "next_action_card": {
            "why_i_cant_analyze": [features[0].observation, pick(lang, _GUARDRAIL)],
            "retake_guide": retake,
            "meanwhile_plan": meanwhile,
            "ask_3_questions": questions,
        },
        "retake_guide": retake,
        "ask_3_questions": questions,
        "photo_findings": [],
        "findings": [],
        "takeaways": [],
        "plan": _plan(facts, lang, meanwhile),
    }


def photo_line(facts: Intake, lang: Lang, failure: str | None, model_notice: str | None = None) -> str:
    """What became of the photo, in a sentence or two; a failure of its own comes before the model's."""
    line = pick(lang, _FAILED_LINE if policy.photo_failed(facts) else _PHOTO_LINE)
    first = could_not_read(failure, lang) if failure else model_notice
    return f"{first}{'' if lang == 'CN' else ' '}{line}" if first else line


def could_not_read(failure: str, lang: Lang) -> str:
    """That a photo could not be read: the code, what the result rests on, and what to do (contract C 9)."""
    return pick(lang, _COULD_NOT).format(code=failure)


def _primary_reason(facts: Intake, failure: str | None) -> Pair:
    if policy.photo_failed(facts):
        return _PRIMARY["no_face" if "no_face" in facts.grade_reasons else "fail"]
    if failure:
        return _PRIMARY[failure]
    return _PRIMARY["none"] if facts.photo_requested else _NO_PHOTO


def _features(
    facts: Intake, raw: Raw, lang: Lang, report: Report | None, failure: str | None
) -> list[Feature]:
    """Why no photo, then what is known, then on what it all rests; at least three, each of them true."""
    match raw:
        case "retake":
            known = content.retake_features(lang)[1:]
        case "aurora_text" if report is not None:
            known = _fitting(report.features, facts)
        case "baseline_low_confidence":
            known = content.baseline_features(facts, lang)
        case _:
            known = content.rule_features(facts, lang)
    sure = policy.step_down([f.confidence for f in known], facts, raw)
    known = [Feature(f.observation, s) for f, s in zip(known, sure, strict=True)][: content.MAX_FEATURES]
    musts = content.safety_features(facts, lang)
    first = Feature(pick(lang, _primary_reason(facts, failure)), "pretty_sure")
    last = Feature(pick(lang, _GUARDRAIL), "somewhat_sure")
    if not known and not musts:
        filler = _CALM_START if facts.has_primary_input else _NO_ROUTINE
        known = [Feature(pick(lang, filler), "somewhat_sure" if facts.has_primary_input else "pretty_sure")]
    return [first, *musts, *known, last]


def _fitting(features: Sequence[Feature], facts: Intake) -> list[Feature]:
    """The model's lines without those that would be wrong for this person.

    Beside a photo that was not read nothing may sound as if it had been (contract C 17); who must not use
    strong actives is not told how to.
    """
    banned = ("acne", "pigment", "色素", "痤疮") if facts.photo_expected else ()
    careful = facts.no_retinoids or facts.on_isotretinoin
    return [
        f
        for f in features
        if not any(word in f.observation.lower() for word in banned)
        and not (careful and mentions_treatment(f.observation))
    ]


def _guidance(facts: Intake, raw: Raw, lang: Lang) -> Guidance:
    if raw == "baseline_low_confidence" and not facts.photo_expected:
        return content.baseline_guidance(lang)
    if facts.photo_expected:
        first, second, third = (pick(lang, line) for line in _MEANWHILE)
        lead = pick(
            lang, ("Until there is a photo to read, for 7 days:", "在有可用照片之前，这 7 天先这样：")
        )
        return Guidance(lead, (first, second, third), "")
    return content.rule_guidance(facts, lang)


def _strategy(
    facts: Intake, raw: Raw, lang: Lang, notice: str, retake: Sequence[str], questions: Sequence[str]
) -> str:
    """One lead, three numbered steps, then what would help us next."""
    plan = _guidance(facts, raw, lang)
    blocks = [
        f"{notice}\n{plan.lead}",
        numbered(plan.steps),
    ]
    if facts.photo_expected:
        blocks.append(_bullets(pick(lang, ("For the next photo:", "下一张照片请注意：")), retake))
    if plan.question:
        blocks.append(plan.question)
    else:
        blocks.append(
            _bullets(pick(lang, ("Three answers that would help:", "再告诉我三件事会更准：")), questions)
        )
    return "\n\n".join(blocks)[:MAX_STRATEGY]


def numbered(steps: Sequence[str]) -> str:
    """`1. ...` lines, the only form that the client finds in both languages."""
    return "\n".join(f"{n}. {step}" for n, step in enumerate(steps, 1))


def _bullets(head: str, lines: Sequence[str]) -> str:
    return "\n".join([head, *(f"- {line}" for line in lines)])


def _plan(facts: Intake, lang: Lang, meanwhile: Sequence[str]) -> dict[str, Any]:
    """The structured plan: pause, seven careful days, when to go on, what to watch."""
    if facts.photo_expected:
        pause = _step(
            lang,
            "P0",
            (
                "Retake one photo; after two attempts that do not work, go on without.",
                "重拍一张照片；两次都不行就先不用照片。",
            ),
            ("A clear photo lets us look instead of guess.", "有清晰的照片，才能看而不是猜。"),
        )
    else:
        pause = _step(
            lang,
            "P0",
            (
                "Add nothing new until the first three days have been calm.",
                "前三天皮肤稳定之前，不加任何新产品。",
            ),
            ("With few facts, fewer changes teach us more.", "信息还少时，变化越少越看得清。"),
        )
    return {
        "today": {"am": [], "pm": [], "pause_now": [pause]},
        "next_7_days": {
            "rules": [
                pick(
                    lang,
                    (
                        "A conservative, temporary plan: change one thing at a time.",
                        "这是保守的临时方案：一次只改变一件事。",
                    ),
                ),
                pick(
                    lang,
                    (
                        "A clear daylight photo (retake or first one) soon makes it more exact.",
                        "尽快补一张或重拍一张自然光照片，方案会更准。",
                    ),
                ),
            ],
            "steps": [
                _step(lang, priority, (line, line), _WHY)
                for priority, line in zip(("P0", "P1", "P1"), meanwhile, strict=True)
            ],
        },
        "after_calm": {
            "entry_criteria": [
                pick(lang, ("Three days in a row without stinging.", "连续三天没有刺痛。")),
                pick(lang, ("No new redness or flaking.", "没有新的泛红或脱皮。")),
            ],
            "steps": [],
        },
        "tracking": tracking(lang),
    }


_WHY: Pair = ("Skin settles faster with fewer changes.", "变化越少，皮肤稳定得越快。")
_TRACK: tuple[tuple[str, Pair], ...] = (
    ("redness_stinging", ("Redness or stinging", "泛红或刺痛")),
    ("new_breakouts", ("New breakouts", "新长的痘")),
    ("shine_oil_control", ("Shine", "出油")),
)


def tracking(lang: Lang) -> dict[str, Any]:
    """What to watch for a week."""
    return {
        "checkboxes": [
            {"metric": metric, "label": pick(lang, label), "options": ["↓", "→", "↑"]}
            for metric, label in _TRACK
        ],
        "retake_prompt": pick(
            lang,
            (
                "In a week, take one photo in the same light.",
                "一周后，在同样的光线下拍一张照片。",
            ),
        ),
        "retake_after_days": 7,
    }


def _step(lang: Lang, priority: str, what: Pair, why: Pair) -> dict[str, Any]:
    return {
        "what": pick(lang, what),
        "why": pick(lang, why),
        "when_to_stop": pick(lang, ("Stop if it stings, burns or turns red.", "一旦刺痛、灼热或泛红就停。")),
        "priority": priority,
        "linked_issue_types": [],
        "linked_finding_ids": [],
        "linked_takeaway_ids": [],
    }
