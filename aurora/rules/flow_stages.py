"""Which stages of the skin flow an answer reached, read from its own events (contract A 15, B 20).

Read from what leaves, so that an answer cut by its budget counts like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_BY_EVENT = {
    "analysis_timeout_degraded": "analysis_timeout_degraded",
    "reco_output_guard_fallback": "reco_output_guard_fallback",
    "reco_low_medium_treatment_filtered": "reco_low_medium_treatment_filtered",
}


def stages_of(events: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """`(stage, outcome)` of `aurora_skin_flow_total`, each once; `reco_request` is counted on entry."""
    found: dict[tuple[str, str], None] = {}
    for event in events:
        name, data = event.get("event_name"), event.get("data")
        if not isinstance(data, Mapping):
            continue
        if name in _BY_EVENT:
            found[(_BY_EVENT[name], "hit")] = None
        if name == "reco_low_medium_treatment_filtered" and data.get("fallback_applied") is True:
            found[("reco_low_medium_notice_fallback", "hit")] = None
        if name == "value_moment" and data.get("kind") in ("product_reco", "routine_generated"):
            found[("reco_generated", "hit")] = None
        if name == "recos_requested":
            found.update(dict.fromkeys(_of_request(data)))
    return list(found)


def _of_request(data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if data.get("blocked") is True:
        yield "reco_safety_block", "hit"
    elif data.get("source") is None:
        return
    elif data.get("reason") == "timeout_degraded":
        yield "reco_timeout_degraded", "hit"
        yield "reco_generated", "miss"
    else:
        if data.get("gated") is True:
            yield "reco_generated", "miss"
        if data.get("low_confidence") is True:
            yield "reco_low_confidence", "hit"
