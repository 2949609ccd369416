"""Nothing of a person is knowledge, however deep it stands and however it is spelled."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules.knowledge_facts import is_empty, may_replace, personal_in, size_of

UID = "uid-8d1f6a2b"
PRODUCT: dict[str, Any] = {
    "assessment": {"verdict": "Suitable", "reasons": ["Niacinamide evens tone."], "how_to_use": None},
    "evidence": {
        "science": {"key_ingredients": ["niacinamide"], "fit_notes": ["Suits oily and sensitive skin."]},
        "expert_notes": ["Pregnancy: ask a doctor."],
    },
    "skin_fit": {"contraindications": [{"condition": "rosacea", "why": "may sting"}]},
    "product": {"product_id": "p1", "name": "Serum", "price": 12.5, "in_stock": True},
}


def test_a_product_may_be_kept() -> None:
    assert personal_in(PRODUCT, (UID, "u1", "")) == ""


@pytest.mark.parametrize(
    "name", [*Profile.__struct_fields__, "profile", "recent_logs", "aurora_uid", "email"]
)
@pytest.mark.parametrize(
    "spell", [str, str.upper, lambda name: f" {name}-", lambda name: name.replace("_", " ")]
)
def test_a_key_of_a_person_is_refused_in_any_spelling(name: str, spell: Any) -> None:
    assert personal_in({"evidence": [{"science": {spell(name): None}}]}) == "key"


_LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=12)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
_BENEATH = st.lists(st.sampled_from(["evidence", "product", "reasons", 0]), max_size=5)


@given(_JSON, _BENEATH, st.sampled_from(Profile.__struct_fields__), st.sampled_from(["", "_", "-", " "]))
def test_no_profile_word_gets_in(value: Any, beneath: list[Any], name: str, around: str) -> None:
    hidden: Any = {around + name + around: value, "verdict": "fine"}
    for step in beneath:
        hidden = [value, hidden] if step == 0 else {step: hidden, "other": value}
    assert personal_in({"facts": hidden}) != ""


@given(_JSON, _BENEATH, st.text(max_size=20), st.text(max_size=20))
def test_no_uid_gets_in(value: Any, beneath: list[Any], before: str, after: str) -> None:
    hidden: Any = before + UID + after
    for step in beneath:
        hidden = [value, hidden] if step == 0 else {step: hidden, "other": value}
    assert personal_in({"facts": hidden}, (UID,)) != ""
    assert personal_in({"facts": {before + UID: 1}}, (UID,)) != ""


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"name": "u1"}, "id"),
        ({"note": "write to ann.lee+skin@mail.example.org"}, "mailbox"),
        ({"answer": 'profile={"skinType":"oily"}'}, "profile"),
        ({"answer": "Given barrierStatus: impaired"}, "profile"),
        ({"answer": '{"age_band" : "18_24"}'}, "profile"),
        ({"answer": r"{\"travel_plan\":{}}"}, "profile"),
        ({"answer": "profile=oily; recent_logs=[]"}, "profile"),
        ({"contraindications": ["pregnancy"]}, "key"),
        ({"skin_fit": {"contraindications": [{"condition": "x"}]}, "contraindications": []}, "key"),
        ({"when": {1, 2}}, "shape"),
        ({1: "x"}, "shape"),
    ],
)
def test_what_else_is_refused(facts: Any, why: str) -> None:
    assert personal_in(facts, ("u1",)) == why


def test_a_short_id_is_only_itself() -> None:
    assert personal_in({"name": "Menu1 u1x"}, ("u1",)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "profile.skinType",
        "profile.skinType_missing",
        "Safety profile: good",
        "A low-risk profile",
        "barrierStatus",
    ],
)
def test_what_only_sounds_like_a_person(text: str) -> None:
    assert personal_in({"missing_info": [text]}) == ""


def test_nesting_without_end_is_refused_without_recursion() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert personal_in({"facts": deep}) == "depth"


@pytest.mark.parametrize(
    ("facts", "empty"),
    [
        ({}, True),
        ({"a": None, "b": [], "c": {"d": " "}}, True),
        ({"a": 0}, False),
        ({"a": [{"b": "x"}]}, False),
    ],
)
def test_empty(facts: Any, empty: bool) -> None:
    assert is_empty(facts) is empty


@pytest.mark.parametrize(
    ("stands", "verified", "may"),
    [(False, False, True), (False, True, True), (True, True, True), (True, False, False)],
)
def test_what_was_verified_yields_to_verified_alone(stands: bool, verified: bool, may: bool) -> None:
    assert may_replace(stands_verified=stands, verified=verified) is may


def test_size_is_that_of_its_json() -> None:
    assert size_of(PRODUCT) == len(msgspec.json.encode(PRODUCT))
    assert size_of({"a": "\ud800"}) is None
