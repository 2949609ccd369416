"""The bytes of a photo, from the cache or from its signed address, or the code that says why not (C 9)."""

from __future__ import annotations

import trio

from aurora.actors.call import Call
from aurora.actors.findings import Failure
from aurora.actors.http_pool import ExchangeError
from aurora.actors.photos import PhotoDesk
from aurora.actors.signed_urls import BadUrlError
from aurora.rules import photo_fetching, photo_quality_check
from aurora.rules.photo_fetching import FetchCode
from aurora.settings import Settings

MOST_PHOTO_BYTES = 15 * 1024 * 1024


async def photo_bytes(desk: PhotoDesk, call: Call, photo_id: str, settings: Settings) -> bytes | FetchCode:
    """The photo, or why there is none. All of it before the call's deadline.

    A photo that was fetched is kept for the next time.
    """
    uid = call.turn.identity.uid
    if not photo_id:
        return "DOWNLOAD_URL_GENERATE_FAILED"
    kept = desk.cache.get(uid, photo_id)
    if kept is not None:
        return kept
    url = await _signed_url(desk, call, photo_id, settings)
    if not url.startswith("http"):
        return "DOWNLOAD_URL_EXPIRED" if url == _EXPIRED else "DOWNLOAD_URL_GENERATE_FAILED"
    found = await _fetch(desk, call, url, settings)
    if isinstance(found, bytes):
        desk.cache.put(uid, photo_id, found)
    return found


_EXPIRED = "expired"


async def _signed_url(desk: PhotoDesk, call: Call, photo_id: str, settings: Settings) -> str:
    """The address; `expired` if it says so itself, "" if there is none."""
    auth = desk.auth(call.turn.context)
    if not auth:
        return ""
    limit = trio.current_time() + settings.photo_download_url_timeout_ms / 1000
    said = await desk.link.call(
        "GET",
        "/photos/download-url",
        params={"upload_id": photo_id},
        headers=auth,
        deadline=min(call.deadline, limit),
        context=call.turn.context,
    )
    if isinstance(said, Failure) or said.status != 200 or not isinstance(said.body, dict):
        return ""
    found = said.body.get("download")
    download = found if isinstance(found, dict) else {}
    url = download.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return ""
    left = photo_quality_check.expires_in_s(
        download.get("expires_at") or said.body.get("expires_at"), call.turn.now
    )
    return _EXPIRED if left == 0 else url


async def _fetch(desk: PhotoDesk, call: Call, url: str, settings: Settings) -> bytes | FetchCode:
    """Up to 1 + retries attempts within their total."""
    until = min(call.deadline, trio.current_time() + settings.photo_fetch_total_timeout_ms / 1000)
    code: FetchCode = "DOWNLOAD_URL_TIMEOUT"
    for made in range(1, settings.photo_fetch_retries + 2):
        if trio.current_time() >= until:
            return "DOWNLOAD_URL_TIMEOUT"
        got = await _attempt(desk, url, until, settings.photo_fetch_timeout_ms / 1000)
        if isinstance(got, bytes):
            return got
        code = got
        if code not in photo_fetching.RETRIED or made > settings.photo_fetch_retries:
            break
        left_ms = int((until - trio.current_time()) * 1000)
        await trio.sleep(photo_fetching.pause_ms(settings.photo_fetch_retry_base_ms, made, left_ms) / 1000)
    return code


async def _attempt(desk: PhotoDesk, url: str, until: float, longest_s: float) -> bytes | FetchCode:
    with trio.move_on_at(min(until, trio.current_time() + longest_s)):
        try:
            received = await desk.urls.get(url, max_bytes=MOST_PHOTO_BYTES)
        except BadUrlError:
            return "DOWNLOAD_URL_GENERATE_FAILED"
        except ExchangeError as error:
            return photo_fetching.code_of_failure(error.code)
        if 200 <= received.status < 300 and received.body is not None:
            return received.body
        return photo_fetching.code_of_status(received.status, received.body or b"")
    return "DOWNLOAD_URL_TIMEOUT"
