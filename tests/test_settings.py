"""Reading the environment: names, defaults, clamps; and the page that is generated from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.settings import Settings, as_markdown, declared

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == as_markdown(), "python -m aurora.settings > docs/configuration.md"


@pytest.mark.parametrize(
    ("env", "field", "value"),
    [
        ({}, "analysis_budget_ms", 12000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": "9000"}, "analysis_budget_ms", 9000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": "10"}, "analysis_budget_ms", 1000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": "1e9"}, "analysis_budget_ms", 60000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": "soon"}, "analysis_budget_ms", 12000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": "inf"}, "analysis_budget_ms", 12000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": "nan"}, "analysis_budget_ms", 12000),
        ({"AURORA_BFF_ANALYSIS_BUDGET_MS": " 1500.9 "}, "analysis_budget_ms", 1500),
        ({"AURORA_BFF_CHAT_RECO_BUDGET_MS": "999"}, "reco_budget_ms", 1000),
        ({"AURORA_BFF_CHAT_BUDGET_MS": "60000"}, "chat_budget_ms", 14000),
        ({"AURORA_BFF_USE_MOCK": "TRUE"}, "use_mock", True),
        ({"AURORA_BFF_USE_MOCK": "1"}, "use_mock", False),
        ({"AURORA_BREAKER_ENABLED": "off"}, "breaker_enabled", False),
        ({"AURORA_BREAKER_ENABLED": "maybe"}, "breaker_enabled", True),
        ({"AURORA_BFF_RETENTION_DAYS": "-3"}, "retention_days", 0),
        ({"AURORA_BFF_RETENTION_DAYS": ""}, "retention_days", 30),
        ({"RETENTION_DAYS": "7"}, "retention_days", 7),
        ({"AURORA_BFF_RETENTION_DAYS": "5", "RETENTION_DAYS": "7"}, "retention_days", 5),
        ({"PIVOTA_API_BASE": "http://b/"}, "backend_base_url", "http://b"),
        (
            {"PIVOTA_BACKEND_BASE_URL": "http://a//", "PIVOTA_API_BASE": "http://b"},
            "backend_base_url",
            "http://a",
        ),
        ({"ALLOWED_ORIGINS": " https://a , ,https://b"}, "allowed_origins", ("https://a", "https://b")),
        ({"ALLOWED_ORIGINS": "", "CORS_ALLOWED_ORIGINS": "https://c"}, "allowed_origins", ("https://c",)),
        (
            {"ALLOWED_ORIGINS": "https://a", "CORS_ALLOWED_ORIGINS": "https://c"},
            "allowed_origins",
            ("https://a",),
        ),
        ({"PORT": "80800"}, "port", 65535),
    ],
)
def test_a_variable_is_read(env: dict[str, str], field: str, value: Any) -> None:
    assert getattr(Settings.from_env(env), field) == value


def test_no_name_is_read_by_two_settings_unless_it_is_a_fallback() -> None:
    first = [spec.names[0] for _, spec in declared().values()]
    assert len(first) == len(set(first))


def test_secrets_have_no_default_on_the_page() -> None:
    for field, (_, spec) in declared().items():
        if spec.secret:
            assert getattr(Settings(), field) == ""


@given(st.dictionaries(st.sampled_from([n for _, s in declared().values() for n in s.names]), st.text()))
def test_any_environment_gives_settings_within_their_limits(env: dict[str, str]) -> None:
    settings = Settings.from_env(env)
    for field, (kind, spec) in declared().items():
        value = getattr(settings, field)
        if kind is int:
            assert spec.lo is None or spec.lo <= value
            assert spec.hi is None or value <= spec.hi
