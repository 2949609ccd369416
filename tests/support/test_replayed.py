"""The plugin finds what it is for: a flow of ours that is no function of its turn and its findings."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]
# The inner tests undo their patches before the outer one, which this file runs in, is over.
pytestmark = pytest.mark.not_replayable

PROBE = """
import itertools
import pytest
from tests.flows.chat_kit import talk

numbers = itertools.count()

{mark}
async def test_it(autojump_clock, monkeypatch):
    monkeypatch.setattr("aurora.rules.replies.gate", lambda *_: f"number {{{said}}}?")
    await talk({{"action": {{"action_id": "chip.start.reco_products", "kind": "chip"}}}})
"""


def outcome_of(pytester: pytest.Pytester, *, said: str, mark: str = "") -> dict[str, int]:
    """How a test ends whose gate says `said`, under the plugin alone."""
    pytester.makeini("[pytest]\ntrio_mode = true\n")
    pytester.makeconftest('pytest_plugins = ["tests.support.replayed"]\n')
    pytester.makepyfile(PROBE.format(said=said, mark=mark))
    return pytester.runpytest_inprocess("-p", "no:cacheprovider").parseoutcomes()


def test_a_flow_that_draws_something_fails_its_test(pytester: pytest.Pytester) -> None:
    assert outcome_of(pytester, said="next(numbers)") == {"passed": 1, "errors": 1}


def test_unless_the_test_does_it_on_purpose(pytester: pytest.Pytester) -> None:
    marked = outcome_of(pytester, said="next(numbers)", mark="@pytest.mark.not_replayable")
    assert marked == {"passed": 1}


def test_an_honest_flow_passes(pytester: pytest.Pytester) -> None:
    assert outcome_of(pytester, said="7") == {"passed": 1}
