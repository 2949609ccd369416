"""Many seeded worlds: every law holds in each, and seeds cut turns wherever turns wait."""

from __future__ import annotations

import pytest

from soak.simulate import Report, disproved, simulate, uncovered
from soak.simulation_cuts import NEVER_WAITS, Cuts, sites_of_a_turn
from soak.simulation_dice import (
    ACTOR,
    APPEND,
    ARRIVAL,
    CLIENT,
    ERASE,
    KNOWLEDGE_READ,
    KNOWLEDGE_WRITE,
    PAGE,
    PIXELS,
    PROCESS,
    READ,
    UPSTREAM,
)
from soak.simulation_hunt import HUNTED, LEADS, WISHES

SEEDS = 380
FLOOR = 95  # awaits that these seeds cut at
FLOOR_POINTS = 85
LAWS = (
    "every answer is in time",
    "every envelope is lawful",
    "every turn replays",
    "no commerce without gates",
    "sold behind gates",
    "a red flag is answered with safety alone",
    "an acknowledged fact is there once",
    "the log folded is what is projected",
    "no fact is older than an erasure",
    "what is said to be saved is saved",
    "what is said to be erased is erased",
    "no turn is cut early",
    "a broken turn is traced as failed",
    "nothing forbidden leaves",
    "recommended to whom something is forbidden",
    "a chip that is offered is answered",
    "no secret is traced",
    "nothing is written after a turn has ended",
    "nothing is left",
    "a question about products is never refused for an upstream",
    "every item comes back",
    "what is asked about products sells nothing",
    "a turn in the background names nobody",
    "knowledge holds nothing of a person",
    "what is said to be kept is kept",
    "a verified row is never lost",
    "every refresh can be played",
)


@pytest.fixture(scope="module")
def simulated() -> tuple[Report, Cuts]:
    cuts = Cuts()
    return simulate(iter(range(SEEDS)), cuts), cuts


def test_every_law_holds_in_every_world(simulated):
    report, _ = simulated
    told = [f"python -m soak.simulate --seed {seed}: {broken}" for seed, broken in report.broken]
    assert not told, "\n".join(told)


def test_every_law_was_looked_at(simulated):
    report, _ = simulated
    assert [law for law in LAWS if report.checks[law] < 20] == []


def test_every_kind_of_fault_struck(simulated):
    report, _ = simulated
    named = [
        name
        for table in (
            UPSTREAM, PIXELS, PAGE, READ, APPEND, ERASE, KNOWLEDGE_READ, KNOWLEDGE_WRITE, CLIENT, ARRIVAL,
            ACTOR, PROCESS,
        )
        for name in table
    ]  # fmt: skip
    named += ["clerk.burst", "budget.restated", "admission.refused"]
    assert [name for name in named if not report.faults[name]] == []


def test_every_kind_of_turn_ended_in_every_way(simulated):
    report, _ = simulated
    kinds = ("chat", "analysis", "bootstrap", "profile_update", "tracker_log", "tracker_recent",
             "affiliate_outcome", "profile_delete", "reco_generate", "photo_presign", "photo_confirm",
             "photo_upload", "product_parse", "product_analyze", "dupe_suggest", "dupe_compare",
             "offers_resolve", "product_refresh", "dupes_refresh")  # fmt: skip
    assert [
        kind for kind in kinds if not (report.outcomes[f"{kind} ok"] and report.outcomes[f"{kind} abandoned"])
    ] == []
    ways = ("chat degraded", "chat blocked", "chat failed", "analysis blocked", "bootstrap degraded")
    assert [way for way in ways if not report.outcomes[way]] == []


def test_seeds_cut_turns_nearly_wherever_they_wait(simulated):
    _, cuts = simulated
    sites = sites_of_a_turn()
    missed = "\n".join(sites.label(site) for site in uncovered(sites, cuts))
    assert sum(cuts.at[site] > 0 for site in sites.function) >= FLOOR, missed
    assert len(cuts.points) >= FLOOR_POINTS


def test_what_is_said_never_to_wait_is_there_and_never_waits(simulated):
    _, cuts = simulated
    sites = sites_of_a_turn()
    assert disproved(sites, cuts) == []
    assert set(NEVER_WAITS) <= {sites.label(site) for site in sites.function}


def test_every_place_of_a_cut_is_an_await_of_the_source(simulated):
    _, cuts = simulated
    sites = sites_of_a_turn()
    odd = [site for site in cuts.at if site not in sites.function]
    assert odd == []


def test_what_is_hunted_is_there():
    functions = {f"{site.file} {function}" for site, function in sites_of_a_turn().function.items()}
    assert set(HUNTED) <= functions
    assert set(LEADS) <= set(HUNTED)
    assert [name for name in WISHES if not any(each.startswith(name) for each in HUNTED)] == []
