"""What the decision system is asked of two products, or of one and its likes (contract D 1.4).

Nothing of a person stands in any of these; products are named in one line each. The task words are how the
decision system, and its understudy, know what is wanted.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.product_naming import Named, one_line
from aurora.rules.query import alternatives_query, deep_scan_query, parse_query

_ACTION: Final = "chip.action.dupe_compare"
_PARSE: Final = "chip.action.parse_product"
_SCAN: Final = "chip.action.analyze_product"
_COMPARE_SHAPE: Final = (
    "Answer with JSON only: original and dupe {sku_id, product_id, brand, name}, similarity 0..100, "
    "tradeoffs (at most 6 lines: what the dupe omits, adds, how feel, irritation and price differ), "
    "tradeoffs_detail {missing_actives, added_benefits, texture_finish_differences, price_delta_usd, "
    "availability_note}, "
    "evidence {science {key_ingredients, mechanisms, fit_notes, risk_notes}, social_signals "
    "{typical_positive, typical_negative, risk_for_groups}, expert_notes}, confidence 0..1, missing_info."
)


def compare(original: Named, dupe: Named, lang: Lang) -> str:
    """How do the two differ?"""
    lines = [
        "Task: Compare the original with the dupe: what is gained and what is given up.",
        _COMPARE_SHAPE,
        f"Never invent evidence: unknown is empty. Write all texts in {_language(lang)}.",
        f"Original: {_told(original)}",
        f"Dupe: {_told(dupe)}",
    ]
    return _asked(lang, "dupe_compare", lines)


def alternatives(product: Named, lang: Lang, *, anchor_id: str = "") -> str:
    """What could replace it? anchor_id: its id, if known by now."""
    known = product.product or {"name": product.text}
    sku: dict[str, Any] = {key: one_line(value) for key, value in known.items() if isinstance(value, str)}
    if anchor_id and not (sku.get("sku_id") or sku.get("product_id")):
        sku["product_id"] = anchor_id
    sku.setdefault("name", sku.get("display_name") or product.text)
    return alternatives_query({"sku": sku}, lang, profile=None, careful=False, meta=_meta(lang))


def parse(product: Named, lang: Lang) -> str:
    """Which product is that?"""
    return parse_query(one_line(product.text), meta=_meta(lang), action=_PARSE)


def scan(product: Named, lang: Lang) -> str:
    """What is in it? Asked without a person."""
    return deep_scan_query(
        _told(product), lang, profile=None, logs=(), meta=_meta(lang), minimal=True, action=_SCAN
    )


def _told(product: Named) -> str:
    """Its name, and its address if that is known too."""
    return one_line(f"{product.words} {product.url}" if product.words else product.text)


def _meta(lang: Lang) -> dict[str, Any]:
    return {"lang": lang, "trigger_source": "text"}


def _asked(lang: Lang, intent: str, lines: list[str]) -> str:
    meta = {**_meta(lang), "intent": intent, "action_id": _ACTION}
    return "\n".join([f"meta={msgspec.json.encode(meta).decode()}", "", *lines])


def _language(lang: Lang) -> str:
    return "Chinese" if lang == "CN" else "English"
