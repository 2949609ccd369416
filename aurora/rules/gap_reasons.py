"""Why a field is missing: every code that this service itself gives in `field_missing`.

A code outside of this list is not wrong, an upstream may bring its own; it is counted as a soft violation, so
that a new one does not go unnoticed (contract A 4.2).
"""

from __future__ import annotations

_OF_THE_CONTRACT = (
    "not_provided_by_user", "parse_failed", "needs_disambiguation", "catalog_not_available",
    "feature_flag_disabled", "low_confidence", "frontend_disallows_external_seed", "upstream_timeout",
    "analysis_budget_timeout", "low_confidence_treatment_filtered",
)  # fmt: skip
# Gates of something to buy, and what they hold back (B 8, decision 19).
_OF_THE_GATES = (
    "recommendations_not_requested", "not_requested", "diagnosis_first", "artifact_missing",
    "safety_held_back",
)  # fmt: skip
_OF_THE_STORE = ("db_unavailable", "db_not_configured_or_unavailable")
# What a source of picks, routines and verdicts did not bring (D 2, 5).
_OF_SOURCES = (
    "upstream_missing_or_empty", "upstream_missing_or_invalid", "upstream_missing_or_unstructured",
    "alternatives_partial", "aurora_not_configured", "recommendations_missing_product_identity",
)  # fmt: skip
# Why the shop's catalogue has no answer (D 1.5).
_OF_THE_SHOP = ("db_error", "no_candidates", "pivota_backend_not_configured")
_OF_PHOTOS = (
    "qc_pending", "upstream_missing_upload_url", "pivota_backend_auth_not_configured",
)  # fmt: skip
_OF_THE_ENVELOPE = ("response_validation_failed",)

KNOWN = frozenset((
    *_OF_THE_CONTRACT, *_OF_THE_GATES, *_OF_THE_STORE, *_OF_SOURCES, *_OF_THE_SHOP, *_OF_PHOTOS,
    *_OF_THE_ENVELOPE,
))  # fmt: skip
