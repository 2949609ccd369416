"""The `analysis` object when it rests on a photo that was read and is good enough (contract C 17; F 13.1).

Only what was found (severity 1 and above) becomes a takeaway, a reason or a step; what was looked for and not
found is said as such. Everything is in the language of the reply; only the words "From photo:" stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.analysis import content, policy
from aurora.rules.analysis import photo_texts as texts
from aurora.rules.analysis.content import MAX_FEATURES, Feature
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.photo_reading import label_of
from aurora.rules.analysis.policy import Raw
from aurora.rules.analysis.render import MAX_STRATEGY, MIN_FEATURES, numbered, tracking
from aurora.rules.analysis.report_answer import Report
from aurora.rules.goals import goal_kind, goal_name, joined
from aurora.rules.notices import pick
from aurora.rules.treatment import mentions_treatment
from aurora.skin.measured import Box, Finding, Picture

MAX_FINDINGS = 10
MAX_EVIDENCE = 48
MAX_TAKEAWAYS = 14
FROM_PHOTO = "From photo:"


def analysis(
    facts: Intake, raw: Raw, lang: Lang, *, report: Report | None = None, notice: str | None = None
) -> dict[str, Any]:
    """The finished object. report: of the model that looked, or of the report model. notice: about a vision
    model that could not look.
    """
    findings = [_finding(f, facts.reading.measured.picture, lang) for f in facts.reading.findings]  # type: ignore[union-attr]  # read, so measured
    takeaways = _takeaways(facts, lang)
    linked = _Linked(facts, takeaways)
    plan = _plan(facts, linked, lang)
    evidence = _evidence(facts, lang)
    made: dict[str, Any] = {
        "features": [
            {"observation": f.observation, "confidence": f.confidence}
            for f in _features(facts, raw, lang, report)
        ],
        "strategy": _strategy(facts, plan, lang, notice),
        "needs_risk_check": bool(
            (report is not None and report.needs_risk_check)
            or facts.red_flags
            or content.safety_features(facts, lang)
            or (raw == "diagnosis_v1_template" and {"retinoid", "acids"} & set(facts.actives))
        ),
        "photo_findings": findings[:MAX_FINDINGS],
        "findings": findings[:MAX_FINDINGS],
        "takeaways": takeaways,
        "plan": plan,
    }
    if evidence:
        made["evidence_regions"] = evidence
    if notice is not None:
        made["photo_notice"] = notice
    return made


# --- lines


def template_features(facts: Intake, lang: Lang) -> list[Feature]:
    """What was measured, a line for each, most severe first."""
    return [
        Feature(texts.observation(f.issue_type, f.severity, _regions(f), lang), label_of(f.confidence))
        for f in facts.reading.findings
    ]


def _features(facts: Intake, raw: Raw, lang: Lang, report: Report | None) -> list[Feature]:
    """What must be said, how good the photo is, then the model's or our own lines; at least three."""
    careful = facts.no_retinoids or facts.on_isotretinoin
    own = template_features(facts, lang)
    told = (
        [f for f in report.features if not (careful and mentions_treatment(f.observation))] if report else []
    )
    if len(told) < MIN_FEATURES:
        told = [*told, *own[: MAX_FEATURES - len(told)]]
    sure = policy.step_down([f.confidence for f in told], facts, raw)
    told = [Feature(f.observation, s) for f, s in zip(told, sure, strict=True)][:MAX_FEATURES]
    first: list[Feature] = []
    if facts.grade != "pass":
        first.append(Feature(pick(lang, texts.LIMITED), "pretty_sure"))
    if not facts.has_primary_input:
        first.append(Feature(pick(lang, texts.NO_ROUTINE), "pretty_sure"))
    return [*content.safety_features(facts, lang), *first, *told]


# --- findings, evidence, takeaways


def _finding(finding: Finding, picture: Picture | None, lang: Lang) -> dict[str, Any]:
    boxes = [_norm(e.box, picture) for e in finding.evidence]
    geometry = next((box for box in boxes if box is not None), None)
    return {
        "finding_id": f"pf_{finding.issue_type}",
        "issue_type": finding.issue_type,
        "subtype": None,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "evidence": texts.observation(finding.issue_type, finding.severity, _regions(finding), lang),
        "computed_features": dict(finding.metrics),
        "geometry": {"bbox_norm": geometry} if geometry is not None else None,
    }


def _evidence(facts: Intake, lang: Lang) -> list[dict[str, Any]]:
    picture = facts.reading.measured.picture if facts.reading.measured is not None else None
    found: list[dict[str, Any]] = []
    for finding in facts.reading.seen:
        for part in finding.evidence:
            box = _norm(part.box, picture)
            if box is not None:
                found.append({
                    "concern_type": finding.issue_type,
                    "severity": finding.severity,
                    "confidence": finding.confidence,
                    "region": {"kind": "bbox", "bbox_norm": box},
                    "evidence_text": texts.observation(
                        finding.issue_type, finding.severity, (part.region,), lang
                    ),
                })  # fmt: skip
    return found[:MAX_EVIDENCE]


def _norm(box: Box, picture: Picture | None) -> dict[str, float] | None:
    """Corners as shares 0..1 of the picture; None for a box without an area (contract C 17)."""
    if picture is None or picture.width < 1 or picture.height < 1:
        return None
    x0, x1 = (min(1.0, max(0.0, x / picture.width)) for x in (box.x, box.x + box.w))
    y0, y1 = (min(1.0, max(0.0, y / picture.height)) for y in (box.y, box.y + box.h))
    if x1 - x0 <= 0.001 or y1 - y0 <= 0.001:
        return None
    return {"x0": round(x0, 4), "y0": round(y0, 4), "x1": round(x1, 4), "y1": round(y1, 4)}


def _takeaways(facts: Intake, lang: Lang) -> list[dict[str, Any]]:
    found = [
        _takeaway(
            f"tk_{f.issue_type}",
            "photo",
            f"{FROM_PHOTO} {texts.takeaway(f.issue_type, f.severity, _regions(f), lang)}",
            f.confidence,
            f.issue_type,
            [f"pf_{f.issue_type}"],
        )
        for f in facts.reading.seen
    ]
    if not found:
        calm = f"{FROM_PHOTO} {pick(lang, texts.NOTHING_SEEN)}"
        found.append(_takeaway("tk_calm", "photo", calm, 0.5, None, []))
    if facts.goals:
        names = list(dict.fromkeys(goal_name(goal, lang) for goal in facts.goals))[:3]
        text = pick(lang, texts.GOALS).format(goals=joined(names, lang))
        found.append(_takeaway("tk_goals", "user", text, 0.74, None, []))
    if facts.fragile:
        found.append(_takeaway("tk_barrier", "user", pick(lang, texts.BARRIER), 0.72, None, []))
    return found[:MAX_TAKEAWAYS]


def _takeaway(
    name: str, source: str, text: str, confidence: float, issue: str | None, findings: list[str]
) -> dict[str, Any]:
    return {
        "takeaway_id": name,
        "source": source,
        "issue_type": issue,
        "text": text,
        "confidence": confidence,
        "linked_finding_ids": findings,
        "linked_issue_types": [issue] if issue is not None else [],
    }


def _regions(finding: Finding) -> tuple[str, ...]:
    return tuple(evidence.region for evidence in finding.evidence[:2])


# --- plan


class _Linked:
    """Steps that know which findings they rest on."""

    def __init__(self, facts: Intake, takeaways: Sequence[dict[str, Any]]) -> None:
        self.seen = tuple(f.issue_type for f in facts.reading.seen)
        self._takeaways = {t["issue_type"]: t["takeaway_id"] for t in takeaways if t["issue_type"]}

    def step(self, lang: Lang, priority: str, what: texts.Pair, issues: Sequence[str] = ()) -> dict[str, Any]:
        """One step; its `why` names the findings (contract C 17)."""
        on = [issue for issue in self.seen if issue in issues]
        ids = [f"pf_{issue}" for issue in on]
        return {
            "what": pick(lang, what),
            "why": texts.because(on, ids, lang) if ids else pick(lang, texts.WHY),
            "when_to_stop": pick(lang, texts.STOP),
            "priority": priority,
            "linked_issue_types": on,
            "linked_finding_ids": ids,
            "linked_takeaway_ids": [self._takeaways[issue] for issue in on],
        }


def _plan(facts: Intake, linked: _Linked, lang: Lang) -> dict[str, Any]:
    seen = set(linked.seen)
    tone = "tone" in seen or "tone" in {goal_kind(goal) for goal in facts.goals}
    balancing = {"shine", "texture"} & seen and not (facts.fragile or facts.very_sensitive)
    evening = [linked.step(lang, "P0", texts.EVENING)]
    if balancing:
        evening.append(linked.step(lang, "P1", texts.BALANCE, ("shine", "texture")))
    week = [linked.step(lang, "P0", texts.ONE_AT_A_TIME)]
    if "shine" in seen:
        week.append(linked.step(lang, "P1", texts.MIDDAY, ("shine",)))
    later = (
        [linked.step(lang, "P2", texts.TARGETED, ("texture", "tone"))] if {"texture", "tone"} & seen else []
    )
    return {
        "today": {
            "am": [
                linked.step(lang, "P0", texts.MORNING, ("redness",)),
                linked.step(lang, "P0", texts.SUNSCREEN_TONE if tone else texts.SUNSCREEN, ("tone",)),
            ],
            "pm": evening,
            "pause_now": [linked.step(lang, "P0", texts.NO_STACKING, ("redness",))]
            if "redness" in seen
            else [],
        },
        "next_7_days": {"rules": [pick(lang, rule) for rule in texts.RULES], "steps": week},
        "after_calm": {"entry_criteria": [pick(lang, c) for c in texts.CALM], "steps": later},
        "tracking": tracking(lang),
    }


def _strategy(facts: Intake, plan: dict[str, Any], lang: Lang, notice: str | None) -> str:
    """One lead, numbered steps at once (the client looks for them there), then the rest as lines."""
    steps = [pick(lang, texts.LINE_MORNING), pick(lang, texts.LINE_EVENING), pick(lang, texts.LINE_WEEK)]
    if plan["today"]["pause_now"]:
        steps.append(pick(lang, texts.LINE_PAUSE))
    lead = pick(lang, texts.LEAD)
    blocks = [
        f"{notice}\n{lead}" if notice else lead,
        numbered(steps),
        pick(lang, texts.LINE_AGAIN),
        content.rule_guidance(facts, lang).question,
    ]
    return "\n\n".join(blocks)[:MAX_STRATEGY]
