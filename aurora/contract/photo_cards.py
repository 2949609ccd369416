"""Payload of the card that shows where on the face something was seen (contract C 25, F 13.2).

The client checks this payload as a whole and draws nothing but a grey line if one value is out of bounds. So
everything here is exact: no key that is not named, which also keeps pictures and overlays out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from aurora.contract.card_base import Exact, Name

Unit = Annotated[float, Meta(ge=0, le=1)]
Pixels = Annotated[int, Meta(ge=0)]
Issue = Literal["redness", "shine", "texture", "tone", "acne"]


class PixelBox(Exact, frozen=True, kw_only=True):
    """A rectangle in pixels of the upright photo as sent."""

    x: Pixels
    y: Pixels
    w: Pixels
    h: Pixels


class PixelSize(Exact, frozen=True, kw_only=True):
    """Width and height in pixels."""

    w: Pixels
    h: Pixels


class FaceCrop(Exact, frozen=True, kw_only=True):
    """The part of the photo that holds the face. render_size_px_hint: longest side at most 512."""

    crop_id: Annotated[str, Meta(pattern=r"^crop_[0-9a-f]{16}$")]
    coord_space: Literal["orig_px_v1"]
    bbox_px: PixelBox
    orig_size_px: PixelSize
    render_size_px_hint: PixelSize


class UnitBox(Exact, frozen=True, kw_only=True):
    """A rectangle in shares of the crop: (0, 0) is its upper left corner, (1, 1) its lower right."""

    x: Unit
    y: Unit
    w: Unit
    h: Unit


class RegionStyle(Exact, frozen=True, kw_only=True):
    """How a region is drawn. intensity, priority: from severity and confidence."""

    intensity: Unit
    priority: Unit
    label_hint: Annotated[str, Meta(min_length=1, max_length=64)]


class SeenRegion(Exact, frozen=True, kw_only=True):
    """Where one thing shows: the box around the pixels that were measured."""

    region_id: Name
    type: Literal["bbox"]
    coord_space: Literal["face_crop_norm_v1"]
    issue_type: Issue
    bbox: UnitBox
    style: RegionStyle
    quality_flags: list[Literal["glare_confounded", "shadow_confounded", "blurred"]] | UnsetType = UNSET


class ModuleIssue(Exact, frozen=True, kw_only=True):
    """One thing seen in one part of the face. severity_0_4: of this part, not of the whole face."""

    issue_type: Issue
    severity_0_4: Annotated[int, Meta(ge=0, le=4)]
    confidence_0_1: Unit
    evidence_region_ids: Annotated[list[Name], Meta(min_length=1, max_length=3)]
    explanation_short: Annotated[str, Meta(min_length=1, max_length=220)]


class HowToUse(Exact, frozen=True, kw_only=True):
    """When and how often an ingredient is used."""

    time: Literal["AM", "PM", "AM_PM"]
    frequency: Literal["daily", "2-3x_week", "weekly"]
    notes: str


class IngredientAction(Exact, frozen=True, kw_only=True):
    """An ingredient of the plan that helps with what was seen here. do_not_mix: names for people."""

    action_type: Literal["ingredient"]
    ingredient_id: Name
    ingredient_name: Name
    why: Annotated[str, Meta(min_length=1, max_length=300)]
    how_to_use: HowToUse
    cautions: list[Name]
    evidence_issue_types: Annotated[list[Issue], Meta(min_length=1)]
    do_not_mix: list[Name] | UnsetType = UNSET


class FaceModule(Exact, frozen=True, kw_only=True):
    """One part of the face, left and right as in the picture. No issues: it was looked at, nothing shows."""

    module_id: Literal["forehead", "left_cheek", "right_cheek", "nose", "chin"]
    issues: Annotated[list[ModuleIssue], Meta(max_length=4)]
    actions: Annotated[list[IngredientAction], Meta(max_length=3)]


class Disclaimers(Exact, frozen=True, kw_only=True):
    """What the card is not, and when to see somebody who is a doctor."""

    non_medical: Literal[True]
    seek_care_triggers: Annotated[list[Name], Meta(min_length=3, max_length=3)]


class PhotoModules(Exact, frozen=True, kw_only=True):
    """What a photo shows, part by part; there is one only if something was seen. DIAG_PHOTO_MODULES_CARD.

    photo_notice: a sentence about a photo that is less than it could be, with the reasons as codes.
    """

    used_photos: Literal[True]
    quality_grade: Literal["pass", "degraded"]
    face_crop: FaceCrop
    regions: Annotated[list[SeenRegion], Meta(min_length=1, max_length=120)]
    modules: Annotated[list[FaceModule], Meta(min_length=1)]
    disclaimers: Disclaimers
    photo_notice: Name | UnsetType = UNSET
    degraded_reason: Name | UnsetType = UNSET
    degraded_reasons: list[Name] | UnsetType = UNSET
