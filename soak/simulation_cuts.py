"""Where turns are cut: every `await` of flows and actors, found in the source, and those that a seed cut at.

A cut is seen where it passes: as `Cancelled` leaves a flow or a handler, the traceback names the awaits
below, and the frames around name those above. A sibling's end is no cut; only the budget, a client that hangs
up and the end of the process are.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple, TypeGuard

import trio

import aurora
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Finding
from aurora.actors.stage import Stage
from aurora.actors.turn import Flow, conduct

ROOT = Path(aurora.__file__).parent
ROOMS = ("flows", "actors")
CUT = frozenset({"budget", "deadline", "client_gone", "shutdown"})

# Awaits that belong to no turn, or stand below the simulated wire.
OUTSIDE: Mapping[str, str] = {
    "actors/http_pool.py": "the wire; cut on real sockets by tests/actors and tests/chaos",
    "actors/upstream_sockets.py": "the wire; cut on real sockets by tests/actors and tests/chaos",
    "actors/clerk.py": "a task of the process",
    "actors/refresher.py": "a task of the process; what it plays are turns",
    "actors/page_fetch.py": "the wire; cut on real sockets by tests/actors",
    "actors/knowledge_shelf.py KnowledgeShelf.run": "a task of the process",
    "actors/knowledge_shelf.py KnowledgeShelf._work": "a task of the process",
    "actors/knowledge_shelf.py KnowledgeShelf._settle": "a task of the process",
    "actors/trace.py": "a task of the process",
    "actors/house.py": "opening and closing of the process",
    "actors/links.py Link.watch": "a task of the process",
    "actors/links.py Link.__aexit__": "closing of the process",
    "actors/pixels.py": "the workers; cut on real ones by tests/actors",
    **dict.fromkeys(
        ("actors/accounts.py", "actors/mail.py", "actors/passwords.py", "actors/smtp.py", "flows/auth.py"),
        "nobody signs in here; tests/actors and tests/flows cut that",
    ),
    "actors/photos.py PhotoDesk.aclose": "closing of the process",
    "actors/signed_urls.py SignedUrls.aclose": "closing of the process",
    "actors/signed_urls.py SignedUrls._pool": "closing of the connections to a fifth storage",
}

# Awaits of what never waits when it is reached there: no cut can fall on them. A seed that cuts at one fails.
_NO_FACT = "a form states no fact that an answer could wait for"
_ACKNOWLEDGED = "a fact that comes with a tap is acknowledged one step earlier"
_SAVED_BEFORE = "the facts' own wait is over by then"
NEVER_WAITS: Mapping[str, str] = {
    "flows/chat_steps/diagnosis.py diagnosis: "
    "await turn.answer(complete(turn, saved=await turn.saved()))": _SAVED_BEFORE,
    "flows/chat_steps/diagnosis.py diagnosis: "
    "await turn.answer(next_question(turn, 'diagnosis_progress', saved=saved))": _SAVED_BEFORE,
    "flows/chat_steps/safety_answer.py safety_answer: "
    "await turn.answer(acknowledged(turn, saved=await turn.saved()))": _SAVED_BEFORE,
    "flows/chat_steps/pending_flow.py next_clarification: "
    "await turn.answer(await _question(turn, turn.asking))": _SAVED_BEFORE,
    "flows/chat_steps/pending_flow.py resume_clarification: await red_flags(turn)": (
        "whatever waited, and each answer to it, was heard for red flags when it was said"
    ),
    "flows/chat_steps/small_chips.py small_chips: await turn.answer(Reply(say=pick(turn.lang, answer.say), "
    "chips=turn.chips(*answer.chips), reach=answer.next_state))": _ACKNOWLEDGED,
    "actors/memory.py _answer: await store.erase(Identity(uid=turn.identity.uid))": (
        "nobody signs in in these worlds"
    ),
    "actors/signed_urls.py SignedUrls._exchange: await self._pool(address.origin)": "a fifth storage waits",
    "actors/knowledge_shelf.py KnowledgeShelf.keep: await self._settle(write)": "the shelf's own task writes",
    "flows/chat_steps/planning.py loop_breaker: await "
    "turn.answer(Reply(say=texts.loop_broken(plan.required_fields, turn.lang), "
    "chips=[*_defaults(turn), *turn.chips(*WAYS_ON, *((FILL_IN,) if asks_core else ()))], "
    "events=[('loop_breaker_triggered', told)], profile=turn.profile_summary() if turn.patch else "
    "None))": "a fact begins the counting anew",
    "flows/reco.py _answered: await red_flags(turn)": _NO_FACT,
    "flows/reco.py _answered: await safety_check(turn)": _NO_FACT,
    "flows/chat_steps/profile_saved.py profile_saved: "
    "await turn.answer(next_question(turn, 'diagnosis_progress', saved=saved))": _SAVED_BEFORE,
    "flows/chat_steps/profile_saved.py profile_saved: "
    "await turn.answer(acknowledged(turn, saved=saved))": _SAVED_BEFORE,
}


class Site(NamedTuple):
    """One await expression. file: below the package."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Sites(NamedTuple):
    """Awaits of the source. function: of each, qualified. text: of each, the whole expression."""

    function: dict[Site, str]
    text: dict[Site, str]

    def label(self, site: Site) -> str:
        """`file function: expression`, which stays the same when lines move."""
        return f"{site.file} {self.function[site]}: {self.text[site]}"


def sites_of_a_turn() -> Sites:
    """Every await that a turn may stand at."""
    found = Sites({}, {})
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node, function in _awaits(ast.parse(path.read_text("utf-8")), ""):
                if name in OUTSIDE or f"{name} {function}" in OUTSIDE:
                    continue
                site = Site(name, node.lineno, node.col_offset)
                found.function[site] = function
                found.text[site] = ast.unparse(node).partition("\n")[0]
    return found


def _awaits(node: ast.AST, inside: str) -> Iterator[tuple[ast.Await | ast.ListComp | ast.AsyncWith, str]]:
    for child in ast.iter_child_nodes(node):
        name = inside
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{inside}.{child.name}".lstrip(".")
        if isinstance(child, ast.Await) or _waits_unsaid(child):
            yield child, inside
        yield from _awaits(child, name)


def _waits_unsaid(node: ast.AST) -> TypeGuard[ast.ListComp | ast.AsyncWith]:
    """A list whose items are awaited is awaited itself, and so is a place (`async with self._places`)."""
    if isinstance(node, ast.ListComp):
        return any(isinstance(each, ast.Await) for each in ast.walk(node))
    return isinstance(node, ast.AsyncWith) and isinstance(node.items[0].context_expr, ast.Attribute)


class Cuts:
    """What was cut where. at: how often, by await, of all that a cut passed through. points: how often, by
    cut point: the awaits from `conduct` to the innermost, and what cut there.
    """

    def __init__(self) -> None:
        self.at: Counter[Site] = Counter()
        self.points: Counter[tuple[tuple[Site, ...], str]] = Counter()
        self._places: dict[tuple[CodeType, int], Site | None] = {}

    def flow(self, flow: Flow) -> Flow:
        """The same flow, watched."""

        async def watched(stage: Stage) -> None:
            try:
                await flow(stage)
            except trio.Cancelled as cut:
                self._note(cut, sys._getframe())
                raise

        return watched

    def handler(self, handler: Handler) -> Handler:
        """The same handler, watched."""

        async def watched(call: Call) -> Finding:
            try:
                return await handler(call)
            except trio.Cancelled as cut:
                self._note(cut, sys._getframe())
                raise

        return watched

    def add(self, other: Cuts) -> None:
        """Take in what another one saw."""
        self.at.update(other.at)
        self.points.update(other.points)

    def _note(self, cut: trio.Cancelled, frame: FrameType) -> None:
        why = cut.reason or cut.source
        if why not in CUT:
            return
        passed = (*self._above(frame), *self._below(cut.__traceback__))
        self.at.update(set(passed))
        self.points[passed, why] += 1

    def _above(self, frame: FrameType) -> Iterator[Site]:
        above: list[Site] = []
        each = frame.f_back
        while each is not None:
            site = self._place(each.f_code, each.f_lasti)
            if site is not None:
                above.append(site)
            each = each.f_back if each.f_code is not conduct.__code__ else None
        return reversed(above)

    def _below(self, trace: TracebackType | None) -> Iterator[Site]:
        while trace is not None:
            site = self._place(trace.tb_frame.f_code, trace.tb_lasti)
            if site is not None:
                yield site
            trace = trace.tb_next

    def _place(self, code: CodeType, instruction: int) -> Site | None:
        key = (code, instruction)
        if key not in self._places:
            self._places[key] = site_at(code, instruction)
        return self._places[key]


def site_at(code: CodeType, instruction: int) -> Site | None:
    """Where an instruction of ours stands in the source; None for anybody else's."""
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT):
        return None
    name = path.relative_to(ROOT).as_posix()
    if name.partition("/")[0] not in ROOMS:
        return None
    positions = list(code.co_positions())
    line, _, column, _ = positions[instruction // 2]
    return Site(name, line, column) if line is not None and column is not None else None
