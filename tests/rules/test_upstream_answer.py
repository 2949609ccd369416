"""What an upstream said, made safe to pass on (contract B 16.4, 16.5, 17.3)."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.upstream_answer import (
    _cleaned,
    first_object,
    harmless,
    read_cards,
    speakable,
    too_deep,
    without_kb,
)
from tests.support.linear import assert_linear

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, None),
        ("", None),
        ("no json", None),
        ('{"a": 1}', {"a": 1}),
        ('So {smile}: {"a": 1} and {"b": 2}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Not {"this"} but\n```\n{"a": 1}\n```', {"a": 1}),
        ("[1, 2]", None),
        (r'{"a": "x\u0000y"}', {"a": "xy"}),
        (r'{"a": "\ud800"} {"b": 1}', {"b": 1}),
        ('{"a": NaN}', None),
        ("{" * 5000, None),
        ('{"a":' * 2000 + "1" + "}" * 2000, None),
        ('{"a":' * 30 + "1" + "}" * 30, None),
    ],
)
def test_the_first_object_in_prose(text, found):
    assert first_object(text) == found


@pytest.mark.slow
def test_reading_braces_takes_time_in_proportion():
    assert_linear(lambda size: partial(first_object, '{"a": ' * (size // 6)), small=200_000)


def test_cards_of_any_shape_become_cards():
    cards = read_cards([
        {
            "type": " note ", "payload": {"a": 1}, "title": "T",
            "field_missing": [{"field": "f", "reason": "r"}, 3, {"field": ""}],
        },
        {"payload": [1]},
        {"type": 7, "text": "x", "title": {"en": "x"}},
        {"type": "deep", "payload": {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]}},
    ])  # fmt: skip
    assert [(card.type, card.payload, card.title) for card in cards] == [
        ("note", {"a": 1}, "T"),
        ("aurora_card", {"value": [1]}, None),
        ("aurora_card", {"text": "x"}, None),
    ]
    assert [(gap.field, gap.reason) for gap in cards[0].field_missing] == [("f", "r")]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["type", "payload", "title", "field_missing", "x"]), JSON, max_size=5)
    )
)
def test_any_cards_are_read_without_an_error(cards):
    for card in read_cards(cards):
        assert isinstance(card.payload, dict)
        assert card.type


@given(JSON)
def test_depth_is_what_it_says(value):
    def depth(inner):
        if isinstance(inner, dict):
            return 1 + max(map(depth, inner.values()), default=0)
        return 1 + max(map(depth, inner), default=0) if isinstance(inner, list) else 0

    for limit in (1, 2, 5):
        assert too_deep(value, limit) is (depth(value) > limit)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("see kb:abc-1 now", "see  now"),
        ("Text [kb:a_1.b]\nSources: kb:x, kb:y\nMore", "Text \nMore"),
        ("来源：kb:x", ""),
        (["kb:a", "b", ""], ["b", ""]),
        ({"c": ["kb:a"], "t": "x kb:a"}, {"c": [], "t": "x"}),
        ("nothing", "nothing"),
        (5, 5),
    ],
)
def test_knowledge_base_ids_go(before, after):
    assert without_kb(before) == after


@given(JSON)
def test_no_knowledge_base_id_is_left_anywhere(value):
    assert "kb:a" not in str(without_kb([value, "kb:a1", {"x": ["kb:a2", value]}]))


@pytest.mark.parametrize(
    ("answer", "spoken"),
    [
        (None, None),
        ("  ", None),
        ("kb:x", None),
        ('{"a": 1}', None),
        ("```python\nx\n```", None),
        ('[{"a": 1}]', None),
        ("[kb:x] Hello", "Hello"),
        (" Hello ", "Hello"),
    ],
)
def test_only_prose_is_spoken(answer, spoken):
    assert speakable(answer) == spoken


PIECES = [
    "<b>x</b>", "kb:a-1", "javascript:x", 'a"', '\\":', "a\\", "", '"', "://", " : ", "plain",
    "12345678-1234-1234-1234-123456789abc",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
KEYS = TEXTS | st.sampled_from(["citations", "Sources", "evidence_refs", "text"])
AWKWARD = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(AWKWARD)
def test_what_its_json_tells_saves_a_walk_and_changes_nothing(value):
    assert harmless(value) == _cleaned(value, keep_kb=False)
