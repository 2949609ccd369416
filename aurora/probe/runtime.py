"""One person's way through the service, thirteen requests (contract E 4.1)."""

from __future__ import annotations

import time
from typing import Any

from aurora.contract.envelope import Lang
from aurora.probe.gates import no_picks
from aurora.probe.report import Report, Step
from aurora.probe.wire import Answer, Person, Service

WORDS = {
    "EN": {
        "picks": "Show me product picks.",
        "itinerary": "Three days of skiing next week, cold and dry.",
        "notes": "A little dry around the nose.",
        "conflict": "My PM treatment is retinol. Can I add a glycolic acid toner? Check conflicts.",
        "product": "Nivea Creme",
    },
    "CN": {
        "picks": "给我看看产品推荐。",
        "itinerary": "下周去滑雪三天，又冷又干。",
        "notes": "鼻翼旁边有点干。",
        "conflict": "我晚上在用A醇，还能叠加果酸爽肤水吗？帮我看看有没有冲突。",
        "product": "妮维雅经典蓝罐霜",
    },
}
PROFILE = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "impaired",
    "goals": ["dark_spots", "acne"],
    "budgetTier": "¥500",
}
# What shows that picks were chosen for this person (contract D 5.6), in either language.
MARKERS = (
    "last 7d", "check-in", "check in", "checkin", "upcoming plan", "itinerary", "barrier", "tolerance",
    "goal", "sensitivity", "近7天", "打卡", "行程", "屏障", "耐受", "目标", "敏感",
)  # fmt: skip
GATED_REASONS = (
    "artifact_missing",
    "artifact_low_confidence",
    "safety_block",
    "safety_boundary",
    "timeout_degraded",
)
MIN_TRADEOFF_CHARS = {"EN": 20, "CN": 10}
NOT_THE_WHOLE_HEATMAP = "the conflict heatmap is a placeholder: AURORA_BFF_CONFLICT_HEATMAP_V1_ENABLED is off"


async def runtime(service: Service, lang: Lang, report: Report) -> None:
    """Run the thirteen steps with one person. Raises UnreachableError."""
    person, words = service.somebody(), WORDS[lang]
    answer = await person.get("/v1/session/bootstrap")
    report.step("1 bootstrap", answer)

    answer = await person.post("/v1/chat", _picks(words, state="S7_PRODUCT_RECO"))
    step = report.step("2 picks before a profile", answer)
    step.expect(answer.card("diagnosis_gate"), "a diagnosis_gate card")
    no_picks(step, answer)

    answer = await person.post("/v1/profile/update", {**PROFILE, "itinerary": words["itinerary"]})
    report.step("3 profile update", answer).expect(answer.card("profile"), "a profile card")

    answer = await person.get("/v1/session/bootstrap")
    step = report.step("4 bootstrap knows her", answer)
    seen = answer.payload("session_bootstrap")
    step.expect(seen.get("is_returning") is True, "is_returning true")
    step.expect(
        (seen.get("profile") or {}).get("itinerary") == words["itinerary"], "the itinerary as it was sent"
    )

    log = {"redness": 1, "acne": 2, "hydration": 3, "notes": words["notes"]}
    answer = await person.post("/v1/tracker/log", log)
    report.step("5 check-in", answer).expect(answer.card("tracker_log"), "a tracker_log card")

    answer = await person.get("/v1/tracker/recent?days=7")
    report.step("6 check-ins", answer).expect(answer.payload("tracker_recent").get("logs"), "the check-in")

    await _analysis(person, report)
    await _products(person, lang, report)

    body = {
        "routine": {"pm": [{"step": "Treatment", "key_actives": ["retinol"]}]},
        "test_product": {"name": "Glycolic acid toner", "key_actives": ["glycolic acid"]},
    }
    answer = await person.post("/v1/routine/simulate", body)
    _conflict(report.step("10 routine simulation", answer), answer)
    answer = await person.post(
        "/v1/chat", {"message": words["conflict"], "session": {"state": "S7_PRODUCT_RECO"}}
    )
    _conflict(report.step("11 a conflict asked in chat", answer), answer)

    answer = await person.post("/v1/chat", _picks(words, state="S2_DIAGNOSIS", patch=PROFILE))
    _picked(report.step("12 picks", answer), answer)

    answer = await person.post("/v1/events", _events())
    report.step("13 UI events", answer, status=204)


def _picks(words: dict[str, str], *, state: str, patch: dict[str, Any] | None = None) -> dict[str, Any]:
    data: dict[str, Any] = {"reply_text": words["picks"], "include_alternatives": False}
    if patch is not None:
        data["profile_patch"] = patch
    action = {"action_id": "chip.start.reco_products", "kind": "chip", "data": data}
    return {"action": action, "session": {"state": state}}


async def _analysis(person: Person, report: Report) -> None:
    answer = await person.post("/v1/analysis/skin", {})
    step = report.step("7 analysis", answer)
    if step.expect(answer.card("analysis_summary"), "an analysis_summary card"):
        analysis = answer.payload("analysis_summary").get("analysis") or {}
        step.expect(analysis.get("features"), "features")
        step.expect(analysis.get("strategy"), "a strategy")


async def _products(person: Person, lang: Lang, report: Report) -> None:
    answer = await person.post("/v1/product/analyze", {"name": WORDS[lang]["product"]})
    step = report.step("8 product check", answer)
    if step.outcome != "missing":
        assessment = answer.payload("product_analysis").get("assessment") or {}
        step.expect(assessment.get("verdict"), "a verdict")
        step.expect(assessment.get("reasons"), "a reason")
    body = {
        "original": {"brand": "La Mer", "name": "Creme de la Mer"},
        "dupe": {"brand": "Nivea", "name": "Creme"},
    }
    answer = await person.post("/v1/dupe/compare", body)
    step = report.step("9 comparison", answer)
    if step.outcome != "missing":
        tradeoffs = answer.payload("dupe_compare").get("tradeoffs") or []
        if step.expect(tradeoffs, "a tradeoff"):
            step.expect(len(str(tradeoffs[0])) >= MIN_TRADEOFF_CHARS[lang], "a tradeoff in a whole sentence")


def _conflict(step: Step, answer: Answer) -> None:
    if step.outcome == "missing":
        return
    step.expect(answer.card("routine_simulation"), "a routine_simulation card")
    if not step.expect(answer.card("conflict_heatmap"), "a conflict_heatmap card"):
        return
    heatmap = answer.payload("conflict_heatmap")
    if set(heatmap) == {"schema_version"}:
        if step.outcome == "ok":
            step.outcome, step.note = "flag off", NOT_THE_WHOLE_HEATMAP
        return
    rows = _items(heatmap, "axes", "rows")
    cells = _items(heatmap, "cells")
    step.expect(len(rows) >= 2, "at least two steps on the axis")
    if step.expect(cells, "a cell"):
        cell = cells[0]
        for key in ("headline_i18n", "why_i18n"):
            step.expect((cell.get(key) or {}).get("en"), f"{key}.en in the first cell")
        step.expect(cell.get("recommendations"), "a recommendation in the first cell")


def _items(value: Any, *path: str) -> list[dict[str, Any]]:
    for key in (*path, "items"):
        value = value.get(key) if isinstance(value, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _picked(step: Step, answer: Answer) -> None:
    event = answer.event("recos_requested") or {}
    picks = answer.payload("recommendations")
    if not picks:
        step.expect(answer.reasons(), "recommendations, or a notice")
        step.expect(
            event.get("reason") in GATED_REASONS, f"recos_requested with one of {', '.join(GATED_REASONS)}"
        )
        return
    items = [item for item in picks.get("recommendations") or [] if isinstance(item, dict)]
    if not step.expect(items, "at least one pick"):
        return
    ids = [name for name in map(_id_of, items) if name]
    step.expect(len(ids) == len(set(ids)), "no product twice")
    if picks.get("source") == "artifact_matcher_v1":
        why = ("reasons", "matched_ingredients", "fit_explanations")
        step.expect(any(items[0].get(key) for key in why), "reasons for the first pick")
    else:
        reasons = " ".join(str(reason) for item in items for reason in item.get("reasons") or []).lower()
        step.expect(any(marker in reasons for marker in MARKERS), "a reason that has to do with her")
    step.expect(event.get("source"), "recos_requested with a source")
    step.note = f"{len(items)} picks from {event.get('source')}"


def _id_of(item: dict[str, Any]) -> str:
    found = item.get("sku")
    sku: dict[str, Any] = found if isinstance(found, dict) else {}
    named = (item.get("product_id"), sku.get("product_id"), sku.get("sku_id"))
    return next((str(name).strip().lower() for name in named if name and str(name).strip()), "")


def _events() -> dict[str, Any]:
    at = int(time.time() * 1000)
    names = ("aurora_conflict_heatmap_impression", "aurora_conflict_heatmap_cell_tap")
    return {
        "source": "pivota-aurora-chatbox",
        "events": [{"event_name": name, "timestamp": at, "data": {"probe": True}} for name in names],
    }
