"""How the service of a simulated world is set: every switch that turns meet, drawn from the seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from aurora.actors import catalogue
from aurora.rules.matcher.catalogue import Catalogue
from aurora.settings import Settings
from aurora.web.refreshing import BUDGET_MS
from aurora.web.turns import TURNS
from soak.simulation_dice import Dice
from soak.simulation_knowledge import FRESH_HOURS
from soak.simulation_products import REFRESHES


def _refresh(_: Settings) -> tuple[str, int]:
    return "refresh", BUDGET_MS


# What a kind of turn opens with, by its settings.
BUDGETS = {**{route.kind: route.budget for route in TURNS}, **dict.fromkeys(REFRESHES, _refresh)}
AVAIL_SEARCH_MS, SHOP_SEARCH_MS = 1200, 1800  # differ: the laws tell the two searches apart by them
NORMALLY_ON = (
    "ingredient_plan_enabled", "product_matcher_enabled", "diag_artifact_enabled", "avail_fast_path",
    "avail_resolve_fallback", "reco_pdp_resolve_enabled", "reco_diversity_enabled", "always_profile_prompt",
    "clarification_filter_known", "clarification_history_context", "profile_v2_enabled", "resume_prefix_v1",
)  # fmt: skip
NORMALLY_OFF = (
    "avail_resolve_on_transient", "conflict_heatmap_v1", "reco_catalog_grounded", "resume_prefix_v2",
    "qa_planner_v1", "response_meta", "include_raw_context", "skin_force_vision_call",
    "photo_auto_analysis",
)  # fmt: skip
OFTEN_ON = (
    "clarification_flow_v2",
    "loop_breaker_v2",
    "travel_weather_live",
    "product_rec_allow_seed",
    "product_catalog_fallback",
    "skin_vision_enabled",
)


def settings(dice: Dice, wishes: Mapping[str, Any]) -> Settings:
    """The settings of one world. wishes: these are as they say."""
    chat_ms, reco_ms = dice.pick((12000, 12000, 3000)), dice.pick((9000, 9000, 2000, 14000))
    if dice.heat and chat_ms != reco_ms:
        dice.happened("budget.restated")
    switches: dict[str, Any] = {name: not dice.chance(0.1) for name in NORMALLY_ON}
    switches |= {name: dice.chance(0.35) for name in NORMALLY_OFF}
    switches |= {name: dice.chance(0.7) for name in OFTEN_ON}
    drawn = Settings(
        decision_base_url="http://decision.simulated",
        backend_base_url="http://commerce.simulated",
        backend_api_key=dice.pick(("key", "key", "")),
        gemini_api_key=dice.pick(("key", "key", "")),
        openai_api_key=dice.pick(("key", "")),
        chat_budget_ms=chat_ms,
        reco_budget_ms=reco_ms,
        analysis_budget_ms=dice.pick((12000, 12000, 2000)),
        photo_budget_ms=dice.pick((14000, 14000, 3000)),
        upstream_limit=dice.pick((128, 128, 1, 2)),
        breaker_min_calls=dice.pick((20, 2)),
        max_turns=dice.pick((512, 512, 512, 2)),
        avail_search_timeout_ms=AVAIL_SEARCH_MS,
        reco_catalog_search_timeout_ms=SHOP_SEARCH_MS,
        reco_alternatives_concurrency=dice.pick((1, 2)),
        photo_cache_max_items=dice.pick((50, 1, 0)),
        product_parse_budget_ms=dice.pick((6000, 6000, 1500)),
        product_analyze_budget_ms=dice.pick((12000, 12000, 5000, 2000)),
        dupe_suggest_budget_ms=dice.pick((12000, 12000, 3000)),
        dupe_compare_budget_ms=dice.pick((12000, 12000, 3000)),
        offers_budget_ms=dice.pick((12000, 12000, 2000)),
        kb_product_fresh_hours=dice.pick(FRESH_HOURS),
        kb_dupes_fresh_hours=dice.pick(FRESH_HOURS),
        kb_product_mem_entries=dice.pick((600, 600, 1)),
        rollout_enabled=dice.chance(0.2),
        rollout_core_pct=50,
        rollout_safety_pct=25,
        rollout_weather_pct=25,
        **switches,
    )
    return msgspec.structs.replace(drawn, **wishes)


def shelf(settings: Settings) -> Catalogue | None:
    """The made-up catalogue, where the settings allow it."""
    return _read() if settings.product_rec_allow_seed else None


@cache
def _read() -> Catalogue | None:
    return catalogue.load(Settings(product_rec_allow_seed=True))
