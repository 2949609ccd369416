"""What leads to rare waits: talks of one person, told in order, the last words with a fact to save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soak.people import ROUTINE

TAP = "tap"  # on what the last answer offered
Said = tuple[str, dict[str, Any]]
Script = tuple[Said, ...]


def _say(message: str, **more: Any) -> Said:
    return "chat", {"message": message, **more}


def _tap(chip: str, **data: Any) -> Said:
    return "chat", {"action": {"action_id": chip, "data": data}}


PICKS = _tap("chip.start.reco_products")
NO_PICKS: Said = ("chat", {**PICKS[1], "message": "PICKS_EMPTY_TEST"})
PREGNANT = _tap("chip.profile.pregnancy.pregnant")
RETINOL = _say("Can I use tretinoin every night?")
BUDGET = {"session": {"state": "S6_BUDGET"}}
ASKED_TWICE = _say("what now? CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST")
ANYTHING: Said = (TAP, {"message": "不确定"})
ILL: Said = ("analysis", {"currentRoutine": "a cleanser, but it is severely painful and oozing pus"})

_SERUM = {"sku_id": "mock_serum_1", "brand": "Understudy", "name": "Even Tone Niacinamide Serum"}
FIT: Said = ("product_analyze", {"product": _SERUM})
FORCED: Said = ("product_analyze", {"product": _SERUM, "force_refresh": True})
FIT_URL: Said = ("product_analyze", {"url": "https://shop.example/p/mock_serum_1"})
LIKE_IT: Said = ("dupe_suggest", {"original": _SERUM})
LOGGED: Said = ("tracker_log", {"redness": 1, "acne": 2, "hydration": 3})
_PHOTO = {"slot_id": "daylight", "photo_id": "upl_1", "qc_status": "passed"}
SEEN: Said = ("analysis", {"currentRoutine": ROUTINE, "use_photo": True, "photos": [_PHOTO]})

LEADS: Mapping[str, tuple[Script, ...]] = {
    "flows/chat_steps/availability.py to_be_had": (
        (_say("预算500，薇诺娜有货吗", **BUDGET),),
        (_say("有没有薇诺娜的产品，预算 500", **BUDGET),),
        (_say("budget 500: is Winona Night Balm 50g in stock?", **BUDGET),),
    ),
    "flows/chat_steps/fit_check.py fit_check": (
        (_say("Send a link"),),
        (_say("我发链接"),),
        (_say("Is this good for me?"),),
    ),
    "flows/chat_steps/open_cards.py gather": ((_say("what goes with CONTEXT_CARDS_TEST"),),),
    "flows/chat_steps/open_chat.py open_chat": (
        (PREGNANT, _say("Is this good for me: Night Shift 0.2")),
        (PREGNANT, _say("Is this good for me: Night Shift 0.2")),
        (PREGNANT, _say("Is this good for me?", anchor_product_id="mock_treatment_1")),
        (_say("Is this good for me: Nobody's Serum PRODUCT_UNKNOWN_TEST"),),
        (_say("Is this good for me?", anchor_product_id="mock_treatment_1"),),
        (_say("what goes with NO_CARDS_TEST"),),
        (_say("hello STRUCTURED_STUB_ONLY_TEST"),),
        (_say("hello"),),
    ),
    "flows/chat_steps/open_chat.py _without_words": (
        (_say("hello STRUCTURED_STUB_ONLY_TEST"),),
        (_say("hello"),),
    ),
    "flows/chat_steps/pending_flow.py next_clarification": ((ASKED_TWICE, ANYTHING, ANYTHING),),
    "flows/chat_steps/product_verdict.py _looked_up": (
        (_say("Can I use this? Ingredients: water, glycerin, niacinamide, panthenol, fragrance"),),
        (_say("Is this good for me? Ingredients: water, glycerin, niacinamide, panthenol, squalane"),),
        (_say("Send a link"), _say("Ingredients: water, glycerin, niacinamide, panthenol, squalane")),
    ),
    "flows/chat_steps/reco_extras.py _Alternatives.settle": (
        (_tap("chip.start.reco_products", include_alternatives=True),),
    ),
    **dict.fromkeys(
        (
            "flows/dupe_suggest.py _Suggesting._renew_later",
            "flows/dupe_suggest.py _Suggesting.answer",
            "flows/dupe_suggest.py _Suggesting.renew",
            "flows/dupe_suggest.py refresh",
        ),
        ((LIKE_IT, LIKE_IT, LIKE_IT),),
    ),
    **dict.fromkeys(
        (
            "flows/product.py _Analysing._serve",
            "flows/product.py _Analysing.answer",
            "flows/product.py _Analysing.renew",
        ),
        ((FIT, FIT, FIT), (FORCED, FIT, FORCED), (FIT_URL, FIT_URL, FIT_URL)),
    ),
    "flows/chat_steps/picks.py recommend": ((NO_PICKS,), (PICKS,)),
    "flows/chat_steps/red_flags.py red_flags": (
        (_say("severe pain, oozing pus and fever, recommend something"),),
        (_say("化脓了还发烧，推荐一款面霜"),),
    ),
    "flows/chat_steps/reco_extras.py _Openings.settle": ((PICKS,),),
    "flows/chat_steps/reco_sources.py _matched": ((PICKS,),),
    "flows/chat_steps/reco_sources.py from_matcher": ((LOGGED, SEEN, PICKS), (SEEN, PICKS), (PICKS,)),
    "flows/chat_steps/safety.py _ask": ((RETINOL, RETINOL, RETINOL), (RETINOL,)),
    "flows/chat_steps/safety.py safety_check": ((ILL, PICKS), (PREGNANT, RETINOL), (RETINOL,)),
    "flows/chat_steps/weather.py weather_answer": ((_say("It will snow tomorrow in Oslo, what now?"),),),
}
