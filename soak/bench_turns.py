"""CPU of whole chat turns in one process: `python -m soak.bench_turns [--profile CASE]`.

No web, no sockets and no Postgres: flow, laws, encoding and trace of a turn, with actors that answer at once.
It tells what a change costs or gains on a machine that does other work as well; shares of the bare route are
measured by `soak.bench_throughput`.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import msgspec
import trio
import trio.testing

from aurora.actors import catalogue
from aurora.actors.call import Call, Handler
from aurora.actors.clerk import Clerk
from aurora.actors.decision import read_outcome
from aurora.actors.findings import Failure, Finding
from aurora.actors.house import House
from aurora.actors.links import Reply
from aurora.actors.memory import memory_handler
from aurora.actors.trace import Tracer
from aurora.actors.turn import conduct
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.rules.query import PICKS_TASK
from aurora.rules.request import trigger_source
from aurora.sandbox import decision as sandbox
from aurora.settings import Settings
from aurora.store.ephemeral import EphemeralStore
from soak import people
from soak.stats import median

BEGUN = datetime(2026, 3, 10, tzinfo=UTC)
_PICKS = {
    "action": {
        "action_id": "chip.start.reco_products",
        "kind": "chip",
        "data": {"reply_text": "Show me picks"},
    },
    "session": {"state": "idle"},
}


class Case(msgspec.Struct, frozen=True):
    """A turn to measure. holds: stands in every answer. shelf: our own catalogue is there."""

    name: str
    body: dict[str, Any]
    holds: str
    shelf: bool = False


CASES = (
    Case("phase 0", {"message": "Recommend a moisturizer"}, '"profile"'),
    Case(
        "may these go together",
        {"message": "Can I use retinol and glycolic acid the same night?"},
        '"routine_simulation"',
    ),
    Case("picks of the decision system", _PICKS, '"upstream_answer_json"'),
    Case("picks of the catalogue", _PICKS, '"artifact_matcher_v1"', shelf=True),
)


def house_of(case: Case) -> House:
    """A house whose decision system answers at once."""
    settings = Settings(
        decision_base_url="" if case.shelf else "http://decision.bench", product_rec_allow_seed=case.shelf
    )
    answer = sandbox.reply(f'meta={{"lang":"EN"}}\n\n{PICKS_TASK}')
    raw = msgspec.json.encode(answer)

    async def decides(call: Call) -> Finding:
        if case.shelf:
            return Failure(actor=call.question.actor, code="not_configured")
        await trio.lowlevel.checkpoint()
        return read_outcome(Reply(status=200, body=msgspec.json.decode(raw), raw=raw))

    async def nobody(call: Call) -> Finding:
        return Failure(actor=call.question.actor, code="not_configured")

    store = EphemeralStore(settings, lambda: BEGUN)
    actors: Mapping[str, Handler] = {
        "memory": memory_handler(store),
        "decision": decides,
        "commerce": nobody,
        "catalogue": catalogue.catalogue_handler(catalogue.load(settings)),
    }
    clerk = Clerk(cost_ms=0, floor_ms=0, pace_ms=0)
    return House(settings, store, {}, clerk=clerk, tracer=Tracer(store), actors=actors)


async def play(house: House, number: int, kind: str, body: Any) -> bytes:
    """One turn of one of forty people, from its decoded body to the bytes of its answer."""
    named = TURN_KINDS[kind].body
    uid = f"turns-{number % 40}"
    context = RequestContext(
        request_id=f"rq-{number}",
        trace_id=f"tr-{number}",
        lang="EN",
        uid=uid,
        brief_id=f"brief-{uid}",
        trigger_source=trigger_source(body) if kind == "chat" else "text",
    )
    turn = Turn(
        kind=kind,
        context=context,
        identity=Identity(uid),
        now=BEGUN + timedelta(milliseconds=number * 400),
        seed=f"{number:032x}",
        body=decode(named, body) if named is not None else None,
    )
    finished = await conduct(house, turn, TURN_KINDS[kind].flow, budget=(kind, 12000))
    house.tracer.flush()
    return finished.body


def measure(case: Case, turns: int, rounds: int, profile: cProfile.Profile | None) -> list[float]:
    """CPU in milliseconds per turn, one figure for each round of `turns`."""
    figures: list[float] = []

    async def main() -> None:
        house = house_of(case)
        for number in range(40 if case.body is _PICKS else 0):
            await play(house, number, "profile_update", people.PROFILE)
            await play(house, number, "analysis", {"use_photo": False, "currentRoutine": people.ROUTINE})
        for number in range(50):  # patterns compiled, caches as they are in service
            body = await play(house, number, "chat", case.body)
            if case.holds.encode() not in body:
                raise click.ClickException(f"{case.name}: {body[:2000].decode(errors='replace')}")
        gc.collect()
        gc.freeze()
        if profile is not None:
            profile.enable()
        for _ in range(rounds):
            begun = time.process_time()
            for number in range(turns):
                await play(house, number, "chat", case.body)
            figures.append((time.process_time() - begun) / turns * 1000)
        if profile is not None:
            profile.disable()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return figures


@click.command()
@click.option("--turns", default=25, show_default=True, help="Turns a round.")
@click.option("--rounds", default=60, show_default=True)
@click.option("--profile", default="", help="Profile the cases whose name has this in it, and only those.")
def main(turns: int, rounds: int, profile: str) -> None:
    """CPU milliseconds per turn: the least and the median of several rounds."""
    for case in CASES:
        if profile not in case.name:
            continue
        watched = cProfile.Profile() if profile else None
        figures = measure(case, turns, rounds, watched)
        click.echo(f"{case.name:32} {min(figures):6.2f} least  {median(figures):6.2f} median ms/turn")
        if watched is not None:
            pstats.Stats(watched).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
