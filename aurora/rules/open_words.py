"""What an open chat turn says: the upstream's own words if they will do, else a template (B 17.3, 17.4).

Readers first: a good answer is never replaced by a template because of its form. It gives way only where it
is data instead of words, or an essay about what a card beside it shows better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules import templates, upstream_text
from aurora.rules.notices import pick
from aurora.rules.text import strings_in

Cards = Sequence[tuple[str, Mapping[str, Any]]]

RENDERABLE = frozenset({
    "recommendations", "product_analysis", "env_stress", "routine_simulation", "conflict_heatmap",
    "analysis_summary", "diagnosis_gate", "product_parse", "dupe_suggest", "dupe_compare",
})  # fmt: skip
_SHOWN_BETTER = ("env_weather_qa.", "recommendations_output.")

_IN_CARDS = (
    "The details are in what I've put beside this message. What shall we go through first?",
    "详细内容我整理在这条消息旁边了。先从哪一项说起？",
)
_NOTHING_TO_SHOW = (
    "I couldn't turn that into a clear answer. Please ask again, or put it a little differently.",
    "这次没能整理出清楚的回答。请再问一次，或者换个说法。",
)
_ACKNOWLEDGED = (
    "Got it. Tell me a little more about what you'd like to know, and I'll answer in plain words.",
    "收到。再多说一点你想了解的内容，我用大白话回答你。",
)
_SAFE = ("No known conflict between these.", "没有发现已知的冲突。")
_UNSAFE = ("Better not together.", "不建议放在一起用。")
_SCHEDULE = (
    (
        "**Schedule**: alternate nights, moisturizer only in between.\n\n"
        "**Stop signals**: stinging that stays, redness or peeling. Then pause both for 5–7 days."
    ),
    "**安排**：隔晚交替，中间的晚上只保湿。\n\n**停用信号**：持续刺痛、泛红或脱皮，两样先停5–7天。",
)
_HEADS = (("Verdict", "Why"), ("判断", "原因"))


class Words(msgspec.Struct, frozen=True):
    """text: markdown. template_id: the template that made it, None if the words are the upstream's own."""

    text: str
    template_id: str | None = None


def words(answer: str | None, cards: Cards, lang: Lang, *, keep_kb: bool = False) -> Words:
    """What to say beside `cards` ((type, payload) of all that leave, types lower-cased)."""
    visible = any(shows(kind, payload) for kind, payload in cards)
    said = upstream_text.prose(answer, keep_kb=keep_kb)
    pointed = not visible and upstream_text.points_at_cards(said)
    if pointed:
        said = upstream_text.without_pointers(said)
    route = templates.choose(cards, pending=False)
    # Sources alone do not show what an essay says.
    essay = any(kind in RENDERABLE for kind, _ in cards) and (
        upstream_text.is_report(said)
        or (len(said) > templates.MARKDOWN_CAP and route.startswith(_SHOWN_BETTER))
    )
    if said and not essay:
        return Words(upstream_text.cut_to(said))
    conflict = next((payload for kind, payload in cards if kind == "routine_simulation"), None)
    if conflict is not None:
        return Words(_conflict(conflict, lang), "conflict_check.standard")
    if route != templates.KEEP:
        return Words(templates.text_of(route, cards, lang), route)
    if visible:
        return Words(pick(lang, _IN_CARDS), templates.GLOBAL)
    return Words(pick(lang, _NOTHING_TO_SHOW if pointed else _ACKNOWLEDGED), templates.GLOBAL)


def shows(kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether the client draws something for this card."""
    if kind == "aurora_structured":
        checked = payload.get("external_verification")
        cited = checked.get("citations") if isinstance(checked, Mapping) else None
        return isinstance(cited, list) and bool(cited)
    return kind in RENDERABLE


def _conflict(simulation: Mapping[str, Any], lang: Lang) -> str:
    """Judgement, reasons, a schedule, when to stop (contract B 17.2), from the simulation alone."""
    verdict, why = _HEADS[lang == "CN"]
    colon = "：" if lang == "CN" else ": "
    safe = simulation.get("safe") is True
    conflicts = simulation.get("conflicts")
    told = [one.get("message") for one in conflicts if isinstance(one, Mapping)] if conflicts else []
    reasons = strings_in(told, 2) or strings_in([simulation.get("summary")], 1)
    parts = [f"**{verdict}**{colon}{pick(lang, _SAFE if safe else _UNSAFE)}"]
    if reasons:
        parts.append(f"**{why}**{colon}" + ("" if lang == "CN" else " ").join(reasons))
    if not safe:
        parts.append(pick(lang, _SCHEDULE))
    return "\n\n".join(parts)
