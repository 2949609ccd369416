"""What a chat turn says, in both languages: short, warm, honest about what is missing.

Fragments that tests of the old service look for stand verbatim: "quick skin profile", 肤况确认, 避免瞎猜,
最小可行清单（早/晚）： (contract B 17.6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules import phase0

MAX_NAMED = 6


def _pick(lang: Lang, en: str, cn: str) -> str:
    return cn if lang == "CN" else en


# --- Phase 0


def gate(field: str, lang: Lang) -> str:
    """Recommendations were asked for, but a core fact is missing."""
    lead = _pick(
        lang,
        "Happy to help you choose. So that I don't guess, a quick skin profile comes first.",
        "可以的，我来帮你挑。为了避免瞎猜，先做一个简短的肤况确认。",
    )
    return f"{lead}\n\n{phase0.question(field, lang)}"


def diagnosis_start(field: str, lang: Lang) -> str:
    """A diagnosis begins."""
    lead = _pick(
        lang,
        "Let's look at your skin together. It starts with a quick skin profile, one question at a time.",
        "好，我们一起来看看你的皮肤。先从简短的肤况确认开始，一次只问一个问题。",
    )
    return f"{lead}\n\n{phase0.question(field, lang)}"


def diagnosis_progress(field: str, lang: Lang, *, saved: bool) -> str:
    """An answer came in; the next question."""
    lead = (
        _pick(lang, "Thanks, noted.", "好的，记下了。")
        if saved
        else _pick(
            lang,
            "Thanks. I couldn't save that just now, but I'll use it here.",
            "谢谢。刚才没能保存成功，不过这次我会用上。",
        )
    )
    return f"{lead}\n\n{phase0.question(field, lang)}"


def diagnosis_complete(lang: Lang, *, saved: bool) -> str:
    """All four facts are there: photos, or a baseline without them."""
    text = _pick(
        lang,
        "That's your skin profile. Next, you can add a daylight and an indoor photo for a closer look, "
        "or start with a baseline without photos (lower confidence).",
        "肤况信息齐了。接下来可以上传一张自然光和一张室内白光照片，看得更细；"
        "也可以不拍照，先做一次基础评估（置信度会低一些）。",
    )
    return text if saved else f"{text}\n\n{not_saved(lang)}"


def profile_saved(lang: Lang, *, saved: bool) -> str:
    """A fact was said outside of a diagnosis. The client hides chips beside this card: the text leads on."""
    if not saved:
        return not_saved(lang)
    return _pick(
        lang,
        "Saved to your skin profile. From here I can build an AM/PM routine, check one product, "
        "or look for alternatives. Tell me which.",
        "已更新你的肤况档案。接下来我可以帮你生成早晚护肤方案、评估一款产品，或者找平替，告诉我你想先做哪个。",
    )


def not_saved(lang: Lang) -> str:
    """The store could not keep what was said."""
    return _pick(
        lang,
        "I couldn't save that just now. I'll use it for this answer; please send it again later.",
        "刚才没能保存成功。这次回答我会先用上，稍后请再发一次。",
    )


# --- safety


def safety_block(lang: Lang) -> str:
    """Signs that need a doctor."""
    return _pick(
        lang,
        "What you describe can be a sign of something medical, and I can't diagnose that. I'll hold back "
        "product picks for now. Please stop anything that irritates your skin and see a dermatologist or "
        "doctor soon; if it spreads, or you feel unwell, go today.",
        "你描述的情况可能涉及医疗风险，我不能做医学诊断，也先不给产品推荐。"
        "请先停用一切有刺激的产品，并尽快去皮肤科就诊；如果在扩散，或者人不舒服，请当天就医。",
    )


def safety_details(lang: Lang) -> tuple[str, ...]:
    """Three lines for the notice."""
    return (
        (
            "先停用酸类、维A类、去角质等强活性产品",
            "症状持续或加重时，尽快去皮肤科或医院",
            "等情况稳定后，再慢慢恢复护肤步骤",
        )
        if lang == "CN"
        else (
            "Pause acids, retinoids, scrubs and other strong actives",
            "See a dermatologist or doctor if it persists or gets worse",
            "Come back to your routine step by step once things are calm",
        )
    )


# --- recommendations


def artifact_missing(lang: Lang) -> str:
    """No diagnosis to recommend from."""
    return _pick(
        lang,
        "Before I pick products I'd like to look at your skin. Add two photos, one in daylight and one under "
        "indoor white light, or start with a baseline without photos (lower confidence).",
        "挑产品之前，我想先看看你的皮肤状态。请上传两张照片：一张自然光、一张室内白光；"
        "也可以不拍照，先做一次基础评估（置信度会低一些）。",
    )


def picks(
    items: Sequence[Mapping[str, Any]], lang: Lang, *, goals: str, gentle: bool, name_them: bool
) -> str:
    """Recommendations are there.

    goals: in words, "" if unknown. gentle: strong products are held back. name_them: the client will not draw
    the card in its present state, so the text carries the picks (decision 13).
    """
    lead = _pick(
        lang,
        f"Here is a small set for {goals or 'your skin'}, barrier first.",
        f"围绕{goals or '你的肤况'}，先稳住屏障，给你一份精简清单。",
    )
    if gentle:
        lead += _pick(
            lang,
            " My confidence is limited, so I keep to a gentle baseline and leave strong actives out; "
            "new photos would let me be more precise.",
            "目前把握有限，所以只给温和的基础方案，先不加强效成分；重新拍照可以更准。",
        )
    body = (
        "\n".join([_pick(lang, "Minimal AM/PM list:", "最小可行清单（早/晚）："), *named(items, lang)])
        if name_them
        else _pick(
            lang,
            "Minimal AM/PM list: cleanse and protect in the morning, cleanse and moisturize at night.",
            "最小可行清单（早/晚）：早上清洁、保湿、防晒，晚上清洁、保湿。",
        )
    )
    closing = _pick(
        lang,
        "Add one new product at a time, and stop if it stings. What would you like to adjust?",
        "一次只加一款新品，刺痛就先停用。想调整哪一步，告诉我。",
    )
    return f"{lead}\n\n{body}\n\n{closing}"


def all_held_back(lang: Lang) -> str:
    """Everything found was too strong for what is known."""
    return _pick(
        lang,
        "What I found was too strong for how little I know yet, so I hold it back. For now: a gentle "
        "cleanser, a plain moisturizer, sunscreen by day. Photos or your current routine would let me pick "
        "for you.",
        "目前找到的都偏强，以现有的信息我先不推荐。可以先用温和洁面、基础保湿，白天防晒；"
        "补充照片或现在的护肤步骤，我就能挑得更准。",
    )


def nothing_found(lang: Lang) -> str:
    """The generation ended without items and without a diagnosis to fall back on."""
    return _pick(
        lang,
        "I couldn't put together picks I'd stand behind. A skin analysis first would help: add photos, or "
        "start with a baseline.",
        "这次没能给出有把握的推荐。先做一次皮肤分析会更好：上传照片，或者先做基础评估。",
    )


def reco_late(lang: Lang) -> str:
    """The generation failed or took too long."""
    return _pick(
        lang,
        "I couldn't get product picks in time, and I'd rather show none than guess. Please try again in a "
        "moment, or add photos or your current routine so I can be more precise.",
        "这次没能及时挑好产品，与其乱推荐，我先不给。请稍后再试，或补充照片、现在的护肤步骤，我会更有把握。",
    )


def reco_late_detail(lang: Lang) -> str:
    """One line for the notice."""
    return _pick(
        lang,
        "The recommendation step did not finish in time; this answer is deliberately conservative.",
        "推荐步骤没能按时完成，本次回答特意保守处理。",
    )


# --- open chat


def chat_late(lang: Lang) -> str:
    """The decision system was asked and did not answer, or not usefully."""
    return _pick(
        lang,
        "I've got your message, but I can't reach the assistant right now. Please send it again in a moment.",
        "你的消息收到了，只是暂时连接不上后台助手。请稍后再发一次。",
    )


def chat_not_configured(lang: Lang) -> str:
    """There is no decision system."""
    return _pick(
        lang,
        "I've got your message, but open questions aren't set up on this service yet. Your skin profile, "
        "check-ins and skin analysis all work.",
        "你的消息收到了，但这个服务还没有接入问答。肤况档案、打卡和皮肤分析都可以正常使用。",
    )


def chat_late_detail(lang: Lang) -> str:
    """One line for the notice."""
    return _pick(lang, "Nothing was lost; sending it again is enough.", "内容没有丢失，重新发送即可。")


def named(items: Sequence[Mapping[str, Any]], lang: Lang) -> list[str]:
    """One line of markdown for each of the first picks."""
    lines = []
    for item in items[:MAX_NAMED]:
        sku = item["sku"]
        brand, name = sku["brand"], sku["display_name"]
        title = name if not brand or name.lower().startswith(brand.lower()) else f"{brand} {name}"
        slot = {"am": _pick(lang, "AM", "早"), "pm": _pick(lang, "PM", "晚")}.get(item["slot"])
        step = _pick(lang, f"{slot}, {item['step']}", f"{slot} · {item['step']}") if slot else item["step"]
        lines.append(f"- {title[:90]}" + _pick(lang, f" ({step})", f"（{step}）"))
    return lines
