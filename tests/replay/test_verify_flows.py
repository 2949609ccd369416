"""Recorded turns of today's flows, and of any program of waits, are the same when they are played again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.actors.assembler import CutPlan
from aurora.actors.findings import Answer, Failure
from aurora.actors.questions import (
    CommerceSearch,
    ConfirmPhoto,
    DecisionChat,
    DecisionReply,
    PhotoChecked,
    PresignPhoto,
    ReadLogs,
    StorePhoto,
)
from aurora.actors.turn import Flow
from aurora.contract.errors import ContractError
from aurora.contract.memory import Memory, Profile
from aurora.contract.offer_requests import OffersResolve, OfferToResolve
from aurora.contract.product_requests import (
    DupeCompare,
    DupeSuggest,
    ProductAnalyzeRequest,
    ProductParseRequest,
)
from aurora.contract.requests import (
    ChatAction,
    PhotoConfirm,
    PhotoPresign,
    PhotoUpload,
    ProfileUpdate,
    RecoGenerate,
    RoutineSimulate,
    SkinAnalysisRequest,
    TrackerLog,
)
from aurora.contract.turn import Turn
from aurora.flows.chat import chat
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import recorded
from aurora.replay.player import Player
from aurora.replay.verify import TurnReport, verify
from aurora.settings import Settings
from aurora.store.facts import AnalysisTimedOut, ProfilePatched
from aurora.store.port import StoreError
from tests.replay.recording import chat_turn, record, row_of, told, verified
from tests.replay.signing_in import SECRETS, SIGNING_IN
from tests.support.fakes import NEVER, FakeStore, after, turn_for

UPSTREAM = Settings(decision_base_url="http://decision.test")
AWAY = StoreError("unavailable", "ECONNREFUSED")
HELLO = DecisionReply(answer="Hello there.")
PARSED = DecisionReply(answer='{"product": {"sku_id": "s1", "name": "Even Serum"}, "confidence": 0.8}')
SCANNED = DecisionReply(structured={"analyze": {"verdict": "Suitable", "reasons": ["Light."]}})


# --- today's flows over what they did themselves


EVERYDAY: list[tuple[str, Turn, dict[str, Any], str]] = [
    ("answered", chat_turn("what is niacinamide"), {"answers": {DecisionChat: after(90, HELLO)}}, "ok"),
    ("in chinese", chat_turn("烟酰胺是什么", "CN"), {"answers": {DecisionChat: after(90, HELLO)}}, "ok"),
    ("cut", chat_turn("what is niacinamide"), {"answers": {DecisionChat: NEVER}}, "degraded"),
    ("blocked", chat_turn("no bleeding but fever, recommend"), {}, "blocked"),
    (
        "gated",
        chat_turn("Recommend one", trigger="chip", action=ChatAction(action_id="chip.start.reco_products")),
        {},
        "ok",
    ),
    (
        "upstream fails",
        chat_turn("hello"),
        {"answers": {DecisionChat: after(40, Failure(actor="decision", code="http_5xx", status=503))}},
        "degraded",
    ),
    ("store away", chat_turn("hello"), {"store": FakeStore(error=AWAY)}, "degraded"),
    ("store silent", chat_turn("hello"), {"store": FakeStore(read_ms=math.inf)}, "degraded"),
    ("client gone", chat_turn("hello"), {"answers": {DecisionChat: NEVER}, "hang_up_ms": 30}, "abandoned"),
    ("analysis", turn_for("analysis", SkinAnalysisRequest(currentRoutine="AM: SPF")), {}, "ok"),
    (
        "analysis cut",
        turn_for("analysis", SkinAnalysisRequest(currentRoutine="AM: SPF"), lang="CN"),
        {"store": FakeStore(read_ms=math.inf), "budget": ("analysis", 20000)},
        "degraded",
    ),
    (
        "analysis with a report that does not hold",
        turn_for("analysis", SkinAnalysisRequest(currentRoutine="AM: SPF")),
        {"answers": {DecisionChat: after(100, HELLO)}},
        "ok",
    ),
    ("bootstrap", turn_for("bootstrap"), {}, "ok"),
    ("bootstrap, slow", turn_for("bootstrap"), {"store": FakeStore(read_ms=math.inf)}, "degraded"),
    ("profile", turn_for("profile_update", ProfileUpdate(skinType="oily")), {}, "ok"),
    (
        "profile, refused",
        turn_for("profile_update", ProfileUpdate(skinType="oily")),
        {"store": FakeStore(append_error=AWAY)},
        "failed",
    ),
    (
        "profile, slow",
        turn_for("profile_update", ProfileUpdate(skinType="oily")),
        {"store": FakeStore(append_ms=math.inf)},
        "failed",
    ),
    ("delete", turn_for("profile_delete"), {}, "ok"),
    (
        "a place for a photo",
        turn_for("photo_presign", PhotoPresign(slot_id="daylight")),
        {"answers": {PresignPhoto: Failure(actor="photos", code="not_configured")}},
        "ok",
    ),
    (
        "a photo confirmed",
        turn_for("photo_confirm", PhotoConfirm(photo_id="upl_1")),
        {"answers": {ConfirmPhoto: after(40, PhotoChecked(photo_id="upl_1", status="passed"))}},
        "ok",
    ),
    (
        "a photo taken in",
        turn_for("photo_upload", PhotoUpload(slot_id="a", content_type="image/jpeg", size=3, handle="h")),
        {"answers": {StorePhoto: after(40, PhotoChecked(photo_id="upl_1", refused="PHOTO_UPLOAD_FAILED"))}},
        "failed",
    ),
    ("a routine, asked by a form", turn_for("reco_generate", RecoGenerate(focus="acne")), {}, "ok"),
    (
        "a product, recognised",
        turn_for("product_parse", ProductParseRequest(text="Even Serum")),
        {"answers": {DecisionChat: after(90, PARSED)}},
        "ok",
    ),
    (
        "a product, judged",
        turn_for("product_analyze", ProductAnalyzeRequest(name="Even Serum"), lang="CN"),
        {"answers": {DecisionChat: [after(90, PARSED), after(60, SCANNED)]}, "budget": ("product", 12000)},
        "ok",
    ),
    (
        "a product, judged for her by two questions",
        turn_for("product_analyze", ProductAnalyzeRequest(product={"sku_id": "s1", "name": "Even Serum"})),
        {
            "answers": {DecisionChat: [NEVER, after(1300, SCANNED)]},
            "store": FakeStore(Memory(profile=Profile(skinType="oily"))),
            "budget": ("product", 12000),
        },
        "ok",
    ),
    (
        "a product, judged for everybody",
        turn_for("product_refresh", ProductAnalyzeRequest(product={"sku_id": "s1", "name": "Even Serum"})),
        {"answers": {DecisionChat: after(60, SCANNED)}},
        "ok",
    ),
    ("what is like a product", turn_for("dupe_suggest", DupeSuggest(original_text="Plain Cream")), {}, "ok"),
    ("the same, renewed", turn_for("dupes_refresh", DupeSuggest(original_text="Plain Cream")), {}, "ok"),
    (
        "two products compared",
        turn_for("dupe_compare", DupeCompare(original={"name": "Plain Cream"}, dupe={"name": "Other Cream"})),
        {},
        "ok",
    ),
    (
        "offers",
        turn_for("offers_resolve", OffersResolve(items=[OfferToResolve(product={"name": "A"}, offer={})])),
        {},
        "ok",
    ),
    ("a routine, simulated", turn_for("routine_simulate", RoutineSimulate()), {}, "ok"),
    *((name, turn, {"answers": answers}, outcome) for name, turn, answers, outcome in SIGNING_IN),
    ("check-in", turn_for("tracker_log", TrackerLog(redness=2, notes="<b>tight</b>")), {}, "ok"),
    ("check-ins", turn_for("tracker_recent", raw={"days": "3"}), {}, "ok"),
]


@pytest.mark.parametrize(
    ("turn", "how", "outcome"), [row[1:] for row in EVERYDAY], ids=[r[0] for r in EVERYDAY]
)
def test_todays_code_gives_the_same_answer_again(turn: Turn, how: dict[str, Any], outcome: str) -> None:
    budget = {"budget": (turn.kind, 1500), **how}
    then = record(TURN_KINDS[turn.kind].flow, turn, settings=UPSTREAM, **budget)
    assert then.outcome == outcome
    report = verify(then, Player())
    assert report == TurnReport(verdict="same", request_id="req-1", kind=turn.kind, opened_at_ms=turn.now_ms)


@pytest.mark.parametrize(
    ("turn", "answers"), [row[1:3] for row in SIGNING_IN], ids=[r[0] for r in SIGNING_IN]
)
def test_a_trace_of_signing_in_holds_no_secret(turn: Turn, answers: dict[type, Any]) -> None:
    then = record(TURN_KINDS[turn.kind].flow, turn, budget=(turn.kind, 1500), answers=answers)
    assert [secret for secret in SECRETS if secret.encode() in bytes(then.raw_events)] == []


def test_every_kind_of_turn_is_among_them() -> None:
    assert {turn.kind for _, turn, _, _ in EVERYDAY} | {"affiliate_outcome"} == set(TURN_KINDS)


def test_settings_in_force_then_are_in_force_again() -> None:
    then = record(chat, chat_turn("hello"), settings=Settings(chat_budget_ms=4000, log_level="debug"))
    assert verify(then, Player()).verdict == "same"
    events = msgspec.json.decode(then.raw_events)
    events[0]["settings"] = {"chat_budget_ms": 4001}
    changed = recorded(row_of(then), msgspec.json.encode(events))
    assert told(verify(changed, Player())) == [("budget", "$")]


def test_a_setting_that_is_gone_is_told_and_not_minded() -> None:
    then = record(chat, chat_turn("hello"))
    events = msgspec.json.decode(then.raw_events)
    events[0]["settings"] = {"old_flag": True}
    report = verify(recorded(row_of(then), msgspec.json.encode(events)), Player())
    assert (report.verdict, report.notes) == ("same", ("the setting old_flag of then is not there any more",))


@pytest.mark.parametrize(
    "message",
    [
        "see https://x.test/p?token=abcdef and https://y.test/?sig=zzz&x=1",
        'my "api_key": "sk-12345" leaked, does it matter',
        '{"password":"hunter2"}',
    ],
)
def test_secrets_that_were_replaced_in_the_record_make_no_difference(message: str) -> None:
    store = FakeStore(Memory(profile=Profile(skinType="oily")))
    then = record(chat, chat_turn(message), store=store, answers={DecisionChat: after(5, HELLO)})
    assert verify(then, Player()).verdict == "same"


# --- any interleaving

verbs = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["decision", "commerce", "logs", "remember"]), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(0, 9)),
        st.tuples(st.just("a_little"), st.sampled_from([0, 1, 200, 250, 500, 999, 1000])),
        st.tuples(st.just("remaining"), st.just(0)),
        st.tuples(st.just("refuse"), st.just(0)),
    ),
    max_size=14,
)
delays = st.lists(
    st.sampled_from([-1, 0, 1, 5, 200, 250, 499, 500, 998, 999, 1000, 1001]), min_size=1, max_size=10
)


def program(steps: list[tuple[str, int]]) -> Flow:
    """A flow that performs the steps and says what it saw after each."""

    async def flow(stage: Any) -> None:
        pendings: list[Any] = []
        seen: list[str] = ["begin"]
        stage.envelope.if_cut(CutPlan(message="cut", facts=[AnalysisTimedOut(budget_ms=1)]))
        for verb, number in steps:
            if verb == "decision":
                pendings.append(stage.start(DecisionChat(query=str(number))))
            elif verb == "commerce":
                pendings.append(stage.start(CommerceSearch(query=str(number))))
            elif verb == "logs":
                pendings.append(stage.start(ReadLogs(limit=number)))
            elif verb == "remember":
                pendings.append(stage.remember(ProfilePatched(patch={"region": str(number)})))
            elif verb == "remaining":
                seen.append(str(stage.remaining_ms()))
            elif verb == "refuse" and len(seen) > 3:
                raise ContractError(503, "DB_UNAVAILABLE", extra={"seen": seen})
            elif pendings:
                pending = pendings[number % len(pendings)]
                finding = await pending.wait(at_most_ms=number if verb == "a_little" else None)
                what = finding.value if isinstance(finding, Answer) else finding.code
                told_so = msgspec.json.encode(what).decode()
                seen.append(f"{finding.actor}:{told_so}:{finding.elapsed_ms}")
            stage.envelope.say(" ".join(seen))
            stage.envelope.patch_state(seen=list(seen))
            stage.envelope.if_cut(None) if number == 7 else None
        stage.envelope.card("gate", "gate_notice", {"kind": "text_only"})

    return flow


def scripted(waits: list[int]) -> Callable[[Any], Any]:
    """Answers in order of asking; -1 never, every third one a failure."""
    count = iter(range(1000))

    def answer(question: Any) -> Any:
        number = next(count)
        wait_ms = waits[number % len(waits)]
        if wait_ms < 0:
            return NEVER
        if number % 3 == 2:
            return after(wait_ms, Failure(actor=question.actor, code="reset"))
        value = {"CommerceSearch": [{"n": number}], "ReadLogs": []}.get(type(question).__name__)
        return after(wait_ms, DecisionReply(answer=f"answer{number}") if value is None else value)

    return answer


@settings(max_examples=300, deadline=None)
@given(steps=verbs, waits=delays, hang_up=st.sampled_from([None, None, 1, 250, 999]))
def test_any_interleaving_verifies(
    steps: list[tuple[str, int]], waits: list[int], hang_up: int | None
) -> None:
    flow, answer = program(steps), scripted(waits)
    then = record(
        flow,
        answers={DecisionChat: answer, CommerceSearch: answer, ReadLogs: answer},
        store=FakeStore(append_ms=abs(waits[0])),
        hang_up_ms=hang_up,
    )
    assert verified(then, flow) == TurnReport(
        verdict="same", request_id="req-1", kind="chat", opened_at_ms=then.opened_at_ms
    )
