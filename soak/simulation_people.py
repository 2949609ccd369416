"""Who asks what in a simulated world: people of two languages, and everything that they may send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from soak.people import PROFILE, ROUTINE
from soak.simulation_dice import ARRIVAL, Dice
from soak.simulation_products import FORMS as PRODUCT_FORMS
from soak.simulation_products import form
from soak.simulation_talks import TAP, Script

RED_FLAGS = ("severe pain, oozing pus and fever, recommend something", "化脓了还发烧，推荐一款面霜")
MESSAGES: tuple[str, ...] = (
    "hello",
    "Recommend a moisturizer",
    "推荐一款面霜",
    "Can I use retinol and glycolic acid the same night?",
    "烟酰胺和视黄醇可以一起用吗？",
    "build me a routine",
    "帮我搭配一套早晚护肤步骤",
    "start diagnosis",
    "what is the science behind niacinamide?",
    "Is this good for me: Dewfield Even Serum",
    "这款适不适合我：莫克 净润精华",
    "Send a link",
    "It will snow tomorrow, what should I change?",
    "明天下雪",
    "I'm travelling to Tokyo, 2026-12-01 to 2026-12-03. What about my skin?",
    "我要去冰岛旅行，皮肤怎么护？",
    "Is Winona Night Balm 50g in stock?",
    "有没有薇诺娜的产品",
    "my skin is oily and I want to fight acne",
    "Can I use tretinoin every night?",
    "我能用维A酸吗？",
    "I'm pregnant. Recommend a retinol serum",
    "is retinol safe with my medication?",
    "what does hydroquinone do?",
    "I want to try something new: CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST",
    "I want to try something new: CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST",
    "选一款面霜 CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST",
    "what now? CLARIFICATION_FLOW_V2_TRUNCATION_TEST",
    "what now? CLARIFICATION_FLOW_V2_RESUME_PROBE_BAD_TEST",
    "Is this good for me: Nobody's Serum PRODUCT_UNKNOWN_TEST",
    "Can I use this? Ingredients: water, glycerin, niacinamide, panthenol, retinol, fragrance",
    "评估这款：https://shop.example/p/1",
    "Aqua, glycerin, niacinamide, phenoxyethanol, retinol, panthenol",
    "plan a trip for me",
    "I want a cheaper routine, around 200 yuan",
    "预算 500 左右",
    "which ingredients should I look for?",
    "neither",
    "都没有",
    "28",
    "dry",
    "不确定",
    "thank you!",
    *RED_FLAGS,
)
CHIPS: tuple[str, ...] = (
    "chip.start.reco_products", "chip.start.reco_products", "chip.start.reco_products",
    "chip.start.routine", "chip.start.routine", "chip.budget.optimize.entry", "chip.budget._200",
    "chip.action.reco_routine", "chip.start.ingredients.safe_alternatives", "chip_checkin_now",
    "chip.profile.pregnancy.not_pregnant", "chip.profile.pregnancy.pregnant",
    "chip.start.diagnosis", "chip.start.ingredients",
    "chip.intake.upload_photos", "chip.intake.skip_analysis", "chip.action.analyze_product",
    "profile.skinType.oily", "profile.sensitivity.low", "profile.barrierStatus.healthy",
    "profile.goals.acne", "profile.patch", "chip.clarify.skin.dry",
)  # fmt: skip
PATCHES: tuple[dict[str, Any] | None, ...] = (
    None, {"skinType": "dry"}, {"barrierStatus": "impaired"}, {"goals": ["acne"], "sensitivity": "low"},
    {"odd": 1}, {"pregnancy_status": "pregnant"}, {"lactation_status": "lactating"},
    {"high_risk_medications": ["isotretinoin"]},
    {"travel_plan": {"destination": "Reykjavik", "start_date": "2026-12-01", "end_date": "2026-12-05"}},
)  # fmt: skip
ROUTINES = (
    ROUTINE, ROUTINE, "retinol every night", "早晚洁面，晚上用视黄醇",
    "a cleanser, but it is severely painful and oozing pus",
)  # fmt: skip
HARMLESS = ({"skinType": "dry"}, {"goals": ["acne"], "sensitivity": "low"}, {"skinType": "oily"})
FORMS: tuple[dict[str, Any], ...] = (
    {}, {"focus": "acne", "include_alternatives": True},
    {"focus": "acne", "constraints": {"budget": "¥200", "goal": "dark spots", "preference": "retinol"}},
    {"focus": RED_FLAGS[0]},
)  # fmt: skip
PHOTO = b"\xff\xd8the pixels of a face\xff\xd9"
# What leads to answers that hardly anything else leads to; always told with a fact.
RARE: tuple[dict[str, Any], ...] = (
    {"message": "预算 500 左右", "session": {"state": "S6_BUDGET"}},
    {"message": "不确定", "session": {"state": "S6_BUDGET"}},
    {"message": "build me a routine", "session": {"state": "S6_BUDGET"}},
    {"action": {"action_id": "chip.start.routine"}, "session": {"state": "S6_BUDGET"}},
    {"action": {"action_id": "chip.budget._200"}},
    {"action": {"action_id": "chip.budget.optimize.entry"}},
    {"action": {"action_id": "chip_checkin_now"}},
    {"action": {"action_id": "chip.intake.upload_photos"}},
    {"action": {"action_id": "chip.profile.pregnancy.not_pregnant"}},
    {"action": {"action_id": "chip.start.reco_products"}},
    {"action": {"action_id": "chip.start.reco_products"}, "message": "PICKS_EMPTY_TEST"},
    {"action": {"action_id": "chip.start.reco_products"}},
    {"action": {"action_id": "chip.start.routine"}},
    {"action": {"action_id": "chip.start.reco_products", "data": {"include_alternatives": True}}},
    {"message": "Recommend a moisturizer NO_CARDS_TEST"},
    {"message": "推荐一款面霜，最好有平替", "action": {"data": {"include_alternatives": True}}},
    {"message": "Can I use tretinoin every night?"},
    {"message": "Is this good for me: Mock Retinol Serum"},
    {"message": "Is this good for me?", "anchor_product_id": "mock_treatment_1"},
    {
        "message": "anything like this?",
        "action": {"action_id": "chip.action.dupe_compare", "data": {"include_alternatives": True}},
    },
    {"message": "hello"},
    {"message": "I'm travelling to Tokyo, 2026-12-01 to 2026-12-03. What about my skin?"},
    {"message": "Is Winona Night Balm 50g in stock?"},
    {"message": "有没有薇诺娜的产品"},
    {"message": "which ingredients should I look for?"},
    {"message": "plan a trip for me"},
    {"message": "plan a trip for me"},
    {"message": "Send a link"},
    {"message": "It will snow tomorrow in Oslo, what should I change?"},
    {"message": "Is this good for me: Nobody's Serum PRODUCT_UNKNOWN_TEST"},
    {"message": "Can I use this? Ingredients: water, glycerin, niacinamide, panthenol, retinol, fragrance"},
    {"message": "what now? CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST"},
    {"message": "what now? CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST"},
    {"message": "dry", "clarification_id": "skin_type"},
)
CLIENT_STATES = (
    "IDLE_CHAT", "DIAG_PROFILE", "DIAG_PROFILE", "RECO_GATE", "RECO_RESULTS", "ROUTINE_REVIEW", "NOWHERE",
)  # fmt: skip
TOKENS = ("idle", "S2_DIAGNOSIS", "S3_PHOTOS", "S7_PRODUCT_RECO", "S6_BUDGET", "S6_BUDGET", "RECO_RESULTS")
TRANSITIONS = (
    {"trigger_source": "chip", "trigger_id": "chip_get_recos", "requested_next_state": "RECO_GATE"},
    {"trigger_source": "text_explicit", "trigger_id": "chat", "requested_next_state": "RECO_RESULTS"},
    {"trigger_source": "action", "trigger_id": "nobody", "requested_next_state": "ELSEWHERE"},
)
INSTANTS_MS = (0, 0, 0, 1, 40, 250, 900, 3000, 9000, 20000)
WAITED_MS = (1, 900, 1490, 2990, 8500, 9000, 11999, 13000)
CORE = {key: PROFILE[key] for key in ("skinType", "sensitivity", "barrierStatus", "goals")}

KINDS: tuple[str, ...] = (
    *["chat"] * 16, "analysis", "analysis", "bootstrap", "bootstrap", "profile_update",
    "tracker_log", "tracker_recent", "affiliate_outcome", "profile_delete", "routine_simulate",
    "reco_generate", "photo_presign", "photo_confirm", "photo_upload",
    *PRODUCT_FORMS,
)  # fmt: skip
ABOUT_PRODUCTS = (*PRODUCT_FORMS, "product_analyze", "dupe_suggest", "profile_update", "analysis")
LED = (*["chat"] * 8, "analysis", "profile_update")
OUTCOMES = (*["affiliate_outcome"] * 4, "chat")
GENERATED = (*["reco_generate"] * 4, "analysis", "profile_update")
LEAVING = (*["profile_delete"] * 4, "chat", "analysis", "photo_upload")
WITH_PHOTOS = ("chat", "photo_presign", "photo_confirm", "photo_upload", "analysis", "analysis", "analysis")


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One request. at_ms: when it is sent, in its person's time; waited_ms: how long before that it arrived.

    alone: its person sends nothing else before it is answered. follows: a chat that is sent as the client
    does, from what the last answer offered (`simulation_client`); `body` where there was nothing. first: says
    who the person is.
    """

    number: int
    uid: str
    kind: str
    body: Any
    lang: Lang
    brief_id: str | None
    raw: dict[str, Any]
    at_ms: int
    waited_ms: int
    alone: bool
    follows: bool = False
    first: bool = False

    @property
    def request_id(self) -> str:
        """Unique within the world."""
        return f"rq-{self.number}"

    @property
    def red_flag(self) -> bool:
        """Whether it says something that needs a doctor."""
        said = self.body if isinstance(self.body, dict) else {}
        return said.get("message") in RED_FLAGS or said.get("focus") in RED_FLAGS


def planned(
    dice: Dice,
    turns: int,
    *,
    rare: bool = False,
    leads: Sequence[Script] = (),
    kinds: Sequence[str] = KINDS,
) -> list[Planned]:
    """What some people send, in order of sending. Most of them have told who they are first.

    rare: nearly every word comes with a fact, and leads to rare answers. leads: talks that they have above
    all. kinds: what they send.
    """
    people = [f"uid-{number}" for number in range(dice.whole(1, 3))]
    made: list[Planned] = []
    for uid in people:
        known = dice.chance(0.8)
        if known:
            made.append(_request(dice, len(made), uid, "profile_update", CORE, alone=True, first=True))
        if known and dice.chance(0.8):
            routine = {"currentRoutine": ROUTINE}
            made.append(_request(dice, len(made), uid, "analysis", routine, alone=True, first=True))
    while len(made) < turns:
        uid, kind = dice.pick(people), dice.pick(kinds)
        if leads and kind in ("chat", *PRODUCT_FORMS) and dice.chance(0.8):
            made += _talk(dice, len(made), uid, dice.pick(leads))
            continue
        body = _body(dice, kind)
        if rare and kind == "chat" and dice.chance(0.8):
            body = _with_fact(dice.pick((*RARE, {"message": dice.pick(MESSAGES)})), dice, HARMLESS)
        elif kinds is WITH_PHOTOS and kind == "analysis":
            body = _with_photo(dice)
        made.append(_request(dice, len(made), uid, kind, body))
        if kind in PRODUCT_FORMS and dice.chance(0.4):  # the same again: it may be known by now
            made.append(_request(dice, len(made), dice.pick(people), kind, body, alone=dice.chance(0.6)))
        while kind in ("chat", "reco_generate") and dice.chance(0.45):
            if kind == "chat" and dice.chance(0.3):  # the same again
                made.append(_request(dice, len(made), uid, kind, made[-1].body, alone=True))
                continue
            body = {"message": dice.pick(MESSAGES)}
            made.append(_request(dice, len(made), uid, "chat", body, alone=dice.chance(0.8), follows=True))
    return made


def _talk(dice: Dice, number: int, uid: str, script: Script) -> list[Planned]:
    """One after the other; the last words mostly come with a fact, unless they state one of their own."""
    made: list[Planned] = []
    for place, (kind, said) in enumerate(script):
        body = said
        last = place == len(script) - 1
        if last and kind == "chat" and dice.chance(0.3 if "session" in said else 0.85):
            body = _with_fact(said, dice, HARMLESS)
        tapped = kind == TAP
        made.append(
            _request(dice, number + place, uid, "chat" if tapped else kind, body, alone=True, follows=tapped)
        )
    return [msgspec.structs.replace(each, lang=made[0].lang) for each in made]


def _request(
    dice: Dice,
    number: int,
    uid: str,
    kind: str,
    body: Any,
    *,
    alone: bool = False,
    follows: bool = False,
    first: bool = False,
) -> Planned:
    waited = not alone and dice.fault(ARRIVAL, 0.3)
    return Planned(
        number=number,
        uid=uid,
        kind=kind,
        body=body,
        lang=dice.pick(("EN", "CN")),
        brief_id=dice.pick((f"brief-{uid}", f"brief-{uid}", None)),
        raw={"days": dice.pick(("7", "3", "0", "many"))} if kind == "tracker_recent" else {},
        at_ms=dice.pick(INSTANTS_MS),
        waited_ms=dice.pick(WAITED_MS) if waited else 0,
        alone=alone or dice.chance(0.4),
        follows=follows,
        first=first,
    )


def _body(dice: Dice, kind: str) -> Any:
    match kind:
        case "chat":
            return _chat(dice)
        case "analysis":
            return _analysis(dice)
        case "profile_update":
            return dice.pick((PROFILE, CORE, {"skinType": "dry"}, {}))
        case "tracker_log":
            log: dict[str, Any] = {"redness": dice.whole(0, 5), "acne": 1, "hydration": 3, "notes": "calm"}
            if dice.chance(0.5):
                log["date"] = f"2026-11-{dice.whole(1, 24):02d}"
            return log
        case "routine_simulate":
            steps = {"pm": [{"step": "Treatment", "key_actives": ["retinol"]}]}
            return {"routine": steps, "test_product": {"name": "AHA toner"}}
        case "reco_generate":
            return dice.pick(FORMS)
        case "photo_presign":
            return {"slot_id": "daylight", "content_type": "image/jpeg", "bytes": len(PHOTO)}
        case "photo_confirm":
            return {"photo_id": f"upl_{dice.whole(1, 3)}", "slot_id": "daylight"}
        case "affiliate_outcome":
            return {"outcome": "success", "url": "https://shop.example/p/1"}
    return form(dice, kind) if kind in PRODUCT_FORMS else None


def _chat(dice: Dice) -> dict[str, Any]:
    if dice.chance(0.25):
        return _with_fact({"message": dice.pick(MESSAGES)}, dice)
    if dice.chance(0.35):
        return _with_fact(dice.pick(RARE), dice)
    body: dict[str, Any] = {}
    patch = dice.pick(PATCHES)
    if dice.chance(0.6):
        data: dict[str, Any] = {"profile_patch": patch} if patch is not None else {}
        if dice.chance(0.3):
            data["include_alternatives"] = True
        body["action"] = {"action_id": dice.pick(CHIPS), "kind": "chip", "data": data}
    if "action" not in body or dice.chance(0.4):
        body["message"] = dice.pick(MESSAGES)
    if dice.chance(0.3):
        body["client_state"] = dice.pick(CLIENT_STATES)
    if dice.chance(0.3):
        body["session"] = {"state": dice.pick(TOKENS)}
    if dice.chance(0.1):
        body["requested_transition"] = dice.pick(TRANSITIONS)
    if dice.chance(0.1):
        body["llm_provider"] = "gemini"
    if dice.chance(0.1):
        body["anchor_product_id"] = "mock_treatment_1"
    if dice.chance(0.1):
        body["clarification_id"] = "skin_type"
    return body


def _with_photo(dice: Dice) -> dict[str, Any]:
    photo = {"slot_id": "daylight", "photo_id": f"upl_{dice.whole(1, 3)}", "qc_status": "passed"}
    return {"currentRoutine": ROUTINE, "use_photo": True, "photos": [photo]}


def _with_fact(
    body: dict[str, Any], dice: Dice, facts: Sequence[dict[str, Any] | None] = PATCHES
) -> dict[str, Any]:
    """The same request with a fact: while the answer is made, it is still being saved."""
    action = body.get("action", {})
    data = {**action.get("data", {}), "profile_patch": dice.pick(facts) or {"skinType": "dry"}}
    named = action.get("action_id", "profile.patch")
    return {**body, "action": {"action_id": named, "kind": "chip", "data": data}}


def _analysis(dice: Dice) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if dice.chance(0.7):
        body["currentRoutine"] = dice.pick(ROUTINES)
    if dice.chance(0.5):
        body["use_photo"] = True
        status, photo = dice.pick(("passed", "passed", "failed")), f"upl_{dice.whole(1, 3)}"
        body["photos"] = [{"slot_id": "daylight", "photo_id": photo, "qc_status": status}]
    return body
