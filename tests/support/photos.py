"""Photos for tests: pictures as bytes, somebody who reads them at once, an upload as the client does it.

Golden means a crop of scikit-image's portrait (decision 26); the others are made of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import trio
from PIL import Image

from aurora.actors.findings import Failure
from aurora.actors.house import furnish
from aurora.actors.photo_look import Pixels
from aurora.settings import Settings
from aurora.skin.findings import measure
from aurora.skin.measured import Measured
from aurora.skin.reencode import as_jpeg
from aurora.store.open import open_store
from soak.skin_variants import blurred, cropped, reddened
from tests.skin.pictures import encoded
from tests.support.sandbox import Served
from tests.support.web import WebClient, client_of
from tests.web.test_photo_upload import B, body, photo

measured_once = cache(measure)


@cache
def picture(name: str) -> bytes:
    """golden, red (clear redness), blurred (degraded), solid (no face), broken (no picture)."""
    match name:
        case "golden":
            return encoded(cropped(), "JPEG", quality=95)
        case "red":
            return encoded(reddened(20), "JPEG", quality=95)
        case "blurred":
            return encoded(blurred(2), "JPEG", quality=95)
        case "solid":
            return encoded(np.full((64, 64, 3), (216, 180, 160), np.uint8))
        case "broken":
            return encoded(cropped(), "JPEG", quality=95)[:400] + b"\x00" * 200
    raise LookupError(name)


PLACE = b"Sk1nPlac3-52.5170N-13.3889E"
"""What `with_place` hides in a photo."""


def with_place(data: bytes) -> bytes:
    """The photo as a phone sends it: where it was taken, and by what, stands in it."""
    image = Image.open(BytesIO(data))
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 1.2), 3: "E", 4: (13.0, 23.0, 20.0)})
    out = BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif, comment=PLACE)
    return out.getvalue()


class InlinePixels:
    """Reads pixels in the test's own process, at once: what a worker would say."""

    async def measure(self, photo: bytes, deadline: float) -> Measured | Failure:
        """The photo, measured; the same bytes only once."""
        await trio.lowlevel.checkpoint()
        return measured_once(photo)

    async def reencode(self, photo: bytes, deadline: float) -> bytes | Failure | None:
        """The photo as a model may see it."""
        await trio.lowlevel.checkpoint()
        return as_jpeg(photo)


@asynccontextmanager
async def photo_house(
    sandbox: Served,
    *,
    pixels: Pixels | None = None,
    workers: bool = False,
    dsn: str | None = None,
    decision: bool = False,
    **more: Any,
) -> AsyncIterator[WebClient]:
    """A whole house over the sandbox. workers: real ones. decision: the decision system is configured."""
    settings = Settings(**{
        "retention_days": 0 if dsn is None else 30,
        "backend_base_url": sandbox.url,
        "backend_api_key": "agent-key",
        "decision_base_url": sandbox.url if decision else "",
        "gemini_base_url": sandbox.url,
        "openai_base_url": sandbox.url,
        "breaker_enabled": False,
        "photo_fetch_retry_base_ms": 50,
        "skin_vision_retry_base_ms": 50,
        **more,
    })  # fmt: skip
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, dsn))
        reader = None if workers else pixels or InlinePixels()
        house = await stack.enter_async_context(furnish(settings, store, pixels=reader))
        yield client_of(house, None)


async def taken_in(
    client: WebClient, data: bytes, *, kept: bool = False, type_: str = "image/jpeg", **headers: str
) -> str:
    """Upload a photo as the client does; its id. kept: its bytes stay in this process's memory."""
    answer = await client.send(
        "POST",
        "/v1/photos/upload",
        body=body(photo(data, type_=type_), slot_id="daylight", consent="true"),
        content_type=f"multipart/form-data; boundary={B}",
        headers=headers,
    )
    assert answer.status == 200
    if not kept:
        client.house.photos.cache.forget("u1")
    return str(answer.payload("photo_confirm")["photo_id"])
