"""Bodies in, structs out; or a 400 whose `details` tree names every field that is wrong.

The tree mirrors the body: each level an object with `_errors`, children by field name or list index
(contract A 5). Unknown keys are reported at the level that holds them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from aurora.contract.auth_requests import AuthStart, AuthVerify, PasswordLogin, PasswordSet
from aurora.contract.errors import ContractError
from aurora.contract.offer_requests import OffersResolve, oversized
from aurora.contract.product_requests import (
    LINK,
    DupeCompare,
    DupeSuggest,
    ProductAnalyzeRequest,
    ProductParseRequest,
    unnamed,
)
from aurora.contract.reco_side import EmployeeFeedback, InterleaveClick, unclear
from aurora.contract.requests import (
    DAY,
    MAX_ROUTINE_BYTES,
    AffiliateOutcome,
    ChatRequest,
    EventBatch,
    PhotoConfirm,
    PhotoPresign,
    PhotoUpload,
    ProfileUpdate,
    RecoGenerate,
    RoutineSimulate,
    SkinAnalysisRequest,
    TrackerLog,
)

MAX_DEPTH = 64
MAX_REPORTED = 20
MAX_VALUES = 250_000

KINDS: dict[str, type[msgspec.Struct]] = {
    "chat": ChatRequest,
    "analysis": SkinAnalysisRequest,
    "profile_update": ProfileUpdate,
    "tracker_log": TrackerLog,
    "photo_presign": PhotoPresign,
    "photo_confirm": PhotoConfirm,
    "photo_upload": PhotoUpload,  # made from the multipart body; decoded as such by replay only
    "routine_simulate": RoutineSimulate,
    "reco_generate": RecoGenerate,
    "product_parse": ProductParseRequest,
    "product_analyze": ProductAnalyzeRequest,
    "dupe_suggest": DupeSuggest,
    "dupe_compare": DupeCompare,
    "offers_resolve": OffersResolve,
    "affiliate_outcome": AffiliateOutcome,
    "auth_start": AuthStart,
    "auth_verify": AuthVerify,
    "auth_password_login": PasswordLogin,
    "auth_password_set": PasswordSet,
    "events": EventBatch,
    "employee_feedback": EmployeeFeedback,
    "interleave_click": InterleaveClick,
}

S = TypeVar("S", bound=msgspec.Struct)
Path = tuple[str, ...]
Problem = tuple[Path, str]


def decode(kind: str, body: Any, *, max_depth: int = MAX_DEPTH) -> Any:
    """The struct of `KINDS[kind]`. body: JSON bytes, or what they decoded to.

    Raises ContractError: 400 INVALID_JSON (bytes that are no JSON), 400 BAD_REQUEST with the details tree.
    """
    return decode_as(KINDS[kind], body, max_depth=max_depth)


def decode_as(shape: type[S], body: Any, *, max_depth: int = MAX_DEPTH) -> S:
    """Like `decode`, for any struct type."""
    plain = plain_json(body) if isinstance(body, bytes | bytearray | memoryview) else body
    try:
        if isinstance(plain, Mapping) and (path := unfit_text(plain, max_depth)) is not None:
            raise _refusal([path])
        read = msgspec.convert(plain, shape, strict=True)
    except msgspec.ValidationError as error:
        raise _refusal(_every_problem(shape, plain, error)) from None
    problems = list(_beyond_types(read))
    if problems:
        raise _refusal(problems)
    return read


def plain_json(raw: bytes | bytearray | memoryview) -> Any:
    """What JSON bytes say, as dicts and lists. Raises ContractError 400: INVALID_JSON, or BAD_REQUEST for too
    many values, absurd nesting, a lone surrogate.
    """
    if too_many_values(bytes(raw)):
        raise _refusal([((), f"more than {MAX_VALUES} values")])
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise _refusal([((), "nested too deeply")]) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise broken_json(bytes(raw)) from None


def too_many_values(raw: bytes) -> bool:
    """Whether a body holds so many values that reading it would hold up everybody else's turn.

    Told from the bytes, before anything is decoded: a million small objects take seconds to read and check,
    the longest honest body has a few thousand. Commas in texts count too, and are allowed for.
    """
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_VALUES


def broken_json(raw: bytes) -> ContractError:
    """The refusal of bytes that did not decode; names the field if a lone surrogate is all that is wrong."""
    try:
        lenient = json.loads(raw)
    except (ValueError, RecursionError):
        return ContractError(400, "INVALID_JSON")
    problem = unfit_text(lenient, MAX_DEPTH) if isinstance(lenient, Mapping) else None
    return ContractError(400, "INVALID_JSON") if problem is None else _refusal([problem])


# --- what no struct can say -------------------------------------------------------------------------------


def unfit_text(value: Any, max_depth: int = MAX_DEPTH) -> Problem | None:
    """A place whose text Postgres or UTF-8 cannot hold, or that lies deeper than `max_depth`; else None.

    The common case is answered at the encoder's speed; only a body that is wrong is walked with its paths.
    """
    if _surely_fit(value, max_depth):
        return None
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack:
        path, inner = stack.pop()
        if isinstance(inner, str):
            if (problem := _unfit(inner)) is not None:
                return path, problem
        elif isinstance(inner, dict):
            if len(path) >= max_depth:
                return path[:1], f"nested deeper than {max_depth} levels"
            for key in inner:
                if isinstance(key, str) and (problem := _unfit(key)) is not None:
                    return path, f"a key {problem}"
            stack.extend(((*path, key), v) for key, v in inner.items() if isinstance(v, str | dict | list))
        elif isinstance(inner, list):
            if len(path) >= max_depth:
                return path[:1], f"nested deeper than {max_depth} levels"
            stack.extend(
                ((*path, str(i)), v) for i, v in enumerate(inner) if isinstance(v, str | dict | list)
            )
    return None


def _surely_fit(value: Any, max_depth: int) -> bool:
    try:
        encoded = msgspec.json.encode(value)
    except (UnicodeEncodeError, RecursionError):
        return False
    if b"\\u0000" in encoded:
        return False
    brackets = encoded.count(b"[") + encoded.count(b"{")
    return brackets <= max_depth or _depth_within(value, max_depth)


def _depth_within(value: Any, max_depth: int) -> bool:
    """Whether containers nest at most `max_depth` deep, looked at level by level."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


def _unfit(text: str) -> str | None:
    if "\x00" in text:
        return "contains a NUL character"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "contains a lone surrogate"
    return None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_day(text: str) -> bool:
    """Whether `text` is a day of the calendar as YYYY-MM-DD."""
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _beyond_types(body: msgspec.Struct) -> Iterator[Problem]:
    """What types and limits cannot express: days that do not exist, routines too large, products unnamed."""
    if isinstance(body, TrackerLog):
        if body.date is not UNSET and _DAY.fullmatch(body.date) and not is_day(body.date):
            yield ("date",), "no such day"
    elif isinstance(body, ProfileUpdate):
        if body.travel_plan is not UNSET:
            for name in ("start_date", "end_date"):
                day = getattr(body.travel_plan, name)
                if day is not UNSET and not is_day(day):
                    yield ("travel_plan", name), "no such day"
        yield from _too_large(body, "currentRoutine", "itinerary")
    elif isinstance(body, SkinAnalysisRequest):
        yield from _too_large(body, "currentRoutine")
    elif isinstance(body, OffersResolve):
        yield from oversized(body)
    else:
        yield from unnamed(body)
        yield from unclear(body)


def _too_large(body: msgspec.Struct, *fields: str) -> Iterator[Problem]:
    for field in fields:
        value = getattr(body, field)
        if value is not UNSET and len(msgspec.json.encode(value)) > MAX_ROUTINE_BYTES:
            yield (field,), f"larger than {MAX_ROUTINE_BYTES} bytes"


# --- the details tree -------------------------------------------------------------------------------------

_AT = re.compile(r" - at `(?:key in )?\$(?P<path>.*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = "Object contains unknown field"
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")


# Patterns of request fields, in words.
_FORMS = ((LINK, "Expected an http or https address"), (DAY, "Expected a day as YYYY-MM-DD"))


def _problem(error: msgspec.ValidationError) -> Problem:
    """Where and what, from msgspec's message. Values are never repeated, only keys."""
    text = str(error)
    at = _AT.search(text)
    what = text[: at.start()] if at else text
    path: Path = tuple(a or b for a, b in _STEP.findall(at["path"])) if at else ()
    missing = _MISSING.match(what)
    if missing:
        return (*path, missing["name"]), "required"
    if what.startswith("Invalid enum value"):
        what = "not one of the allowed values"
    if "matching regex" in what:  # for us, not for whoever reads the refusal
        what = next((form for pattern, form in _FORMS if repr(pattern) in what), "Expected another form")
    return path, what[:200].replace("Expected", "expected", 1)


def _every_problem(shape: type[msgspec.Struct], body: Any, first: msgspec.ValidationError) -> list[Problem]:
    """One problem per top-level field: msgspec stops at the first, people would rather see all."""
    if not isinstance(body, Mapping):
        return [_problem(first)]
    found: list[Problem] = []
    known = {f.encode_name: f for f in msgspec.structs.fields(shape)}
    for key, value in body.items():
        if len(found) >= MAX_REPORTED:
            break
        if key not in known:
            if shape.__struct_config__.forbid_unknown_fields:
                found.append(((), f"unknown key `{str(key)[:100]}`"))
            continue
        try:
            msgspec.convert(value, known[key].type, strict=True)
        except msgspec.ValidationError as error:
            path, what = _problem(error)
            found.append(((str(key), *path), what))
    found.extend(
        ((name,), "required") for name, field in known.items() if field.required and name not in body
    )
    return found or [_problem(first)]


def details_tree(problems: list[Problem]) -> dict[str, Any]:
    """The nested object of `_errors` lists."""
    root: dict[str, Any] = {"_errors": []}
    for path, what in problems:
        level = root
        for step in path:
            level = level.setdefault(step, {"_errors": []}) if step != "_errors" else level
        level["_errors"].append(what)
    return root


def _refusal(problems: list[Problem]) -> ContractError:
    return ContractError(400, "BAD_REQUEST", details=details_tree(problems))
