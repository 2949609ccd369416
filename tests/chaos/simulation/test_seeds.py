"""A seed is a world: the same one every time, in every process, and another seed is another world."""

from __future__ import annotations

import os
import subprocess
import sys

from click.testing import CliRunner

from soak.simulate import main
from soak.simulation import digest, lived


def test_a_seed_gives_the_same_world_again():
    assert digest(lived(7)) == digest(lived(7))


def test_another_seed_gives_another_world():
    assert digest(lived(7)) != digest(lived(8))


def told(seed: int, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "soak.simulate", "--seed", str(seed)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_seed_gives_the_same_world_in_another_process():
    first, second = told(9, "1"), told(9, "2")
    assert "digest" in first
    assert first == second


def test_a_run_reports_what_it_did():
    result = CliRunner().invoke(main, ["--seeds", "5", "--first", "20"])
    assert result.exit_code == 0, result.output
    for line in (
        "seeds                          5 (from 20)",
        "turns a real minute",
        "virtual hours a real minute",
        "distinct cut points",
        "awaits of a turn",
        "faults by kind",
        "checks made",
    ):
        assert line in result.output
