"""Environmental stress: the local model, and what the decision system says, as the client draws them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.memory import Profile
from aurora.rules import env_stress
from aurora.rules.weather_texts import ADVICE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=30,
)


def lawful(payload: dict[str, Any]) -> None:
    """The payload is what the client can draw, to the last key."""
    msgspec.convert(payload, CARD_PAYLOADS["env_stress"], strict=True)


def upstream(**told: Any) -> dict[str, Any]:
    return {"env_stress": {"schema_version": "aurora.env_stress.v1", "ess": 80, **told}}


@pytest.mark.parametrize("scenario", list(ADVICE))
@pytest.mark.parametrize("barrier", [None, "unknown", "healthy", "stable", "impaired", "damaged"])
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_every_scenario_is_drawable_in_both_languages(scenario: str, barrier: str, lang: Any) -> None:
    for sensitivity in (None, "low", "high"):
        known = Profile(barrierStatus=barrier, sensitivity=sensitivity)
        lawful(env_stress.local(scenario, known, logged=False, lang=lang))


@pytest.mark.parametrize(
    ("scenario", "barrier", "sensitivity", "ess", "tier"),
    [
        ("snow", None, None, 53, "Medium"),
        ("snow", "healthy", "low", 38, "Medium"),
        ("snow", "impaired", "high", 100, "High"),  # 75 + 18 + 10, clamped
        ("rain", "stable", None, 28, "Low"),
        ("humid", "damaged", None, 83, "High"),
        ("uv", "healthy", "sensitive", 45, "Medium"),
        ("cold", "healthy", None, 35, "Medium"),
        ("dry", None, "high", 60, "Medium"),
        ("wind", "healthy", None, 32, "Medium"),
        ("travel", None, None, 47, "Medium"),
        ("unknown", "healthy", None, 26, "Low"),
    ],
)
def test_local_score(
    scenario: str, barrier: str | None, sensitivity: str | None, ess: int, tier: str
) -> None:
    known = Profile(barrierStatus=barrier, sensitivity=sensitivity)
    payload = env_stress.local(scenario, known, logged=True, lang="EN")
    assert (payload["ess"], payload["tier"]) == (ess, tier)


@pytest.mark.parametrize(
    ("scenario", "barrier", "values"),
    [
        ("snow", "impaired", [80, 70, 65]),
        ("rain", "healthy", [20, 45, 30]),
        ("travel", None, [40, 55, 30]),
        ("uv", "stable", [20, 35, 65]),
        ("unknown", "unknown", [40, 35, 30]),
    ],
)
def test_local_radar(scenario: str, barrier: str | None, values: list[int]) -> None:
    payload = env_stress.local(scenario, Profile(barrierStatus=barrier), logged=True, lang="EN")
    assert payload["radar"] == [
        {"axis": axis, "value": value}
        for axis, value in zip(("Barrier", "Weather", "UV"), values, strict=True)
    ]


def test_what_is_not_known_is_said_and_the_client_finds_its_check_in_button() -> None:
    bare = env_stress.local("snow", None, logged=False, lang="CN")
    assert "还不知道你的皮肤容不容易有反应。" in bare["notes"]  # in words: nobody reads a field's name
    assert not any("profile." in note for note in bare["notes"])
    assert any("recent_logs" in note for note in bare["notes"])
    full = env_stress.local("snow", Profile(sensitivity="low"), logged=True, lang="CN")
    assert not any("recent_logs" in note or "容易有反应" in note for note in full["notes"])
    assert any(
        "skin reacts" in n
        for n in env_stress.local("uv", Profile(sensitivity="unknown"), logged=True, lang="EN")["notes"]
    )


def test_a_contributors_share_of_the_weight_is_its_share_of_the_score() -> None:
    context = upstream(
        ess=88,
        contributors=[
            {"key": "uv", "weight": 3, "note": "Strong sun."},
            {"key": "dry_air", "weight": 1, "note": "Dry indoors."},
            {"key": "lost", "weight": -1},
            {"key": "odd", "weight": "much"},
            "nothing",
        ],
        missing_inputs=["recent_logs", "profile.sensitivity"],
    )
    payload = env_stress.from_upstream(context)
    assert payload is not None
    lawful(payload)
    assert payload["ess"] == 88
    assert payload["tier"] == "High"
    assert payload["radar"] == [{"axis": "UV", "value": 66}, {"axis": "Dry Air", "value": 22}]
    assert payload["notes"][2:] == ["Strong sun.", "Dry indoors."]
    assert "recent_logs" in payload["notes"][0]


def test_the_camel_case_key_counts_too_and_chinese_axes_are_chinese() -> None:
    told = {"envStress": upstream(contributors=[{"key": "UV", "weight": 1}])["env_stress"]}
    payload = env_stress.from_upstream(told, "CN")
    assert payload is not None
    assert payload["radar"] == [{"axis": "紫外线", "value": 80}]


def test_what_already_speaks_the_clients_schema_keeps_its_figures() -> None:
    told = {
        "schema_version": "aurora.ui.env_stress.v1",
        "ess": 41.6,
        "tier": "High",
        "radar": [{"axis": "Wind", "value": 200}, {"axis": " ", "value": 3}, None, {"axis": "Heat"}],
        "notes": ["One.", 2, "Three."],
        "debug": {"token": "x"},
    }
    assert env_stress.from_upstream({"env_stress": told}) == {
        "schema_version": "aurora.ui.env_stress.v1",
        "ess": 42,
        "tier": "High",
        "radar": [{"axis": "Wind", "value": 100}],
        "notes": ["One.", "Three."],
    }


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"env_stress": None},
        {"env_stress": "88"},
        {"env_stress": []},
        {"env_stress": {"ess": 88}},
        {"env_stress": {"schema_version": "aurora.env_stress.v2", "ess": 88}},
        upstream(ess=None),
        upstream(ess="high"),
        upstream(ess=float("nan")),
        upstream(ess=True),
    ],
)
def test_what_cannot_be_drawn_is_no_card(context: Any) -> None:
    assert env_stress.from_upstream(context) is None


def test_many_contributors_are_cut_to_what_the_client_draws() -> None:
    many = [{"key": f"k{n}", "weight": 1, "note": "n" * 900} for n in range(5000)]
    payload = env_stress.from_upstream(upstream(contributors=many, missing_inputs=["x" * 900] * 9))
    assert payload is not None
    lawful(payload)
    assert len(payload["radar"]) == 8
    assert len(payload["notes"]) == 4
    assert max(map(len, payload["notes"])) < 200


@settings(deadline=None)
@given(
    told=st.fixed_dictionaries(
        {"schema_version": st.sampled_from(["aurora.env_stress.v1", "aurora.ui.env_stress.v1"])},
        optional={
            "ess": st.integers() | st.floats() | JSON,
            "tier": JSON,
            "contributors": st.lists(
                st.fixed_dictionaries({"key": JSON, "weight": st.floats() | JSON, "note": JSON}) | JSON,
                max_size=12,
            )
            | JSON,
            "radar": st.lists(st.fixed_dictionaries({"axis": JSON, "value": JSON}) | JSON, max_size=12)
            | JSON,
            "missing_inputs": JSON,
            "notes": JSON,
        },
    ),
    lang=st.sampled_from(["EN", "CN"]),
)
def test_whatever_the_upstream_says_is_drawable_or_no_card(told: dict[str, Any], lang: Any) -> None:
    payload = env_stress.from_upstream({"env_stress": told}, lang)
    if payload is not None:
        lawful(payload)


def test_texts_fit_what_a_template_may_say() -> None:
    """Contract B 17.5: markdown of at most 520 characters and six bullets."""
    for name, advice in ADVICE.items():
        for side in (0, 1):
            bullets = [*advice.lines, advice.actives]
            assert len(bullets) <= 4, name
            size = sum(
                len(text[side]) for text in (advice.lead, *bullets, *([advice.kit] if advice.kit else []))
            )
            assert size <= 420, (name, side, size)
