"""The sample bundle, as it lies in the repository: every outcome, in two languages."""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import structlog
from click.testing import CliRunner, Result

from aurora.cli import main

SAMPLE = Path(__file__).parents[1] / "data" / "replay" / "sample.bundle"


def replay(*arguments: str, env: dict[str, str] | None = None) -> Result:
    """`aurora replay` with these arguments."""
    # The command sets logging up for its process; here that process is everybody's, and loggers keep what
    # they were set up with first.
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        with mock.patch("aurora.telemetry.configure_logging"):
            return CliRunner(env=env).invoke(main, ["replay", *arguments], catch_exceptions=False)
    finally:
        structlog.configure(**before)


def rewritten(path: Path, change: Callable[[list[dict[str, Any]]], None], *, seal: bool) -> Path:
    """The sample with its lines changed. seal: with a checksum that fits again."""
    lines = [msgspec.json.decode(line) for line in gzip.decompress(SAMPLE.read_bytes()).splitlines()]
    change(lines)
    body = b"".join(msgspec.json.encode(line) + b"\n" for line in lines[:-1])
    if seal:
        lines[-1]["sha256"] = hashlib.sha256(body).hexdigest()
    path.write_bytes(gzip.compress(body + msgspec.json.encode(lines[-1]) + b"\n"))
    return path
