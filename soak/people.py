"""Requests of invented people: what a bench asks of the service, as bytes ready to send."""

from __future__ import annotations

from typing import Any

from soak.wire import request_bytes

PROFILE = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "dark_spots"],
    "budgetTier": "¥500",
}
ROUTINE = "AM: gentle cleanser, moisturizer, SPF 50. PM: gentle cleanser, ceramide cream."


def post(path: str, uid: str, body: Any, **headers: str) -> str:
    """A POST of `uid` as latin-1 text (for `Plan.requests`)."""
    named = {"X-Aurora-UID": uid, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return request_bytes("POST", path, headers=named, body=body).decode("latin-1")


def get(path: str, uid: str) -> str:
    """A GET of `uid`."""
    return request_bytes("GET", path, headers={"X-Aurora-UID": uid}).decode("latin-1")


def bootstrap(uid: str) -> str:
    """`GET /v1/session/bootstrap`."""
    return get("/v1/session/bootstrap", uid)


def recent(uid: str) -> str:
    """`GET /v1/tracker/recent`."""
    return get("/v1/tracker/recent?days=7", uid)


def log(uid: str, day: int = 1) -> str:
    """A skin log of one day."""
    body = {
        "date": f"2026-01-{1 + day % 28:02d}",
        "redness": day % 5,
        "acne": 1,
        "hydration": 3,
        "notes": "calm today",
    }
    return post("/v1/tracker/log", uid, body)


def profile(uid: str) -> str:
    """The core four, and a budget."""
    return post("/v1/profile/update", uid, PROFILE)


def analysis(uid: str) -> str:
    """An analysis without photo that leaves a usable artifact."""
    return post("/v1/analysis/skin", uid, {"use_photo": False, "currentRoutine": ROUTINE})


def phase0(uid: str) -> str:
    """The runbook's quick check: answered with the diagnosis gate."""
    return post("/v1/chat", uid, {"message": "Recommend a moisturizer"})


def reco(uid: str, text: str = "Show me picks") -> str:
    """The reco chip: generation by the decision system, once the gates are open."""
    action = {"action_id": "chip.start.reco_products", "kind": "chip", "data": {"reply_text": text}}
    return post("/v1/chat", uid, {"action": action, "session": {"state": "idle"}, "language": "EN"})


def question(uid: str, text: str = "What does a ceramide do?") -> str:
    """Open chat."""
    return post("/v1/chat", uid, {"message": text, "language": "EN"})


def conflict(uid: str) -> str:
    """May two actives go together: answered here, whatever the upstreams do."""
    return question(uid, "Can I use retinol and glycolic acid the same night?")
