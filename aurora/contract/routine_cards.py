"""Payloads of the two compatibility cards (contract D 8, F 13.8)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from aurora.contract.card_base import Anything, Exact, Name, Open

StepIndex = Annotated[int, Meta(ge=0)]
Severity = Annotated[int, Meta(ge=0, le=3)]


class Conflict(Open, frozen=True, kw_only=True):
    """Two steps that do not sit well together. step_indices: lower first; twice the same for one step."""

    severity: Literal["warn", "block"]
    rule_id: Name
    message: Name
    step_indices: Annotated[list[StepIndex], Meta(min_length=2, max_length=2)]


class RoutineSimulation(Open, frozen=True, kw_only=True):
    """A routine put through the rules. safe: no conflict is known. Indices: morning, evening, tested."""

    safe: bool
    conflicts: list[Conflict]
    summary: str


class Text2(Exact, frozen=True, kw_only=True):
    """A text in both languages."""

    en: Name
    zh: Name


class AxisItem(Exact, frozen=True, kw_only=True):
    """A step on the axis."""

    index: StepIndex
    step_key: Name
    label_i18n: Text2
    short_label_i18n: Text2


class Axis(Exact, frozen=True, kw_only=True):
    """Rows and columns are the same steps, the first sixteen."""

    axis_id: Literal["steps"]
    type: Literal["routine_steps"]
    max_items: int
    items: Annotated[list[AxisItem], Meta(max_length=16)]


class Axes(Exact, frozen=True, kw_only=True):
    """Only what lies above the diagonal is drawn."""

    rows: Axis
    cols: Axis
    diagonal_policy: Literal["empty"]


class Cell(Exact, frozen=True, kw_only=True):
    """Two steps in conflict; row_index < col_index."""

    cell_id: Name
    row_index: StepIndex
    col_index: StepIndex
    severity: Severity
    rule_ids: Annotated[list[Name], Meta(min_length=1, max_length=3)]
    headline_i18n: Text2
    why_i18n: Text2
    recommendations: Annotated[list[Text2], Meta(max_length=3)]


class Cells(Exact, frozen=True, kw_only=True):
    """Pairs that are not listed have no conflict."""

    encoding: Literal["sparse"]
    default_severity: Severity
    items: Annotated[list[Cell], Meta(max_length=64)]
    max_items: int
    max_rule_ids_per_cell: int
    max_recommendations_per_cell: int


class Unmapped(Exact, frozen=True, kw_only=True):
    """A conflict that has no cell: one step alone, or a step beyond the axis."""

    rule_id: Name
    severity: Severity
    message_i18n: Text2


class ConflictHeatmap(Exact, frozen=True, kw_only=True):
    """The simulation over its steps. With the flag off there is only `schema_version`."""

    schema_version: Literal["aurora.ui.conflict_heatmap.v1"]
    state: Literal["unavailable", "no_conflicts", "has_conflicts", "has_conflicts_partial"] | UnsetType = (
        UNSET
    )
    title_i18n: Text2 | UnsetType = UNSET
    subtitle_i18n: Text2 | UnsetType = UNSET
    axes: Axes | UnsetType = UNSET
    severity_scale: Anything | UnsetType = UNSET
    cells: Cells | UnsetType = UNSET
    unmapped_conflicts: Annotated[list[Unmapped], Meta(max_length=10)] | UnsetType = UNSET
    footer_note_i18n: Text2 | UnsetType = UNSET
    generated_from: dict[str, Any] | UnsetType = UNSET
