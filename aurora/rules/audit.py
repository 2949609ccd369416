"""How good was the answer? Never changes it: a score for the `quality_audit` event and names for metrics.

Contract B 19 (score, invariants) and A 4.2 (soft rules).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aurora.rules import gap_reasons
from aurora.rules.card_laws import RECO_STATES
from aurora.rules.claims import makes_claim

MAX_TEXT = 280
MAX_MARKDOWN = 520

_IN_STOCK = re.compile(r"\b(?:in stock|available now|ready to ship)\b|有货|现货")
_CALL_TO_ACT = re.compile(
    r"\b(?:try|tap|tell|send|share|add|upload|start|use|choose|pick|pause|see|paste|ask|say|stop|keep|wait"
    r"|check|look|put|switch|alternate|come|rate)\b"
    r"|可以|请|试试|点|告诉|发|补充|上传|开始|选|说说|问我|停用|停掉|交替|换成|避免|记得"
)
_GREETING = re.compile(
    r"^\s*(?:good (?:morning|afternoon|evening)|hi|hello|你好|早上好|下午好|晚上好)[，,！!。. ]",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？]")

Cards = Sequence[tuple[str, Mapping[str, Any]]]


def soft_violations(
    message: str,
    cards: Cards,
    chip_count: int,
    next_state: str,
    reasons: Sequence[str],
    *,
    quoted: bool = False,
) -> list[str]:
    """Names of the soft rules that the answer breaks, for `anti_template_violation_count{rule}`.

    quoted: the words are an upstream's. They answer a question; whether they lead on is not ours to lint. A
    refusal needs no way on either, and a notice brings its own.
    """
    kinds = [kind for kind, _ in cards]
    found: list[str] = []
    if "recommendations" in kinds and next_state not in RECO_STATES:
        found.append("recommendations_state_mismatch")
    lines = [line for line in message.splitlines() if line.strip()]
    if len(lines) > 1 and _GREETING.match(lines[0]) and _GREETING.match(lines[1]):
        found.append("duplicate_prefix")
    if "env_stress" in kinds and "ess" in message.lower() and "radar" in message.lower():
        found.append("card_duplicate_env")
    if "recommendations" in kinds and message.lower().count("product_id") > 0:
        found.append("card_duplicate_recommendations")
    leads_on = chip_count > 0 or quoted or "error" in kinds or any(card.get("actions") for _, card in cards)
    asks = leads_on or _QUESTION.search(message) or _CALL_TO_ACT.search(message.lower())
    if message.strip() and not asks:
        found.append("missing_action")
    if any(reason not in gap_reasons.KNOWN for reason in reasons):
        found.append("field_missing_reason_unknown")
    return found


def quality_audit(
    message: str,
    is_markdown: bool,
    cards: Cards,
    chip_count: int,
    next_state: str,
    internal_state: str | None,
    *,
    template_id: str | None,
    pending: bool,
    low_confidence: bool,
    critical_gaps: int,
) -> dict[str, Any]:
    """Data of the `quality_audit` event.

    pending: a clarification is open. critical_gaps: demanded `field_missing` entries that are absent (the
    assembler adds them, so 0 on every way out).
    """
    recos = any(kind == "recommendations" for kind, _ in cards)
    reco_ok = not recos or next_state in RECO_STATES
    nulls = _null_offers(cards)
    stock_ok = not nulls or not _IN_STOCK.search(message.lower())
    chips_ok = not pending or 4 <= chip_count <= 10
    question_ok = not pending or len(_QUESTION.findall(message)) == 1
    claims = makes_claim(message)
    score = (
        25 * (len(message) <= (MAX_MARKDOWN if is_markdown else MAX_TEXT))
        + 25 * reco_ok
        + 20 * chips_ok
        + 15 * question_ok
        + 15 * stock_ok
    )
    invariants = (
        ("recommendations_reco_state", reco_ok, recos),
        ("pending_clarification_step_constraints", chips_ok and question_ok, pending),
        ("offers_null_inventory_assertion_guard", stock_ok, nulls > 0),
        ("critical_missing_fields_require_field_missing_reason", critical_gaps == 0, True),
    )
    return {
        "template_id": template_id,
        "ui_next_state": next_state,
        "internal_next_state": internal_state,
        "total_score": 0 if claims else score,
        "hard_fail_reasons": ["medical_claim"] if claims else [],
        "key_flags": {
            "used_photos": any(payload.get("used_photos") is True for _, payload in cards),
            "low_confidence": low_confidence,
            "offers_null_count": nulls,
        },
        "invariants": [
            {
                "id": name,
                "passed": passed,
                "applicable": applicable,
                "reason": "not_applicable" if not applicable else "ok" if passed else "violated",
            }
            for name, passed, applicable in invariants
        ],
    }


def _null_offers(cards: Cards) -> int:
    count = 0
    for kind, payload in cards:
        items = payload.get("items") if kind == "offers_resolved" else None
        if isinstance(items, list):
            count += sum(1 for i in items if not isinstance(i, Mapping) or i.get("offer") is None)
    return count
