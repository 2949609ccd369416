"""The little language of misbehaviour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.sandbox.script import BEHAVIOURS, BadScriptError, Sandbox, Step, parse, script_in_text


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        ("stall", (Step("stall"),)),
        ("latency", (Step("latency", 1000),)),
        ("latency=1400", (Step("latency", 1400),)),
        ("latency=300,status=503", (Step("latency", 300), Step("status", 503))),
        (" latency=5 , stub=PICKS_EMPTY_TEST ", (Step("latency", 5), Step("stub", word="PICKS_EMPTY_TEST"))),
        ("status=9", (Step("status", 400),)),
        ("huge=99999", (Step("huge", 256),)),
    ],
)
def test_a_script_reads_left_to_right_with_clamped_numbers(text: str, steps: tuple[Step, ...]) -> None:
    assert parse(text) == steps


@pytest.mark.parametrize("text", ["nonsense", "stall=4", "latency=soon", "stall,latency=3", "status=1.5"])
def test_a_script_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadScriptError):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_script_or_a_bad_script(text: str) -> None:
    try:
        steps = parse(text)
    except BadScriptError:
        return
    assert all(step.name in BEHAVIOURS for step in steps)


def test_the_newest_token_in_a_text_counts() -> None:
    assert script_in_text("a [[sandbox:stall]] b [[sandbox:latency=4]]") == "latency=4"
    assert script_in_text("no token [[sandbox:]] here") is None


def test_rules_are_used_up_in_order_and_by_upstream() -> None:
    sandbox = Sandbox()
    sandbox.script("decision", "status=500", times=2)
    sandbox.script("*", "html", times=None, match="picks")

    met = [
        rule.steps[0].name if (rule := sandbox.rule_for(upstream, text)) else None
        for upstream, text in [
            ("commerce", "hello"),
            ("decision", "hello"),
            ("decision", "picks"),
            ("decision", "hello"),
            ("decision", "picks"),
            ("commerce", "picks"),
        ]
    ]

    assert met == [None, "status", "status", None, "html", "html"]
    sandbox.reset()
    assert sandbox.rule_for("decision", "picks") is None


def test_the_queue_of_rules_is_bounded() -> None:
    sandbox = Sandbox()
    for _ in range(1000):
        sandbox.script("decision", "stall")
    with pytest.raises(BadScriptError):
        sandbox.script("decision", "stall")
