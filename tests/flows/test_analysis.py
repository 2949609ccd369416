"""The analysis flow through the real turn runtime, under a mock clock."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionChat, DecisionReply, Remember
from aurora.contract.memory import Conversation, Memory, Profile, SkinLog
from aurora.contract.requests import PhotoRef, SkinAnalysisRequest
from aurora.flows.analysis import analysis
from aurora.settings import Settings
from aurora.store.facts import AnalysisCompleted, AnalysisTimedOut, ConversationMoved, ProfilePatched
from aurora.store.port import StoreError
from tests.support.fakes import NEVER, FakeStore, Played, after, perform, play, turn_for

BUDGET_MS = 1000
SETTINGS = Settings(analysis_budget_ms=BUDGET_MS, decision_base_url="http://decision.test")
PERSON = Profile(skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne", "hydration"])
ROUTINE = "AM gentle cleanser and SPF, PM moisturizer"
REPORT = {
    "features": [
        {"observation": "Oil shows around the nose.", "confidence": "somewhat_sure"},
        {"observation": "The barrier seems steady.", "confidence": "not_sure"},
    ],
    "strategy": "Steady for a week. Any stinging?",
    "needs_risk_check": True,
}
GOOD = DecisionReply(answer=msgspec.json.encode(REPORT).decode())
BAD = DecisionReply(answer="I would rather chat.")
LANGS = ["EN", "CN"]


def body(**sent: Any) -> SkinAnalysisRequest:
    return SkinAnalysisRequest(**{"use_photo": False, "currentRoutine": ROUTINE, **sent})


async def run(request: SkinAnalysisRequest | None = None, **how: Any) -> Played:
    lang, brief_id = how.pop("lang", "EN"), how.pop("brief_id", "brief-1")
    how.setdefault("settings", SETTINGS)
    if "store" not in how:
        how.setdefault("memory", Memory(profile=PERSON))
    turn = turn_for("analysis", request or body(), lang=lang, brief_id=brief_id)
    return await play(analysis, turn, budget=("analysis", BUDGET_MS), **how)


def summary(played: Played) -> dict[str, Any]:
    (found,) = played.cards("analysis_summary")
    return found


def missing(played: Played) -> list[tuple[str, str]]:
    return [(g["field"], g["reason"]) for g in played.body["cards"][0]["field_missing"]]


def asked(played: Played, kind: type) -> list[Any]:
    return [q for q in played.asked if isinstance(q, kind)]


# --- with a report


@pytest.mark.parametrize("lang", LANGS)
async def test_a_report_in_time_gives_its_lines_and_everything_is_kept(
    autojump_clock: MockClock, lang: str
) -> None:
    played = await run(lang=lang, answers={DecisionChat: after(300, GOOD)})
    shown = summary(played)
    assert shown["analysis_source"] == "aurora_text"
    assert [f["observation"] for f in REPORT["features"]] == [
        f["observation"] for f in shown["analysis"]["features"][1:3]
    ]
    assert shown["analysis"]["needs_risk_check"] is True
    assert shown["recommendation_ready"] is True
    assert shown["quality_report"]["llm"]["report"]["decision"] == "call"
    assert played.card_types == ["analysis_summary", "ingredient_plan"]
    assert missing(played) == []
    assert played.elapsed_ms == 300
    artifact = shown["diagnosis_artifact"]
    assert artifact["overall_confidence"] == {
        "score": 0.75,
        "level": "medium",
        "rationale": ["core4_weighted_mean", "photo_skipped"],
    }
    assert artifact["source_mix"] == ["rule", "profile", "llm"]
    assert "identity" not in artifact
    patch = played.body["session_patch"]
    assert patch["next_state"] == "DIAG_ANALYSIS_SUMMARY"
    assert patch["state"] == {
        "_internal_next_state": "S5_ANALYSIS_SUMMARY",
        "latest_artifact_id": artifact["artifact_id"],
    }
    assert played.events("value_moment") == [
        {"kind": "skin_analysis", "used_photos": False, "analysis_source": "aurora_text"}
    ]
    (done,) = played.facts_of(AnalysisCompleted)
    assert done.artifact["identity"] == {"aurora_uid": "uid-1", "user_id": None, "session_id": "brief-1"}
    assert done.artifact["artifact_id"] == artifact["artifact_id"]
    assert done.plan == shown["ingredient_plan"] == played.cards("ingredient_plan")[0]["plan"]
    assert done.analysis == shown["analysis"]
    assert (done.lang, done.source, done.session_id) == (lang, "aurora_text", "brief-1")
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.brief_id == "brief-1"
    assert moved.conversation.latest_artifact_id == artifact["artifact_id"]
    assert moved.conversation.token == "S5_ANALYSIS_SUMMARY"


async def test_the_report_gets_its_share_of_the_budget_and_not_more(autojump_clock: MockClock) -> None:
    played = await run(answers={DecisionChat: NEVER})
    assert summary(played)["analysis_source"] == "rule_based"
    assert summary(played)["recommendation_ready"] is True
    assert summary(played)["diagnosis_artifact"]["overall_confidence"]["level"] == "medium"
    assert played.elapsed_ms == BUDGET_MS // 2
    assert played.finished.cut_reason is None
    assert any("report_upstream_failed" in r for r in summary(played)["quality_report"]["reasons"])
    assert played.facts_of(AnalysisTimedOut) == []


async def test_the_share_is_a_setting_and_one_call_takes_at_most_twelve_seconds(
    autojump_clock: MockClock,
) -> None:
    wide = msgspec.structs.replace(SETTINGS, report_share_pct=80)
    assert (await run(settings=wide, answers={DecisionChat: NEVER})).elapsed_ms == 800
    huge = msgspec.structs.replace(SETTINGS, analysis_budget_ms=60_000)
    (question,) = asked(await run(settings=huge, answers={DecisionChat: NEVER}), DecisionChat)
    assert question.cap_ms == 12_000


async def test_a_report_that_does_not_hold_is_asked_for_once_more(autojump_clock: MockClock) -> None:
    played = await run(answers={DecisionChat: [after(100, BAD), after(100, GOOD)]})
    assert summary(played)["analysis_source"] == "aurora_text"
    first, second = asked(played, DecisionChat)
    assert len(second.query) > len(first.query)
    assert (first.cap_ms, second.cap_ms) == (500, 400)
    assert played.elapsed_ms == 200


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ([after(10, BAD), after(10, BAD)], 2),
        ([after(10, BAD), Failure(actor="decision", code="http_5xx")], 2),
        ([after(10, BAD), NEVER], 2),
        ([after(400, BAD), after(1, GOOD)], 1),
    ],
)
async def test_two_bad_reports_or_no_time_for_a_second_give_rules(
    autojump_clock: MockClock, answers: list[Any], calls: int
) -> None:
    played = await run(answers={DecisionChat: answers})
    shown = summary(played)
    assert shown["analysis_source"] == "rule_based"
    assert shown["recommendation_ready"] is True
    assert any("report_output_invalid" in r for r in shown["quality_report"]["reasons"])
    assert len(asked(played, DecisionChat)) == calls
    assert played.elapsed_ms <= BUDGET_MS // 2


@pytest.mark.parametrize(
    "code", ["http_5xx", "http_4xx", "reset", "not_json", "breaker_open", "not_configured"]
)
async def test_a_failed_report_gives_rules_with_artifact_and_readiness(
    autojump_clock: MockClock, code: Any
) -> None:
    played = await run(answers={DecisionChat: Failure(actor="decision", code=code)})
    assert summary(played)["analysis_source"] == "rule_based"
    assert summary(played)["recommendation_ready"] is True
    assert played.cards("confidence_notice") == []
    assert len(asked(played, DecisionChat)) == 1


async def test_without_a_decision_system_nobody_is_asked(autojump_clock: MockClock) -> None:
    played = await run(settings=Settings())
    assert asked(played, DecisionChat) == []
    assert summary(played)["quality_report"]["llm"]["report"]["reasons"] == ["report_unavailable"]


# --- the budget


@pytest.mark.parametrize("lang", LANGS)
async def test_a_store_that_never_answers_gives_the_baseline_exactly_at_the_budget(
    autojump_clock: MockClock, lang: str
) -> None:
    played = await run(lang=lang, store=FakeStore(read_ms=math.inf))
    assert played.elapsed_ms == BUDGET_MS
    assert played.finished.cut_reason == "budget"
    assert played.finished.status == 200
    assert played.card_types == ["analysis_summary", "confidence_notice"]
    shown = summary(played)
    assert shown["analysis_source"] == "baseline_low_confidence"
    assert missing(played) == [("analysis", "analysis_budget_timeout")]
    (notice,) = played.cards("confidence_notice")
    assert notice["reason"] == "timeout_degraded"
    assert notice["actions"] == [
        "retry_analysis",
        "upload_daylight_and_indoor_white",
        "update_current_routine",
    ]
    assert notice["confidence"] == {"score": 0.35, "level": "low", "rationale": ["analysis_budget_timeout"]}
    assert notice["details"] == shown["quality_report"]["reasons"]
    assert played.body["session_patch"] == {
        "next_state": "DIAG_ANALYSIS_SUMMARY",
        "state": {"_internal_next_state": "S5_ANALYSIS_SUMMARY"},
    }
    assert played.events("value_moment") == [
        {"kind": "skin_analysis", "used_photos": False, "analysis_source": "baseline_low_confidence"}
    ]
    assert played.events("analysis_timeout_degraded") == [{"budget_ms": BUDGET_MS}]
    assert played.facts == [AnalysisTimedOut(budget_ms=BUDGET_MS)]


@pytest.mark.not_replayable
async def test_what_was_said_before_the_cut_is_kept_and_nothing_made_is(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The routine is a fact of the request; artifact and plan of the abandoned run are not kept."""

    async def stuck(*_: Any) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr("aurora.flows.analysis._ask_models", stuck)
    played = await run()
    assert played.elapsed_ms == BUDGET_MS
    assert [type(f) for f in played.facts] == [ProfilePatched, AnalysisTimedOut]


async def test_the_baseline_says_truly_whether_a_photo_came(autojump_clock: MockClock) -> None:
    sent = body(use_photo=True, photos=[PhotoRef(slot_id="daylight", photo_id="u1", qc_status="passed")])
    assert summary(await run(sent, store=FakeStore(read_ms=math.inf)))["photos_provided"] is True
    assert (
        summary(await run(body(use_photo=True), store=FakeStore(read_ms=math.inf)))["photos_provided"]
        is False
    )


# --- memory


async def test_a_routine_in_the_request_is_kept_at_once(autojump_clock: MockClock) -> None:
    routine = {"am": ["cleanser"], "pm": [{"step": "serum", "name": "x"}]}
    played = await run(body(currentRoutine=routine), answers={DecisionChat: after(300, GOOD)})
    assert played.facts[0] == ProfilePatched(patch={"currentRoutine": routine}, source="analysis")
    kinds = [type(q) for q in played.asked]
    assert kinds.index(Remember) <= kinds.index(DecisionChat) + 1


@pytest.mark.parametrize("routine", [ROUTINE, "", [], {"am": [" "]}])
async def test_a_known_or_wordless_routine_is_not_written(autojump_clock: MockClock, routine: Any) -> None:
    known = Memory(profile=msgspec.structs.replace(PERSON, currentRoutine=ROUTINE))
    played = await run(body(currentRoutine=routine), memory=known)
    assert played.facts_of(ProfilePatched) == []


async def test_the_stored_routine_counts_when_none_is_sent(autojump_clock: MockClock) -> None:
    known = Memory(profile=msgspec.structs.replace(PERSON, currentRoutine=ROUTINE))
    played = await run(SkinAnalysisRequest(use_photo=False), memory=known, settings=Settings())
    assert summary(played)["analysis_source"] == "rule_based"


async def test_recent_check_ins_count_as_input(autojump_clock: MockClock) -> None:
    logs = [SkinLog(id="1", date="2026-11-23", redness=2)]
    played = await run(
        SkinAnalysisRequest(), memory=Memory(profile=PERSON, recent_logs=logs), settings=Settings()
    )
    assert summary(played)["analysis_source"] == "rule_based"
    assert summary(played)["diagnosis_artifact"]["source_mix"] == ["rule", "log", "profile"]


GAP = ("diagnosis_artifact", "db_unavailable")


async def test_a_store_that_is_down_costs_memory_and_nothing_else(autojump_clock: MockClock) -> None:
    played = await run(store=FakeStore(error=StoreError("unavailable", "57P01")), settings=Settings())
    assert played.finished.status == 200
    assert summary(played)["analysis_source"] == "rule_based"
    assert summary(played)["diagnosis_artifact"]["artifact_id"].startswith("da_")
    assert GAP in missing(played)
    assert "latest_artifact_id" not in played.body["session_patch"]["state"]


async def test_a_failed_append_shows_as_a_gap(autojump_clock: MockClock) -> None:
    played = await run(
        store=FakeStore(Memory(profile=PERSON), append_error=StoreError("unavailable")), settings=Settings()
    )
    assert played.finished.status == 200
    assert missing(played) == [GAP]
    assert summary(played)["recommendation_ready"] is True
    assert "latest_artifact_id" not in played.body["session_patch"]["state"]


async def test_a_late_append_is_waited_for_no_longer_than_allowed_and_goes_on(
    autojump_clock: MockClock,
) -> None:
    store = FakeStore(Memory(profile=PERSON), append_ms=700)
    played = await run(store=store, settings=Settings(analysis_budget_ms=2000, append_wait_ms=500))
    assert played.elapsed_ms == 500
    assert missing(played) == [GAP]
    artifact_id = summary(played)["diagnosis_artifact"]["artifact_id"]
    assert played.body["session_patch"]["state"]["latest_artifact_id"] == artifact_id
    assert len(played.facts_of(AnalysisCompleted)) == 1


async def test_a_cut_while_the_append_is_under_way_sends_the_finished_analysis(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a burst the clerk cuts early. The result stands: no baseline in its place, no timeout recorded."""
    monkeypatch.setattr("aurora.actors.turn.LiveStage.remaining_ms", lambda _: 5000)
    store = FakeStore(Memory(profile=PERSON), append_ms=math.inf)
    played = await run(store=store, settings=Settings(analysis_budget_ms=BUDGET_MS, append_wait_ms=5000))
    assert played.finished.cut_reason == "budget"
    assert played.elapsed_ms == BUDGET_MS
    assert summary(played)["analysis_source"] == "rule_based"
    assert played.cards("confidence_notice") == []
    assert missing(played) == [GAP]
    assert [type(f) for f in played.facts] == [ProfilePatched, AnalysisCompleted, ConversationMoved]


async def test_the_conversation_keeps_what_else_it_held(autojump_clock: MockClock) -> None:
    before = Conversation(
        token="S2_DIAGNOSIS", pending={"id": "x"}, interrupted="hello", latest_artifact_id="da_old"
    )
    played = await run(memory=Memory(profile=PERSON, conversation=before), settings=Settings())
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.conversation.pending == {"id": "x"}
    assert moved.conversation.interrupted == "hello"
    assert moved.conversation.latest_artifact_id != "da_old"


async def test_without_a_brief_the_conversation_has_an_empty_key(autojump_clock: MockClock) -> None:
    played = await run(brief_id=None, settings=Settings())
    assert played.facts_of(ConversationMoved)[0].brief_id == ""
    assert played.facts_of(AnalysisCompleted)[0].session_id is None


async def test_flags_switch_artifact_and_plan_off(autojump_clock: MockClock) -> None:
    bare = await run(settings=Settings(diag_artifact_enabled=False))
    assert bare.card_types == ["analysis_summary"]
    assert not {"diagnosis_artifact", "ingredient_plan"} & set(summary(bare))
    assert summary(bare)["recommendation_ready"] is False
    assert bare.facts_of(AnalysisCompleted)[0].artifact is None
    planless = await run(settings=Settings(ingredient_plan_enabled=False))
    assert planless.card_types == ["analysis_summary"]
    assert summary(planless)["recommendation_ready"] is True


# --- photos that nobody can read yet


def photo(qc: str | None = "passed", **more: Any) -> PhotoRef:
    return PhotoRef(slot_id="daylight", photo_id="upl_7", **({"qc_status": qc} if qc else {}), **more)


@pytest.mark.parametrize("lang", LANGS)
async def test_a_photo_that_cannot_be_fetched_is_named_and_lowers_confidence(
    autojump_clock: MockClock, lang: str
) -> None:
    played = await run(body(use_photo=True, photos=[photo()]), lang=lang, answers={DecisionChat: GOOD})
    shown = summary(played)
    code = "DOWNLOAD_URL_GENERATE_FAILED"
    assert (shown["photos_provided"], shown["used_photos"]) == (True, False)
    assert shown["analysis_source"] == "rule_based_with_photo_qc"
    assert shown["photo_notice"]["failure_code"] == code
    assert code in shown["photo_notice"]["message"]
    assert missing(played) == [("analysis.used_photos", code)]
    assert shown["diagnosis_artifact"]["overall_confidence"]["level"] == "low"
    assert shown["ingredient_plan"]["intensity"] == "gentle"
    assert shown["recommendation_ready"] is False
    assert [n["reason"] for n in played.cards("confidence_notice")] == ["low_confidence"]
    assert ("photo" if lang == "EN" else "照片") in played.text


async def test_a_photo_without_routine_adds_the_field_that_the_client_looks_for(
    autojump_clock: MockClock,
) -> None:
    played = await run(SkinAnalysisRequest(use_photo=True, photos=[photo()]), memory=Memory(profile=PERSON))
    assert summary(played)["low_confidence"] is True
    assert ("profile.currentRoutine", "routine_or_recent_logs_required") in missing(played)
    assert asked(played, DecisionChat) == []


async def test_red_flags_in_the_routine_bring_the_safety_notice(autojump_clock: MockClock) -> None:
    for lang, words in (("EN", "AM cleanser; my cheek is oozing pus"), ("CN", "早上洁面，脸上化脓了")):
        played = await run(body(currentRoutine=words), lang=lang, settings=Settings())
        (notice,) = played.cards("confidence_notice")
        assert notice["reason"] == "safety_block"
        assert notice["actions"]
        assert summary(played)["recommendation_ready"] is False
        assert summary(played)["analysis"]["needs_risk_check"] is True
        assert played.cards("ingredient_plan")[0]["intensity"] == "gentle"


# --- laws


def test_the_same_turn_gives_the_same_bytes() -> None:
    def once() -> bytes:
        turn = turn_for("analysis", body(), lang="CN")
        return perform(
            analysis,
            turn,
            settings=SETTINGS,
            memory=Memory(profile=PERSON),
            answers={DecisionChat: after(7, GOOD)},
        ).finished.body

    assert once() == once()


TEXT = st.sampled_from(["oily", "low", "healthy", "impaired", "unknown", "", "油性", "high"])
REPLY = st.sampled_from(
    [
        after(0, GOOD),
        after(0, BAD),
        NEVER,
        after(0, DecisionReply()),
        after(0, DecisionReply(answer="{}")),
        after(300, GOOD),
        after(600, GOOD),
        Failure(actor="decision", code="reset"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    sent=st.builds(
        SkinAnalysisRequest,
        use_photo=st.booleans(),
        currentRoutine=st.sampled_from(["", ROUTINE, "retinol, stings", {"am": ["x"]}, [1]]),
        photos=st.lists(
            st.builds(
                PhotoRef,
                slot_id=st.sampled_from(["daylight", " "]),
                photo_id=st.sampled_from(["u", " "]),
                qc_status=st.sampled_from(["passed", "bad", "blurry"]),
            ),
            max_size=4,
        ),
    ),
    profile=st.none()
    | st.builds(
        Profile, skinType=TEXT, sensitivity=TEXT, barrierStatus=TEXT, goals=st.lists(TEXT, max_size=4)
    ),
    lang=st.sampled_from(LANGS),
    replies=st.lists(REPLY, min_size=1, max_size=2),
    read_ms=st.sampled_from([0, 400, 999, 1000, math.inf]),
    append_ms=st.sampled_from([0, 400, math.inf]),
    store_error=st.booleans(),
)
def test_whatever_comes_and_whenever_the_answer_is_lawful_in_time_and_consistent(
    sent: SkinAnalysisRequest,
    profile: Profile | None,
    lang: str,
    replies: list[Any],
    read_ms: float,
    append_ms: float,
    store_error: bool,
) -> None:
    store = FakeStore(
        Memory(profile=profile),
        read_ms=read_ms,
        append_ms=append_ms,
        append_error=StoreError("unavailable") if store_error else None,
    )
    turn = turn_for("analysis", sent, lang=lang)
    how: dict[str, Any] = {"settings": SETTINGS, "store": store, "answers": {DecisionChat: replies}}
    played = perform(analysis, turn, budget=("analysis", BUDGET_MS), **how)
    assert played.elapsed_ms <= BUDGET_MS
    assert played.finished.status == 200
    shown = summary(played)
    notices = {n["reason"] for n in played.cards("confidence_notice")}
    if played.events("analysis_timeout_degraded"):
        assert notices == {"timeout_degraded"}
        assert played.facts_of(AnalysisCompleted) == []
        return
    level = shown["diagnosis_artifact"]["overall_confidence"]["level"]
    assert ("low_confidence" in notices) is (level == "low")
    assert (
        shown["ingredient_plan"]["confidence"]["score"]
        <= shown["diagnosis_artifact"]["overall_confidence"]["score"]
    )
    if level == "low":
        assert shown["recommendation_ready"] is False
        assert shown["ingredient_plan"]["intensity"] == "gentle"
    assert played.facts_of(AnalysisTimedOut) == []
