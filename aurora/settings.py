"""Every environment variable, once: its name, default, clamp and meaning.

`Settings.from_env(mapping)` is the only reader. `docs/configuration.md` is generated from the
annotations below (`python -m aurora.settings > docs/configuration.md`).

Marks in `doc`: [SEED] stands in the runbook, the rest is ours or from the contract documents.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

LOOSE_TRUE = frozenset({"true", "1", "yes", "y", "on"})
LOOSE_FALSE = frozenset({"false", "0", "no", "n", "off"})


class Var(msgspec.Struct, frozen=True):
    """How one variable is read.

    names: environment names, first non-empty wins. lo/hi: inclusive clamp of numbers.
    strict: only the word `true` enables a flag (contract B 1). secret: never printed or logged.
    """

    names: tuple[str, ...]
    doc: str
    lo: int | None = None
    hi: int | None = None
    strict: bool = False
    secret: bool = False
    group: str = "Service"


def var(*names: str, doc: str, **kw: Any) -> Var:
    """Shorthand for the annotations below."""
    return Var(names=names, doc=doc, **kw)


_DB = "Database"
_UP = "Upstreams"
_TURN = "Turns and budgets"
_RECO = "Recommendations"
_PHOTO = "Photos"
_MEM = "Memory and retention"
_WEB = "HTTP"
_EV = "UI telemetry"
_FLAG = "Feature flags"
_ASK = "Clarification, planner, rollout"
_PAGE = "Product pages"
_AUTH = "Sign-in"
_KB = "Knowledge of products"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration in force. Times end in `_ms`, sizes in `_bytes`."""

    # --- service
    port: Annotated[int, var("PORT", doc="TCP port to listen on.", lo=0, hi=65535)] = 8080
    host: Annotated[str, var("AURORA_HOST", doc="Address to listen on.")] = "127.0.0.1"
    workers: Annotated[int, var("AURORA_WORKERS", doc="Worker processes on one socket.", lo=1, hi=64)] = 1
    log_level: Annotated[str, var("LOG_LEVEL", doc="debug, info, warning or error.")] = "info"
    service_name: Annotated[
        str, var("RAILWAY_SERVICE_NAME", "SERVICE_NAME", doc="Name in health and headers.")
    ] = "aurora-bff"
    git_sha: Annotated[
        str,
        var(
            "AURORA_GIT_SHA",
            "RAILWAY_GIT_COMMIT_SHA",
            "GIT_COMMIT_SHA",
            "SOURCE_VERSION",
            doc="Commit of the build.",
        ),
    ] = ""
    git_branch: Annotated[str, var("RAILWAY_GIT_BRANCH", "GIT_BRANCH", doc="Branch of the build.")] = ""
    state_dir: Annotated[
        str,
        var(
            "AURORA_STATE_DIR",
            doc="Where the embedded Postgres lives; empty means the user's state directory.",
        ),
    ] = ""
    drain_ms: Annotated[
        int,
        var(
            "AURORA_DRAIN_MS",
            doc="After SIGTERM: unready but still serving, for a load balancer to notice.",
            lo=0,
            hi=60000,
        ),
    ] = 0

    # --- database
    database_url: Annotated[
        str,
        var(
            "DATABASE_URL",
            doc="[SEED] PostgreSQL 15 to 18. Wins over the embedded one.",
            secret=True,
            group=_DB,
        ),
    ] = ""
    embedded_postgres: Annotated[
        bool,
        var(
            "AURORA_EMBEDDED_POSTGRES", doc="Without DATABASE_URL, run the embedded PostgreSQL 18.", group=_DB
        ),
    ] = True
    db_auto_migrate: Annotated[
        bool, var("DB_AUTO_MIGRATE", doc="[SEED] Run migrations before listening.", group=_DB)
    ] = True
    db_ssl: Annotated[
        bool, var("DB_SSL", doc="[SEED] TLS to the database; only `true` enables.", strict=True, group=_DB)
    ] = False
    db_ssl_reject_unauthorized: Annotated[
        bool, var("DB_SSL_REJECT_UNAUTHORIZED", doc="Verify the server's certificate.", group=_DB)
    ] = True
    db_pool_max: Annotated[
        int,
        var(
            "DB_POOL_MAX",
            doc="Pooled connections beside the journal's and the reader's own.",
            lo=1,
            hi=50,
            group=_DB,
        ),
    ] = 5
    db_conn_timeout_ms: Annotated[
        int, var("DB_CONN_TIMEOUT_MS", doc="Longest wait for a new connection.", lo=100, hi=60000, group=_DB)
    ] = 10000

    # --- upstreams
    decision_base_url: Annotated[
        str, var("AURORA_DECISION_BASE_URL", doc="[SEED] Base of the decision system.", group=_UP)
    ] = ""
    backend_base_url: Annotated[
        str,
        var(
            "PIVOTA_BACKEND_BASE_URL",
            "PIVOTA_API_BASE",
            doc="[SEED] Base of the commerce backend.",
            group=_UP,
        ),
    ] = ""
    backend_api_key: Annotated[
        str,
        var(
            "PIVOTA_BACKEND_AGENT_API_KEY",
            "PIVOTA_BACKEND_API_KEY",
            "PIVOTA_API_KEY",
            "SHOP_GATEWAY_AGENT_API_KEY",
            "PIVOTA_AGENT_API_KEY",
            "AGENT_API_KEY",
            doc="[SEED] Key for the commerce backend.",
            secret=True,
            group=_UP,
        ),
    ] = ""
    weather_geocoding_base_url: Annotated[
        str,
        var(
            "AURORA_WEATHER_GEOCODING_BASE_URL",
            doc="Where places are looked up, Open-Meteo's shape; asked only with live weather on.",
            group=_UP,
        ),
    ] = "https://geocoding-api.open-meteo.com"
    weather_forecast_base_url: Annotated[
        str,
        var(
            "AURORA_WEATHER_FORECAST_BASE_URL",
            doc="Where forecasts come from, Open-Meteo's shape; asked only with live weather on.",
            group=_UP,
        ),
    ] = "https://api.open-meteo.com"
    use_mock: Annotated[
        bool,
        var(
            "AURORA_BFF_USE_MOCK",
            doc="[SEED] Point every upstream at the in-process sandbox.",
            strict=True,
            group=_UP,
        ),
    ] = False
    upstream_limit: Annotated[
        int,
        var(
            "AURORA_UPSTREAM_LIMIT",
            doc="Calls in flight per upstream and worker; kept below the pool of 160.",
            lo=1,
            hi=150,
            group=_UP,
        ),
    ] = 128
    upstream_max_bytes: Annotated[
        int,
        var(
            "AURORA_UPSTREAM_MAX_BYTES",
            doc="Largest answer read from an upstream.",
            lo=1024,
            hi=16777216,
            group=_UP,
        ),
    ] = 2097152
    breaker_enabled: Annotated[
        bool, var("AURORA_BREAKER_ENABLED", doc="Circuit breaker per upstream.", group=_UP)
    ] = True
    breaker_rate_pct: Annotated[
        int,
        var(
            "AURORA_BREAKER_RATE_PCT",
            doc="Share of failed or slow calls that opens the breaker.",
            lo=1,
            hi=100,
            group=_UP,
        ),
    ] = 50
    breaker_min_calls: Annotated[
        int,
        var(
            "AURORA_BREAKER_MIN_CALLS",
            doc="Calls in the window before it may open.",
            lo=1,
            hi=10000,
            group=_UP,
        ),
    ] = 20
    breaker_window_ms: Annotated[
        int, var("AURORA_BREAKER_WINDOW_MS", doc="Sliding window.", lo=100, hi=600000, group=_UP)
    ] = 10000
    breaker_open_ms: Annotated[
        int,
        var(
            "AURORA_BREAKER_OPEN_MS",
            doc="How long it stays open before trial calls.",
            lo=100,
            hi=600000,
            group=_UP,
        ),
    ] = 5000
    breaker_slow_ms: Annotated[
        int,
        var(
            "AURORA_BREAKER_SLOW_MS",
            doc="A call longer than this counts as slow.",
            lo=100,
            hi=60000,
            group=_UP,
        ),
    ] = 8000

    # --- turns
    analysis_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_ANALYSIS_BUDGET_MS",
            doc="[SEED] Hard budget of an analysis.",
            lo=1000,
            hi=60000,
            group=_TURN,
        ),
    ] = 12000
    dupe_suggest_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_DUPE_SUGGEST_BUDGET_MS",
            doc="Hard budget of looking for what is like a product.",
            lo=1000,
            hi=14000,
            group=_TURN,
        ),
    ] = 12000
    dupe_compare_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_DUPE_COMPARE_BUDGET_MS",
            doc="Hard budget of comparing two products.",
            lo=1000,
            hi=14000,
            group=_TURN,
        ),
    ] = 12000
    reco_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_CHAT_RECO_BUDGET_MS",
            doc="[SEED] Hard budget of a chat turn that generates recommendations or a routine.",
            lo=1000,
            hi=60000,
            group=_TURN,
        ),
    ] = 9000
    chat_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_CHAT_BUDGET_MS",
            doc="Hard budget of any other chat turn (the client gives up at 15 s).",
            lo=1000,
            hi=14000,
            group=_TURN,
        ),
    ] = 12000
    product_parse_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_PRODUCT_PARSE_BUDGET_MS",
            doc="Hard budget of recognising a product.",
            lo=1000,
            hi=14000,
            group=_TURN,
        ),
    ] = 6000
    product_analyze_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_PRODUCT_ANALYZE_BUDGET_MS",
            doc="Hard budget of judging a product.",
            lo=1000,
            hi=14000,
            group=_TURN,
        ),
    ] = 12000
    product_catalog_fallback: Annotated[
        bool,
        var(
            "AURORA_BFF_PRODUCT_INTEL_CATALOG_FALLBACK",
            doc="Look in the commerce catalogue, too, for a product that the decision system does not know.",
            group=_TURN,
        ),
    ] = False
    product_catalog_max_queries: Annotated[
        int,
        var(
            "AURORA_BFF_PRODUCT_INTEL_CATALOG_MAX_QUERIES",
            doc="How many ways of naming the product are tried there.",
            lo=1,
            hi=6,
            group=_TURN,
        ),
    ] = 3
    write_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_WRITE_BUDGET_MS",
            doc="Profile, tracker, affiliate: then 503 DB_UNAVAILABLE.",
            lo=100,
            hi=14000,
            group=_TURN,
        ),
    ] = 3000
    offers_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_OFFERS_BUDGET_MS",
            doc="/v1/offers/resolve: then every item as far as it is known.",
            lo=1000,
            hi=14000,
            group=_TURN,
        ),
    ] = 12000
    forward_budget_ms: Annotated[
        int,
        var(
            "AURORA_FORWARD_BUDGET_MS",
            doc="/agent/*: calls handed on to the commerce backend (the client gives up at 3.5 s).",
            lo=300,
            hi=3400,
            group=_TURN,
        ),
    ] = 3000
    bootstrap_budget_ms: Annotated[
        int,
        var(
            "AURORA_BFF_BOOTSTRAP_BUDGET_MS",
            doc="Bootstrap: then 200 with db_ready:false.",
            lo=100,
            hi=14000,
            group=_TURN,
        ),
    ] = 1500
    append_wait_ms: Annotated[
        int,
        var(
            "AURORA_APPEND_WAIT_MS",
            doc="Longest wait of a chat or analysis turn for its append (decision 7).",
            lo=10,
            hi=5000,
            group=_TURN,
        ),
    ] = 500
    max_turns: Annotated[
        int,
        var(
            "AURORA_MAX_TURNS",
            doc="Turns in flight per worker; past it 503 with Retry-After.",
            lo=1,
            hi=10000,
            group=_TURN,
        ),
    ] = 512
    chat_upstream_timeout_ms: Annotated[
        int,
        var(
            "AURORA_CHAT_UPSTREAM_TIMEOUT_MS",
            doc="Open-chat decision call, per attempt.",
            lo=1000,
            hi=60000,
            group=_TURN,
        ),
    ] = 22000
    reco_upstream_timeout_ms: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_UPSTREAM_TIMEOUT_MS",
            doc="Decision call of a recommendation; 0 means the whole budget.",
            lo=0,
            hi=60000,
            group=_TURN,
        ),
    ] = 0
    reco_routine_timeout_ms: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_ROUTINE_TIMEOUT_MS",
            doc="Decision call of a routine; the reco budget bounds it too.",
            lo=3000,
            hi=22000,
            group=_TURN,
        ),
    ] = 14000
    report_share_pct: Annotated[
        int,
        var(
            "AURORA_REPORT_BUDGET_SHARE_PCT",
            doc="Share of the remaining analysis budget for the report model without a photo (decision 25).",
            lo=5,
            hi=95,
            group=_TURN,
        ),
    ] = 50

    # --- recommendations
    product_rec_catalog_path: Annotated[
        str,
        var(
            "AURORA_PRODUCT_REC_CATALOG_PATH",
            doc="Catalogue file of the matcher (docs/catalogue.md), read at start; empty: no matcher.",
            group=_RECO,
        ),
    ] = ""
    product_rec_allow_seed: Annotated[
        bool,
        var(
            "AURORA_PRODUCT_REC_ALLOW_SEED_CATALOG",
            doc="Let a catalogue of made-up products be used; without a path, the one that is shipped.",
            group=_RECO,
        ),
    ] = False
    reco_catalog_grounded: Annotated[
        bool,
        var(
            "AURORA_BFF_RECO_CATALOG_GROUNDED",
            doc="Search the commerce backend's catalogue for picks before asking the decision system.",
            strict=True,
            group=_RECO,
        ),
    ] = False
    reco_catalog_queries: Annotated[
        tuple[str, ...],
        var(
            "AURORA_BFF_RECO_CATALOG_QUERIES",
            doc="What is searched for, at most 8; empty: cleanser, moisturizer, sunscreen.",
            group=_RECO,
        ),
    ] = ()
    reco_catalog_search_timeout_ms: Annotated[
        int,
        var("AURORA_BFF_RECO_CATALOG_SEARCH_TIMEOUT_MS", doc="Each search.", lo=400, hi=12000, group=_RECO),
    ] = 1800
    reco_catalog_search_concurrency: Annotated[
        int,
        var("AURORA_BFF_RECO_CATALOG_SEARCH_CONCURRENCY", doc="Searches at once.", lo=1, hi=4, group=_RECO),
    ] = 3
    reco_alternatives_timeout_ms: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_ALTERNATIVES_TIMEOUT_MS",
            doc="Alternatives of one product.",
            lo=2000,
            hi=20000,
            group=_RECO,
        ),
    ] = 9000
    reco_alternatives_max_products: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_ALTERNATIVES_MAX_PRODUCTS",
            doc="Products that alternatives are asked for.",
            lo=0,
            hi=6,
            group=_RECO,
        ),
    ] = 5
    reco_alternatives_concurrency: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_ALTERNATIVES_CONCURRENCY",
            doc="Of these, at once.",
            lo=1,
            hi=4,
            group=_RECO,
        ),
    ] = 2
    reco_pdp_resolve_enabled: Annotated[
        bool,
        var(
            "AURORA_BFF_RECO_PDP_RESOLVE_ENABLED",
            doc="Ask the commerce backend how to open a recommended product.",
            group=_RECO,
        ),
    ] = True
    reco_pdp_timeout_ms: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_PDP_RESOLVE_TIMEOUT_STRICT_MIN_MS",
            doc="Each of these questions.",
            lo=600,
            hi=12000,
            group=_RECO,
        ),
    ] = 2200
    reco_pdp_max_network_items: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_PDP_ENRICH_MAX_NETWORK_ITEMS",
            doc="Items that it is asked for; the others open by what they say themselves.",
            lo=0,
            hi=8,
            group=_RECO,
        ),
    ] = 3
    reco_diversity_enabled: Annotated[
        bool,
        var(
            "AURORA_BFF_RECO_DIVERSITY_ENABLED",
            doc="Prefer products that were not shown in the last 45 minutes.",
            group=_RECO,
        ),
    ] = True

    # --- photos
    photo_budget_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_BUDGET_MS",
            doc="Hard budget of presign, upload and confirm, once the photo has arrived here.",
            lo=2000,
            hi=120000,
            group=_PHOTO,
        ),
    ] = 20000
    photo_auto_analysis: Annotated[
        bool,
        var(
            "AURORA_PHOTO_AUTO_ANALYZE_AFTER_CONFIRM",
            doc="Analyse a photo at once when its check has passed. The client asks for it itself.",
            group=_PHOTO,
        ),
    ] = False
    photo_upload_max_bytes: Annotated[
        int,
        var(
            "AURORA_PHOTO_UPLOAD_MAX_BYTES",
            doc="[SEED] Largest photo, and all files of an upload together.",
            lo=1048576,
            hi=26214400,
            group=_PHOTO,
        ),
    ] = 10485760
    photo_upload_parse_timeout_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_UPLOAD_PARSE_TIMEOUT_MS",
            doc="How long a client may take to send a photo.",
            lo=1000,
            hi=120000,
            group=_PHOTO,
        ),
    ] = 30000
    photo_download_url_timeout_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_DOWNLOAD_URL_TIMEOUT_MS",
            doc="[SEED] Longest wait for a signed address.",
            lo=1000,
            hi=20000,
            group=_PHOTO,
        ),
    ] = 5000
    photo_fetch_timeout_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_FETCH_TIMEOUT_MS",
            doc="[SEED] Longest attempt to fetch a photo from its signed address.",
            lo=1000,
            hi=20000,
            group=_PHOTO,
        ),
    ] = 3000
    photo_fetch_total_timeout_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_FETCH_TOTAL_TIMEOUT_MS",
            doc="[SEED] All attempts and pauses together.",
            lo=2000,
            hi=30000,
            group=_PHOTO,
        ),
    ] = 5000
    photo_fetch_retries: Annotated[
        int,
        var(
            "AURORA_PHOTO_FETCH_RETRIES",
            doc="[SEED] Attempts after the first.",
            lo=0,
            hi=5,
            group=_PHOTO,
        ),
    ] = 2
    photo_fetch_retry_base_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_FETCH_RETRY_BASE_MS",
            doc="[SEED] First pause between attempts; doubled each time.",
            lo=100,
            hi=2000,
            group=_PHOTO,
        ),
    ] = 250
    photo_cache_max_items: Annotated[
        int,
        var(
            "AURORA_PHOTO_CACHE_MAX_ITEMS",
            doc="[SEED] Photos kept in memory; 0 keeps none.",
            lo=0,
            hi=500,
            group=_PHOTO,
        ),
    ] = 40
    photo_cache_ttl_ms: Annotated[
        int,
        var(
            "AURORA_PHOTO_CACHE_TTL_MS",
            doc="[SEED] How long, from when a photo came in.",
            lo=10000,
            hi=1800000,
            group=_PHOTO,
        ),
    ] = 600000

    avail_search_timeout_ms: Annotated[
        int,
        var(
            "AURORA_CHAT_CATALOG_AVAIL_SEARCH_TIMEOUT_MS",
            doc="Catalogue search of an availability question.",
            lo=300,
            hi=6000,
            group=_TURN,
        ),
    ] = 1200
    avail_resolve_timeout_ms: Annotated[
        int,
        var(
            "AURORA_CHAT_CATALOG_AVAIL_RESOLVE_TIMEOUT_MS",
            doc="Resolving of a product that the search did not find.",
            lo=300,
            hi=6000,
            group=_TURN,
        ),
    ] = 1400
    skin_vision_enabled: Annotated[
        bool,
        var(
            "AURORA_SKIN_VISION_ENABLED",
            doc="[SEED] A vision model may look at photos.",
            strict=True,
            group=_PHOTO,
        ),
    ] = False
    skin_vision_provider: Annotated[
        str,
        var(
            "AURORA_SKIN_VISION_PROVIDER",
            doc="`gemini`, `openai`, or `auto`: whichever has a key. Anything else is gemini.",
            group=_PHOTO,
        ),
    ] = "gemini"
    skin_vision_model_openai: Annotated[
        str,
        var(
            "AURORA_SKIN_VISION_MODEL_OPENAI",
            "AURORA_SKIN_VISION_MODEL",
            doc="[SEED] Model at OpenAI.",
            group=_PHOTO,
        ),
    ] = "gpt-4o-mini"
    skin_vision_model_gemini: Annotated[
        str,
        var(
            "AURORA_SKIN_VISION_MODEL_GEMINI",
            "GEMINI_MODEL",
            doc="Model at Gemini.",
            group=_PHOTO,
        ),
    ] = "gemini-2.0-flash"
    skin_vision_timeout_ms: Annotated[
        int,
        var(
            "AURORA_SKIN_VISION_TIMEOUT_MS",
            doc="[SEED] Longest single attempt of a vision model.",
            lo=2000,
            hi=30000,
            group=_PHOTO,
        ),
    ] = 12000
    skin_vision_retry_max: Annotated[
        int,
        var(
            "AURORA_SKIN_VISION_RETRY_MAX",
            doc="Attempts after the first, for each provider.",
            lo=0,
            hi=2,
            group=_PHOTO,
        ),
    ] = 2
    skin_vision_retry_base_ms: Annotated[
        int,
        var(
            "AURORA_SKIN_VISION_RETRY_BASE_MS",
            doc="First pause between attempts; doubled each time, at most 5 s.",
            lo=50,
            hi=2000,
            group=_PHOTO,
        ),
    ] = 250
    skin_force_vision_call: Annotated[
        bool,
        var(
            "AURORA_SKIN_FORCE_VISION_CALL",
            doc="For tests: ask the vision model whatever the policy says.",
            strict=True,
            group=_PHOTO,
        ),
    ] = False
    skin_degraded_mode: Annotated[
        str,
        var(
            "AURORA_SKIN_DEGRADED_MODE",
            doc="Which one model may speak about a degraded photo: `report` or `vision`.",
            group=_PHOTO,
        ),
    ] = "report"
    openai_api_key: Annotated[
        str,
        var(
            "OPENAI_API_KEY",
            doc="Key for OpenAI.",
            secret=True,
            group=_PHOTO,
        ),
    ] = ""
    openai_base_url: Annotated[
        str,
        var(
            "OPENAI_BASE_URL",
            "OPENAI_API_BASE",
            doc="Where OpenAI is.",
            group=_PHOTO,
        ),
    ] = "https://api.openai.com/v1"
    gemini_api_key: Annotated[
        str,
        var(
            "AURORA_SKIN_GEMINI_API_KEY",
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            doc="Key for Gemini.",
            secret=True,
            group=_PHOTO,
        ),
    ] = ""
    gemini_base_url: Annotated[
        str,
        var(
            "AURORA_SKIN_GEMINI_BASE_URL",
            doc="Where Gemini is.",
            group=_PHOTO,
        ),
    ] = "https://generativelanguage.googleapis.com"

    # --- memory
    retention_days: Annotated[
        int,
        var(
            "AURORA_BFF_RETENTION_DAYS",
            "AURORA_RETENTION_DAYS",
            "RETENTION_DAYS",
            doc="Days that traces and stored UI events are kept; 0: nothing is persisted at all.",
            lo=0,
            hi=365,
            group=_MEM,
        ),
    ] = 30
    artifact_retention_days: Annotated[
        int,
        var(
            "AURORA_DIAG_ARTIFACT_RETENTION_DAYS",
            doc="Days that artifacts, plans and runs are kept.",
            lo=0,
            hi=365,
            group=_MEM,
        ),
    ] = 90
    artifact_max_age_days: Annotated[
        int,
        var(
            "AURORA_DIAG_ARTIFACT_MAX_AGE_DAYS",
            doc="Oldest artifact that still unlocks recommendations.",
            lo=1,
            hi=365,
            group=_MEM,
        ),
    ] = 30
    ephemeral_max_identities: Annotated[
        int,
        var(
            "AURORA_BFF_EPHEMERAL_MAX_IDENTITIES",
            doc="Identities kept in memory when nothing is persisted.",
            lo=10,
            hi=2000,
            group=_MEM,
        ),
    ] = 200
    trace_level: Annotated[
        str,
        var(
            "AURORA_TRACE_LEVEL",
            doc="`full` records turns for replay; `facts` records facts only.",
            group=_MEM,
        ),
    ] = "full"

    # --- http
    allowed_origins: Annotated[
        tuple[str, ...],
        var(
            "ALLOWED_ORIGINS",
            "CORS_ALLOWED_ORIGINS",
            doc="[SEED] Comma-separated public origins, added to the local ones.",
            group=_WEB,
        ),
    ] = ("https://aurora.pivota.cc",)
    max_body_bytes: Annotated[
        int, var("AURORA_MAX_BODY_BYTES", doc="Largest JSON body.", lo=1024, hi=10485760, group=_WEB)
    ] = 10485760
    max_json_depth: Annotated[
        int, var("AURORA_MAX_JSON_DEPTH", doc="Deepest JSON nesting accepted.", lo=4, hi=200, group=_WEB)
    ] = 64
    ops_admin_key: Annotated[
        str,
        var(
            "AURORA_OPS_ADMIN_KEY",
            "AURORA_BFF_PDP_HOTSET_PREWARM_ADMIN_KEY",
            doc="Guards /ops and /v1/ops.",
            secret=True,
            group=_WEB,
        ),
    ] = ""

    # --- knowledge of products
    kb_product_fresh_hours: Annotated[
        int,
        var(
            "AURORA_PRODUCT_INTEL_KB_FRESH_HOURS",
            doc="Age after which what is known of a product is served stale and refreshed.",
            lo=1,
            hi=8760,
            group=_KB,
        ),
    ] = 336
    kb_dupes_fresh_hours: Annotated[
        int,
        var(
            "AURORA_DUPE_KB_FRESH_HOURS",
            doc="The same for dupes of a product.",
            lo=1,
            hi=8760,
            group=_KB,
        ),
    ] = 168
    kb_product_mem_entries: Annotated[
        int,
        var(
            "AURORA_PRODUCT_INTEL_KB_MAX_MEM_ENTRIES",
            doc="Products kept in a worker's memory.",
            lo=80,
            hi=6000,
            group=_KB,
        ),
    ] = 600
    kb_dupes_mem_entries: Annotated[
        int,
        var(
            "AURORA_DUPE_KB_MAX_MEM_ENTRIES",
            doc="Rows of dupes kept in a worker's memory.",
            lo=50,
            hi=5000,
            group=_KB,
        ),
    ] = 500
    kb_mem_bytes: Annotated[
        int,
        var(
            "AURORA_KB_MAX_MEM_BYTES",
            doc="Memory of each of the two, whatever the number of rows.",
            lo=1_000_000,
            hi=268_435_456,
            group=_KB,
        ),
    ] = 16_777_216
    kb_row_bytes: Annotated[
        int,
        var(
            "AURORA_KB_MAX_ROW_BYTES",
            doc="Largest row, as JSON; larger ones are not kept.",
            lo=4096,
            hi=262_144,
            group=_KB,
        ),
    ] = 65_536
    kb_max_rows: Annotated[
        int,
        var(
            "AURORA_KB_MAX_ROWS",
            doc="Rows of each table; of more, the oldest unverified go first.",
            lo=100,
            hi=5_000_000,
            group=_KB,
        ),
    ] = 50_000
    kb_retention_days: Annotated[
        int,
        var(
            "AURORA_KB_RETENTION_DAYS",
            doc="Days after which a row that nobody has written again goes.",
            lo=1,
            hi=3650,
            group=_KB,
        ),
    ] = 180
    kb_refreshes_per_client: Annotated[
        int,
        var(
            "AURORA_KB_FORCE_REFRESH_PER_CLIENT",
            doc="force_refresh of one client in ten minutes.",
            lo=0,
            hi=1000,
            group=_KB,
        ),
    ] = 10
    kb_refreshes_per_key: Annotated[
        int,
        var(
            "AURORA_KB_FORCE_REFRESH_PER_KEY",
            doc="force_refresh of one product in ten minutes.",
            lo=0,
            hi=1000,
            group=_KB,
        ),
    ] = 3
    kb_dupes_seed_path: Annotated[
        str,
        var(
            "AURORA_DUPE_KB_PATH",
            doc="JSONL file of dupes, read at start, for what no table knows (docs/knowledge.md).",
            group=_KB,
        ),
    ] = ""

    # --- dogfood of recommendations
    reco_dogfood: Annotated[
        bool,
        var(
            "AURORA_BFF_RECO_DOGFOOD_MODE",
            doc="Employees' feedback, clicks and late updates: opens the three side routes of /v1/reco/.",
            group=_FLAG,
        ),
    ] = False
    reco_ticket_ttl_ms: Annotated[
        int,
        var(
            "AURORA_BFF_RECO_ASYNC_POLL_TTL_MS",
            doc="How long a ticket of late updates is good.",
            lo=5000,
            hi=3_600_000,
            group=_FLAG,
        ),
    ] = 600_000
    feedback_jsonl_dir: Annotated[
        str,
        var(
            "AURORA_RECO_EMPLOYEE_FEEDBACK_JSONL_SINK_DIR",
            "AURORA_EVENTS_JSONL_SINK_DIR",
            doc="Employees' feedback as JSON lines, one file a day, beside the table.",
            group=_FLAG,
        ),
    ] = ""

    # --- UI telemetry
    posthog_api_key: Annotated[
        str, var("POSTHOG_API_KEY", doc="[SEED] First sink of /v1/events.", secret=True, group=_EV)
    ] = ""
    posthog_host: Annotated[
        str, var("POSTHOG_HOST", "POSTHOG_URL", doc="[SEED] PostHog base URL.", group=_EV)
    ] = ""
    events_jsonl_dir: Annotated[
        str, var("AURORA_EVENTS_JSONL_SINK_DIR", doc="[SEED] Second sink of /v1/events.", group=_EV)
    ] = ""

    # --- flags
    include_raw_context: Annotated[
        bool,
        var(
            "AURORA_BFF_INCLUDE_RAW_CONTEXT",
            doc="[SEED] Adds the aurora_context_raw card.",
            strict=True,
            group=_FLAG,
        ),
    ] = False
    conflict_heatmap_v1: Annotated[
        bool,
        var(
            "AURORA_BFF_CONFLICT_HEATMAP_V1_ENABLED",
            doc="[SEED] Full conflict_heatmap payload.",
            strict=True,
            group=_FLAG,
        ),
    ] = False
    product_matcher_enabled: Annotated[
        bool,
        var(
            "AURORA_PRODUCT_MATCHER_ENABLED",
            doc="The artifact gate in front of recommendations.",
            group=_FLAG,
        ),
    ] = True
    ingredient_plan_enabled: Annotated[
        bool,
        var(
            "AURORA_INGREDIENT_PLAN_ENABLED", doc="ingredient_plan card beside recommendations.", group=_FLAG
        ),
    ] = True
    diag_artifact_enabled: Annotated[
        bool, var("AURORA_DIAG_ARTIFACT_ENABLED", doc="Diagnosis artifact after an analysis.", group=_FLAG)
    ] = True
    photo_modules_enabled: Annotated[
        bool,
        var(
            "DIAG_PHOTO_MODULES_CARD",
            doc="photo_modules_v1 card beside an analysis that used a photo.",
            group=_FLAG,
        ),
    ] = False
    profile_v2_enabled: Annotated[
        bool,
        var(
            "AURORA_PROFILE_V2_ENABLED",
            doc="All fifteen profile fields in answers (decision 13).",
            group=_FLAG,
        ),
    ] = True
    travel_weather_live: Annotated[
        bool,
        var(
            "AURORA_TRAVEL_WEATHER_LIVE_ENABLED",
            doc="Forecast of a named destination; sends its name, and nothing else, to the weather service.",
            group=_FLAG,
        ),
    ] = False
    avail_fast_path: Annotated[
        bool,
        var(
            "AURORA_CHAT_CATALOG_AVAIL_FAST_PATH",
            doc="Is a product to be had? Answered from the shop's catalogue, without the decision system.",
            group=_FLAG,
        ),
    ] = True
    avail_resolve_fallback: Annotated[
        bool,
        var(
            "AURORA_CHAT_CATALOG_AVAIL_RESOLVE_FALLBACK",
            doc="A specific product that the search did not find is resolved by its name.",
            group=_FLAG,
        ),
    ] = True
    avail_resolve_on_transient: Annotated[
        bool,
        var(
            "AURORA_CHAT_CATALOG_AVAIL_RESOLVE_ON_TRANSIENT",
            doc="Also when the search failed for a reason that may pass.",
            group=_FLAG,
        ),
    ] = False
    always_profile_prompt: Annotated[
        bool,
        var(
            "AURORA_ALWAYS_PROFILE_PROMPT",
            doc="profile_prompt on every product_analysis: the stock client needs it (decision 13).",
            group=_FLAG,
        ),
    ] = True
    llm_kill_switch: Annotated[
        bool, var("LLM_KILL_SWITCH", doc="No model calls in an analysis.", group=_FLAG)
    ] = False
    policy_version: Annotated[
        str, var("AURORA_CHAT_POLICY_VERSION", doc="Value of x-aurora-policy-version.", group=_FLAG)
    ] = "aurora_chat_v2_p0"

    # --- clarification, planner, rollout
    clarification_filter_known: Annotated[
        bool,
        var(
            "AURORA_CHAT_CLARIFICATION_FILTER_KNOWN",
            doc="Leave out an upstream's question about a fact that is known.",
            group=_ASK,
        ),
    ] = True
    clarification_flow_v2: Annotated[
        bool,
        var(
            "AURORA_CHAT_CLARIFICATION_FLOW_V2",
            doc="Ask an upstream's questions one by one here, then resume the first request.",
            group=_ASK,
        ),
    ] = False
    clarification_history_context: Annotated[
        bool,
        var(
            "AURORA_CHAT_CLARIFICATION_HISTORY_CONTEXT",
            doc="Tell the decision system what was answered, when a request is resumed.",
            group=_ASK,
        ),
    ] = True
    resume_prefix_v1: Annotated[
        bool, var("AURORA_CHAT_RESUME_PREFIX_V1", doc="Short resume block before such a query.", group=_ASK)
    ] = True
    resume_prefix_v2: Annotated[
        bool,
        var(
            "AURORA_CHAT_RESUME_PREFIX_V2",
            doc="Authoritative resume block with the known facts; wins over V1.",
            group=_ASK,
        ),
    ] = False
    resume_probe_metrics: Annotated[
        bool,
        var(
            "AURORA_CHAT_RESUME_PROBE_METRICS",
            doc="Count how resumed requests are answered, and what is asked again.",
            group=_ASK,
        ),
    ] = True
    qa_planner_v1: Annotated[
        bool,
        var(
            "AURORA_QA_PLANNER_V1_ENABLED",
            doc="Count how often the same facts are asked for, and send that count.",
            group=_ASK,
        ),
    ] = False
    loop_breaker_v2: Annotated[
        bool,
        var(
            "AURORA_LOOP_BREAKER_V2_ENABLED",
            doc="After the third time, go on with careful defaults instead of asking again.",
            group=_ASK,
        ),
    ] = False
    response_meta: Annotated[
        bool,
        var(
            "AURORA_CHAT_RESPONSE_META_ENABLED",
            doc="Policy metadata in session_patch.meta and the event aurora_policy_meta.",
            group=_ASK,
        ),
    ] = False
    rollout_enabled: Annotated[
        bool,
        var(
            "AURORA_ROLLOUT_ENABLED",
            doc="Capabilities by bucket. Safety and the profile are never part of it (decision 19).",
            group=_ASK,
        ),
    ] = False
    rollout_weather_pct: Annotated[
        int,
        var("AURORA_ROLLOUT_V2_WEATHER_PCT", doc="Share of v2_weather, from 0 on.", lo=0, hi=100, group=_ASK),
    ] = 1
    rollout_safety_pct: Annotated[
        int, var("AURORA_ROLLOUT_V2_SAFETY_PCT", doc="Share of v2_safety, next.", lo=0, hi=100, group=_ASK)
    ] = 1
    rollout_core_pct: Annotated[
        int,
        var(
            "AURORA_ROLLOUT_V2_CORE_PCT",
            doc="Share of v2_core, next; the rest is legacy.",
            lo=0,
            hi=100,
            group=_ASK,
        ),
    ] = 5
    deployment: Annotated[
        str,
        var(
            "AURORA_ENV",
            "NODE_ENV",
            doc="`production`: x-aurora-force-variant needs the two settings below.",
            group=_ASK,
        ),
    ] = ""
    force_variant_enabled: Annotated[
        bool, var("AURORA_FORCE_VARIANT_ENABLED", doc="Allow it in production.", group=_ASK)
    ] = False
    force_variant_debug_key: Annotated[
        str,
        var(
            "AURORA_FORCE_VARIANT_DEBUG_KEY",
            doc="Key that x-aurora-debug-key must then carry; empty: none.",
            secret=True,
            group=_ASK,
        ),
    ] = ""

    # --- product pages
    product_page_enabled: Annotated[
        bool,
        var(
            "AURORA_BFF_PRODUCT_URL_REALTIME_INTEL",
            "AURORA_BFF_PRODUCT_URL_INGREDIENT_ANALYSIS",
            doc="Read the page behind a product's URL. Off in mock mode whatever this says.",
            group=_PAGE,
        ),
    ] = False
    product_page_hosts: Annotated[
        tuple[str, ...],
        var(
            "AURORA_BFF_PRODUCT_PAGE_HOSTS",
            doc="Hosts whose pages are read, with everything below them (`shop.example` allows "
            "`www.shop.example`); empty: none (docs/page-reading.md).",
            group=_PAGE,
        ),
    ] = ()
    product_page_timeout_ms: Annotated[
        int,
        var(
            "AURORA_BFF_PRODUCT_URL_INGREDIENT_TIMEOUT_MS",
            doc="All of it: name, redirects, body and reading.",
            lo=800,
            hi=12000,
            group=_PAGE,
        ),
    ] = 3500
    product_page_max_bytes: Annotated[
        int,
        var(
            "AURORA_BFF_PRODUCT_URL_INGREDIENT_MAX_BYTES",
            doc="Of a page, after decompression.",
            lo=120_000,
            hi=2_000_000,
            group=_PAGE,
        ),
    ] = 900_000

    # --- sign-in
    auth_enabled: Annotated[
        bool,
        var("AURORA_BFF_AUTH_ENABLED", doc="Needs a pepper and a database.", strict=True, group=_AUTH),
    ] = False
    auth_pepper: Annotated[
        str,
        var(
            "AURORA_BFF_AUTH_PEPPER",
            "AURORA_AUTH_PEPPER",
            doc="Key of every hash of a code, token, password or address. Changing it ends all sessions and "
            "makes all passwords wrong.",
            secret=True,
            group=_AUTH,
        ),
    ] = ""
    auth_challenge_ttl_ms: Annotated[
        int,
        var("AURORA_BFF_AUTH_CHALLENGE_TTL_MS", doc="Life of a code.", lo=60_000, hi=1_800_000, group=_AUTH),
    ] = 600_000
    auth_session_ttl_ms: Annotated[
        int,
        var(
            "AURORA_BFF_AUTH_SESSION_TTL_MS",
            doc="Life of a session, 30 days; it does not slide.",
            lo=300_000,
            hi=15_552_000_000,
            group=_AUTH,
        ),
    ] = 2_592_000_000
    auth_password_max_attempts: Annotated[
        int,
        var(
            "AURORA_BFF_AUTH_PASSWORD_MAX_ATTEMPTS",
            doc="Wrong passwords of an address until it is locked.",
            lo=3,
            hi=10,
            group=_AUTH,
        ),
    ] = 5
    auth_password_lockout_ms: Annotated[
        int,
        var(
            "AURORA_BFF_AUTH_PASSWORD_LOCKOUT_MS",
            doc="How long it is locked.",
            lo=60_000,
            hi=3_600_000,
            group=_AUTH,
        ),
    ] = 900_000
    auth_scrypt_n: Annotated[
        int,
        var(
            "AURORA_BFF_AUTH_SCRYPT_N",
            doc="Cost of new passwords, rounded down to a power of two; 1 KiB of memory each.",
            lo=1024,
            hi=32_768,
            group=_AUTH,
        ),
    ] = 16_384
    auth_trusted_proxies: Annotated[
        int,
        var(
            "AURORA_TRUSTED_PROXIES",
            doc="Proxies of ours before the service, for the limits per client: so many names at the end of "
            "X-Forwarded-For are believed. 0: the peer of the socket.",
            lo=0,
            hi=5,
            group=_AUTH,
        ),
    ] = 0
    auth_email_provider: Annotated[
        str,
        var(
            "AURORA_BFF_AUTH_EMAIL_PROVIDER",
            doc="`resend`, `smtp` or `file`; empty: the first that is configured.",
            group=_AUTH,
        ),
    ] = ""
    auth_email_from: Annotated[
        str,
        var(
            "AURORA_BFF_AUTH_EMAIL_FROM",
            "AURORA_AUTH_EMAIL_FROM",
            doc="Sender of the mails, for Resend and SMTP.",
            group=_AUTH,
        ),
    ] = ""
    resend_api_key: Annotated[str, var("RESEND_API_KEY", doc="Key for Resend.", secret=True, group=_AUTH)] = (
        ""
    )
    resend_base_url: Annotated[str, var("RESEND_BASE_URL", doc="Where Resend is.", group=_AUTH)] = (
        "https://api.resend.com"
    )
    auth_smtp_host: Annotated[str, var("AURORA_BFF_AUTH_SMTP_HOST", doc="SMTP server.", group=_AUTH)] = ""
    auth_smtp_port: Annotated[
        int, var("AURORA_BFF_AUTH_SMTP_PORT", doc="Its port.", lo=1, hi=65535, group=_AUTH)
    ] = 587
    auth_smtp_user: Annotated[
        str, var("AURORA_BFF_AUTH_SMTP_USER", doc="Name to log in with; empty: no login.", group=_AUTH)
    ] = ""
    auth_smtp_password: Annotated[
        str, var("AURORA_BFF_AUTH_SMTP_PASSWORD", doc="Its password.", secret=True, group=_AUTH)
    ] = ""
    auth_smtp_tls: Annotated[
        str,
        var("AURORA_BFF_AUTH_SMTP_TLS", doc="`starttls`, `tls` (from the start) or `none`.", group=_AUTH),
    ] = "starttls"
    auth_email_file: Annotated[
        str,
        var("AURORA_BFF_AUTH_EMAIL_FILE", doc="For development: mails go into this file.", group=_AUTH),
    ] = ""
    auth_debug: Annotated[
        bool,
        var(
            "AURORA_BFF_AUTH_DEBUG",
            "AURORA_BFF_AUTH_DEBUG_RETURN_CODE",
            doc="For tests: the answer holds the code itself. Never in production.",
            strict=True,
            group=_AUTH,
        ),
    ] = False

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read `env`. A number that is no number means the default; numbers are clamped, never refused."""
        values: dict[str, Any] = {}
        for field, (kind, spec) in declared().items():
            raw = next((env[n].strip() for n in spec.names if env.get(n, "").strip()), None)
            if raw is None:
                continue
            parsed = _parse(kind, spec, raw)
            if parsed is not None:
                values[field] = parsed
        for url in (
            "decision_base_url",
            "backend_base_url",
            "posthog_host",
            "weather_geocoding_base_url",
            "weather_forecast_base_url",
            "resend_base_url",
        ):
            if url in values:
                values[url] = values[url].rstrip("/")
        return cls(**values)


def declared() -> dict[str, tuple[Any, Var]]:
    """Field name -> (type, Var) for every setting, in order of declaration."""
    found: dict[str, tuple[Any, Var]] = {}
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        if get_origin(hint) is Annotated:
            kind, spec = get_args(hint)[:2]
            found[name] = (kind, spec)
    return found


def _parse(kind: Any, spec: Var, raw: str) -> Any:
    if kind is bool:
        word = raw.lower()
        if spec.strict:
            return word == "true"
        return True if word in LOOSE_TRUE else False if word in LOOSE_FALSE else None
    if kind is int:
        try:
            number = int(float(raw))
        except (ValueError, OverflowError):
            return None
        if spec.lo is not None:
            number = max(spec.lo, number)
        if spec.hi is not None:
            number = min(spec.hi, number)
        return number
    if kind is str:
        return raw
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def as_markdown() -> str:
    """docs/configuration.md."""
    defaults = Settings()
    groups: dict[str, list[str]] = {}
    for name, (kind, spec) in declared().items():
        default = getattr(defaults, name)
        shown = (
            ""
            if spec.secret
            else ",".join(default)
            if isinstance(default, tuple)
            else str(default).lower()
            if kind is bool
            else str(default)
        )
        limits = f"{spec.lo}..{spec.hi}" if spec.lo is not None else "only `true`" if spec.strict else ""
        others = f" (then `{'`, `'.join(spec.names[1:])}`)" if len(spec.names) > 1 else ""
        doc = spec.doc.replace("|", "\\|")
        groups.setdefault(spec.group, []).append(
            f"| `{spec.names[0]}`{others} | {f'`{shown}`' if shown else ''} | {limits} | {doc} |"
        )
    lines = [
        "# Configuration",
        "",
        "Generated from `aurora/settings.py` by `python -m aurora.settings`; a test keeps it in step.",
        "A number that is no number means the default; numbers are clamped. [SEED] marks the runbook's own.",
    ]
    for group, rows in groups.items():
        lines += [
            "",
            f"## {group}",
            "",
            "| Variable | Default | Limits | Meaning |",
            "|---|---|---|---|",
            *rows,
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
