"""PostgreSQL 15 to 17 (decision 39): the store's own tests on every system server that is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ROOT

SUITE = tuple(f"tests/store/test_{name}.py" for name in ("migrate", "port", "journal", "life"))
INSTALLED = sorted(
    path for path in Path("/usr/lib/postgresql").glob("1[567]/bin") if (path / "initdb").exists()
)  # Debian's layout


@pytest.mark.slow
def test_the_store_passes_on_every_supported_server_of_this_system() -> None:
    for bin_dir in INSTALLED:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *SUITE],
            cwd=ROOT,
            env={**os.environ, "AURORA_TEST_POSTGRES_BIN": str(bin_dir)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{bin_dir}\n{done.stdout[-4000:]}"
