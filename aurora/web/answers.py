"""What leaves: finished envelopes, plain JSON, and every kind of refusal in the shape its path calls for."""

from __future__ import annotations

from typing import Any

import msgspec
from quart_trio.wrappers import TrioResponse

from aurora import telemetry
from aurora.actors.assembler import EnvelopeAssembler, Finished
from aurora.contract.errors import ContractError
from aurora.contract.turn import Identity, Turn
from aurora.rules.flow_stages import stages_of
from aurora.settings import Settings
from aurora.web.context import context_of
from aurora.web.request import Arrived
from aurora.web.rollout import BUCKET_HEADER, placed, rollout_headers

JSON_TYPE = "application/json; charset=utf-8"
CHAT_PATH = "/v1/chat"

SIDE_PATHS = ("/v1/reco/employee-feedback", "/v1/reco/interleave/click", "/v1/reco/async-updates")
# Below /v1, and yet not for the chat client: plain JSON there (decision 9).
_PLAIN_UNDER_V1 = (
    "/v1/events",
    "/v1/ops/",
    *SIDE_PATHS,
)


class Reply(msgspec.Struct, frozen=True):
    """An answer ready to be sent. `content_type` is left out when there is no body."""

    status: int
    body: bytes
    headers: dict[str, str] = {}
    content_type: str = JSON_TYPE

    def as_response(self) -> TrioResponse:
        """For a Quart view to return."""
        return TrioResponse(
            self.body,
            status=self.status,
            headers=self.headers,
            content_type=self.content_type if self.body else None,
        )

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """For the edge to send without Quart."""
        found = [(b"content-length", b"%d" % len(self.body))]
        if self.body:
            found.append((b"content-type", self.content_type.encode()))
        found += [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in self.headers.items()
        ]
        return found


def envelope_reply(finished: Finished, request: Arrived) -> Reply:
    """A finished turn, counted."""
    count_laws(finished.counts)
    for stage, outcome in stages_of(finished.envelope.events):
        telemetry.skin_flow.labels(stage, outcome).inc()
    return Reply(finished.status, finished.body, {**request.extra_headers, **finished.headers})


def plain_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A JSON object that is no envelope."""
    return Reply(status, msgspec.json.encode(value), headers or {})


def refusal(error: ContractError, request: Arrived, settings: Settings) -> Reply:
    """An error in the shape that its path calls for (decision 9)."""
    if not has_envelope(request.path):
        return _plain_refusal(error, request)
    context = request.context or context_of(request)
    turn = Turn(
        kind="refused", context=context, identity=Identity(uid=""), now=request.now, seed=request.seed
    )
    is_chat = request.route == CHAT_PATH
    if is_chat and BUCKET_HEADER not in request.extra_headers:  # refused before its body was read
        assignment = placed(request, None, settings)
        request.extra_headers = {**request.extra_headers, **rollout_headers(assignment, settings)}
    envelope = EnvelopeAssembler(turn, settings, chat=is_chat)
    envelope.refuse(error)
    return envelope_reply(envelope.finish(), request)


def has_envelope(path: str) -> bool:
    """Whether errors at this path are envelopes."""
    lowered = path.lower()
    return lowered.startswith("/v1/") and not lowered.startswith(_PLAIN_UNDER_V1)


def is_side_path(path: str) -> bool:
    """Whether a path is one of the side routes, whose refusals say `ok` false (contract D 3.8)."""
    return path.lower().startswith(SIDE_PATHS)


def count_laws(counts: dict[str, int]) -> None:
    """Metrics of what the envelope laws did."""
    for name, number in counts.items():
        if name == "chips_truncated":
            telemetry.chips_truncated.inc(number)
        elif name == "field_missing_added":
            telemetry.field_missing_added.inc(number)
        elif name == "actionable":
            telemetry.actionable_reply.labels("true" if number else "false").inc()
        elif name.startswith("soft."):
            telemetry.anti_template_violation.labels(name[5:]).inc(number)
        elif name.startswith("template."):
            _count_template(name.split("|"))


def _count_template(parts: list[str]) -> None:
    """`template.applied|id|source` or `template.kept|id|reason`, as the envelope's words counted them."""
    how, template_id, why = parts
    module, _, variant = template_id.partition(".")
    if how == "template.kept":
        telemetry.family("template_fallback_total").labels(why, module).inc()
        return
    telemetry.family("template_applied_total").labels(template_id, module, variant, why).inc()
    if why == "claim":
        telemetry.family("claims_violation_total").labels("medical_claim").inc()


def _plain_refusal(error: ContractError, request: Arrived) -> Reply:
    body: dict[str, Any] = {"error": "Invalid JSON" if error.code == "INVALID_JSON" else error.code}
    if is_side_path(request.path):
        body = {"ok": False, "error": error.code}
    if error.details is not None:
        body["details"] = error.details
    body |= error.extra
    headers = dict(request.extra_headers)
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return plain_reply(body, error.status, headers)
