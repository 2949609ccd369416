"""One canonical intent per message (contract B 5): for events, metadata and the planner, never for a gate.

The order is the contract's: the tapped id, then known phrases, then loose words. Where the contract found
bare words too eager (REC) whole words are asked for: "next week" alone is no trip, 风 alone no weather.
"""

from __future__ import annotations

import re

import msgspec

from aurora.rules.request import ChatAsk
from aurora.rules.text import pattern

Table = tuple[tuple[re.Pattern[str], str], ...]

_BY_ID = {
    "chip.start.reco_products": "reco_products",
    "chip_get_recos": "reco_products",
    "chip.start.routine": "routine",
    "chip.action.reco_routine": "routine",
    "chip.action.analyze_product": "evaluate_product",
    "chip_action_analyze_product": "evaluate_product",
    "chip.fitcheck.send_link": "evaluate_product",
    "chip.fitcheck.send_product_name": "evaluate_product",
    "chip.action.dupe_compare": "dupe_compare",
    "chip.start.dupes": "dupe_compare",
    "chip.start.ingredients": "ingredient_science",
    "chip_start_ingredients": "ingredient_science",
    "chip.start.diagnosis": "diagnosis_start",
    "chip_start_diagnosis": "diagnosis_start",
}
_BY_ID_PART: Table = (
    (pattern("dupe"), "dupe_compare"),
    (pattern("routine"), "routine"),
    (pattern("ingredient|science"), "ingredient_science"),
    (pattern("evaluate|fit[_-]check|analyze_product"), "evaluate_product"),
    (pattern("reco(?!rd)"), "reco_products"),
    (pattern(r"travel|weather|(?<![a-z])env(?![a-z])"), "travel_planning"),
    (pattern("conflict|compat"), "conflict_check"),
    (pattern("diagnosis|diag"), "diagnosis_start"),
)

_LINK = pattern(
    r"\b(?:send|paste) (?:a|the) link\b|\bhere(?:'s| is) the link\b|^\s*link\s*$"
    r"|发链接|贴链接|发送链接|这是链接|给你链接|粘贴链接"
)
_TRAVEL = pattern(
    r"\b(?:travel(?:l?ing)?|trip|itinerary|destination|flights?|flying|hotel|packing)\b"
    r"|出差|旅行|旅途|行程|目的地|航班|飞行|酒店|打包"
)
_ACTIVE = pattern(
    r"\b(?:retin(?:ol|oid|al)s?|tretinoin|adapalene|hydroquinone|isotretinoin|niacinamide|azelaic|salicylic"
    r"|glycolic|vitamin c)\b|a醇|维a|阿达帕林|氢醌|异维a酸|烟酰胺|水杨酸|果酸|壬二酸|维c"
)
_PHRASES: Table = (
    (
        pattern(
            r"\brecommend (?:a few )?products?\b|\bgive me products?\b|产品推荐|推荐一些产品|给我推荐产品"
        ),
        "reco_products",
    ),
    (
        pattern(r"\bbuild (?:me )?(?:an )?am\s*/\s*pm routine\b|早晚护肤|护肤 ?routine|生成.{0,20}routine"),
        "routine",
    ),
    (
        pattern(
            r"\bevaluate (?:a )?(?:specific )?product\b|\b(?:assess|analy[sz]e|check) (?:this )?product\b"
            r"|(?:评估|分析|测评).{0,12}产品"
        ),
        "evaluate_product",
    ),
    (pattern(r"\b(?:dupes?|alternatives?)\b|平替|替代品|更便宜替代"), "dupe_compare"),
    (pattern(r"\bingredient science\b|成分机理|成分科学|证据链|机制|机理"), "ingredient_science"),
    (_TRAVEL, "travel_planning"),
    (
        pattern(r"\b(?:weather|humidity|uv|climate|temperature)\b|天气|湿度|紫外线|气候|温度|大风|风大"),
        "weather_env",
    ),
    (
        pattern(r"\b(?:conflicts?|compatible|pair|layer|mix|combine)\b|冲突|兼容|叠加|一起用|同晚"),
        "conflict_check",
    ),
)
_LOOSE: Table = (
    (
        pattern(
            r"\b(?:pregnan\w{0,4}|lactat\w{0,4}|breastfeed\w{0,4})\b|怀孕|备孕|哺乳"
            r"|\banaly[sz]e ingredients?\b|\bingredient analysis\b|成分分析|\b(?:watchouts?|benefits?)\b|证据"
        ),
        "ingredient_science",
    ),
    (_ACTIVE, "ingredient_science"),
    (
        pattern(
            r"\b(?:evaluat(?:e|ion)|assess(?:ment)?)\b|评估|测评|评价|适合吗"
            r"|\bis this .{0,40}\b(?:good|right|suitable)\b.{0,40}\bfor me\b|\bfit check\b"
            r"|\bwill this\b.{0,40}\bsuit me\b"
            r"|(?:这个|这款).{0,20}适合我吗"
        ),
        "evaluate_product",
    ),
    (pattern(r"\b(?:recommend|suggest)\b|推荐"), "reco_products"),
    (pattern(r"\broutine\b|\bam\s*/\s*pm\b|流程"), "routine"),
)


class Intent(msgspec.Struct, frozen=True):
    """The intent, how it was found, and how sure that way of finding is (0..1)."""

    name: str
    source: str
    confidence: float


UNKNOWN = Intent("unknown", "none", 0.0)


def canonical(ask: ChatAsk) -> Intent:
    """The canonical intent of a request."""
    action = ask.action_id or ""
    if action in _BY_ID:
        return Intent(_BY_ID[action], "action_id", 0.98)
    by_part = _first(_BY_ID_PART, action) if action.startswith(("chip", "action")) else None
    if by_part:
        return Intent(by_part, "action_id", 0.98)
    text = ask.text
    if _LINK.search(text):
        return Intent("evaluate_product", "known_option_text", 0.94)
    about_active = _ACTIVE.search(text) is not None
    if _TRAVEL.search(text) and not about_active:
        return Intent("travel_planning", "known_option_text", 0.93)
    phrase = _first(_PHRASES, text)
    if phrase and not (about_active and phrase in ("weather_env", "travel_planning")):
        return Intent(phrase, "known_option_text", 0.92)
    loose = _first(_LOOSE, text)
    return Intent(loose, "heuristic_regex", 0.8) if loose else UNKNOWN


def _first(table: Table, text: str) -> str | None:
    return next((name for found, name in table if found.search(text)), None)
