"""Recorded answers are read as they were read the first time."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from aurora.actors import knowledge_questions as k
from aurora.actors import questions as q
from aurora.actors.answers import UnreadableAnswerError, read_again
from aurora.actors.commerce import read_search
from aurora.actors.decision import read_outcome
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Reply
from aurora.actors.offer_reading import read_offer
from aurora.actors.opening import read_opening
from aurora.actors.page_questions import ProductPage
from aurora.actors.questions import (
    AnyQuestion,
    AskVision,
    CatalogueRows,
    CommerceSearch,
    ConfirmPhoto,
    DecisionChat,
    Erase,
    FindPlace,
    ForgetPhotos,
    LookAtPhoto,
    MatchCatalogue,
    OpenProduct,
    PhotoChecked,
    PhotoSeen,
    PhotoSlot,
    PresignPhoto,
    Question,
    ReadForecast,
    ReadLogs,
    ReadMemory,
    ReadVision,
    Remember,
    ResolveOffer,
    StorePhoto,
    VisionAnswer,
    VisionReady,
)
from aurora.actors.weather import read_forecast, read_place
from aurora.contract.memory import Memory, Profile, SkinLog, StoredArtifact
from aurora.rules.analysis.content import Feature
from aurora.rules.analysis.report_answer import Report
from aurora.rules.matcher.catalogue import Product
from aurora.rules.matcher.score import Wanted
from aurora.skin.measured import Box, Measured, Quality
from aurora.store.accounts import Account
from aurora.store.port import Appended

MEMORY = Memory(
    profile=Profile(skinType="dry", currentRoutine={"am": ["x"]}, travel_plan={"indoor_outdoor_ratio": 1.0}),
    recent_logs=[SkinLog(id="1", date="2026-03-10", notes="☁ tight")],
    artifact=StoredArtifact(
        artifact_id="da_1",
        created_at="c",
        artifact={"a": 1.50},
        confidence_score=1.0,
        confidence_level="high",
    ),
    version=7,
    epoch=2,
)

OURS: list[tuple[Question, Any]] = [
    (ReadMemory(), MEMORY),
    (ReadMemory(), Memory(ready=False, error_code="unavailable:ECONNRESET")),
    (ReadLogs(limit=3), MEMORY.recent_logs),
    (ReadLogs(limit=3), []),
    (Remember(facts=[]), Appended(versions=[3, 4], memory=MEMORY)),
    (Erase(), "db"),
    (
        MatchCatalogue(wanted=Wanted(targets=(("panthenol", 80),), avoid=(("retinol", "avoid"),))),
        CatalogueRows(products=[Product(product_id="p", name="P", risk_tags=("repair",))], digest="d"),
    ),
    (
        PresignPhoto(content_type="image/png"),
        PhotoSlot(photo_id="p", url="u", headers={"a": "b"}, tips=["t"]),
    ),
    (
        StorePhoto(handle="h", content_type="image/png"),
        PhotoChecked(photo_id="p", status="passed", qc={"a": 1}),
    ),
    (ConfirmPhoto(photo_id="p"), PhotoChecked(refused="PHOTO_CONFIRM_UPSTREAM_FAILED", http_status=404)),
    (ForgetPhotos(), 2),
    (LookAtPhoto(photo_id="p", slot_id="daylight", fetch_ms=1), PhotoSeen(code="DOWNLOAD_URL_DNS")),
    (
        LookAtPhoto(photo_id="p", slot_id="daylight", fetch_ms=1),
        PhotoSeen(
            measured=Measured(
                face=Box(1, 2, 3, 4), quality=Quality(grade="degraded", reasons=["blur"], factor=0.9)
            )
        ),
    ),
    (ReadVision(), VisionReady(provider="gemini", code="VISION_MISSING_KEY")),
    (
        AskVision(photo_id="p", prompt="look"),
        VisionAnswer(
            provider="gemini", report=Report((Feature("calm", "not_sure"),), "Does it sting?", False)
        ),
    ),
    (AskVision(photo_id="p", prompt="look"), VisionAnswer(provider="openai", code="VISION_TIMEOUT")),
]

SIGNED_IN = q.SignedIn(user_id="usr_1", email="a@b.co", token="t", expires_at="e")
OURS += [
    (q.OpenChallenge(), q.ChallengeOpened(challenge_id="c", expires_at="e", expires_in_s=600)),
    (q.OpenChallenge(), q.TriesLimited(retry_after_s=9)),
    (q.RedeemCode(), SIGNED_IN),
    (q.RedeemCode(), q.SignInRefused(reason="expired")),
    (q.CheckPassword(), SIGNED_IN),
    (q.CheckPassword(), q.SignInRefused(reason="locked", locked_until="l")),
    (q.SetPassword(), "kept"),
    (q.ReadAccount(), Account("usr_1", "a@b.co")),
    (q.ReadAccount(), None),
    (q.CloseSession(), True),
    (q.EraseAccount(), True),
    (q.TakeAlong(user_id="usr_1"), q.TakenAlong(fields=2, days=3)),
    (q.SendCode(challenge_id="c", minutes=10), q.MailSent(delivery="file")),
    (q.ReadProductPage(url="https://a.b/c"), ProductPage(title="t", inci=["Aqua"], price_amount=9.5)),
]

OURS += [
    (k.RecallKnowledge(kind="product", keys=("product:p|lang:EN",)), k.Knowledge(found=False)),
    (
        k.RecallKnowledge(kind="dupes", keys=("id:p",)),
        k.Knowledge(
            found=True, key="id:p", facts={"dupes": [1.5]}, verified=True, verified_at="v", fresh=True
        ),
    ),
    (
        k.KeepKnowledge(kind="dupes", key="id:p", facts={"dupes": []}, verified=False, source="s"),
        k.Kept(kept=False, reason="verified_stands"),
    ),
    (k.MayRefresh(key="id:p"), k.Leave(allowed=False, retry_after_ms=60_000)),
    (k.RefreshLater(kind="dupes_refresh", key="id:p", body={"original": {}}), k.Queued(queued=True)),
    (k.OpenTicket(blocks={"dupes": {}}), k.Ticket(ticket_id="t", version=1, expires_at_ms=5)),
    (k.PatchTicket(ticket_id="t", blocks={"dupes": {}}), k.Ticket()),
    (k.ReadTicket(ticket_id="t"), k.Ticket(ticket_id="t", version=2, patch={"dupes": {"candidates": []}})),
]


def test_every_question_has_a_reader() -> None:
    read = {type(question) for question, _ in OURS} | {type(question) for question, _, _ in UPSTREAM}
    assert read == set(get_args(AnyQuestion)) == set(Question.__subclasses__())


@pytest.mark.parametrize(("question", "value"), OURS)
def test_an_answer_of_ours_is_the_very_struct(question: Question, value: Any) -> None:
    finding = read_again(question, msgspec.json.encode(value), 12)
    assert finding == Answer(actor=question.actor, value=value, elapsed_ms=12)


FORECAST = ReadForecast(latitude=59.91, longitude=10.75, start="2026-12-01", end="2026-12-03")

UPSTREAM: list[tuple[Question, Any, Any]] = [
    (DecisionChat(query="q"), read_outcome, {"answer": "hi", "cards": [1, {"type": "x"}], "intent": 5}),
    (DecisionChat(query="q"), read_outcome, {}),
    (CommerceSearch(query="q"), read_search, {"data": {"products": [{"id": 1}, None]}}),
    (CommerceSearch(query="q"), read_search, []),
    (OpenProduct(by="text", query="q"), read_opening, {"resolved": False, "reason_code": "DB_ERROR"}),
    (OpenProduct(by="stable_id", query="q"), read_opening, {"status": "success", "mapping": 3}),
    (ResolveOffer(url="https://shop.example", market="US"), read_offer, {"ok": False, "code": "db_error"}),
    (
        FindPlace(name="Oslo"),
        read_place,
        {"results": [{"name": "Oslo", "latitude": 59.91, "longitude": 10.75}]},
    ),
    (FindPlace(name="nowhere"), read_place, {"generationtime_ms": 0.5}),
    (FORECAST, read_forecast, {"daily": {"uv_index_max": [0.1, 0.2, 3.3333333333333335]}}),
    (FORECAST, read_forecast, {"daily": []}),
]


@pytest.mark.parametrize(("question", "reader", "body"), UPSTREAM)
def test_an_upstreams_answer_is_read_by_its_actors_own_reader(
    question: Question, reader: Any, body: Any
) -> None:
    raw = msgspec.json.encode(body)
    then: Finding = reader(Reply(status=200, body=body, raw=raw))
    assert read_again(question, raw, 40) == msgspec.structs.replace(then, elapsed_ms=40)


def test_a_reader_that_refuses_today_what_it_took_then_gives_a_failure() -> None:
    finding = read_again(DecisionChat(query="q"), b"[1]", 9)
    assert finding == Failure(actor="decision", code="bad_shape", status=200, elapsed_ms=9)


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        (ReadMemory(), b"[]"),
        (ReadMemory(), b'{"version": "x"}'),
        (ReadLogs(), b'[{"id": 1}]'),
        (Remember(facts=[]), b"{}"),
        (DecisionChat(query="q"), b"{"),
        (DecisionChat(query="q"), b"\xff"),
        (CommerceSearch(query="q"), b"[" * 100_000),
    ],
)
def test_a_value_that_fits_no_more_is_told(question: Question, raw: bytes) -> None:
    with pytest.raises(UnreadableAnswerError, match=type(question).__name__):
        read_again(question, raw, 1)
