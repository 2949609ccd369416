"""Bootstrap: what the client shows before anything was said (contract A 7.1)."""

from __future__ import annotations

from typing import Any

from aurora.actors.assembler import CutPlan
from aurora.actors.findings import Answer
from aurora.actors.questions import ReadMemory
from aurora.actors.stage import Stage
from aurora.contract.envelope import Card, FieldMissing
from aurora.contract.memory import Memory
from aurora.contract.turn import Turn
from aurora.flows.memory_view import DB_MISSING, checkin_due, log_views
from aurora.rules.profile_summary import summary


async def bootstrap(stage: Stage) -> None:
    """Profile, recent logs, whether a check-in is due. Without storage still 200, with `db_ready:false`."""
    envelope, turn = stage.envelope, stage.turn
    envelope.event("state_entered", {"state": "unknown", "trigger_source": "text"})
    unknown = _known(Memory(ready=False), turn, stage.settings.profile_v2_enabled)
    envelope.patch(**unknown)
    envelope.if_cut(
        CutPlan(
            cards=[
                Card(
                    card_id=f"bootstrap_{turn.context.request_id}",
                    type="session_bootstrap",
                    payload={**unknown, "db_ready": False},
                    field_missing=[FieldMissing(*DB_MISSING)],
                )
            ],
            quiet=True,
        )
    )
    finding = await stage.ask(ReadMemory())
    memory = finding.value if isinstance(finding, Answer) else Memory(ready=False)
    known = _known(memory, turn, stage.settings.profile_v2_enabled)
    envelope.patch(**known)
    envelope.card(
        "bootstrap",
        "session_bootstrap",
        {**known, "db_ready": memory.ready},
        field_missing=() if memory.ready else (DB_MISSING,),
    )


def _known(memory: Memory, turn: Turn, v2: bool) -> dict[str, Any]:
    logs = memory.recent_logs
    return {
        "profile": summary(memory.profile, v2=v2),
        "recent_logs": log_views(logs),
        "checkin_due": checkin_due(logs, turn),
        "is_returning": memory.profile is not None or bool(logs),
    }
