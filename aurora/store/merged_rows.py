"""Rows of an account that came along from a device (`GuestMerged`): as old as they are, and the account's.

A day that came along names account and device; that is how it is told from one of the account's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from aurora.contract.belongings import Belongings
from aurora.store.facts import FactMeta
from aurora.store.rows import ArtifactRow, LogRow, PlanRow, Row, RunRow


def merged_rows(taken: Belongings, stream: str, version: int, meta: FactMeta) -> Iterator[tuple[str, Row]]:
    """(key within the stream, row) of everything but the profile. meta: of the event, with the account."""
    owner = meta.user_id
    for day in taken.days:
        yield (
            day.date,
            LogRow(
                stream=stream,
                version=version,
                log_date=day.date,
                id=day.id,
                created_at=day.created_at,
                updated_at=day.updated_at,
                aurora_uid=meta.uid,
                user_id=owner,
                redness=day.redness,
                acne=day.acne,
                hydration=day.hydration,
                notes=day.notes,
                target_product=day.target_product,
                sensation=day.sensation,
            ),
        )
    for kept in taken.artifacts:
        yield (
            kept.artifact_id,
            ArtifactRow(
                stream=stream,
                version=version,
                artifact_id=kept.artifact_id,
                created_at=kept.created_at,
                artifact_json=kept.artifact,
                confidence_score=kept.confidence_score,
                confidence_level=kept.confidence_level,
                session_id=kept.session_id,
                source_mix=kept.source_mix,
                user_id=owner,
            ),
        )
    for plan in taken.plans:
        yield (
            plan.plan_id,
            PlanRow(
                stream=stream,
                version=version,
                plan_id=plan.plan_id,
                artifact_id=plan.artifact_id,
                created_at=plan.created_at,
                plan_json=plan.plan,
                intensity=plan.intensity,
                user_id=owner,
            ),
        )
    for run in taken.runs:
        yield (
            run.run_id,
            RunRow(
                stream=stream,
                version=version,
                reco_run_id=run.run_id,
                created_at=run.created_at,
                artifact_id=run.artifact_id,
                plan_id=run.plan_id,
                request_context_json=run.request,
                reco_json=run.reco,
                overall_confidence=run.confidence,
                user_id=owner,
            ),
        )
