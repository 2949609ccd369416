"""Payload of the verdict on a product (contract D 2.1, 2.3, F 13.5)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from aurora.contract.card_base import Anything, Name, Open

Percent = Annotated[int, Meta(ge=0, le=100)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Science(Open, frozen=True, kw_only=True):
    """What is in it, what that does, whom it fits and whom not."""

    key_ingredients: list[str]
    mechanisms: list[str]
    fit_notes: list[str]
    risk_notes: list[str]


class SocialSignals(Open, frozen=True, kw_only=True):
    """What people say of it. platform_scores: numbers by platform, if there are any."""

    typical_positive: list[str]
    typical_negative: list[str]
    risk_for_groups: list[str]
    platform_scores: dict[str, float] | UnsetType = UNSET


class Evidence(Open, frozen=True, kw_only=True):
    """Never omitted, and always whole: what is not known is an empty list."""

    science: Science
    social_signals: SocialSignals
    expert_notes: list[str]
    confidence: float | None
    missing_info: list[str]


class Assessment(Open, frozen=True, kw_only=True):
    """verdict: Suitable, Likely Suitable, Caution, Avoid or Unknown, in the reply's language."""

    verdict: str
    reasons: list[str]
    anchor_product: Anything | UnsetType = UNSET
    how_to_use: str | Anything | UnsetType = UNSET
    hero_ingredient: Anything | UnsetType = UNSET


class ProfilePrompt(Open, frozen=True, kw_only=True):
    """Which facts would sharpen the verdict. Always there: the stock client needs it (contract F 16 T2)."""

    needed: Literal[True]
    missing_fields: list[str]


class ProductAnalysis(Open, frozen=True, kw_only=True):
    """Verdict on a product; internal keys never leave. missing_info: codes that people understand."""

    assessment: Assessment | UnsetType | None = UNSET
    product: Anything | UnsetType | None = UNSET
    evidence: Evidence | UnsetType = UNSET
    confidence: float | UnsetType | None = UNSET
    missing_info: list[str] | UnsetType = UNSET
    user_facing_gaps: list[str] | UnsetType = UNSET
    profile_prompt: ProfilePrompt | UnsetType = UNSET
    competitors: Anything | UnsetType = UNSET
    related_products: Anything | UnsetType = UNSET
    dupes: Anything | UnsetType = UNSET
    product_intel_contract_version: str | UnsetType = UNSET
    ingredient_intel: Anything | UnsetType = UNSET
    skin_fit: Anything | UnsetType = UNSET
    social_signals: Anything | UnsetType = UNSET
    confidence_by_block: Anything | UnsetType = UNSET
    provenance: Anything | UnsetType = UNSET


class DupeSuggestMeta(Open, frozen=True, kw_only=True):
    """validated_now: the decision system was asked for this very answer. retry_after_ms: a forced look was
    refused, try again then.
    """

    served_from_kb: bool
    validated_now: bool
    force_refresh: bool | UnsetType = UNSET
    force_validate: bool | UnsetType = UNSET
    retry_after_ms: int | UnsetType = UNSET


class Likeness(Open, frozen=True, kw_only=True):
    """A product like another one. kind: cheaper, close, or dearer. similarity: 0..100."""

    kind: Literal["dupe", "similar", "premium"] | UnsetType = UNSET
    product: Anything | UnsetType = UNSET
    similarity: Percent | UnsetType | None = UNSET
    reasons: list[str] | UnsetType = UNSET
    tradeoffs: list[str] | UnsetType = UNSET


class DupeSuggestCard(Open, frozen=True, kw_only=True):
    """What is like a product. verified: something was found. field_missing: why nothing fresh is there.

    Our own has every key but the last, in its rows too; one that an upstream brings may have less.
    """

    kb_key: str | UnsetType | None = UNSET
    original: Anything | UnsetType | None = UNSET
    dupes: list[Likeness] | UnsetType = UNSET
    comparables: list[Likeness] | UnsetType = UNSET
    verified: bool | UnsetType = UNSET
    verified_at: str | UnsetType | None = UNSET
    source: str | UnsetType = UNSET
    meta: DupeSuggestMeta | UnsetType = UNSET
    field_missing: list[Anything] | UnsetType = UNSET


class DupeCompareCard(Open, frozen=True, kw_only=True):
    """One product beside another. tradeoffs: never empty, the first line a whole sentence.

    Our own lacks at most the last two; one that an upstream brings into a chat may have less.
    """

    original: Anything | UnsetType | None = UNSET
    dupe: Anything | UnsetType | None = UNSET
    tradeoffs: Annotated[list[Name], Meta(min_length=1, max_length=10)] | UnsetType = UNSET
    evidence: Evidence | UnsetType = UNSET
    confidence: Share | UnsetType | None = UNSET
    missing_info: list[str] | UnsetType = UNSET
    similarity: Percent | UnsetType = UNSET
    tradeoffs_detail: Anything | UnsetType = UNSET
