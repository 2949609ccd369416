"""docs/sandbox.md lists what the sandbox can do."""

from __future__ import annotations

from pathlib import Path

from aurora.sandbox.decision import CUES
from aurora.sandbox.script import BEHAVIOURS

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_every_behaviour_is_documented_with_its_meaning() -> None:
    assert [
        name for name, spec in BEHAVIOURS.items() if f"| `{name}" not in TEXT or spec.does not in TEXT
    ] == []


def test_every_cue_is_documented() -> None:
    assert [word for word, _ in CUES if f"`{word}`" not in TEXT] == []
