"""Tickets of late updates: versions, what stays in place, and every bound."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors import tickets
from aurora.actors.call import Call
from aurora.actors.findings import Answer
from aurora.actors.knowledge_questions import OpenTicket, PatchTicket, ReadTicket, Ticket
from aurora.actors.question import Question
from aurora.actors.questions import ReadMemory
from aurora.actors.tickets import MOST_TICKETS, TicketDesk, tickets_handler
from aurora.rules.late_updates import LOCKED, MOST_CANDIDATES, in_place, merged, rank_of, same
from aurora.settings import Settings
from tests.support.fakes import turn_for

ON = Settings(reco_dogfood=True)
NOW = 1_900_000_000_000


def candidates(*names: str, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"product_id": name, "name": f"Product {name}", **more} for name in names]}


def names(block: dict[str, Any]) -> str:
    return "".join(one["product_id"] for one in block["candidates"])


def issued(desk: TicketDesk, blocks: dict[str, Any] | None = None, *, now: int = NOW) -> Ticket:
    return desk.issue(blocks or {"dupes": candidates("a", "b")}, ("req", "trace"), now)


def test_without_dogfood_there_are_no_tickets() -> None:
    desk = TicketDesk(Settings())
    assert issued(desk) == Ticket()
    assert len(desk) == desk.bytes == 0


def test_a_version_rises_by_one_for_every_block_that_changed() -> None:
    desk = TicketDesk(ON)
    ticket = issued(desk)
    assert (ticket.version, ticket.expires_at_ms) == (1, NOW + 600_000)
    name = ticket.ticket_id
    assert desk.patch(name, {"dupes": candidates("a", "b")}, NOW).version == 1, "nothing new"
    later = {"dupes": candidates("a", "b", "c"), "competitors": candidates("x"), "junk": 1, "provenance": 5}
    assert desk.patch(name, later, NOW).version == 3
    assert desk.read(name, 3, NOW).patch == {}
    assert desk.read(name, 2, NOW).patch == {
        "dupes": candidates("a", "b", "c"),
        "competitors": candidates("x"),
    }
    assert desk.read(name, 99, NOW) == Ticket(ticket_id=name, version=3, expires_at_ms=ticket.expires_at_ms)


def test_a_ticket_is_good_for_its_time() -> None:
    desk = TicketDesk(ON)
    ticket = issued(desk)
    assert desk.read(ticket.ticket_id, 0, ticket.expires_at_ms - 1).version == 1
    assert desk.read(ticket.ticket_id, 0, ticket.expires_at_ms) == Ticket()
    assert desk.patch(ticket.ticket_id, {"dupes": candidates("z")}, NOW) == Ticket()
    assert len(desk) == desk.bytes == 0
    issued(desk)
    issued(desk, now=NOW + 700_000)
    assert len(desk) == 1, "making one forgets those that are over"


def test_tickets_are_bounded_in_number_and_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TicketDesk(ON)
    made = [issued(desk) for _ in range(MOST_TICKETS + 3)]
    assert len(desk) == MOST_TICKETS
    assert [desk.read(each.ticket_id, 0, NOW).version for each in made[:4]] == [0, 0, 0, 1]
    monkeypatch.setattr(tickets, "MOST_BYTES", 1000)
    issued(desk)
    assert 0 < desk.bytes <= 1000
    big = candidates("a", text="x" * tickets.MOST_TICKET_BYTES)
    assert issued(desk, {"dupes": big}) == Ticket()
    ticket = issued(desk)
    assert desk.patch(ticket.ticket_id, {"dupes": big}, NOW).version == 1, "and nothing of it is kept"
    assert desk.read(ticket.ticket_id, 0, NOW).patch == {"dupes": candidates("a", "b")}


def test_a_candidate_is_found_where_it_was_shown_by_request_or_trace() -> None:
    desk = TicketDesk(ON)
    issued(desk)
    for asked_in in ("req", "trace"):
        assert desk.shown_rank(asked_in, "dupes", "b", "", NOW) == 2
        assert desk.shown_rank(asked_in, "dupes", "", " product A ", NOW) == 1
    assert desk.shown_rank("req", "competitors", "b", "", NOW) == 0
    assert desk.shown_rank("req", "dupes", "z", "", NOW) == 0
    assert desk.shown_rank("other", "dupes", "b", "", NOW) == 0
    assert desk.shown_rank("req", "dupes", "b", "", NOW + 600_000) == 0
    assert desk.shown_rank("req", "dupes", "b", "", NOW) == 0, "it is over for good"


@pytest.mark.parametrize(
    ("shown", "new", "stands"),
    [
        ("abc", "cba", "abc"),
        ("abcd", "dcba", "abcd"),
        ("abcde", "edcbz", "abcedz"),
        ("abc", "xyz", "abcxyz"),
        ("", "xyz", "xyz"),
        ("ab", "xb", "abx"),
        ("abc", "0123456789", "abc012345678"),
    ],
)
def test_what_was_seen_stays_in_its_place(shown: str, new: str, stands: str) -> None:
    (changed,) = merged({"dupes": candidates(*shown)}, {"dupes": candidates(*new, price=1)}).values()
    assert names(changed[0]) == stands


def test_a_block_that_brings_nobody_new_changes_nothing() -> None:
    assert merged({"dupes": candidates("a", "b")}, {"dupes": candidates()}) == {}


@given(st.text("abcdefgh", max_size=6), st.text("abcdefghijklmnopqrs", max_size=15))
def test_places_are_locked_whatever_comes(shown: str, new: str) -> None:
    old = [{"product_id": name, "age": "old"} for name in dict.fromkeys(shown)]
    later = [{"product_id": name, "age": "new"} for name in dict.fromkeys(new)]
    found = in_place(old, later)
    assert [one["product_id"] for one in found[:LOCKED]][: len(old)] == [
        one["product_id"] for one in old[:LOCKED]
    ]
    assert len({one["product_id"] for one in found}) == len(found) <= MOST_CANDIDATES
    for one in found:
        assert one["age"] == ("new" if one["product_id"] in new else "old")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"product_id": "a"}, {"sku_id": "A"}, True),
        ({"product_id": "a", "name": "N"}, {"product_id": "b", "name": "N"}, False),
        ({"product_id": "a", "name": "N"}, {"name": "n "}, True),
        ({"name": ""}, {"name": ""}, False),
        ({}, {}, False),
        ("a", "a", False),
        ({"product_id": 5}, {"product_id": 5}, False),
    ],
)
def test_who_is_who(one: Any, other: Any, is_same: bool) -> None:
    assert same(one, other) is is_same


@pytest.mark.parametrize("block", [None, {}, {"candidates": None}, {"candidates": ["x", 5, None]}, []])
def test_odd_blocks_hold_nobody(block: Any) -> None:
    assert rank_of(block, "x", "x") == 0


async def test_the_actor_answers_from_the_desk() -> None:
    desk = TicketDesk(ON)
    handle = tickets_handler(desk)

    async def ask(question: Question) -> Ticket:
        finding = await handle(Call(question, turn_for(), trio.current_time() + 1))
        assert isinstance(finding, Answer)
        assert isinstance(finding.value, Ticket)
        return finding.value

    opened = await ask(OpenTicket(blocks={"dupes": candidates("a")}))
    name = opened.ticket_id
    assert opened.expires_at_ms == turn_for().now_ms + ON.reco_ticket_ttl_ms
    assert (await ask(PatchTicket(ticket_id=name, blocks={"dupes": candidates("b")}))).version == 2
    assert names((await ask(ReadTicket(ticket_id=name, since_version=1))).patch["dupes"]) == "ab"
    assert await ask(ReadTicket(ticket_id="other")) == Ticket()
    assert desk.shown_rank("req-1", "dupes", "a", "", turn_for().now_ms) == 1
    with pytest.raises(TypeError, match="ReadMemory"):
        await ask(ReadMemory())
