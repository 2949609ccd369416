"""Recorded turns under today's code: the same, or different in a way that can be read."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import structlog
import trio.lowlevel
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora import telemetry
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
    ReadMemory,
    StorePhoto,
)
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
    ChatRequest,
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
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError, recorded
from aurora.replay.player import Player
from aurora.replay.sources import Selection
from aurora.replay.verify import Summary, TurnReport, verify, verify_all
from aurora.settings import Settings
from aurora.store.facts import AnalysisTimedOut, ProfilePatched
from aurora.store.port import StoreError
from tests.replay.recording import BugError, ListSource, edited, player_of, record, told, verified
from tests.replay.signing_in import SECRETS, SIGNING_IN
from tests.support.fakes import NEVER, FakeStore, after, turn_for

UPSTREAM = Settings(decision_base_url="http://decision.test")
AWAY = StoreError("unavailable", "ECONNREFUSED")
HELLO = DecisionReply(answer="Hello there.")
PARSED = DecisionReply(answer='{"product": {"sku_id": "s1", "name": "Even Serum"}, "confidence": 0.8}')
SCANNED = DecisionReply(structured={"analyze": {"verdict": "Suitable", "reasons": ["Light."]}})

Flow = Callable[[Any], Awaitable[None]]


# --- today's flows over what they did themselves


def chat_turn(message: str, lang: str = "EN", trigger: str = "text", **body: Any) -> Turn:
    return turn_for("chat", ChatRequest(message=message, **body), lang=lang, trigger_source=trigger)


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


# --- what a change looks like


def row_of(turn: RecordedTurn) -> dict[str, Any]:
    return {
        name: getattr(turn, name)
        for name in RecordedTurn.__struct_fields__
        if name not in ("raw_events", "events", "version")
    }


def saying(text: str, *questions: Any, waits: bool = True, budget_ms: int | None = None) -> Flow:
    """Asks, then says a text."""

    async def flow(stage: Any) -> None:
        if budget_ms is not None:
            stage.budget("chat", budget_ms)
        pendings = [stage.start(question) for question in questions]
        for pending in pendings if waits else ():
            await pending.wait()
        stage.envelope.say(text)
        stage.envelope.card("note", "aurora_note", {"kind": "text_only", "n": [1, 2]})

    return flow


def refusing(*questions: Any) -> Flow:
    async def flow(stage: Any) -> None:
        await saying("no", *questions)(stage)
        raise ContractError(400, "BAD_REQUEST")

    return flow


def broken(*questions: Any) -> Flow:
    async def flow(stage: Any) -> None:
        await saying("no", *questions)(stage)
        raise BugError("the words of a person")

    return flow


ASK = DecisionChat(query="one")
OTHER = DecisionChat(query="two")
SEARCH = CommerceSearch(query="one")
ANSWERS = {DecisionChat: after(10, HELLO), CommerceSearch: after(5, [])}


def differences(then: RecordedTurn, today: Flow) -> list[tuple[str, str, str, str]]:
    report = verified(then, today)
    assert report.verdict == ("different" if report.differences else "same")
    return [(d.what, d.path, d.was, d.now) for d in report.differences]


def test_a_changed_sentence_is_told_by_its_path() -> None:
    then = record(saying("before", ASK), answers=ANSWERS)
    found = differences(then, saying("after", ASK))
    assert ("envelope", "$.assistant_message.content", '"before"', '"after"') in found
    assert str(verified(then, saying("after", ASK)).differences[0]) == (
        'envelope $.assistant_message.content: was "before", is "after"'
    )


def test_a_changed_card_is_told_by_its_place_in_the_list() -> None:
    async def today(stage: Any) -> None:
        stage.envelope.say("same")
        stage.envelope.card("note", "aurora_note", {"kind": "text_only", "n": [1], "m x": "new"})

    found = differences(record(saying("same")), today)
    assert ("envelope", "$.cards[0].payload.n[1]", "2", "") in found
    assert ("envelope", '$.cards[0].payload["m x"]', "", '"new"') in found


def test_a_question_asked_differently_is_a_difference_although_the_answer_is_the_same() -> None:
    then = record(saying("same", ASK), answers=ANSWERS)
    assert differences(then, saying("same", OTHER)) == [("question", "$questions[1].query", '"one"', '"two"')]


def test_questions_in_another_order_are_answered_each_with_its_own() -> None:
    then = record(saying("same", ASK, OTHER), answers=ANSWERS)
    assert differences(then, saying("same", OTHER, ASK)) == [
        ("order", "DecisionChat", "call 1", "after call 2")
    ]


def test_a_question_that_is_not_asked_any_more() -> None:
    then = record(saying("same", ASK, SEARCH), answers=ANSWERS)
    ((what, path, was, now),) = differences(then, saying("same", ASK))
    assert (what, path, now) == ("question", "commerce", "")
    assert '"query":"one"' in was


def test_a_new_question_that_is_waited_for_ends_the_comparison() -> None:
    found = differences(record(saying("same", ASK), answers=ANSWERS), saying("other", ASK, SEARCH))
    assert [row[:2] for row in found] == [("question", "CommerceSearch"), ("waits", "CommerceSearch")]


def test_a_new_question_that_nobody_waits_for_lets_the_rest_be_compared() -> None:
    then = record(saying("same"), answers=ANSWERS)
    assert [row[:2] for row in differences(then, saying("same", SEARCH, waits=False))] == [
        ("question", "CommerceSearch")
    ]


def test_waiting_now_for_what_was_dropped_then() -> None:
    then = record(saying("same", ASK, waits=False), answers=ANSWERS)
    assert [row[:2] for row in differences(then, saying("same", ASK))] == [("waits", "DecisionChat")]


@pytest.mark.parametrize("budget_ms", [500, None])
def test_another_budget(budget_ms: int | None) -> None:
    then = record(saying("same", budget_ms=900))
    now = "none" if budget_ms is None else "chat 500 ms"
    assert differences(then, saying("same", budget_ms=budget_ms)) == [("budget", "$", "chat 900 ms", now)]


def test_a_refusal_of_today() -> None:
    found = differences(record(saying("no", ASK), answers=ANSWERS), refusing(ASK))
    assert found[0] == ("ending", "$", "200 ok", "400 failed")


def test_a_bug_of_today_says_where_and_not_what_was_said() -> None:
    report = verified(record(saying("no", ASK), answers=ANSWERS), broken(ASK))
    assert told(report) == [("ending", "$")]
    assert report.differences[0].now.startswith("bug: BugError")
    assert "person" not in report.differences[0].now


def test_a_bug_of_then_is_still_there_or_is_not() -> None:
    then = record(broken(ASK), answers=ANSWERS)
    assert (then.status, then.outcome, then.sent_nothing) == (500, "failed", True)
    assert differences(then, broken(ASK)) == []
    assert differences(then, saying("no", ASK)) == [("ending", "$", "bug", "finished")]


def test_a_bug_of_an_actor_ends_the_turn_where_it_did() -> None:
    def explode(_: Any) -> Any:
        raise BugError

    then = record(saying("no", ASK), answers={DecisionChat: explode})
    assert then.sent_nothing
    assert differences(then, saying("whatever", ASK)) == []


def test_a_cut_that_today_is_not_reached() -> None:
    then = record(saying("same", ASK), answers={DecisionChat: NEVER})
    found = differences(then, saying("same"))
    assert ("ending", "$", "cut by its budget", "finished before the cut") in found


def test_facts_of_a_cut_are_compared() -> None:
    def flow(budget_ms: int) -> Flow:
        async def run(stage: Any) -> None:
            stage.envelope.if_cut(CutPlan(facts=[AnalysisTimedOut(budget_ms=budget_ms)]))
            await stage.ask(ASK)

        return run

    then = record(flow(1), answers={DecisionChat: NEVER})
    assert differences(then, flow(1)) == []
    assert [row[:2] for row in differences(then, flow(2))] == [
        ("question", "$questions[2].facts[0].fact.budget_ms")
    ]


def test_what_the_client_left_behind_is_held_against_its_questions() -> None:
    then = record(saying("same", ASK), answers={DecisionChat: NEVER}, hang_up_ms=20)
    assert (then.outcome, then.sent_nothing) == ("abandoned", True)
    assert differences(then, saying("anything", ASK)) == []
    assert [row[:2] for row in differences(then, saying("anything", OTHER))] == [
        ("question", "$questions[1].query")
    ]


def test_the_same_values_in_other_bytes_are_a_difference() -> None:
    then = record(saying("same"))
    events = msgspec.json.decode(then.raw_events)
    events[-1]["envelope"] = dict(reversed(events[-1]["envelope"].items()))
    report = verify(recorded(row_of(then), msgspec.json.encode(events)), player_of(saying("same")))
    assert told(report) == [("envelope", "$")]
    assert "order of keys" in report.differences[0].was


def test_long_differences_are_shortened_and_counted() -> None:
    async def today(stage: Any) -> None:
        stage.envelope.say("x" * 5000)
        stage.envelope.card("note", "aurora_note", {"n": list(range(500))})

    report = verified(record(saying("same")), today)
    assert len(report.differences) == 50
    assert report.differences[0].now.endswith("... (5002 characters)")


# --- what cannot be verified


def oversized(then: RecordedTurn, kind: str, part: str) -> RecordedTurn:
    events = msgspec.json.decode(then.raw_events)
    for event in events:
        if event["type"] == kind:
            event[part] = {"oversize_bytes": 300_000}
    return recorded(row_of(then), msgspec.json.encode(events))


@pytest.mark.parametrize(
    ("kind", "part", "why"),
    [
        ("opened", "turn", "a request of 300000 bytes"),
        ("answered", "value", "an answer to DecisionChat of 300000 bytes"),
        ("sent", "envelope", "an envelope of 300000 bytes"),
    ],
)
def test_what_was_too_large_to_record_is_said_and_is_no_difference(kind: str, part: str, why: str) -> None:
    then = oversized(record(saying("same", ASK), answers=ANSWERS), kind, part)
    report = verified(then, saying("same", ASK))
    assert report.verdict == "unverifiable"
    assert why in report.why


def test_a_large_answer_that_nobody_waits_for_does_not_matter() -> None:
    async def flow(stage: Any) -> None:
        stage.start(SEARCH)
        await stage.ask(ASK)
        stage.envelope.say("same")

    then = oversized(
        record(flow, answers={DecisionChat: after(90, HELLO), CommerceSearch: []}), "failed", "value"
    )
    events = msgspec.json.decode(then.raw_events)
    for event in events:
        if event["type"] == "answered" and event["actor"] == "commerce":
            event["value"] = {"oversize_bytes": 300_000}
    assert verified(recorded(row_of(then), msgspec.json.encode(events)), flow).verdict == "same"


def test_a_question_that_was_too_large_is_not_compared_and_says_so() -> None:
    then = oversized(record(saying("same", ASK), answers=ANSWERS), "asked", "question")
    assert verified(then, saying("same", ASK)).verdict == "unverifiable"


def test_a_turn_of_a_kind_that_is_gone_says_so() -> None:
    report = verify(edited(record(saying("same")), kind="horoscope"), Player())
    assert report.verdict == "damaged"
    assert "'horoscope', which is not known here" in report.why


def test_a_request_that_todays_code_cannot_read_says_so() -> None:
    then = record(chat, chat_turn("hello"))
    events = msgspec.json.decode(then.raw_events)
    events[0]["turn"]["body"]["mood"] = "fine"
    report = verify(recorded(row_of(then), msgspec.json.encode(events)), Player())
    assert report.verdict == "damaged"
    assert "cannot read" in report.why


def test_a_flow_that_waits_for_something_else_is_found() -> None:
    async def flow(stage: Any) -> None:
        await trio.lowlevel.checkpoint()
        stage.envelope.say("same")

    then = record(flow)
    assert told(verified(then, flow)) == [("ending", "$")]


def test_nothing_is_logged_as_if_it_happened_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    telemetry.configure_logging("info")
    # A logger keeps what it was set up with first; an earlier test may have used this one.
    monkeypatch.setattr("aurora.flows.analysis.log", structlog.get_logger())
    try:
        turn = turn_for("analysis", SkinAnalysisRequest(currentRoutine="AM: SPF"))
        then = record(TURN_KINDS["analysis"].flow, turn, budget=("analysis", 20000))
        assert "skin_analysis_profile" in capsys.readouterr().err
        assert verify(then, Player()).verdict == "same"
        assert capsys.readouterr().err == ""
    finally:
        structlog.configure(**before)


# --- redacted recordings


def test_a_redacted_recording_is_held_against_its_shape() -> None:
    then = record(saying("before", ASK), answers=ANSWERS)
    assert verified(then, saying("after", OTHER), shape_only=True).verdict == "same"

    async def more(stage: Any) -> None:
        await saying("after", OTHER)(stage)
        stage.envelope.notice("low_confidence")

    assert ("envelope", "$.cards[1]") in told(verified(then, more, shape_only=True))
    assert told(verified(then, saying("x", SEARCH), shape_only=True))[0] == ("question", "CommerceSearch")


# --- many turns


@pytest.fixture
def same() -> RecordedTurn:
    """Recorded outside of the test's own trio run."""
    return record(saying("same"))


@pytest.fixture
def other() -> RecordedTurn:
    return record(saying("other"))


async def test_a_day_is_verified_turn_by_turn_and_summed_up(same: RecordedTurn, other: RecordedTurn) -> None:
    bad = DamagedTraceError("cut off")
    seen: list[str] = []
    source = ListSource([same, other, bad, same])
    summary = await verify_all(
        source,
        Selection(),
        player=player_of(saying("same")),
        on_turn=lambda report: seen.append(report.verdict),
    )
    assert seen == ["same", "different", "damaged", "same"]
    assert (summary.turns, summary.same, summary.different, summary.damaged, summary.ok) == (
        4,
        2,
        1,
        1,
        False,
    )
    assert [report.verdict for report in summary.worth_reading] == ["different", "damaged"]
    assert summary.by_path["envelope $.assistant_message.content"] == 1


async def test_nothing_to_verify_is_said() -> None:
    with pytest.raises(ReplayError, match="No turn is recorded for request rq-404"):
        await verify_all(ListSource(), Selection(request_id="rq-404"))


def test_a_summary_stays_small_however_much_differs() -> None:
    summary = Summary()
    report = verified(record(saying("a")), saying("b"))
    for number in range(500):
        summary.add(
            TurnReport(
                verdict="different",
                differences=[
                    msgspec.structs.replace(report.differences[0], path=f"$.p{number}[3].x[{number}]")
                ],
            )
        )
    assert summary.different == 500
    assert len(summary.worth_reading) == 100
    assert len(summary.by_path) == 100
    assert summary.by_path["envelope $.p7[].x[]"] == 1


def test_a_summary_with_nothing_different_is_ok() -> None:
    summary = Summary()
    summary.add(TurnReport(verdict="same"))
    summary.add(TurnReport(verdict="unverifiable"))
    assert summary.ok


def test_reading_memory_again_gives_the_flow_the_very_memory() -> None:
    memory = Memory(profile=Profile(skinType="dry", travel_plan={"a": 1.0}, currentRoutine=["x", None]))
    seen: list[Any] = []

    async def flow(stage: Any) -> None:
        seen.append((await stage.ask(ReadMemory())).value)
        stage.envelope.say("same")

    then = record(flow, store=FakeStore(memory))
    assert verified(then, flow).verdict == "same"
    assert seen == [memory, memory]
