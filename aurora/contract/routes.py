"""Everything the service answers: one entry per endpoint, with bodies, cards and error codes.

The OpenAPI document is generated from this table, and a test compares it with the app's own map.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract import plain, reco_side
from aurora.contract.auth_requests import AuthStart, AuthVerify, PasswordLogin, PasswordSet
from aurora.contract.forward_requests import ProductsResolve, ShopAnswer, ShopInvoke
from aurora.contract.offer_requests import OffersResolve
from aurora.contract.product_requests import (
    DupeCompare,
    DupeSuggest,
    ProductAnalyzeRequest,
    ProductParseRequest,
)
from aurora.contract.requests import (
    AffiliateOutcome,
    ChatRequest,
    EventBatch,
    PhotoConfirm,
    PhotoPresign,
    ProfileUpdate,
    RecoGenerate,
    RoutineSimulate,
    SkinAnalysisRequest,
    TrackerLog,
)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint.

    cards: types in its 200 envelope; empty for an answer that is no envelope. upstream_cards: cards of other
    types may stand beside them. errors: codes by status, beside those every envelope endpoint has. answer:
    struct of a plain 200. query: (name, schema, description). form: schema of a multipart body.
    """

    method: str
    path: str
    summary: str
    body: type[msgspec.Struct] | None = None
    cards: tuple[str, ...] = ()
    upstream_cards: bool = False
    errors: dict[int, tuple[str, ...]] = {}
    answer: type[msgspec.Struct] | None = None
    query: tuple[tuple[str, dict[str, Any], str], ...] = ()
    form: dict[str, Any] | None = None

    @property
    def is_envelope(self) -> bool:
        """Whether its answers are envelopes."""
        return bool(self.cards)


# The photo bridge's own refusals keep their status; these are ours for it.
_BRIDGE: dict[int, tuple[str, ...]] = {
    502: (
        "PHOTO_PRESIGN_UPSTREAM_FAILED", "UPSTREAM_MISSING_UPLOAD_URL", "PHOTO_UPLOAD_BYTES_FAILED",
        "PHOTO_CONFIRM_UPSTREAM_FAILED",
    ),
    504: ("PHOTO_PRESIGN_UPSTREAM_FAILED", "PHOTO_CONFIRM_UPSTREAM_FAILED", "PHOTO_UPLOAD_FAILED"),
}  # fmt: skip
_SIDE: dict[int, tuple[str, ...]] = {
    400: ("BAD_REQUEST",), 404: ("NOT_FOUND",), 429: ("RATE_LIMITED",), 503: ("OVERLOADED",),
}  # fmt: skip
# The commerce backend's own refusals keep their status, with UPSTREAM_ERROR; these are ours for it.
_FORWARD: dict[int, tuple[str, ...]] = {
    400: ("BAD_REQUEST", "Invalid JSON"), 413: ("PAYLOAD_TOO_LARGE",), 415: ("UNSUPPORTED_MEDIA_TYPE",),
    429: ("RATE_LIMITED",),
    502: ("UPSTREAM_FAILED", "UPSTREAM_REFUSED"), 503: ("PIVOTA_BACKEND_NOT_CONFIGURED", "OVERLOADED"),
    504: ("UPSTREAM_TIMEOUT",),
}  # fmt: skip
_STORAGE = ("DB_NOT_CONFIGURED", "DB_SCHEMA_NOT_READY", "DB_UNAVAILABLE")

ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/v1/chat",
        summary="One chat turn: a message, a tapped chip or a card action.",
        body=ChatRequest,
        cards=(
            "gate_notice", "diagnosis_gate", "confidence_notice", "recommendations", "ingredient_plan",
            "product_parse", "product_analysis", "aurora_structured", "aurora_context_raw",
            "routine_simulation", "conflict_heatmap", "env_stress",
            "offers_resolved",
        ),
        upstream_cards=True,
        errors={400: ("STATE_TRANSITION_REJECTED",), 500: ("CHAT_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/analysis/skin",
        summary="A skin analysis from what is known, within the analysis budget.",
        body=SkinAnalysisRequest,
        cards=("analysis_summary", "photo_modules_v1", "confidence_notice", "ingredient_plan"),
        errors={500: ("ANALYSIS_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/photos/presign",
        summary="A place for a photo. Without a bridge: 200 with no address, and why.",
        body=PhotoPresign,
        cards=("photo_presign",),
        errors=_BRIDGE | {500: ("PHOTO_PRESIGN_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/photos/upload",
        summary="A photo through us: multipart with slot_id, consent and the photo. Refused without consent.",
        form={
            "type": "object",
            "required": ["slot_id", "consent", "photo"],
            "properties": {
                "slot_id": {"type": "string", "description": "`daylight` or `indoor_white`."},
                "consent": {"type": "string", "description": "`true`, `1` or `yes`."},
                "photo": {
                    "type": "string",
                    "format": "binary",
                    "description": "JPEG, PNG, WebP, HEIC or HEIF; the part names its content type.",
                },
            },
        },
        cards=("photo_confirm", "analysis_summary", "photo_modules_v1", "confidence_notice"),
        errors=_BRIDGE | {
            400: (
                "UNSUPPORTED_CONTENT_TYPE", "UPLOAD_TOO_LARGE", "MISSING_FIELD", "INVALID_MULTIPART",
                "USER_CONSENT_REQUIRED",
            ),
            408: ("MULTIPART_PARSE_TIMEOUT",),
            500: ("PHOTO_UPLOAD_FAILED",),
            501: ("PHOTO_UPLOAD_NOT_CONFIGURED", "PHOTO_UPLOAD_AUTH_NOT_CONFIGURED"),
        },
    ),
    Route(
        method="POST",
        path="/v1/photos/confirm",
        summary="What the check of a photo says, after at most six seconds.",
        body=PhotoConfirm,
        cards=("photo_confirm", "analysis_summary", "photo_modules_v1", "confidence_notice"),
        errors=_BRIDGE | {500: ("PHOTO_CONFIRM_FAILED",)},
    ),
    Route(
        method="GET",
        path="/v1/session/bootstrap",
        summary="What the client needs to start. Storage down: 200 with db_ready false.",
        cards=("session_bootstrap",),
        errors={500: ("BOOTSTRAP_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/profile/update",
        summary="Say facts about the person; only the keys that are sent change.",
        body=ProfileUpdate,
        cards=("profile",),
        errors={500: ("PROFILE_SAVE_FAILED",), 503: _STORAGE},
    ),
    Route(
        method="POST",
        path="/v1/profile/delete",
        summary="Erase everything known of the person. The body is ignored.",
        cards=("profile_deleted",),
        errors={500: ("PROFILE_DELETE_FAILED",), 503: _STORAGE},
    ),
    Route(
        method="POST",
        path="/v1/tracker/log",
        summary="A day's check-in; replaces what that day held.",
        body=TrackerLog,
        cards=("tracker_log",),
        errors={500: ("TRACKER_LOG_FAILED",), 503: _STORAGE},
    ),
    Route(
        method="GET",
        path="/v1/tracker/recent",
        summary="The newest check-ins, newest first.",
        cards=("tracker_recent",),
        errors={500: ("TRACKER_LOAD_FAILED",), 503: _STORAGE},
        query=(
            (
                "days",
                {"type": "string"},
                "How many rows, 1 to 30: truncated and clamped; 0 and what is no number mean 7.",
            ),
        ),
    ),
    Route(
        method="POST",
        path="/v1/routine/simulate",
        summary="Do the steps of a routine go together? Answered from the rules alone.",
        body=RoutineSimulate,
        cards=("routine_simulation", "conflict_heatmap"),
        errors={500: ("SIMULATE_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/reco/generate",
        summary="A routine of products for what is known, behind the gates of the chat and in its budget.",
        body=RecoGenerate,
        cards=("recommendations", "ingredient_plan", "confidence_notice", "diagnosis_gate", "gate_notice"),
        errors={500: ("RECO_GENERATE_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/offers/resolve",
        summary="Up to twenty offers, checked at their shops while there is time; the rest as they were.",
        body=OffersResolve,
        cards=("offers_resolved", "confidence_notice"),
        errors={500: ("OFFERS_RESOLVE_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/product/parse",
        summary="Which product a name or an address means; none recognised is an answer, too.",
        body=ProductParseRequest,
        cards=("product_parse",),
        errors={500: ("PRODUCT_PARSE_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/product/analyze",
        summary="Whether a product suits the person: from what is known, else asked for.",
        body=ProductAnalyzeRequest,
        cards=("product_analysis", "confidence_notice"),
        errors={500: ("PRODUCT_ANALYZE_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/dupe/suggest",
        summary="What is like a product, cheaper or not: from what is known, else asked for.",
        body=DupeSuggest,
        cards=("dupe_suggest", "confidence_notice"),
        errors={500: ("DUPE_SUGGEST_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/dupe/compare",
        summary="One product beside another: what is traded, in at least one sentence.",
        body=DupeCompare,
        cards=("dupe_compare", "confidence_notice"),
        errors={500: ("DUPE_COMPARE_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/affiliate/outcome",
        summary="The person left for a shop, or tried to.",
        body=AffiliateOutcome,
        cards=("affiliate_outcome",),
        errors={500: ("OUTCOME_FAILED",), 503: _STORAGE},
    ),
    Route(
        method="POST",
        path="/v1/auth/start",
        summary="Mail a sign-in code to an address.",
        body=AuthStart,
        cards=("auth_challenge",),
        errors={
            400: ("INVALID_EMAIL",), 429: ("RATE_LIMITED",), 500: ("AUTH_START_FAILED",),
            503: ("AUTH_NOT_CONFIGURED", *_STORAGE),
        },
    ),
    Route(
        method="POST",
        path="/v1/auth/verify",
        summary="A code for a session.",
        body=AuthVerify,
        cards=("auth_session",),
        errors={
            400: ("INVALID_EMAIL",), 401: ("INVALID_CODE",), 429: ("RATE_LIMITED",),
            500: ("AUTH_VERIFY_FAILED",), 503: ("AUTH_NOT_CONFIGURED", *_STORAGE),
        },
    ),
    Route(
        method="POST",
        path="/v1/auth/password/login",
        summary="A password for a session.",
        body=PasswordLogin,
        cards=("auth_session",),
        errors={
            400: ("INVALID_EMAIL",), 401: ("INVALID_CREDENTIALS",), 429: ("PASSWORD_LOCKED", "RATE_LIMITED"),
            500: ("AUTH_LOGIN_FAILED",), 503: ("AUTH_NOT_CONFIGURED", *_STORAGE),
        },
    ),
    Route(
        method="POST",
        path="/v1/auth/password/set",
        summary="Keep a password for whoever is signed in. Needs a bearer token.",
        body=PasswordSet,
        cards=("auth_password_set",),
        errors={
            400: ("INVALID_PASSWORD",), 401: ("UNAUTHORIZED",), 404: ("USER_NOT_FOUND",),
            500: ("AUTH_SET_FAILED",), 503: _STORAGE,
        },
    ),
    Route(
        method="POST",
        path="/v1/auth/logout",
        summary="End the session of the bearer token, if there is one. The body is ignored.",
        cards=("auth_logout",),
        errors={500: ("AUTH_LOGOUT_FAILED",), 503: _STORAGE},
    ),
    Route(
        method="GET",
        path="/v1/auth/me",
        summary="Whose bearer token this is.",
        cards=("auth_me",),
        errors={401: ("UNAUTHORIZED",), 500: ("AUTH_ME_FAILED",), 503: _STORAGE},
    ),
    Route(
        method="POST",
        path="/v1/events",
        summary="UI telemetry, one to fifty events. Odd events are dropped, never the batch.",
        body=EventBatch,
        errors={400: ("INVALID_REQUEST", "Invalid JSON"), 413: ("PAYLOAD_TOO_LARGE",)},
    ),
    Route(
        method="POST",
        path="/v1/reco/employee-feedback",
        summary="An employee judges a candidate. Only in dogfood mode, as the next two.",
        body=reco_side.EmployeeFeedback,
        answer=reco_side.FeedbackTaken,
        errors=_SIDE | {413: ("PAYLOAD_TOO_LARGE",), 500: ("RECO_EMPLOYEE_FEEDBACK_FAILED",)},
    ),
    Route(
        method="POST",
        path="/v1/reco/interleave/click",
        summary="A candidate was opened: whose pick it counts for.",
        body=reco_side.InterleaveClick,
        answer=reco_side.ClickTaken,
        errors=_SIDE | {413: ("PAYLOAD_TOO_LARGE",), 500: ("RECO_INTERLEAVE_CLICK_FAILED",)},
    ),
    Route(
        method="GET",
        path="/v1/reco/async-updates",
        summary="Blocks of a product analysis that came after its answer, by its ticket.",
        answer=reco_side.LateUpdate,
        errors=_SIDE
        | {404: ("NOT_FOUND", "ticket_missing"), 500: ("RECO_ASYNC_UPDATES_FAILED",)},
        query=(
            ("ticket_id", {"type": "string"}, "`provenance.async_ticket_id` of the card. Required."),
            ("since_version", {"type": "string"}, "The newest version known; what is no number means 0."),
        ),
    ),
    Route(
        method="POST",
        path="/agent/v1/products/resolve",
        summary="Handed on to the commerce backend: which product of the shop is this?",
        body=ProductsResolve,
        answer=ShopAnswer,
        errors=_FORWARD,
    ),
    Route(
        method="POST",
        path="/agent/shop/v1/invoke",
        summary="Handed on to the commerce backend: a search in the shop.",
        body=ShopInvoke,
        answer=ShopAnswer,
        errors=_FORWARD | {400: (*_FORWARD[400], "UNSUPPORTED_OPERATION")},
    ),
    Route(method="GET", path="/healthz", summary="The process is alive.", answer=plain.Health),
    Route(method="GET", path="/health", summary="The same as /healthz.", answer=plain.Health),
    Route(
        method="GET",
        path="/healthz/db",
        summary="Whether the database answers within two seconds; always 200.",
        answer=plain.DatabaseHealth,
    ),
    Route(
        method="GET",
        path="/readyz",
        summary="200 while turns are admitted, else 503.",
        answer=plain.Readiness,
    ),
    Route(method="GET", path="/version", summary="Which build is running.", answer=plain.Version),
    Route(method="GET", path="/metrics", summary="Prometheus text, version 0.0.4."),
)  # fmt: skip

# What any envelope endpoint may answer, by status.
COMMON_ERRORS: dict[int, tuple[str, ...]] = {
    400: ("BAD_REQUEST", "INVALID_JSON", "MISSING_AURORA_UID"),
    405: ("METHOD_NOT_ALLOWED",),
    408: ("REQUEST_TIMEOUT",),
    413: ("PAYLOAD_TOO_LARGE",),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
    500: ("INTERNAL_ERROR",),
    503: ("OVERLOADED", "SHUTTING_DOWN"),
}
ONLY_WITH_A_BODY = frozenset({408, 413, 415})
