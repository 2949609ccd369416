"""Every metric family, once, under the name that dashboards and alerts know (contract A 15, B 20).

`LATER` families belong to parts of the contract that other issues bring; they are declared now because the
monitoring validator and the dashboards want HELP and TYPE of every family from the first scrape on.
"""

from __future__ import annotations

from aurora.telemetry.registry import Counter, Gauge, Histogram

# --- product pages
product_pages = Counter("aurora_product_pages_total", "Product pages by URL: read, or why not.", "code")

# --- skin flow
photo_modules_cards = Counter("photo_modules_card_emitted_total", "Photo module cards.", "quality_grade")
photo_modules_regions = Counter(
    "regions_emitted_total", "Regions in photo modules.", "region_type", "issue_type"
)
photo_modules_issues = Counter(
    "modules_issue_count_histogram", "Issues per module.", "module_id", "issue_type"
)
photo_modules_actions = Counter(
    "ingredient_actions_emitted_total", "Ingredient actions in modules.", "module_id", "issue_type"
)
skin_flow = Counter("aurora_skin_flow_total", "Stages of the skin flow, hit or miss.", "stage", "outcome")
analyze_requests = Counter(
    "analyze_requests_total",
    "Photo analyses.",
    "issue_type",
    "quality_grade",
    "pipeline_version",
    "device_class",
    verbatim=True,
)
vision_calls = Counter("vision_calls_total", "Vision model decisions.", "provider", "decision")
vision_fails = Counter("vision_fail_total", "Vision model failures.", "provider", "reason", verbatim=True)
vision_fallbacks = Counter("vision_fallback_total", "Vision fallbacks.", "provider", "reason", verbatim=True)
vision_latency_ms = Histogram(
    "vision_latency_ms",
    "Latency of the vision model.",
    "provider",
    buckets=(100, 250, 500, 1000, 2000, 5000, 10000, 30000),
)

# --- http
http_requests = Counter(
    "pivota_http_requests_total", "HTTP answers.", "status_class", "method", "route", verbatim=True
)
http_timeouts = Counter(
    "pivota_http_timeouts_total", "Requests whose budget fired before the work was done.", "method", "route",
    verbatim=True,
)  # fmt: skip
http_latency_ms = Histogram(
    "aurora_http_latency_ms", "From the request's arrival to its answer.", "route",
    buckets=(5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000, 10000, 15000, 30000), verbatim=True,
)  # fmt: skip

# --- turns
turns = Counter("aurora_turns_total", "Turns by kind and outcome.", "kind", "outcome")
turns_in_flight = Gauge("aurora_turns_in_flight", "Turns being worked on.")
budget_overshoot_ms = Histogram(
    "aurora_budget_overshoot_ms", "How late a cut answer was ready, against its budget.", "budget",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)  # fmt: skip
late_findings = Counter("aurora_late_findings_total", "Findings that came after their turn.", "actor")
cancellations = Counter("aurora_cancellations_total", "Work cancelled, by reason.", "reason")
admission_rejects = Counter("aurora_admission_rejects_total", "Requests refused at the door.", "reason")

# --- process
loop_lag_ms = Gauge(
    "aurora_loop_lag_ms", "How late the last heartbeat of the event loop was.", mode="livemax"
)
loop_lag_max_ms = Gauge("aurora_loop_lag_max_ms", "Latest heartbeat of the last minute.", mode="livemax")
process_resident_bytes = Gauge("aurora_process_resident_bytes", "Resident memory per worker.", mode="liveall")
log_lines_dropped = Counter("aurora_log_lines_dropped_total", "Log lines that could not be written.")

# --- memory
journal_groups = Counter("aurora_journal_groups_total", "Transactions of the journal.")
journal_appends = Counter("aurora_journal_appends_total", "Durable appends.")
journal_queue = Gauge("aurora_journal_queue", "Appends waiting for the journal.")
journal_errors = Counter("aurora_journal_errors_total", "Appends refused, by kind.", "kind")
traces_written = Counter("aurora_traces_written_total", "Turn traces written.")
traces_dropped = Counter("aurora_traces_dropped_total", "Turn traces dropped: buffer full or store away.")
feed_lag = Gauge(
    "aurora_feed_lag_events", "Events that the slowest feed reader has not seen.", mode="livemax"
)
storage_failures = Counter("aurora_storage_failures_total", "Store errors seen by requests.", "kind")

# --- sign-in
Counter("aurora_sign_ins_total", "Tries to sign in, by step and outcome.", "action", "outcome")
Counter("aurora_mails_total", "Mails with a code, by way and outcome.", "way", "outcome")

# --- knowledge of products
Counter("aurora_knowledge_reads_total", "Reads of knowledge, by where it was found.", "kind", "found")
Counter("aurora_knowledge_kept_total", "Rows of knowledge kept, or why not.", "kind", "outcome")
Counter("aurora_knowledge_refreshes_total", "Refreshes in the background.", "kind", "outcome")
Counter("aurora_reco_side_lines_total", "Feedback lines of the JSONL sink, by outcome.", "outcome")

# --- upstreams
upstream_call = Counter("upstream_call_total", "Open-chat calls of the decision system.", "path", "status")
upstream_latency_ms = Histogram("upstream_latency_ms", "Latency of open-chat calls.", "path")
link_calls = Counter("aurora_link_calls_total", "Calls per upstream, by outcome.", "upstream", "outcome")
link_latency_ms = Histogram("aurora_link_latency_ms", "Latency per upstream.", "upstream")
link_in_flight = Gauge("aurora_link_in_flight", "Calls under way per upstream.", "upstream")
link_retries = Counter("aurora_link_retries_total", "Second attempts per upstream.", "upstream", "outcome")
link_watchdog_rebuilds = Counter(
    "aurora_link_watchdog_rebuilds_total", "HTTP clients rebuilt because pool slots were stuck.", "upstream"
)
breaker_state = Gauge("aurora_breaker_state", "0 closed, 1 half open, 2 open.", "upstream", mode="livemax")

# --- envelope and templates
chips_truncated = Counter("chips_truncated_count", "Chips cut from envelopes that had more than ten.")
field_missing_added = Counter("field_missing_added_count", "field_missing entries that the enforcer added.")
anti_template_violation = Counter(
    "anti_template_violation_count", "Soft rules that an envelope broke; it left all the same.", "rule"
)
actionable_reply = Counter(
    "actionable_reply_total", "Replies by whether they offer a next step.", "actionable"
)
profile_context_missing = Counter(
    "profile_context_missing_total",
    "Chat turns without a profile snapshot, by the side that had none.",
    "side",
)
session_patch_profile_emitted = Counter(
    "session_patch_profile_emitted_total", "Profiles echoed to the client.", "changed"
)

# --- UI events
ui_modules_interaction = Counter("modules_interaction_total", "Interactions with photo modules.")
ui_action_click = Counter("action_click_total", "Actions tapped.")
ui_action_copy = Counter("action_copy_total", "Actions or routines copied.")
ui_retake = Counter("retake_after_modules_total", "Photos retaken after the modules were shown.")
ui_events = Counter("aurora_ui_events_total", "UI events accepted.")
ui_events_dropped = Counter("aurora_ui_events_dropped_total", "UI events not kept, and why.", "reason")
ui_sink = Counter("aurora_ui_sink_total", "UI events by sink and outcome.", "sink", "outcome")

_GEOMETRY = ("issue_type", "quality_grade", "pipeline_version", "device_class")

# Counted by name (`flows.chat_steps.clarification.count`).
CLARIFICATION_COUNTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("repeated_clarify_field_total", "Clarifying questions asked twice.", ("field",)),
    ("clarification_present_total", "Answers with or without a clarification.", ("present",)),
    ("clarification_question_filtered_total", "Clarifying questions left out.", ("field",)),
    ("clarification_all_questions_filtered_total", "Clarifications of which nothing was left.", ()),
    ("clarification_schema_invalid_total", "Clarifications of the wrong shape.", ("reason",)),
    ("clarification_id_normalized_empty_total", "Clarification ids that came out empty.", ()),
    ("clarification_flow_v2_started_total", "Clarification flows begun.", ()),
    ("pending_clarification_step_total", "Steps of clarification flows.", ("step_index",)),
    ("pending_clarification_completed_total", "Clarification flows completed.", ()),
    ("pending_clarification_abandoned_total", "Clarification flows abandoned.", ("reason",)),
    ("clarification_history_sent_total", "Clarification histories sent upstream.", ("count",)),
    ("aurora_chat_skipped_total", "Turns that needed no upstream chat call.", ("reason",)),
    ("pending_clarification_upgraded_total", "Old pending clarifications upgraded.", ("from",)),
    ("pending_clarification_truncated_total", "Pending clarifications cut to size.", ("field",)),
    ("resume_prefix_injected_total", "Resumed turns with their prefix.", ("enabled",)),
    ("resume_prefix_history_items_total", "History items in resume prefixes.", ("count",)),
    ("resume_response_mode_total", "How resumed turns were answered.", ("mode",)),
    ("resume_plaintext_reask_detected_total", "Resumed turns that asked again in plain text.", ("field",)),
)

LATER_COUNTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("template_applied_total", "Reply templates used.", ("template_id", "module", "variant", "source")),
    ("template_fallback_total", "Reply templates not used, and why.", ("reason", "module")),
    (
        "catalog_availability_shortcircuit_total",
        "Availability questions answered at once.",
        ("brand_id", "reason"),
    ),
    ("geometry_sanitizer_clip_total", "Regions clipped to the picture.", _GEOMETRY),
    ("geometry_sanitizer_drop_total", "Regions dropped.", (*_GEOMETRY, "reason", "region_type")),
    ("diag_ensemble_provider_calls_total", "Ensemble provider calls.", ("provider", "status")),
    ("diag_ensemble_provider_fail_total", "Ensemble provider failures.", ("provider", "reason")),
    ("diag_ensemble_provider_schema_fail_total", "Ensemble answers of the wrong shape.", ("provider",)),
    ("verify_calls_total", "Verifier calls.", ("status",)),
    ("verify_fail_total", "Verifier failures.", ("reason", "provider", "http_status_class")),
    (
        "verify_fail_unknown_error_class_total",
        "Verifier failures of no known class.",
        ("provider", "http_status_class", "error_class"),
    ),
    ("verify_budget_guard_total", "Verifier calls that the daily budget refused.", ()),
    ("verify_circuit_open_total", "Verifier calls that the breaker refused.", ()),
    ("verify_retry_total", "Verifier calls repeated.", ()),
    ("verify_timeout_total", "Verifier timeouts.", ("stage",)),
    ("product_rec_emitted_total", "Products in modules.", ("market", "quality_grade")),
    ("product_rec_suppressed_total", "Products held back from modules.", ("reason",)),
    ("claims_template_fallback_total", "Claims replaced by a template.", ("reason",)),
    ("claims_violation_total", "Claims that may not be made.", ("reason",)),
    ("skinmask_enabled_total", "Analyses with a skin mask.", ()),
    ("skinmask_fallback_total", "Analyses whose skin mask failed.", ("reason",)),
    (
        "reco_guardrail_violation_total",
        "Recommendation blocks that broke a rail.",
        ("block", "violation_type", "mode", "action"),
    ),
    (
        "reco_candidate_total",
        "Candidates per block.",
        ("block", "source_type", "brand_relation", "mode"),
    ),
    ("reco_explanation_alignment_total", "Explanations that fit their block.", ("block", "aligned", "mode")),
    ("reco_guardrail_circuit_open_total", "Rails that switched a mode off.", ("mode",)),
    ("reco_employee_feedback_total", "Employee feedback.", ("block", "feedback_type", "mode")),
    ("reco_interleave_click_total", "Clicks on interleaved lists.", ("block", "attribution", "mode")),
    (
        "reco_interleave_win_total",
        "Interleaving wins.",
        ("block", "ranker", "category_bucket", "price_band", "mode"),
    ),
    ("reco_exploration_slot_total", "Exploration slots shown.", ("block", "mode")),
    ("reco_async_update_total", "Asynchronous list updates.", ("block", "result", "mode")),
    ("reco_async_update_items_changed_count", "Items changed by updates.", ("block", "mode")),
    ("social_fetch_requests_total", "Social signal fetches.", ("mode",)),
    ("social_fetch_success_total", "Social signal fetches that worked.", ("mode",)),
    ("social_fetch_timeout_total", "Social signal fetches that timed out.", ("mode",)),
    ("social_kb_backfill_total", "Social signals written back.", ("mode",)),
    ("prelabel_requests_total", "Prelabel requests.", ("block", "mode")),
    ("prelabel_success_total", "Prelabels made.", ("block", "mode")),
    ("prelabel_invalid_json_total", "Prelabels of the wrong shape.", ("block", "mode")),
    ("prelabel_cache_hit_total", "Prelabels from the cache.", ("block", "mode")),
    ("suggestions_generated_per_block", "Suggestions per block.", ("block", "mode")),
    ("queue_items_served", "Label queue items.", ("block",)),
    ("external_fallback_blocked_total", "External fallbacks not allowed.", ()),
    ("pdp_internal_retry_attempt_total", "Second attempts on product pages.", ()),
    ("pdp_external_fallback_total", "Product pages that had to go outside.", ("reason_code",)),
)

LATER_GAUGES: tuple[tuple[str, str], ...] = (
    ("reco_competitors_same_brand_rate", "Share of same-brand competitors."),
    ("reco_competitors_on_page_source_rate", "Share of competitors found on the page."),
    ("reco_explanation_alignment_at3", "Share of fitting explanations in the first three."),
    ("social_cache_hit_rate", "Share of social signals from the cache."),
    ("social_channels_coverage_gauge", "Social channels covered."),
    ("prelabel_cache_hit_rate", "Share of prelabels from the cache."),
    ("llm_suggestion_overturned_rate", "Share of suggestions that a person overturned."),
    ("diag_ensemble_agreement_score", "Agreement of the last ensemble."),
    ("hard_case_rate", "Hard cases among verifier calls."),
)

LATER_HISTOGRAMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("diag_ensemble_provider_latency_ms", "Latency of ensemble providers.", ("provider",)),
    ("skinmask_infer_ms", "Time to make a skin mask.", ()),
    ("prelabel_gemini_latency_ms", "Latency of prelabel calls.", ()),
)

for _name, _help, _labels in (*CLARIFICATION_COUNTERS, *LATER_COUNTERS):
    Counter(_name, _help, *_labels)
for _name, _help in LATER_GAUGES:
    Gauge(_name, _help, mode="livemax")
for _name, _help, _labels in LATER_HISTOGRAMS:
    Histogram(_name, _help, *_labels)
Histogram("agreement_histogram", "Agreement of ensembles, 0 to 1.", buckets=(0.2, 0.4, 0.6, 0.8, 1.0))
