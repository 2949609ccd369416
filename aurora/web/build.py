"""What is running: version facts and the headers that carry them (contract A 1.3, 13)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aurora.contract.turn import iso_ms
from aurora.settings import Settings

SHORT_SHA = 12


class Build:
    """Build facts of this process. started_at: when it was made, ISO-8601 UTC."""

    def __init__(self, settings: Settings) -> None:
        self.service = settings.service_name
        self.full_sha = settings.git_sha or None
        self.commit = settings.git_sha[:SHORT_SHA] or None
        self.branch = settings.git_branch or None
        self.started_at = iso_ms(datetime.now(UTC))
        self.build_id = self.commit or f"started-{self.started_at}"
        self.headers: list[tuple[bytes, bytes]] = [
            (name, value.encode("latin-1", "replace"))
            for name, value in (
                (b"x-aurora-build", self.build_id),
                (b"x-service-name", self.service),
                (b"x-service-commit", self.commit),
                (b"x-aurora-git-sha", self.commit),
                (b"x-service-branch", self.branch),
            )
            if value
        ]

    def version(self) -> dict[str, Any]:
        """The facts that health answers show."""
        return {
            "service": self.service,
            "commit": self.commit,
            "build_id": self.build_id,
            "branch": self.branch,
            "started_at": self.started_at,
        }
