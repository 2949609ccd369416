"""The three side routes of recommendations (contract D 3.8): what they take and answer, in plain JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aurora.contract.plain import Plain
from aurora.contract.requests import Anything, Request

Block = Literal["competitors", "dupes", "related_products"]
FeedbackType = Literal["relevant", "not_relevant", "wrong_block"]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Id = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=120)]
Rank = Annotated[int, Meta(ge=1, le=100)]
Moment = Annotated[int, Meta(ge=1, le=2**53 - 1, description="Epoch milliseconds.")]
# Of a model: its name, or names by part of the pipeline; at most MAX_MODELS_BYTES serialised.
Models = Word | Anything

MAX_MODELS_BYTES = 4096


class EmployeeFeedback(Request, frozen=True, kw_only=True):
    """POST /v1/reco/employee-feedback. One of candidate_product_id and candidate_name is required;
    wrong_block_target exactly with `wrong_block`.
    """

    anchor_product_id: Id
    block: Block
    feedback_type: FeedbackType
    candidate_product_id: Id | UnsetType = UNSET
    candidate_name: Name | UnsetType = UNSET
    wrong_block_target: Block | UnsetType = UNSET
    reason_tags: Annotated[list[Word], Meta(max_length=12)] | UnsetType = UNSET
    was_exploration_slot: bool | UnsetType = UNSET
    rank_position: Rank | UnsetType = UNSET
    pipeline_version: Word | UnsetType = UNSET
    models: Models | UnsetType = UNSET
    suggestion_id: Id | UnsetType = UNSET
    llm_suggested_label: Word | UnsetType = UNSET
    llm_confidence: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    request_id: Id | UnsetType = UNSET
    session_id: Id | UnsetType = UNSET
    timestamp: Moment | UnsetType = UNSET


class InterleaveClick(Request, frozen=True, kw_only=True):
    """POST /v1/reco/interleave/click. One of candidate_product_id and candidate_name is required."""

    anchor_product_id: Id
    block: Block
    request_id: Id
    session_id: Id
    candidate_product_id: Id | UnsetType = UNSET
    candidate_name: Name | UnsetType = UNSET
    category_bucket: Word | UnsetType = UNSET
    price_band: Word | UnsetType = UNSET
    pipeline_version: Word | UnsetType = UNSET
    models: Models | UnsetType = UNSET
    timestamp: Moment | UnsetType = UNSET


class FeedbackTaken(Plain, frozen=True, kw_only=True):
    """What was said, with what we know beside it (`event_name`, `rank_position`, `received_at` ...)."""

    ok: Literal[True] = True
    event: dict[str, Any]


class ClickTaken(Plain, frozen=True, kw_only=True):
    """Whose pick the click counts for. rank_position: 0 if not known."""

    ok: Literal[True] = True
    attribution: Literal["A", "B", "both", "explore"]
    was_exploration_slot: bool
    rank_position: int


class LateUpdate(Plain, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket as it stands. payload_patch: whole blocks, where there is something newer."""

    ok: bool
    version: int
    has_update: bool
    expires_at_ms: int | UnsetType = UNSET
    payload_patch: dict[str, Any] | UnsetType = UNSET


def unclear(body: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """What types cannot say: a candidate without a name, a target that does not go with the verdict."""
    if not isinstance(body, EmployeeFeedback | InterleaveClick):
        return
    if body.candidate_product_id is UNSET and body.candidate_name is UNSET:
        yield ("candidate_product_id",), "candidate_product_id or candidate_name is required"
    if body.models is not UNSET and len(msgspec.json.encode(body.models)) > MAX_MODELS_BYTES:
        yield ("models",), f"larger than {MAX_MODELS_BYTES} bytes"
    if isinstance(body, EmployeeFeedback):
        wrong, target = body.feedback_type == "wrong_block", body.wrong_block_target
        if wrong and target is UNSET:
            yield ("wrong_block_target",), "required with wrong_block"
        elif not wrong and target is not UNSET:
            yield ("wrong_block_target",), "allowed with wrong_block only"
        elif wrong and target == body.block:
            yield ("wrong_block_target",), "the same as block"
