"""Skin check-ins: one row a day (contract A 7.4)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.actors.findings import Failure
from aurora.actors.questions import ReadLogs
from aurora.actors.stage import Stage
from aurora.contract.envelope import Lang
from aurora.contract.turn import Turn, iso_ms
from aurora.flows.memory_view import checkin_due, log_view, log_views, storage_refusal, today, too_slow
from aurora.store.facts import SkinLogged

MOST_DAYS = 30
DEFAULT_DAYS = 7

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SCORES = {
    "EN": {"redness": "redness", "acne": "breakouts", "hydration": "hydration"},
    "CN": {"redness": "泛红", "acne": "痘痘", "hydration": "水润度"},
}


async def log(stage: Stage) -> None:
    """Save a day's check-in, replacing that day's in full. Answers with a sentence (decision 13)."""
    envelope, turn = stage.envelope, stage.turn
    envelope.if_cut(too_slow())
    fact = logged(msgspec.to_builtins(turn.body), turn)
    finding = await stage.remember(fact).wait()
    if isinstance(finding, Failure):
        raise storage_refusal(finding)
    logs = finding.value.memory.recent_logs
    shown = next((log_view(entry) for entry in logs if entry.date == fact.date), None) or _as_said(fact, turn)
    recent, due = log_views(logs), checkin_due(logs, turn)
    envelope.say(sentence(fact, turn.context.lang, is_today=fact.date == today(turn)))
    envelope.card("tracker", "tracker_log", {"log": shown, "recent_logs": recent})
    envelope.patch(recent_logs=recent, checkin_due=due)
    envelope.event("tracker_logged", {"date": fact.date})


async def recent(stage: Stage) -> None:
    """The newest check-ins. `days` counts rows, not days, and is echoed as it was applied."""
    envelope, turn = stage.envelope, stage.turn
    envelope.if_cut(too_slow())
    count = effective_days(turn.raw.get("days"))
    finding = await stage.ask(ReadLogs(limit=count))
    if isinstance(finding, Failure):
        raise storage_refusal(finding)
    logs = log_views(finding.value)
    envelope.card("recent", "tracker_recent", {"days": count, "logs": logs})
    envelope.patch(recent_logs=logs, checkin_due=checkin_due(finding.value, turn))
    envelope.event("tracker_loaded", {"days": count})


def logged(said: Mapping[str, Any], turn: Turn) -> SkinLogged:
    """The fact behind a request. A date of the wrong form means today; blank texts mean nothing was said."""
    date = said.get("date")
    return SkinLogged(
        date=date if isinstance(date, str) and _DATE.fullmatch(date) else today(turn),
        redness=said.get("redness"),
        acne=said.get("acne"),
        hydration=said.get("hydration"),
        notes=_unblank(said.get("notes")),
        target_product=_unblank(said.get("targetProduct")),
        sensation=_unblank(said.get("sensation")),
    )


def effective_days(raw: object) -> int:
    """How many rows a query asks for: truncated, 1 to 30; 0 and anything that is no number mean 7."""
    try:
        number = float(raw) if isinstance(raw, str | int | float) else 0.0
    except (ValueError, OverflowError):
        return DEFAULT_DAYS
    if math.isnan(number) or math.isinf(number) or int(number) == 0:
        return DEFAULT_DAYS
    return max(1, min(MOST_DAYS, int(number)))


def sentence(fact: SkinLogged, lang: Lang, *, is_today: bool) -> str:
    """What was saved, in one or two sentences. Hydration is repeated as a number only (decision 22)."""
    names = _SCORES[lang]
    said = [(names[key], getattr(fact, key)) for key in names if getattr(fact, key) is not None]
    if lang == "CN":
        day = "今天" if is_today else f" {fact.date} "
        scores = "，".join(f"{name} {value}/5" for name, value in said)
        return f"{day}的打卡已保存{'：' + scores if scores else ''}。谢谢你认真观察自己的皮肤。".strip()
    day = "today" if is_today else fact.date
    scores = ", ".join(f"{name} {value}/5" for name, value in said)
    scores = f": {scores}" if scores else ""
    return f"Your check-in for {day} is saved{scores}. Thanks for keeping an eye on your skin."


def _as_said(fact: SkinLogged, turn: Turn) -> dict[str, Any]:
    """The log of a day that is not among the newest seven, from the fact itself."""
    identity = turn.identity
    owner = {"user_id": identity.user_id} if identity.user_id else {"aurora_uid": identity.uid}
    return {
        "id": turn.uuid("fact:1"),
        "date": fact.date,
        "redness": fact.redness,
        "acne": fact.acne,
        "hydration": fact.hydration,
        "notes": fact.notes,
        "targetProduct": fact.target_product,
        "sensation": fact.sensation,
        "created_at": iso_ms(turn.now),
        "updated_at": iso_ms(turn.now),
        **owner,
    }


def _unblank(text: object) -> str | None:
    return text if isinstance(text, str) and text.strip() else None
