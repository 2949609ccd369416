"""Leaving for a shop."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aurora.contract.requests import AffiliateOutcome
from aurora.flows.affiliate import outcome
from aurora.store.facts import OutboundOpened
from aurora.store.port import StoreError
from tests.support.fakes import FakeStore, play, turn_for

BUDGET = ("write", 3000)
BODY = AffiliateOutcome(outcome="success", url="https://example.com/p", offer_id="o1")


async def test_an_outcome_is_echoed_and_remembered(autojump_clock: Any) -> None:
    result = await play(outcome, turn_for("affiliate_outcome", BODY), budget=BUDGET)
    assert result.cards("affiliate_outcome") == [
        {"outcome": "success", "url": "https://example.com/p", "offer_id": "o1"}
    ]
    assert result.events("outbound_opened") == [{"outcome": "success", "url": "https://example.com/p"}]
    assert result.facts == [OutboundOpened(outcome="success", url="https://example.com/p", offer_id="o1")]
    assert result.body["cards"][0]["card_id"] == "out_req-1"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/p?aff=me&token=T0K", "https://a.example/p?aff=me&token=[redacted]"),
        ("https://a.example/p?sid=T0K#x", "https://a.example/p?sid=[redacted]#x"),
        ('https://a.example/p?q="token":"T0K"', 'https://a.example/p?q="token":"T0K"'),
        (None, None),
    ],
)
async def test_what_is_remembered_of_an_address_holds_no_token(
    url: str | None, kept: str | None, autojump_clock: Any
) -> None:
    body = AffiliateOutcome(outcome="success") if url is None else AffiliateOutcome(outcome="failed", url=url)
    result = await play(outcome, turn_for("affiliate_outcome", body), budget=BUDGET)
    assert [fact.url for fact in result.facts] == [kept]
    assert [event["url"] for event in result.events("outbound_opened")] == [kept]


@pytest.mark.parametrize("store", [FakeStore(error=StoreError("unavailable")), FakeStore(append_ms=math.inf)])
async def test_a_store_that_fails_or_hangs_costs_the_fact_not_the_answer(
    store: FakeStore, autojump_clock: Any
) -> None:
    result = await play(outcome, turn_for("affiliate_outcome", BODY), store=store, budget=BUDGET)
    assert result.finished.status == 200
    assert result.elapsed_ms <= 500
    assert result.body["cards"][0]["field_missing"] == [{"field": "outcome", "reason": "db_unavailable"}]
