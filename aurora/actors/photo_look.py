"""Looking at a photo: its bytes from where photos are kept, measured in a worker (contract C 9, 11.11).

Bytes go from the photo desk to the worker and nowhere else.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import trio

from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.photo_fetch import photo_bytes
from aurora.actors.photos import PhotoDesk
from aurora.actors.questions import LookAtPhoto, PhotoSeen
from aurora.actors.vision import Prepare
from aurora.settings import Settings
from aurora.skin.measured import Measured

NAME = "pixels"


class Pixels(Protocol):
    """Who reads pixels: `pixels.PixelPool`, or somebody who does it at once. deadline: trio instant."""

    async def measure(self, photo: bytes, deadline: float) -> Measured | Failure:
        """The photo, measured."""
        ...

    async def reencode(self, photo: bytes, deadline: float) -> bytes | Failure | None:
        """The photo as a model may see it; None for what is no picture."""
        ...


def looking_handler(desk: PhotoDesk, pixels: Pixels, settings: Settings) -> Handler:
    """Handler of LookAtPhoto. What could not be fetched is an answer with its code."""

    async def handle(call: Call) -> Finding:
        question = call.question
        if not isinstance(question, LookAtPhoto):
            raise TypeError(f"pixels cannot answer {type(question).__name__}")
        fetch_by = min(call.deadline, trio.current_time() + question.fetch_ms / 1000)
        fetching = msgspec.structs.replace(call, deadline=fetch_by)
        photo = await photo_bytes(desk, fetching, question.photo_id, settings)
        if isinstance(photo, str):
            return Answer(actor=NAME, value=PhotoSeen(code=photo))
        measured = await pixels.measure(photo, call.deadline)
        if isinstance(measured, Failure):
            return measured
        return Answer(actor=NAME, value=PhotoSeen(measured=measured))

    return handle


def preparing(desk: PhotoDesk, pixels: Pixels, settings: Settings) -> Prepare:
    """How the vision actor gets a photo that it may show; the one that was just measured is still kept."""

    async def prepare(call: Call, photo_id: str) -> bytes | None:
        photo = await photo_bytes(desk, call, photo_id, settings)
        if isinstance(photo, str):
            return None
        made = await pixels.reencode(photo, call.deadline)
        return made if isinstance(made, bytes) else None

    return prepare
