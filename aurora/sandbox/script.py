"""What an upstream is told to do wrong, and the list of what it was asked.

A behaviour is written `name` or `name=argument`; several are joined by commas and happen in that order:
`latency=300,status=503` waits and then fails. It reaches the sandbox in three ways, the first found wins: the
header `X-Sandbox-Script`, a token `[[sandbox:...]]` in the text asked, the queue filled by the control API.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any, Literal, get_args

import msgspec

from aurora.sandbox.mail import Mailbox

Upstream = Literal["decision", "commerce", "mail", "photos", "storage", "vision", "weather", "*"]
UPSTREAMS: tuple[str, ...] = get_args(Upstream)

MAX_LATENCY_MS = 600_000
MAX_MEGABYTES = 256
MAX_LEVELS = 1_000_000
MAX_CALLS_KEPT = 2_000
MAX_RULES = 1_000


class Spec(msgspec.Struct, frozen=True):
    """One behaviour: what it does, and the range and default of its number (None: takes no number)."""

    does: str
    default: int | None = None
    lo: int = 0
    hi: int = 0
    word: bool = False
    last: bool = True


BEHAVIOURS: dict[str, Spec] = {
    "latency": Spec("waits that many ms, then goes on", 1000, 0, MAX_LATENCY_MS, last=False),
    "stub": Spec("answers as if that stub token stood in the query", word=True, last=False),
    "stall": Spec("reads the request, never answers"),
    "stall_body": Spec("sends the head and half of the body, then nothing more"),
    "reset": Spec("resets the connection (RST) without an answer"),
    "close": Spec("closes the connection without an answer"),
    "close_mid_body": Spec("announces the whole body, closes after half of it"),
    "status": Spec("answers that HTTP status with a JSON error body", 500, 400, 599),
    "redirect": Spec("302 to an address that nobody serves"),
    "html": Spec("200 with an HTML page"),
    "empty_body": Spec("200 with no byte of body"),
    "truncated": Spec("200, complete as HTTP, with half of the JSON"),
    "bad_utf8": Spec("200 with bytes that are no UTF-8"),
    "nul": Spec("the normal answer with NUL in its texts"),
    "surrogate": Spec("the normal answer with a lone surrogate escape"),
    "nan": Spec("the normal answer with NaN and 1e999 as numbers"),
    "array_root": Spec("200 with a JSON list instead of an object"),
    "scalar_root": Spec("200 with a JSON string instead of an object"),
    "empty_object": Spec("200 with {}"),
    "empty_cards": Spec("the normal answer with nothing in it: no cards, no items"),
    "null_cards": Spec("cards that are null, numbers, strings"),
    "array_payload": Spec("cards whose payload is a list"),
    "wrong_types": Spec("every known key with a value of the wrong type"),
    "unrenderable": Spec("recommendation rows that nobody could draw"),
    "deep": Spec("JSON nested that many levels", 100_000, 1, MAX_LEVELS),
    "huge": Spec("a body of that many megabytes", 50, 1, MAX_MEGABYTES),
    "bomb": Spec("a few kB of gzip that unpack to that many megabytes", 50, 1, MAX_MEGABYTES),
    "drip": Spec("one byte of the normal answer every so many ms", 1000, 1, MAX_LATENCY_MS),
}


class Step(msgspec.Struct, frozen=True):
    """One behaviour with its number or word."""

    name: str
    number: int = 0
    word: str = ""


class BadScriptError(ValueError):
    """A behaviour that nobody knows, or an argument it cannot take."""


def parse(text: str) -> tuple[Step, ...]:
    """`latency=300,status=503` -> steps. Numbers are clamped. Raises BadScriptError."""
    steps: list[Step] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, argument = part.partition("=")
        spec = BEHAVIOURS.get(name)
        if spec is None:
            raise BadScriptError(f"unknown behaviour: {name[:40]}")
        if steps and BEHAVIOURS[steps[-1].name].last:
            raise BadScriptError(f"nothing can follow {steps[-1].name}")
        if spec.word:
            steps.append(Step(name, word=argument))
        elif spec.default is None:
            if argument:
                raise BadScriptError(f"{name} takes no argument")
            steps.append(Step(name))
        else:
            try:
                number = int(argument) if argument else spec.default
            except ValueError:
                raise BadScriptError(f"{name} takes a whole number") from None
            steps.append(Step(name, max(spec.lo, min(spec.hi, number))))
    return tuple(steps)


_TOKEN = re.compile(r"\[\[sandbox:([^\]\n]{1,200})\]\]")


def script_in_text(text: str) -> str | None:
    """The script of the last `[[sandbox:...]]` token (the newest message stands last in a query)."""
    found = _TOKEN.findall(text)
    return found[-1] if found else None


class Rule(msgspec.Struct):
    """A queued behaviour. times: how many calls it still meets; None means until reset.

    match: substring that the text asked must contain. body: literal bytes to answer with 200.
    """

    upstream: Upstream
    steps: tuple[Step, ...] = ()
    times: int | None = 1
    match: str = ""
    body: bytes | None = None


class Call(msgspec.Struct):
    """One request that an upstream received.

    query: what was asked, empty unless the sandbox keeps texts. deadline_ms: the caller's deadline header.
    auth: names of the headers that said who asks.
    ended: `open` while under way, `answered`, `misbehaved`, or `client_closed` when the caller hung up first
    (of a drip or a huge body: before its end). elapsed_ms: until then, or until the body began to flow.
    started_ms, elapsed_ms: whole milliseconds on the sandbox's own monotonic clock.
    """

    number: int
    upstream: str
    method: str
    path: str
    query: str
    body: dict[str, Any]
    script: str
    deadline_ms: int | None
    authorised: bool
    started_ms: int
    auth: list[str] = []
    elapsed_ms: int = 0
    ended: str = "open"


class Sandbox:
    """What the control API changes and shows. One object per sandbox; nothing is global.

    keep_texts: whether calls keep what was asked. Off in mock mode, where the texts are a person's own.
    """

    def __init__(self, *, keep_texts: bool = True) -> None:
        self.keep_texts = keep_texts
        self.rules: list[Rule] = []
        self.calls: deque[Call] = deque(maxlen=MAX_CALLS_KEPT)
        self.total = 0
        self.in_flight = 0
        self.mailbox = Mailbox(keep=keep_texts)

    def script(
        self,
        upstream: Upstream,
        behaviour: str = "",
        *,
        times: int | None = 1,
        match: str = "",
        body: bytes | None = None,
    ) -> None:
        """Queue `behaviour` for the next `times` calls (None: all) to `upstream`. Raises BadScriptError."""
        if len(self.rules) >= MAX_RULES:
            raise BadScriptError("too many rules queued")
        self.rules.append(Rule(upstream, parse(behaviour), times, match, body))

    def rule_for(self, upstream: str, text: str) -> Rule | None:
        """The first queued rule that fits; it is used up by one call."""
        for rule in self.rules:
            if rule.upstream in (upstream, "*") and rule.match in text:
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self.rules.remove(rule)
                return rule
        return None

    def reset(self) -> None:
        """Forget rules, calls and mails. Calls under way go on, uncounted in the new list."""
        self.rules.clear()
        self.mailbox.mails.clear()
        self.calls.clear()
        self.total = 0
