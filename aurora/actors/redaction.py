"""Taking secrets out of JSON that is about to be kept: tokens, keys, passwords, codes, signed URLs."""

from __future__ import annotations

import re

# In the name of a key or of a URL parameter, these words make its value a secret.
_SECRET_WORDS = (
    b"token", b"secret", b"passw", b"api_key", b"api-key", b"apikey", b"authorization", b"cookie",
    b"credential", b"signature", b"one_time_code", b"onetimecode", b"otp", b"debug_code", b"x-amz-",
    b"x-goog-",
)  # fmt: skip
_SECRET_PARAMS = (
    b"?sig=", b"&sig=", b"?key=", b"&key=", b"?sid=", b"&sid=", b"?sessionid=", b"&sessionid=",
)  # fmt: skip
_LONGEST_NAME = 40
_REST_OF_KEY = re.compile(rb'[^"\\]{0,40}"\s*:\s*"((?:[^"\\]|\\.)*)"')
_REST_OF_PARAM = re.compile(rb'[\w-]{0,40}=([^&#"\\\s]+)')
# The planner's own signature (`rules.planner`): names of intent and fields, which a turn depends on.
_PLANNED = re.compile(rb"[a-z_]{1,40}(?:\|[a-z_.:]{0,60}){2,9}")
# Where a photo may be put: the whole address is the secret, and so are the headers that go with it.
_UPLOAD = re.compile(rb'"upload"\s*:\s*\{')
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}]')
_UPLOAD_PLAIN = frozenset({b"method"})
_START_OF_PARAM = re.compile(rb"[?&][\w-]{0,40}\Z")
_REDACTED = b"[redacted]"


def redact(raw: bytes) -> bytes:
    """JSON bytes with the values of secret-named keys, URL parameters and upload addresses replaced.

    Every turn passes through here, so it looks for the words first (which is nearly free) and only around a
    word at names. Linear in its input.
    """
    lowered = raw.lower()
    spans: list[tuple[int, int]] = []
    for word in _SECRET_WORDS:
        at = lowered.find(word)
        while at != -1:
            end = at + len(word)
            span = _value_of_key(raw, at, end) or _value_of_param(raw, at, end)
            if span is not None:
                spans.append(span)
            at = lowered.find(word, end)
    for param in _SECRET_PARAMS:
        at = lowered.find(param)
        while at != -1:
            end = at + len(param)
            found = _REST_OF_PARAM.match(raw, end - 1)
            if found is not None:
                spans.append(found.span(1))
            at = lowered.find(param, end)
    if b'"upload"' in lowered:
        spans += _upload_spans(raw)
    if not spans:
        return raw
    kept: list[bytes] = []
    last = 0
    for start, stop in sorted(spans):
        if start >= last:
            kept += (raw[last:start], _REDACTED)
            last = stop
    kept.append(raw[last:])
    return b"".join(kept)


def redact_addresses(raw: bytes) -> bytes:
    """`redact` for a question: made by us, it holds no secret but in an address that somebody gave."""
    return redact(raw) if b"://" in raw else raw


def _upload_spans(raw: bytes) -> list[tuple[int, int]]:
    """Every text inside an `upload` object, but for its method."""
    spans: list[tuple[int, int]] = []
    end = 0
    for start in _UPLOAD.finditer(raw):
        if start.start() < end:
            continue
        depth, key = 1, b""
        for token in _TOKEN.finditer(raw, start.end()):
            end = token.end()
            if token[1] is None:
                depth += 1 if token[0] == b"{" else -1
                if depth == 0:
                    break
            elif token[2] is not None:
                key = token[1]
            elif key not in _UPLOAD_PLAIN:
                spans.append(token.span(1))
    return spans


def _value_of_key(raw: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Where the string value of the key stands that has a secret word at `at`; None if it is no key."""
    quote = raw.rfind(b'"', max(0, at - _LONGEST_NAME), at)
    if quote == -1 or b"\\" in raw[max(0, quote - 1) : at]:
        return None
    found = _REST_OF_KEY.match(raw, end)
    if found is None or (raw[quote:end] == b'"signature' and _PLANNED.fullmatch(found[1])):
        return None
    return found.span(1)


def _value_of_param(raw: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Where the value of the URL parameter stands that has a secret word at `at`; None if it is none."""
    if _START_OF_PARAM.search(raw[max(0, at - _LONGEST_NAME) : at]) is None:
        return None
    found = _REST_OF_PARAM.match(raw, end)
    return found.span(1) if found is not None else None
