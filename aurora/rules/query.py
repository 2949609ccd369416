"""What the decision system is asked (contract B 16.3, D 5.3): context lines, a blank line, the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile, SkinLog
from aurora.rules.goals import goal_kind
from aurora.rules.profile_summary import for_prompt

NO_MESSAGE = "(no message)"
MESSAGE_CAP = 20_000
PICKS_TASK = "Task: Generate skincare product picks"
PICKS_WANTED = 5

_SHAPE = (
    f"Answer with JSON only: recommendations (at most {PICKS_WANTED}, best first), evidence, confidence, "
    "missing_info, warnings. Each item: slot (am, pm or other), step, score 0-100, sku {brand, name, "
    "display_name, sku_id, product_id, category, price}, reasons (at most 4), evidence_pack {keyActives, "
    "sensitivityFlags, pairingRules, comparisonNotes, citations}, missing_info, warnings."
)

# The decision system knows the task by the words "AM/PM skincare routine" (contract B 16.3).
ROUTINE_TASK = "Build a simple AM/PM skincare routine."
_ROUTINE_SHAPE = (
    "Put it into context.routine {am: [], pm: []}, at most 5 steps each, in the order of use. Each step: "
    "step, sku {brand, name, display_name, sku_id, product_id, category, price}, notes (at most 3), reasons "
    "(at most 4), evidence_pack {keyActives, sensitivityFlags, pairingRules, comparisonNotes, citations}."
)

_PARSE_SHAPE = (
    "Answer with JSON only: product {sku_id, product_id, brand, name, display_name, category}, confidence "
    "0..1, missing_info. Unknown values are null; do not guess an id."
)
_ANALYSIS_SHAPE = (
    "Answer with JSON only: assessment {verdict, reasons, how_to_use}, evidence {science {key_ingredients, "
    "mechanisms, fit_notes, risk_notes}, social_signals {typical_positive, typical_negative, "
    "risk_for_groups}, expert_notes}, confidence 0..1, missing_info."
)

_BARRIER_WORDS = {"healthy": "stable", "impaired": "impaired: stings or turns red easily"}
_GOAL_WORDS = {
    "acne": "acne and breakouts",
    "redness": "redness and barrier repair",
    "dark_spots": "dark spots and uneven tone",
    "dehydration": "hydration",
    "pores": "visible pores",
    "wrinkles": "fine lines and firmness",
}

# What the alternatives flow calls skin and goals (D 5.7).
_ALTERNATIVE_SKIN = {"oily": "Oily", "dry": "Dry"}
_ALTERNATIVE_GOALS = {
    "breakouts": "Acne/Texture",
    "pores": "Acne/Texture",
    "tone": "Dark spots/Brightening",
    "firmness": "Aging",
    "redness": "Redness/Barrier repair",
    "barrier": "Redness/Barrier repair",
    "hydration": "Hydration",
}
_ALTERNATIVES_SHAPE = (
    "Answer with JSON only: alternatives (at most 6), each with product {sku_id, product_id, brand, name}, "
    "similarity_score 0-100, tradeoffs {missing_actives, added_benefits, texture_finish_differences, "
    "price_delta_usd, availability_note}, reasons (at most 2), evidence, missing_info."
)
_ALTERNATIVE_KEYS = ("sku_id", "product_id", "brand", "name", "category")


def chat_query(
    message: str,
    *,
    profile: Profile | None,
    logs: Sequence[SkinLog],
    meta: dict[str, Any],
    lead: str = "",
) -> str:
    """The query of an open chat turn. meta: only its non-empty values are sent. lead: stands before all."""
    return f"{lead}{_prefix(profile, logs, meta)}{message[:MESSAGE_CAP] or NO_MESSAGE}"


def picks_query(
    message: str,
    lang: Lang,
    *,
    profile: Profile | None,
    logs: Sequence[SkinLog],
    meta: dict[str, Any],
) -> str:
    """The query for product picks: the facts, the request in the person's words, the shape of the answer."""
    known = profile or Profile()
    goals = [_GOAL_WORDS.get(goal, goal) for goal in known.goals] or ["a calm, healthy baseline"]
    lines = [
        PICKS_TASK,
        f"Skin type: {known.skinType or 'unknown'}. Sensitivity: {known.sensitivity or 'unknown'}.",
        f"Barrier: {_BARRIER_WORDS.get(known.barrierStatus or '', known.barrierStatus or 'unknown')}.",
        f"Concerns: {', '.join(goals)}. Region: {known.region or 'US'}.",
        f"Budget: {known.budgetTier or 'unknown'}.",
        f"Request: {message[:MESSAGE_CAP] or 'A few products that fit me.'}",
        _SHAPE,
        _reason_rules(known, logs),
        f"No checkout links, no product twice, unknown values null. Write all texts in {_language(lang)}.",
    ]
    return f"{_prefix(profile, logs, meta)}{chr(10).join(lines)}"


def routine_query(
    message: str,
    lang: Lang,
    *,
    profile: Profile | None,
    logs: Sequence[SkinLog],
    meta: dict[str, Any],
) -> str:
    """The query for a whole routine (contract B 15): facts, request, and the shape of `context.routine`."""
    known = profile or Profile()
    lines = [
        ROUTINE_TASK,
        f"Budget: {known.budgetTier or 'unknown'}.",
        f"Request: {message[:MESSAGE_CAP] or 'A simple routine that fits me.'}",
        _ROUTINE_SHAPE,
        _reason_rules(known, logs),
        f"No checkout links, unknown values null. Write all texts in {_language(lang)}.",
    ]
    return f"{_prefix(profile, logs, meta)}{chr(10).join(lines)}"


def alternatives_query(
    item: Mapping[str, Any], lang: Lang, *, profile: Profile | None, careful: bool, meta: dict[str, Any]
) -> str:
    """The query for products like a recommended one (contract D 1.4, 5.7).

    The skin facts stand in front as already answered, so that nothing is asked back. careful: assume a
    barrier that needs care.
    """
    known = profile or Profile()
    sku = item["sku"]
    skin = _ALTERNATIVE_SKIN.get(known.skinType or "", "Combo/Mixed")
    sensitivity = (known.sensitivity or "medium").capitalize()
    barrier = "Impaired" if careful or known.barrierStatus in (None, "impaired", "unknown") else "Stable"
    goals = ", ".join(_alternative_goals(known))
    resume = f"skin type {skin}; sensitivity {sensitivity}; barrier {barrier}; goals {goals}."
    named = " ".join(dict.fromkeys(part for part in (sku.get("brand"), sku.get("name")) if part))
    plain = {key: sku[key] for key in _ALTERNATIVE_KEYS if sku.get(key)}
    lines = [
        "Resume context (template v2, flow alternatives). Already answered, do not ask again:",
        resume,
        "",
        _prefix(
            None, (), {**meta, "intent": "alternatives", "action_id": "chip.action.dupe_compare"}
        ).strip(),
        "",
        "Task: Deep-scan this product and list products that could replace it.",
        "Do not ask anything back.",
        _ALTERNATIVES_SHAPE,
        f"Write all texts in {_language(lang)}.",
        f"Product JSON: {_json(plain)[:1400]}",
        f"Product: {named}",
    ]
    return "\n".join(lines)


def parse_query(product: str, *, meta: dict[str, Any] | None, action: str = "chat.fit_check.parse") -> str:
    """Which product is that? product: a name or a link, in the person's words. meta: None: no context."""
    lines = [
        "Task: Parse the product that the input names.",
        _PARSE_SHAPE,
        f"Input: {product}",
    ]
    if meta is None:
        return "\n".join(lines)
    said = {**meta, "intent": "product_parse", "action_id": action}
    return f"{_prefix(None, (), said)}{chr(10).join(lines)}"


def deep_scan_query(
    product: str,
    lang: Lang,
    *,
    profile: Profile | None,
    logs: Sequence[SkinLog],
    meta: dict[str, Any],
    minimal: bool = False,
    action: str = "chat.fit_check.deep_scan",
) -> str:
    """Does that product suit this person? minimal: asked without what is known of them."""
    lines = [
        "Task: Deep-scan this product for the person.",
        _ANALYSIS_SHAPE,
        f"Never invent evidence: unknown is empty. Write all texts in {_language(lang)}.",
        f"Product: {product}",
    ]
    intent, action = (
        ("product_analyze_fallback", f"{action}_fallback") if minimal else ("product_analyze", action)
    )
    said = {**meta, "intent": intent, "action_id": action}
    prefix = _prefix(None if minimal else profile, () if minimal else logs, said)
    return f"{prefix}{chr(10).join(lines)}"


def _alternative_goals(profile: Profile) -> list[str]:
    kinds = [goal_kind(goal) for goal in profile.goals]
    return list(dict.fromkeys(_ALTERNATIVE_GOALS[kind] for kind in kinds if kind in _ALTERNATIVE_GOALS))[
        :3
    ] or ["Hydration"]


def _reason_rules(profile: Profile, logs: Sequence[SkinLog]) -> str:
    rules = ["One reason per item names the skin type, sensitivity, barrier or a goal."]
    if logs:
        rules.append("One cites the check-ins of the last 7 days.")
    if profile.itinerary:
        rules.append("One cites the upcoming plan.")
    if profile.budgetTier:
        rules.append("One may cite the budget.")
    return " ".join(rules)


def _prefix(profile: Profile | None, logs: Sequence[SkinLog], meta: dict[str, Any]) -> str:
    lines: list[str] = []
    told = for_prompt(profile)
    if told:
        lines.append(f"profile={_json(told)}")
    if logs:
        lines.append(f"recent_logs={_json([_log(log) for log in logs])}")
    said = {key: value for key, value in meta.items() if value not in (None, "", [], {})}
    if said:
        lines.append(f"meta={_json(said)}")
    return "\n".join(lines) + "\n\n" if lines else ""


def _log(log: SkinLog) -> dict[str, Any]:
    scores = {"date": log.date, "redness": log.redness, "acne": log.acne, "hydration": log.hydration}
    return {**scores, "notes": log.notes} if log.notes else scores


def _language(lang: Lang) -> str:
    return "Chinese" if lang == "CN" else "English"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
