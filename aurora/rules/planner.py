"""What a turn still needs to know, how often that was asked, and when to stop asking (contract B 11.1).

The planner counts how often the same turn (intent, fields, language) had to ask for the same things in a row.
From the third time on the answer is: go on with careful defaults. It decides nothing about safety; a question
that the safety rules ask is only counted here, so that nobody is asked for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import phase0
from aurora.rules.safety import Result
from aurora.rules.text import hit, pattern

GateType = Literal["none", "soft", "hard"]
Break = Literal["none", "chips_single_question", "conservative_defaults", "stop_asking"]
NextStep = Literal["ask", "tool_call", "upstream"]

MAX_COUNT = 9
MAX_FIELDS = 6
STATE_KEY = "qa_planner_v2"
TRAVEL = ("destination", "start_date", "end_date")

_STRONG_ACTIVE = pattern(
    r"\b(?:retinoids?|retinols?|tretinoin|adapalene|hydroquinone|isotretinoin|peels?|high strength acids?)\b"
    r"|a醇|维a|阿达帕林|氢醌|异维a酸|刷酸|果酸换肤"
)
# Safety questions that no stored fact answers, by rule.
_ASKED_IN_WORDS = {"I3": "top_goal"}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about what is not known.

    required_fields: at most six, `travel_plan.` before those of a trip, `anchor` for a product. count: how
    often in a row they were asked for, this turn included. question_budget: how many questions may still be
    asked; 0 means none, answer carefully instead.
    """

    intent: str
    required_fields: tuple[str, ...] = ()
    gate_type: GateType = "none"
    signature: str = ""
    count: int = 0
    break_applied: Break = "none"
    question_budget: int = 2
    next_step: NextStep = "upstream"
    can_answer_now: bool = True

    @property
    def broke(self) -> bool:
        """Asking is over: the answer goes on with careful defaults."""
        return self.next_step == "ask" and self.break_applied in ("conservative_defaults", "stop_asking")

    def state(self, now_ms: int) -> dict[str, Any]:
        """The part that the next turn needs."""
        return {"signature": self.signature, "count": self.count, "updated_at_ms": now_ms}


def plan(
    *,
    intent: str,
    text: str,
    lang: Lang,
    profile: Profile | None,
    anchored: bool,
    patched: bool,
    trip_settled: bool = False,
    previous: object = None,
    safety: Result | None = None,
) -> Plan:
    """Plan one turn.

    text: the message, folded. anchored: a product is named. patched: this turn stated facts. trip_settled:
    no dates and no destination are wanted. previous: the state kept by the last turn, of any shape. safety:
    what the safety rules say of the turn.
    """
    asks = safety is not None and safety.asks
    fields = required_fields(intent, text, profile, anchored=anchored, safety=safety)
    if trip_settled:
        fields = tuple(field for field in fields if not field.startswith("travel_plan."))
    gate = _gate_type(intent, fields, asks=asks)
    signature = signature_of(intent, fields, lang)
    count = 0 if patched or anchored else _count(previous, signature)
    broken = break_for(count)
    return Plan(
        intent=intent,
        required_fields=fields,
        gate_type=gate,
        signature=signature,
        count=count,
        break_applied=broken,
        question_budget=_budget(broken, gate),
        next_step=_next_step(intent, fields),
        can_answer_now=not asks and (count >= 3 or gate == "none" or (gate == "soft" and len(fields) <= 1)),
    )


def required_fields(
    intent: str, text: str, profile: Profile | None, *, anchored: bool, safety: Result | None
) -> tuple[str, ...]:
    """What must be known before this intent can be answered well, in the order of asking."""
    known = profile or Profile()
    if safety is not None and safety.asks:
        in_words = [_ASKED_IN_WORDS[r.id] for r in safety.matched_rules if r.id in _ASKED_IN_WORDS]
        return (*safety.required_fields, *in_words)[:MAX_FIELDS] or ("pregnancy_status",)
    if intent in ("reco_products", "routine"):
        return tuple(phase0.missing(profile))
    if intent in ("evaluate_product", "dupe_compare") and not anchored:
        return ("anchor",)
    if intent in ("evaluate_product", "dupe_compare", "ingredient_science"):
        unsaid = known.pregnancy_status in (None, "unknown")
        return ("pregnancy_status",) if unsaid and hit(text, _STRONG_ACTIVE) else ()
    if intent in ("travel_planning", "weather_env"):
        trip = known.travel_plan or {}
        return tuple(f"travel_plan.{key}" for key in TRAVEL if not trip.get(key))
    return ()


def signature_of(intent: str, fields: Sequence[str], lang: Lang) -> str:
    """What makes two turns the same question."""
    first = f"{intent}:{fields[0] if fields else ''}"
    return "|".join((intent, *sorted(fields), first, lang)).lower()


def break_for(count: int) -> Break:
    """How asking ends, step by step."""
    if count >= 4:
        return "stop_asking"
    return "conservative_defaults" if count == 3 else "chips_single_question" if count == 2 else "none"


def _count(previous: object, signature: str) -> int:
    if not isinstance(previous, Mapping) or previous.get("signature") != signature:
        return 1
    before = previous.get("count")
    if not isinstance(before, int) or isinstance(before, bool):
        return 1
    return min(max(before, 0) + 1, MAX_COUNT)


def _gate_type(intent: str, fields: Sequence[str], *, asks: bool) -> GateType:
    if not fields:
        return "none"
    return "hard" if asks or intent in ("reco_products", "routine") or "anchor" in fields else "soft"


def _budget(broken: Break, gate: GateType) -> int:
    if broken == "stop_asking":
        return 0
    return 1 if broken == "chips_single_question" or gate == "hard" else 2


def _next_step(intent: str, fields: Sequence[str]) -> NextStep:
    if fields:
        return "ask"
    return "tool_call" if intent in ("travel_planning", "weather_env") else "upstream"
