"""The photo card of an analysis: shown if it is switched on and there is something to show, and counted."""

from __future__ import annotations

from typing import Any

from aurora import telemetry
from aurora.actors.stage import Stage
from aurora.rules.analysis.intake import Intake
from aurora.rules.photo_modules import KIND, modules_card


def modules_of(
    stage: Stage, facts: Intake, plan: dict[str, Any] | None, forbidden: tuple[str, ...]
) -> dict[str, Any] | None:
    """The card's payload, if there is to be one. plan: the ingredient plan made of the same facts.

    forbidden: `safety.forbidden_for` the person.
    """
    if not stage.settings.photo_modules_enabled:
        return None
    return modules_card(
        facts.reading.measured,
        grade=facts.grade,
        plan=plan,
        forbidden=forbidden,
        crop_id=f"crop_{stage.turn.uuid('crop').replace('-', '')[-16:]}",
        lang=stage.turn.context.lang,
    )


def show_modules(stage: Stage, payload: dict[str, Any] | None) -> None:
    """Add the card, and count what it holds."""
    if payload is None:
        return
    stage.envelope.card("photo_modules", KIND, payload)
    telemetry.photo_modules_cards.labels(payload["quality_grade"]).inc()
    for region in payload["regions"]:
        telemetry.photo_modules_regions.labels(region["type"], region["issue_type"]).inc()
    for part in payload["modules"]:
        for issue in part["issues"]:
            telemetry.photo_modules_issues.labels(part["module_id"], issue["issue_type"]).inc()
        for action in part["actions"]:
            for issue_type in action["evidence_issue_types"]:
                telemetry.photo_modules_actions.labels(part["module_id"], issue_type).inc()
