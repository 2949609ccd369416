"""What the safety rules say: a refusal with reasons and something better, or one question (contract B 9.3).

An answer is a value (`Words`): a sentence for the chat, the payload of a `confidence_notice`, chips, an
event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Chip, Lang
from aurora.rules.chips import chip
from aurora.rules.notices import notice
from aurora.rules.safety.engine import Result
from aurora.rules.safety.outgoing import behind

SAFER = "chip.start.ingredients.safe_alternatives"

FACT_CHIPS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"chip.profile.pregnancy.{status}": ("pregnancy_status", {"pregnancy_status": status})
        for status in ("not_pregnant", "pregnant", "trying")
    },
    **{f"chip.profile.age.{band}": ("age_band", {"age_band": band}) for band in ("18_24", "25_34", "35_44")},
}
"""The chips that answer a safety question: id -> (profile field, the facts that a tap states)."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """say: for the chat. notice: payload of a `confidence_notice`. event: (name, data without `intent`)."""

    say: str
    notice: dict[str, Any]
    chips: tuple[Chip, ...] = ()
    event: tuple[str, dict[str, Any]] | None = None


def _pick(lang: Lang, en: str, cn: str) -> str:
    return cn if lang == "CN" else en


def fact_chips(result: Result, lang: Lang) -> tuple[Chip, ...]:
    """Answers to the first question of `result`; none where only words can answer it."""
    field = result.required_fields[0] if result.required_fields else None
    return tuple(
        chip(name, lang, profile_patch=dict(patch))
        for name, (answers, patch) in FACT_CHIPS.items()
        if answers == field
    )


def refusal(result: Result, lang: Lang, *, picks: bool, held: bool = False) -> Words:
    """A BLOCK. picks: products were asked for. held: what was found is refused, not what was said."""
    lead = (
        _pick(
            lang,
            "What I found isn't safe for you right now, so I'm holding it back.",
            "找到的产品目前不适合你，我先不推荐。",
        )
        if held
        else _pick(lang, "I'd leave that out for now, to keep you safe.", "为了安全，这个现在先不要用。")
    )
    return Words(
        say=_told(lead, result, lang),
        notice=notice(
            "safety_block",
            lang,
            confidence=_confidence(result, 0.0),
            message=_line(lead, result.reasons, lang),
            actions=("safe_alternatives", "profile_update") if picks else ("safe_alternatives",),
            details=[*result.reasons[:3], *result.safe_alternatives[:3]],
        ),
        chips=(
            chip(SAFER, lang),
            *((chip("chip.start.ingredients", lang), chip("chip.start.routine", lang)) if picks else ()),
        ),
        event=("safety_gate_block", {"block_level": "BLOCK"}),
    )


def question(result: Result, lang: Lang, *, held: bool = False) -> Words:
    """A REQUIRE_INFO: the first question, once, and what is fine meanwhile."""
    asked = result.required_questions[0]
    lead = (
        _pick(
            lang,
            "What I found has strong actives that I only suggest once I know one thing.",
            "找到的都含强活性成分，先确认一件事，我才能推荐。",
        )
        if held
        else _pick(
            lang, "One thing first, so that my answer is safe for you.", "先确认一件事，这样我的建议才安全。"
        )
    )
    parts = [lead, asked]
    if result.safe_alternatives:
        parts.append(_meanwhile(result.safe_alternatives[0], lang))
    return Words(
        say="\n\n".join(parts),
        notice=question_notice(result, lang),
        chips=fact_chips(result, lang),
    )


def _meanwhile(alternative: str, lang: Lang) -> str:
    return _pick(
        lang,
        f"Fine in the meantime: {alternative[0].lower()}{alternative[1:]}.",
        f"在此之前，可以放心选：{alternative}。",
    )


def question_notice(result: Result, lang: Lang) -> dict[str, Any]:
    """The notice of a question, alone or beside an answer."""
    return notice(
        "low_confidence",
        lang,
        confidence=_confidence(result, 0.5),
        message=_pick(
            lang,
            f"One safety detail is missing: {result.required_questions[0]}",
            f"还差一个安全信息：{result.required_questions[0]}",
        ),
        actions=("answer_safety_question",),
        details=result.reasons[:4],
    )


def left_open(result: Result, lang: Lang) -> Words:
    """The question was asked twice and stayed open: a careful answer, and no question."""
    lead = _pick(
        lang,
        "I don't know that yet, so I'd take the careful path and leave strong actives out for now.",
        "这一点还没确认，所以稳妥起见，强活性成分先不用。",
    )
    later = _pick(
        lang,
        "Tell me any time, and I'll look at it again.",
        "想好了随时告诉我，我再帮你看。",
    )
    return Words(
        say="\n\n".join([_told(lead, result, lang), later]),
        notice=notice(
            "low_confidence",
            lang,
            confidence=_confidence(result, 0.5),
            message=lead,
            actions=("answer_safety_question",),
            details=result.reasons[:4],
        ),
        chips=fact_chips(result, lang),
    )


def held_while_open(result: Result, lang: Lang) -> str:
    """The sentence before picks of which some stay here until a question is answered."""
    return _pick(
        lang,
        f"I left a few strong ones out until I know one thing. {result.required_questions[0]}",
        f"有几款强效的我先没放进来，想先确认一件事：{result.required_questions[0]}",
    )


def careful(lang: Lang) -> str:
    """The sentence before any answer on the careful path."""
    return _pick(
        lang,
        "One safety detail is still open, so I keep to gentle options here.",
        "还有一个安全信息没确认，这里我只给温和的选择。",
    )


def fragile(lang: Lang) -> str:
    """The sentence before picks for a barrier that is impaired and a skin that is very sensitive (B 9.1)."""
    return _pick(
        lang,
        "Your barrier is irritated and your skin is very sensitive, so add one product at a time, test it on "
        "a small spot first, and stop if it stings.",
        "你的屏障受损、皮肤又很敏感，新品一次只加一样，先小范围试用，刺痛就停。",
    )


def noted(lang: Lang) -> str:
    """Before the answer to the message that the question had interrupted."""
    return _pick(lang, "Thanks, that helps.", "谢谢，了解了。")


def warnings(result: Result, lang: Lang) -> str:
    """The reasons that stand before an answer (WARN)."""
    return ("" if lang == "CN" else " ").join(result.reasons[:3])


def instead_of_prose(result: Result, lang: Lang) -> str:
    """What is said when somebody else's text speaks of things that stay here."""
    lead = _pick(
        lang,
        "Part of what I found isn't right for you at the moment, so I've left it out.",
        "查到的内容里有一部分目前不适合你，我先去掉了。",
    )
    asked = result.required_questions[:1] if not result.blocks else ()
    return "\n\n".join([_told(lead, result, lang), *asked])


def safer(forbidden: tuple[str, ...], lang: Lang) -> str:
    """Gentle options for somebody of whom the rules `forbidden` hold; general ones if none does."""
    found = behind(forbidden, lang).safe_alternatives[:4] or (
        _pick(lang, "Niacinamide or azelaic acid, one at a time", "烟酰胺或壬二酸，一次只加一种"),
        _pick(lang, "Ceramides and panthenol for the barrier", "神经酰胺和泛醇，修护屏障"),
        _pick(
            lang,
            "A gentle cleanser, a plain moisturiser, and sunscreen by day",
            "温和洁面、基础保湿，白天防晒",
        ),
    )
    lead = _pick(lang, "These are the gentle options I'd look at:", "可以考虑这些更温和的选择：")
    closing = _pick(
        lang,
        "Add one at a time, and ask your doctor about anything prescribed. Shall I build it into a routine?",
        "一次只加一样，处方药请先问医生。要我帮你放进早晚步骤里吗？",
    )
    return "\n\n".join([lead, "\n".join(f"- {one}" for one in found), closing])


def _told(lead: str, result: Result, lang: Lang) -> str:
    parts = [lead]
    if result.reasons:
        parts.append("\n".join(f"- {reason}" for reason in result.reasons[:3]))
    if result.safe_alternatives:
        listed = "\n".join(f"- {one}" for one in result.safe_alternatives[:3])
        parts.append(_pick(lang, "What works instead:", "可以换成：") + "\n" + listed)
    return "\n\n".join(parts)


def _line(lead: str, reasons: Sequence[str], lang: Lang) -> str:
    return lead if not reasons else f"{lead}{'' if lang == 'CN' else ' '}{reasons[0]}"


def _confidence(result: Result, score: float) -> dict[str, Any]:
    """How sure, and why: the rules behind it, gravest first."""
    return {"score": score, "level": "low", "rationale": [rule.id for rule in result.matched_rules[:6]]}
