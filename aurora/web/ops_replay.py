"""/ops/replay: recent turns, and one turn as a picture. Reads only, and only for who holds the admin key.

Nothing personal stands in an address or a title: a UID is searched for by POST, a person is a short hash.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import trio
from quart import Blueprint
from quart_trio.wrappers import TrioResponse

from aurora.contract.errors import ContractError
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError
from aurora.replay.sources import DatabaseSource, Selection, TurnSource, first, refuse_erased
from aurora.replay.view import TurnView, view_of
from aurora.store.durable import PostgresStore
from aurora.store.port import Store
from aurora.web.answers import Reply
from aurora.web.ops_auth import Gatekeeper
from aurora.web.ops_memory import changes, first_seen
from aurora.web.ops_pages import Pages
from aurora.web.ops_picture import bar_told, draw, ms, why_ended
from aurora.web.request import Arrived, current_request

PAGE_TURNS: Final = 25
READ_S: Final = 8.0
MOST_RAW_BYTES: Final = 262_144
_SHOWN: Final = {
    "all": ("All", ()),
    "degraded": ("Degraded", ("degraded",)),
    "blocked": ("Blocked", ("blocked",)),
    "failed": ("Failed", ("failed",)),
    "abandoned": ("Client gone", ("abandoned",)),
    "slow": ("Slow", ()),
}

View = Callable[[dict[str, str]], Awaitable[Reply]]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A turn on the list. spent: percent of its budget, budget_x: where the budget stands on the bar."""

    link: str
    who: str
    kind: str
    lang: str
    outcome: str
    why: str
    opened_at: str
    elapsed: str
    budget: str
    spent: int
    budget_x: float
    width: float


def blueprint(store: Store, key: str, slow_ms: int, source: TurnSource | None = None) -> Blueprint:
    """All of /ops. key: the admin key, not empty (without one nothing of this is registered).

    slow_ms: from when on a turn counts as slow. source: instead of the store's own database.
    """
    desk = Desk(source or source_of(store), Gatekeeper(key), Pages(), slow_ms)
    pages = Blueprint("ops", __name__)
    desk.pages.static(pages)
    for method, path, view in (
        ("GET", "/ops/replay", desk.guarded(desk.turns)),
        ("POST", "/ops/replay", desk.guarded(desk.turns)),
        ("GET", "/ops/replay/turn", desk.guarded(desk.turn)),
        ("GET", "/ops/replay/events", desk.guarded(desk.events)),
        ("GET", "/ops/sign-in", desk.form),
        ("POST", "/ops/sign-in", desk.sign_in),
        ("POST", "/ops/sign-out", desk.sign_out),
    ):
        pages.add_url_rule(
            path, endpoint=f"{method} {path}".replace(".", "_"), view_func=view, methods=[method]
        )
    return pages


def source_of(store: Store) -> TurnSource | None:
    """Where the turns of a store are read from; None if it keeps none."""
    return DatabaseSource(store.database) if isinstance(store, PostgresStore) else None


class Desk:
    """The views."""

    def __init__(self, source: TurnSource | None, gate: Gatekeeper, pages: Pages, slow_ms: int) -> None:
        self.source = source
        self.gate = gate
        self.pages = pages
        self.slow_ms = slow_ms

    def guarded(self, view: View) -> Callable[[], Awaitable[TrioResponse]]:
        """A view for who may see it. Without any key, a browser is sent to the form."""

        async def guarded_view() -> TrioResponse:
            request = current_request()
            standing = self.gate.standing(request)
            if standing == "unknown":
                back = request.path + (f"?{request.query.decode('latin-1')}" if request.query else "")
                there = urlencode({"next": back}) if request.method == "GET" else ""
                return self.pages.elsewhere(f"/ops/sign-in?{there}").as_response()
            if standing != "welcome":
                return self._refused(standing, "").as_response()
            return (await self._shown(view, request)).as_response()

        return guarded_view

    async def form(self) -> TrioResponse:
        """GET /ops/sign-in."""
        fields = _fields(current_request())
        return self.pages.page("sign_in.html", wrong="", next=_ours(fields.get("next", ""))).as_response()

    async def sign_in(self) -> TrioResponse:
        """POST /ops/sign-in."""
        request = current_request()
        fields = _fields(request)
        target = _ours(fields.get("next", ""))
        standing = self.gate.standing(request)
        if standing != "foreign":
            standing = self.gate.tried(fields.get("key", ""))
        if standing != "welcome":
            return self._refused(standing, target).as_response()
        return self.pages.elsewhere(target, {"Set-Cookie": self.gate.open_session(request)}).as_response()

    async def sign_out(self) -> TrioResponse:
        """POST /ops/sign-out."""
        request = current_request()
        if self.gate.standing(request) == "foreign":
            return self._refused("foreign", "").as_response()
        return self.pages.elsewhere(
            "/ops/sign-in", {"Set-Cookie": self.gate.end_session(request)}
        ).as_response()

    async def turns(self, fields: dict[str, str]) -> Reply:
        """The list. By POST, fields may hold `uid`; paging goes by `after` and `at` of the last one."""
        shown = fields.get("show", "all")
        shown = shown if shown in _SHOWN else "all"
        kind = fields.get("kind", "")
        kind = kind if kind in TURN_KINDS else ""
        uid = fields.get("uid", "").strip()[:128]
        rows: list[Row | str] = []
        more: dict[str, str] | None = None
        if self.source is not None:
            selection = Selection(
                uid=uid or None,
                kinds=(kind,) if kind else (),
                outcomes=_SHOWN[shown][1],
                slower_than_ms=self.slow_ms if shown == "slow" else None,
                newest_first=True,
                limit=PAGE_TURNS + 1,
            )
            if fields.get("after"):
                last = await first(self.source, _chosen(fields, "after"))
                selection = msgspec.structs.replace(selection, after=last.key)
            rows, more = await self._rows(self.source, selection)
        return self.pages.page(
            "list.html", rows=rows, more=more, shown=shown, kind=kind, uid=uid, kinds=sorted(TURN_KINDS),
            filters=[(name, label) for name, (label, _) in _SHOWN.items()], recording=self.source is not None,
            later=bool(fields.get("after")), slow_ms=ms(self.slow_ms),
        )  # fmt: skip

    async def _rows(
        self, source: TurnSource, selection: Selection
    ) -> tuple[list[Row | str], dict[str, str] | None]:
        """One page, and what asks for the next."""
        found: list[RecordedTurn | DamagedTraceError] = []
        async with aclosing(source.turns(selection)) as turns:
            async for turn in turns:
                found.append(turn)  # noqa: PERF401 - a comprehension would not close the generator early
        if not found:
            await refuse_erased(source, selection)
        page = found[:PAGE_TURNS]
        last = next((turn for turn in reversed(page) if isinstance(turn, RecordedTurn)), None)
        more = None
        if len(found) > PAGE_TURNS and last is not None:
            more = {"after": last.request_id, "at": str(last.opened_at_ms)}
        return [_row(turn) for turn in page], more

    async def turn(self, fields: dict[str, str]) -> Reply:
        """One turn as a picture."""
        recorded = await self._recorded(fields)
        view = view_of(recorded)
        budget = view.budget_ms
        spare = None if budget is None else budget - view.elapsed_ms
        memory = changes(view.memory_before, view.memory_after)
        raw = recorded.raw_events[: MOST_RAW_BYTES + 1]
        return self.pages.page(
            "turn.html", view=view, picture=draw(view), who=_who(view.stream), opened_at=_iso(recorded),
            spare=spare, why=_why(view), bars=[(bar, bar_told(bar), why_ended(bar)) for bar in _bars(view)],
            command=f"aurora replay --request {shlex.quote(view.request_id)}",
            shown=first_seen(memory), envelope=recorded.envelope, ms=ms,
            rest=[known for known in memory if known not in first_seen(memory)],
            sent_nothing=recorded.sent_nothing, events_link=_link("events", recorded),
            raw=None if len(raw) > MOST_RAW_BYTES else msgspec.json.format(raw, indent=2).decode(),
        )  # fmt: skip

    async def events(self, fields: dict[str, str]) -> Reply:
        """The trace of one turn, as it was recorded."""
        return self.pages.data((await self._recorded(fields)).raw_events)

    async def _recorded(self, fields: dict[str, str]) -> RecordedTurn:
        if self.source is None:
            raise ReplayError("This service keeps no traces: it has no database, or its retention is 0 days.")
        return await first(self.source, _chosen(fields, "request"))

    async def _shown(self, view: View, request: Arrived) -> Reply:
        """A view, within its time; what cannot be shown says why."""
        with trio.move_on_after(READ_S):
            try:
                return await view(_fields(request))
            except ReplayError as error:
                status = (
                    503 if error.__cause__ is not None and not isinstance(error, DamagedTraceError) else 404
                )
                return self._told(status, str(error))
        return self._told(
            503, "The database takes too long to answer. Narrow the search, or try again later."
        )

    def _told(self, status: int, what: str) -> Reply:
        return self.pages.page("message.html", status, what=what)

    def _refused(self, standing: str, target: str) -> Reply:
        if standing == "wait":
            wait_s = self.gate.wait_s()
            return self.pages.page(
                "sign_in.html", 429, {"Retry-After": str(wait_s)}, next=target,
                wrong=f"Too many wrong keys. Try again in {wait_s} seconds.",
            )  # fmt: skip
        wrong = "That is not the key." if standing == "wrong" else "Another site asked for this page."
        return self.pages.page("sign_in.html", 403, wrong=wrong, next=target)


def _fields(request: Arrived) -> dict[str, str]:
    """The form, or the query, where nothing personal is accepted. Raises ContractError."""
    posted = request.method == "POST"
    raw = request.body if posted else request.query
    try:
        fields = dict(parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        raise ContractError(400, "BAD_REQUEST") from None
    return fields if posted else {name: value for name, value in fields.items() if name != "uid"}


def _ours(target: str) -> str:
    """A page of ours to go to after signing in; never somebody else's."""
    plain = (
        target.startswith("/ops/replay") and target.isascii() and target.isprintable() and "\\" not in target
    )
    return target if plain else "/ops/replay"


def _chosen(fields: dict[str, str], name: str) -> Selection:
    """One turn: its request id, which a client may have used twice, and its instant, if it is named."""
    at = fields.get("at", "")
    at_ms = int(at) if at.isascii() and at.isdigit() and len(at) < 16 else None
    return Selection(
        request_id=fields.get(name, "")[:128], since_ms=at_ms, until_ms=None if at_ms is None else at_ms + 1,
        newest_first=True,
    )  # fmt: skip


def _row(turn: RecordedTurn | DamagedTraceError) -> Row | str:
    """A turn on the list, or why it cannot be shown."""
    if isinstance(turn, DamagedTraceError):
        return str(turn)
    try:
        view = view_of(turn)
    except DamagedTraceError as error:
        return str(error)
    budget = view.budget_ms or view.elapsed_ms or 1
    longest = max(budget * 1.25, view.elapsed_ms, 1)
    return Row(
        link=_link("turn", turn), who=_who(view.stream), kind=view.kind, lang=view.lang,
        outcome=view.outcome, why=_why(view), opened_at=_iso(turn), elapsed=ms(view.elapsed_ms),
        budget=ms(budget), spent=round(100 * view.elapsed_ms / budget),
        budget_x=round(100 * budget / longest, 2), width=max(0.5, round(100 * view.elapsed_ms / longest, 2)),
    )  # fmt: skip


def _link(page: str, turn: RecordedTurn) -> str:
    return f"/ops/replay/{page}?{urlencode({'request': turn.request_id, 'at': turn.opened_at_ms})}"


def _who(stream: str) -> str:
    """A person in nine characters: guest or account, and the beginning of the hash that the stream is."""
    kind, _, name = stream.partition(":")
    return f"{kind}·{name[:8]}"


def _why(view: TurnView) -> str:
    """Why it went wrong, in a word; empty if it did not."""
    if view.cut is not None:
        return view.cut[1].replace("_", " ")
    # What nobody asked to buy is held back in many a good answer: shown on its page, no news on the list.
    closed = next((gate.name for gate in view.gates if not gate.passed and gate.name != "commerce"), None)
    if closed is not None:
        return closed.replace("_", " ")
    return str(view.status) if view.outcome == "failed" else ""


def _iso(turn: RecordedTurn) -> str:
    return turn.opened_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bars(view: TurnView) -> Iterator[Any]:
    """All questions in the order of asking."""
    return iter(sorted((bar for lane in view.lanes for bar in lane.bars), key=lambda bar: bar.call))
