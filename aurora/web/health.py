"""Health, version, readiness, metrics (contract A 13, 15). Plain JSON, no identity, no secrets."""

from __future__ import annotations

from typing import Any

import trio
from quart import Blueprint
from quart_trio.wrappers import TrioResponse

from aurora import telemetry
from aurora.actors.house import House
from aurora.store.port import StoreError
from aurora.web.answers import Reply, plain_reply
from aurora.web.build import Build

DB_PROBE_S = 2.0


def blueprint(house: House, build: Build) -> Blueprint:
    """Routes of the process itself."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz", endpoint="healthz")
    @pages.get("/health", endpoint="health")
    async def health() -> TrioResponse:
        return plain_reply(_health(house, build)).as_response()

    @pages.get("/healthz/db")
    async def healthz_db() -> TrioResponse:
        return plain_reply(await _probe(house)).as_response()

    @pages.get("/readyz")
    async def readyz() -> TrioResponse:
        ready = not house.stopping
        return plain_reply({"ok": ready, "ready": ready}, 200 if ready else 503).as_response()

    @pages.get("/version")
    async def version() -> TrioResponse:
        return plain_reply({"ok": True, "full_sha": build.full_sha, **build.version()}).as_response()

    @pages.get("/metrics")
    async def metrics() -> TrioResponse:
        return Reply(200, telemetry.render_metrics(), content_type=telemetry.CONTENT_TYPE).as_response()

    return pages


def _health(house: House, build: Build) -> dict[str, Any]:
    settings = house.settings
    decision, commerce = bool(settings.decision_base_url), bool(settings.backend_base_url)
    mode = "MOCK" if settings.use_mock else "REAL" if decision and commerce else "HYBRID"
    return {
        "ok": True,
        "use_mock": settings.use_mock,
        "port": settings.port,
        "api_mode": mode,
        "modes": {"decision": decision, "commerce": commerce, "storage": house.store.storage},
        "version": build.version(),
        "backend": {
            "commerce_configured": commerce,
            "decision_configured": decision,
            "api_key_configured": bool(settings.backend_api_key),
            "db_configured": bool(settings.database_url) or settings.embedded_postgres,
        },
        "features": {
            "conflict_heatmap_v1": settings.conflict_heatmap_v1,
            "include_raw_context": settings.include_raw_context,
            "profile_v2": settings.profile_v2_enabled,
            "retention_days": settings.retention_days,
        },
        "message": "Aurora is listening.",
    }


async def _probe(house: House) -> dict[str, Any]:
    """Always an answer, and within two seconds: `db_ready` is what counts, not the status."""
    try:
        with trio.fail_after(DB_PROBE_S):
            await house.store.ping()
    except trio.TooSlowError:
        return {"ok": True, "db_ready": False, "error": "timeout"}
    except StoreError as error:
        if error.kind == "not_configured":
            return {"ok": True, "db_ready": False, "reason": "DATABASE_URL not configured"}
        return {"ok": True, "db_ready": False, "error": f"{error.kind} {error.code or ''}".strip()}
    return {"ok": True, "db_ready": True}
