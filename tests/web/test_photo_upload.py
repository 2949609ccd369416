"""Reading an uploaded photo: whatever a client sends, a contract code comes back, and nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import trio
from hypothesis import example, given
from hypothesis import strategies as st

from aurora.contract.errors import ContractError
from aurora.settings import Settings
from aurora.web.body import ClientGoneError
from aurora.web.photo_upload import MOST_AT_ONCE, MOST_PARTS, PATH, PhotoReader, Uploaded
from aurora.web.request import Arrived, arrived

SETTINGS = Settings(
    backend_base_url="http://bridge.test", backend_api_key="k", photo_upload_max_bytes=1_048_576
)
B = "----the-boundary"
JPEG = b"\xff\xd8\xff\xe0" + b"j" * 500
END = f"--{B}--\r\n".encode()
FORM = {"slot_id": "daylight", "consent": "true"}


def field(name: str, value: bytes, *, type_: str | None = None, filename: str | None = None) -> bytes:
    """One part of a multipart body."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    head = f"Content-Disposition: {disposition}\r\n" + (f"Content-Type: {type_}\r\n" if type_ else "")
    return f"--{B}\r\n{head}\r\n".encode() + value + b"\r\n"


def photo(value: bytes = JPEG, *, name: str = "photo", type_: str = "image/jpeg") -> bytes:
    return field(name, value, type_=type_, filename="me.jpg")


def body(*parts: bytes, **fields: str) -> bytes:
    """A whole body: fields first, as the client sends them."""
    named = b"".join(field(name, value.encode()) for name, value in fields.items())
    return named + b"".join(parts) + END


def request_of(content_type: str = f"multipart/form-data; boundary={B}", **headers: str) -> Arrived:
    named = {"x_aurora_uid": "u1", "content_type": content_type, **headers}
    sent = [(key.replace("_", "-").encode(), value.encode()) for key, value in named.items() if value]
    scope = {"method": "POST", "path": PATH, "query_string": b"", "headers": sent}
    return arrived(scope, PATH, 0.0)


async def read(
    sent: bytes | Sequence[bytes],
    request: Arrived | None = None,
    *,
    settings: Settings = SETTINGS,
    reader: PhotoReader | None = None,
    after: str = "end",
) -> Uploaded:
    """What the reader makes of it. after: `end` of the body, `hang` (nothing more comes), `gone`."""
    pieces = [sent] if isinstance(sent, bytes) else list(sent)
    queue: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": after != "end" or number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]

    async def receive() -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        if queue:
            return queue.pop(0)
        if after == "gone":
            return {"type": "http.disconnect"}
        await trio.sleep_forever()
        raise AssertionError

    return await (reader or PhotoReader(settings)).read(receive, request or request_of())


async def refused(
    sent: bytes | Sequence[bytes], request: Arrived | None = None, **how: Any
) -> tuple[int, str]:
    """Status and code of the refusal."""
    with pytest.raises(ContractError) as caught:
        await read(sent, request, **how)
    return caught.value.status, str(caught.value.extra.get("detail") or caught.value.code)


async def test_a_photo_as_the_client_sends_it() -> None:
    assert await read(body(photo(), **FORM)) == Uploaded("daylight", "image/jpeg", JPEG)


@given(cut=st.lists(st.integers(0, 900), max_size=8))
@example([len(body(photo(), **FORM)) - 1])
@example([len(body(photo(), **FORM)) - 2])
@example([len(body(photo(), **FORM)) - 3])
def test_pieces_may_fall_anywhere(cut: list[int]) -> None:
    whole = body(photo(), **FORM)
    places = sorted({0, len(whole), *(place for place in cut if place < len(whole))})
    pieces = [whole[a:b] for a, b in pairwise(places)]
    assert trio.run(read, pieces).photo == JPEG


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([photo(b"a" * 60, name="other"), photo(name="image")], JPEG),
        ([photo(b"a" * 60, name="image"), photo(name="file")], JPEG),
        ([photo(b"a" * 60, name="file"), photo(name="photo")], JPEG),
        ([photo(name="whatever")], JPEG),
        ([photo(name="photo"), photo(b"second", name="photo")], JPEG),
    ],
)
async def test_which_of_several_files_counts(parts: list[bytes], wanted: bytes) -> None:
    assert (await read(body(*parts, **FORM))).photo == wanted


@pytest.mark.parametrize("consent", ["true", "1", "YES", " True "])
async def test_consent_in_every_spelling(consent: str) -> None:
    assert (await read(body(photo(), slot_id="daylight", consent=consent))).photo == JPEG


@pytest.mark.parametrize("type_", ["image/png", "image/webp", "image/heic", "image/heif", "IMAGE/JPEG; x=y"])
async def test_every_accepted_type(type_: str) -> None:
    got = await read(body(photo(type_=type_), **FORM))
    assert got.content_type == type_.partition(";")[0].lower()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (body(photo(), slot_id="daylight", consent="false"), "USER_CONSENT_REQUIRED"),
        (body(photo(), slot_id="daylight"), "MISSING_FIELD"),
        (body(photo(), consent="true"), "MISSING_FIELD"),
        (body(photo(), slot_id="", consent="true"), "MISSING_FIELD"),
        (body(photo(), slot_id="  ", consent="true"), "slot_id_required"),
        (body(photo(), slot_id="x" * 1001, consent="true"), "slot_id_invalid"),
        (body(**FORM), "photo_file_required"),
        (body(photo(b""), **FORM), "photo_file_required"),
        (body(photo(type_="text/plain"), **FORM), "UNSUPPORTED_CONTENT_TYPE"),
        (body(photo(type_="application/zip"), **FORM), "UNSUPPORTED_CONTENT_TYPE"),
        (body(photo(b"x" * 1_048_577), **FORM), "UPLOAD_TOO_LARGE"),
        (body(photo(b"x" * 600_000, name="a"), photo(b"x" * 600_000, name="b"), **FORM), "UPLOAD_TOO_LARGE"),
        (body(photo(), **FORM).removesuffix(END), "INVALID_MULTIPART"),
        (b"", "INVALID_MULTIPART"),
        (b"\x00" * 1000, "INVALID_MULTIPART"),
        (b"PK\x03\x04 a zip", "INVALID_MULTIPART"),
        (body(*[field(f"f{n}", b"v") for n in range(50)], **FORM), "INVALID_MULTIPART"),
        (body(field("notes", b"n" * 20_000), photo(), **FORM), "INVALID_MULTIPART"),
        (f"--{B}\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--{B}--\r\n".encode(), "INVALID_MULTIPART"),
    ],
)
async def test_every_bad_body_has_its_code(sent: bytes, told: str) -> None:
    assert await refused(sent) == (400, told)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (request_of(x_aurora_uid=""), (400, "MISSING_AURORA_UID")),
        (request_of("application/json"), (400, "multipart_required")),
        (request_of("multipart/form-data"), (400, "multipart_required")),
        (request_of("multipart/mixed; boundary=x"), (400, "multipart_required")),
        (request_of(f"multipart/form-data; boundary={'b' * 71}"), (400, "INVALID_MULTIPART")),
        (request_of(content_length="2000000"), (400, "UPLOAD_TOO_LARGE")),
        (request_of(content_length="9" * 40), (400, "UPLOAD_TOO_LARGE")),
    ],
)
async def test_every_bad_head_has_its_code(request_: Arrived, told: tuple[int, str]) -> None:
    assert await refused(body(photo(), **FORM), request_) == told


@pytest.mark.parametrize(
    ("settings", "code", "gap"),
    [
        (Settings(backend_api_key="k"), "PHOTO_UPLOAD_NOT_CONFIGURED", "pivota_backend_not_configured"),
        (
            Settings(backend_base_url="http://bridge.test"),
            "PHOTO_UPLOAD_AUTH_NOT_CONFIGURED",
            "pivota_backend_auth_not_configured",
        ),
    ],
)
async def test_without_a_bridge_no_byte_is_parsed(settings: Settings, code: str, gap: str) -> None:
    with pytest.raises(ContractError) as caught:
        await read(b"not even multipart", settings=settings)
    assert (caught.value.status, caught.value.code) == (501, code)
    assert caught.value.instead is not None
    assert caught.value.instead.field_missing[0].reason == gap


async def test_a_checkout_token_is_auth_enough() -> None:
    settings = Settings(backend_base_url="http://bridge.test")
    assert (
        await read(body(photo(), **FORM), request_of(x_checkout_token="t"), settings=settings)
    ).photo == JPEG


async def test_a_client_that_stops_half_way_is_told_so_in_time(autojump_clock: Any) -> None:
    half = body(photo(), **FORM)[:300]
    began = trio.current_time()
    assert await refused(half, after="hang") == (408, "MULTIPART_PARSE_TIMEOUT")
    assert trio.current_time() - began == pytest.approx(31.0)  # 30 s, and a second to let it finish


async def test_a_client_that_leaves_is_gone() -> None:
    with pytest.raises(ClientGoneError):
        await read(body(photo(), **FORM)[:300], after="gone")


async def test_a_refusal_of_a_whole_body_waits_for_nothing(autojump_clock: Any) -> None:
    began = trio.current_time()
    await refused(body(photo(), slot_id="daylight", consent="no"))
    assert trio.current_time() == began


async def test_only_so_many_are_read_at_once(autojump_clock: Any) -> None:
    reader = PhotoReader(SETTINGS)
    half = body(photo(), **FORM)[:300]

    async def slow() -> None:
        with pytest.raises(ContractError):
            await read(half, reader=reader, after="hang")

    async with trio.open_nursery() as nursery:
        for _ in range(MOST_AT_ONCE):
            nursery.start_soon(slow)
        await trio.testing.wait_all_tasks_blocked()
        assert await refused(body(photo(), **FORM), reader=reader) == (503, "OVERLOADED")
    assert (await read(body(photo(), **FORM), reader=reader)).photo == JPEG


@given(
    sent=st.binary(max_size=2000)
    | st.lists(st.binary(max_size=200), max_size=MOST_PARTS).map(lambda b: body(*b))
)
def test_nothing_but_contract_errors_comes_of_garbage(sent: bytes) -> None:
    with pytest.raises(ContractError) as caught:
        trio.run(read, sent)
    assert caught.value.status == 400
