"""What every question is. The questions themselves are in `questions` and the modules beside it."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Question(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all questions."""

    actor: ClassVar[str] = ""
    cap_ms: int = 0
