"""Contract B 23.37, and what belongs to it (B 10, 11): clarification, the loop breaker, the rollout.

Over the whole house, each twice: with the state sent back, and as the real client sends it, which returns
`next_state` and nothing else (decision 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aurora import telemetry
from aurora.contract.turn import Identity
from aurora.rules import rollout
from aurora.settings import Settings
from tests.contract.test_b23 import (
    CORE,
    LANGS,
    RECO,
    chips,
    has_artifact,
    house,
    names,
    sells,
    tell,
    types,
)
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient, web

TWO = "CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST"
ECHO = "CLARIFICATION_FLOW_V2_RESUME_ECHO_TEST"

AS_SENT_BY = pytest.mark.parametrize("token", [True, False], ids=["state sent", "as the client sends it"])


class Person:
    """Somebody who chats. token: sends the whole state back, which the real client does not."""

    def __init__(self, client: WebClient, lang: str = "EN", *, token: bool = False) -> None:
        self.client, self.lang, self.token = client, lang, token
        self.state: dict[str, Any] = {}
        self.profile: dict[str, Any] | None = None
        self.next_state = "idle"
        self.last: WebAnswer | None = None

    async def send(self, **body: Any) -> WebAnswer:
        session: dict[str, Any] = {"state": {**self.state, "next_state": self.next_state}}
        if not self.token:
            session["state"] = self.next_state
        if self.profile is not None:
            session["profile"] = self.profile
        answer = await self.client.post(
            "/v1/chat",
            {"session": session, "language": self.lang, **body},
            headers={"X-Lang": self.lang, "X-Brief-ID": "b-1", **body.pop("headers", {})},
        )
        assert answer.status == 200
        self.state |= answer.patch.get("state", {})
        self.next_state = answer.patch["next_state"]
        self.profile = answer.patch.get("profile") or self.profile
        self.last = answer
        return answer

    async def says(self, message: str) -> WebAnswer:
        return await self.send(message=message)

    async def taps(self, answer: WebAnswer, number: int) -> WebAnswer:
        """Tap a chip of an answer, by its place."""
        chip = answer.json["suggested_chips"][number]
        return await self.send(action={"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]})


def visible(answer: WebAnswer) -> list[str]:
    """Cards that the client draws (decision 2)."""
    return [kind for kind in types(answer) if kind != "gate_notice"]


def questions(answer: WebAnswer) -> int:
    return answer.text.count("?") + answer.text.count("？")


def pending(answer: WebAnswer) -> Any:
    return answer.patch["state"]["pending_clarification"]


def count(family: str, *labels: str) -> float:
    found = telemetry.family(family)
    counter = found.labels(*labels) if labels else found._metric
    value: float = counter._value.get()
    return value


def asked(sandbox: Served) -> list[str]:
    """Queries of the decision system, in order."""
    return [call.query for call in sandbox.state.calls]


@AS_SENT_BY
@LANGS
async def test_row_37_two_questions_two_answers_two_calls(sandbox: Served, token: bool, lang: str) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, lang, token=token)
        completed = count("pending_clarification_completed_total")

        first = await person.says(f"{TWO} help")
        assert visible(first) == []
        assert questions(first) == 1
        assert all(chip.startswith("chip.clarify.skin_type.") for chip in chips(first))
        assert 4 <= len(chips(first)) <= 8
        assert pending(first)["current"] == {"id": "skin_type", "norm_id": "skinType"}
        assert [question["norm_id"] for question in pending(first)["queue"]] == ["goals"]

        second = await person.taps(first, 0)
        assert visible(second) == []
        assert questions(second) == 1
        entered = second.event("state_entered")["data"]
        assert (entered["next_state"], entered["reason"]) == (None, "pending_clarification_step")
        assert all(chip.startswith("chip.clarify.goals.") for chip in chips(second))
        assert pending(second)["step_index"] == 1
        assert pending(second)["history"][0]["norm_id"] == "skinType"
        assert second.patch["profile"]["skinType"] == "oily"
        assert len(asked(sandbox)) == 1

        third = await person.taps(second, 1)
        assert pending(third) is None
        assert "history context" in third.text
        assert len(asked(sandbox)) == 2
        assert count("pending_clarification_completed_total") == completed + 1
        profile = (await client.get("/v1/session/bootstrap")).patch["profile"]
        assert (profile["skinType"], profile["goals"]) == ("oily", ["dark_spots"])


async def test_row_37_as_the_client_sends_it_over_postgres(fresh_dsn: str, sandbox: Served) -> None:
    settings = Settings(decision_base_url=sandbox.url, clarification_flow_v2=True, loop_breaker_v2=True)
    async with web(settings, fresh_dsn) as client:
        person = Person(client, "CN")
        second = await person.taps(await person.says(f"{TWO} 怎么办"), 0)
        answer = await person.taps(second, 3)
        assert "history context" in answer.text
        assert len(asked(sandbox)) == 2
        kept = (await client.house.store.read(Identity("u1"), "b-1")).conversation
        assert kept is not None
        assert kept.pending is None
        assert kept.planner is not None


@AS_SENT_BY
@pytest.mark.parametrize(("flags", "header"), [
    ({}, "[RESUME CONTEXT]"),
    ({"resume_prefix_v2": True}, "[RESUME CONTEXT - AUTHORITATIVE]"),
    ({"resume_prefix_v1": False}, "profile="),
])  # fmt: skip
async def test_the_request_comes_back_with_what_was_answered(
    sandbox: Served, token: bool, flags: dict[str, bool], header: str
) -> None:
    async with house(sandbox, clarification_flow_v2=True, **flags) as client:
        person = Person(client, token=token)
        answer = await person.says(f"{ECHO} what should I use")
        answer = await person.taps(answer, 1)
        answer = await person.taps(answer, 2)
        query = asked(sandbox)[-1]
        assert query.startswith(header)
        assert query.endswith(f"{ECHO} what should I use")
        assert '"clarification_history":[{"question_id":"skin_type","option":"Dry"},' in query
        assert '"skinType":"dry"' in query


async def test_the_history_stays_here_if_it_is_not_to_be_told(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True, clarification_history_context=False) as client:
        person = Person(client)
        answer = await person.taps(await person.taps(await person.says(TWO), 0), 0)
        assert "clarification_history" not in asked(sandbox)[-1]
        assert len(asked(sandbox)) == 2
        # It is asked again, since the understudy was told nothing; what is known is not.
        assert pending(answer) is None
        assert chips(answer) == []


@AS_SENT_BY
@LANGS
async def test_free_text_ends_the_flow(sandbox: Served, token: bool, lang: str) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, lang, token=token)
        await person.says(TWO)
        before = count("pending_clarification_abandoned_total", "free_text")
        answer = await person.says("CLARIFICATION_FLOW_V2_FREE_TEXT_CONTINUE_TEST")
        assert pending(answer) is None
        assert "free text" in answer.text.lower()
        assert count("pending_clarification_abandoned_total", "free_text") == before + 1
        again = await person.says("hello")
        assert "pending_clarification" not in again.patch.get("state", {})
        assert count("pending_clarification_abandoned_total", "free_text") == before + 1


async def test_an_old_flow_is_over_and_its_chip_goes_upstream(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, token=True)
        answer = await person.says(TWO)
        person.state["pending_clarification"]["created_at_ms"] -= 600_001
        before = count("pending_clarification_abandoned_total", "ttl")
        chip = answer.json["suggested_chips"][0]
        action = {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}
        answer = await person.send(message="CLARIFICATION_FLOW_V2_TTL_TEST", action=action)
        assert pending(answer) is None
        assert "TTL" in answer.text
        assert len(asked(sandbox)) == 2
        assert count("pending_clarification_abandoned_total", "ttl") == before + 1


async def test_a_step_without_its_flow_is_counted_and_answered(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        before = count("pending_clarification_abandoned_total", "missing_state")
        data = {"reply_text": "8 hours", "clarification_id": "sleep", "clarification_step": 2}
        action = {"action_id": "chip.clarify.sleep.8_hours", "kind": "chip", "data": data}
        answer = await Person(client).send(action=action)
        assert answer.text
        assert count("pending_clarification_abandoned_total", "missing_state") == before + 1


async def test_an_upstream_that_is_away_can_be_asked_again_by_the_same_tap(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client)
        second = await person.taps(await person.says(TWO), 0)
        tell(sandbox, "reset")
        failed = await person.taps(second, 0)
        assert failed.payload("confidence_notice")["reason"] == "timeout_degraded"
        sandbox.state.reset()
        answer = await person.taps(second, 0)
        assert "history context" in answer.text
        assert pending(answer) is None


async def test_a_lost_answer_costs_nothing(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client)
        first = await person.says(TWO)
        second = await person.taps(first, 0)
        again = await person.taps(first, 1)
        assert again.text == second.text
        assert chips(again) == chips(second)
        assert again.patch["profile"]["skinType"] == "dry"
        answer = await person.taps(again, 0)
        assert "history context" in answer.text
        assert len(asked(sandbox)) == 2


@LANGS
async def test_too_many_too_long(sandbox: Served, lang: str) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        answer = await Person(client, lang).says("CLARIFICATION_FLOW_V2_TRUNCATION_TEST")
        kept = pending(answer)
        assert len(kept["queue"]) == 5
        assert all(len(question["question"]) <= 200 for question in kept["queue"])
        assert all(len(question["options"]) <= 8 for question in kept["queue"])
        assert all(len(option) <= 80 for question in kept["queue"] for option in question["options"])
        assert len(chips(answer)) == 8
        assert questions(answer) == 1


# --- without the flow


@LANGS
async def test_without_the_flow_one_question_is_asked_and_nothing_waits(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        person = Person(client, lang)
        answer = await person.says(TWO)
        assert "state" not in answer.patch
        assert questions(answer) == 1
        assert all(chip.startswith("chip.clarify.skin_type.") for chip in chips(answer))
        chip = answer.json["suggested_chips"][0]
        assert chip["data"]["clarification_step"] == 0
        saved = await person.taps(answer, 0)
        assert saved.patch["profile"]["skinType"] == "oily"


@pytest.mark.parametrize(
    ("stub", "filtered", "chip"),
    [
        ("CLARIFICATION_FILTER_SKINTYPE_ONLY_TEST", True, None),
        ("CLARIFICATION_FILTER_SKINTYPE_ONLY_TEST", False, "chip.clarify.skin_type."),
        ("CLARIFICATION_FILTER_SKINTYPE_NEXT_TEST", True, "chip.clarify.goals."),
        ("CLARIFICATION_FILTER_INVALID_OPTIONS_TEST", True, None),
    ],
)
async def test_what_is_known_is_not_asked(
    sandbox: Served, stub: str, filtered: bool, chip: str | None
) -> None:
    async with house(sandbox, clarification_filter_known=filtered) as client:
        await client.post("/v1/profile/update", {"skinType": "oily"})
        answer = await Person(client).says(stub)
        if chip is None:
            assert chips(answer) == []
        else:
            assert all(name.startswith(chip) for name in chips(answer))
            assert chips(answer)


async def test_a_resumed_request_that_is_met_with_an_intake_is_noticed(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client)
        modes = [count("resume_response_mode_total", mode) for mode in ("answer", "question", "mixed")]
        again = count("resume_plaintext_reask_detected_total", "skintype")
        second = await person.taps(await person.says("CLARIFICATION_FLOW_V2_RESUME_PROBE_BAD_TEST"), 0)
        await person.taps(second, 0)
        assert count("resume_response_mode_total", "question") == modes[1] + 1
        assert count("resume_plaintext_reask_detected_total", "skintype") == again + 1
        await person.says("RESUME_PROBE_NON_RESUME_BAD_TEXT_TEST")
        assert count("resume_response_mode_total", "question") == modes[1] + 1


# --- from the gate


@AS_SENT_BY
@LANGS
async def test_from_the_gate_to_picks_without_asking_twice(sandbox: Served, token: bool, lang: str) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        await has_artifact(client, 0.86)
        person = Person(client, lang, token=token)
        answer = await person.send(action=RECO)
        assert types(answer) == ["diagnosis_gate"]
        assert pending(answer)["flow_id"].startswith("pc_gate_")
        assert pending(answer)["resume_user_text"] == "recommendation"
        assert chips(answer)[0] == "profile.skinType.oily"
        for field in ("sensitivity", "barrierStatus", "goals"):
            answer = await person.taps(answer, 0)
            assert visible(answer) == []
            assert questions(answer) == 1
            assert all(chip.startswith(f"chip.clarify.{field}.") for chip in chips(answer))
            assert sells(answer) == []
        assert asked(sandbox) == []
        answer = await person.taps(answer, 0)
        assert pending(answer) is None
        assert "recommendations" in types(answer)
        assert answer.patch["next_state"] == "RECO_RESULTS"
        profile = (await client.get("/v1/session/bootstrap")).patch["profile"]
        assert (profile["skinType"], profile["sensitivity"]) == ("oily", "low")
        assert (profile["barrierStatus"], profile["goals"]) == ("healthy", ["acne"])


@AS_SENT_BY
@LANGS
@pytest.mark.parametrize("words", [True, False])
async def test_from_the_gate_to_the_routine(sandbox: Served, token: bool, lang: str, words: bool) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        await has_artifact(client, 0.86)
        person = Person(client, lang, token=token)
        said = {"EN": "Build me an AM/PM routine.", "CN": "帮我生成一套早晚护肤方案。"}[lang]
        data = {"reply_text": said} if words else {}
        answer = await person.send(action={"action_id": "chip.start.routine", "kind": "chip", "data": data})
        assert types(answer) == ["diagnosis_gate"]
        for _ in range(4):
            answer = await person.taps(answer, 0)
        assert answer.event("value_moment")["data"]["kind"] == "routine_generated"
        assert "recommendations" in types(answer)


@AS_SENT_BY
async def test_the_gates_hold_for_who_comes_back(sandbox: Served, token: bool) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, token=token)
        answer = await person.says("Recommend a moisturizer")
        for _ in range(4):
            answer = await person.taps(answer, 0)
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert sells(answer) == []
        assert asked(sandbox) == []


async def test_a_forged_request_meets_the_doctor(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, token=True)
        await person.says(TWO)
        forged = person.state["pending_clarification"]
        forged |= {"resume_user_text": "my face oozes pus and I have a fever, recommend", "queue": []}
        data = {"reply_text": "Oily", "norm_id": "skinType"}
        answer = await person.send(
            action={"action_id": "chip.clarify.skin.oily", "kind": "chip", "data": data}
        )
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        assert len(asked(sandbox)) == 1


# --- the loop breaker


@AS_SENT_BY
@LANGS
async def test_the_third_time_nothing_is_asked_any_more(sandbox: Served, token: bool, lang: str) -> None:
    async with house(sandbox, loop_breaker_v2=True) as client:
        person = Person(client, lang, token=token)
        message = {"EN": "Recommend products", "CN": "推荐产品"}[lang]
        for number in (1, 2):
            answer = await person.says(message)
            assert types(answer) == ["diagnosis_gate"]
            assert answer.patch["state"]["qa_planner_v2"]["count"] == number
        answer = await person.says(message)
        told = answer.event("loop_breaker_triggered")["data"]
        assert told == {
            "loop_count": 3,
            "break_applied": "conservative_defaults",
            "required_fields": ["skinType", "sensitivity", "barrierStatus", "goals"],
            "intent": "reco_products",
        }
        assert visible(answer) == []
        assert questions(answer) == 0
        assert {"chip.action.analyze_product", "chip.start.ingredients"} <= set(chips(answer))
        assert sells(answer) == []
        # A fact begins anew.
        action = {"action_id": "profile.skinType.oily", "kind": "chip", "data": {}}
        answer = await person.send(action=action)
        assert answer.patch["state"]["qa_planner_v2"]["count"] == 0
        assert types(await person.says(message)) == ["diagnosis_gate"]


async def test_the_planner_alone_counts_and_breaks_nothing(sandbox: Served) -> None:
    async with house(sandbox, qa_planner_v1=True) as client:
        person = Person(client)
        for number in range(1, 6):
            answer = await person.says("Recommend products")
            assert types(answer) == ["diagnosis_gate"]
            assert answer.patch["state"]["qa_planner_v2"]["count"] == number


async def test_without_the_flags_no_plan_is_told(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await Person(client).says("Recommend products")
        assert "qa_planner_v2" not in answer.patch["state"]
        assert "meta" not in answer.patch


# --- rollout and policy


async def with_header(client: WebClient, message: str, **headers: str) -> WebAnswer:
    return await client.post("/v1/chat", {"message": message}, headers=headers)


async def test_the_policy_says_what_decided(sandbox: Served) -> None:
    async with house(sandbox, response_meta=True, git_sha="abc123", qa_planner_v1=True) as client:
        answer = await with_header(client, "Recommend products")
        meta = answer.patch["meta"]
        assert meta["intent_canonical"] == "reco_products"
        assert (meta["gate_type"], meta["loop_count"], meta["break_applied"]) == ("hard", 1, "none")
        assert (meta["rollout_variant"], meta["rollout_applied"]) == ("legacy", False)
        assert (meta["rollout_bucket"], meta["rollout_bucket_key_source"]) == (
            rollout.bucket("anon_id", "u1"),
            "anon_id",
        )
        assert (meta["build_sha"], meta["policy_version"]) == ("abc123", "aurora_chat_v2_p0")
        assert (meta["degraded"], meta["env_source"]) == (False, None)
        assert meta["flags_effective"] == {
            "profile_v2": True,
            "qa_planner_v1": True,
            "safety_engine_v1": True,
            "travel_weather_live_v1": False,
            "loop_breaker_v2": False,
            "chat_response_meta": True,
        }
        assert answer.event("aurora_policy_meta")["data"] == {
            "intent_source": "known_option_text",
            "intent_resolved": "reco_products",
            "loop_breaker_triggered": False,
            "gate_applied": "hard",
            "clarification_id": None,
        }
        assert "meta" not in answer.json
        assert names(answer)[-1] == "quality_audit"


@pytest.mark.parametrize("variant", rollout.VARIANTS)
async def test_a_variant_takes_the_breaker_but_never_safety(sandbox: Served, variant: str) -> None:
    async with house(sandbox, loop_breaker_v2=True) as client:
        headers = {"X-Aurora-Force-Variant": variant}
        for _ in range(3):
            answer = await with_header(client, "Recommend products", **headers)
        assert answer.headers["x-aurora-variant"] == variant
        meta = answer.patch["meta"]
        assert (meta["rollout_variant"], meta["rollout_forced_variant"]) == (variant, variant)
        assert meta["rollout_applied"] is True
        broke = "loop_breaker_triggered" in names(answer)
        assert broke is (variant != "legacy")
        assert meta["flags_effective"]["safety_engine_v1"] is True
        assert meta["flags_effective"]["profile_v2"] is True

        asks = await with_header(client, "Can I use retinol?", **headers)
        assert "safety_gate_require_info" in names(asks)
        blocked = await with_header(client, "I am pregnant, can I use retinol?", **headers)
        assert blocked.payload("confidence_notice")["reason"] == "safety_block"


async def test_a_rollout_splits_people_by_their_bucket(sandbox: Served) -> None:
    shares = {"rollout_weather_pct": 30, "rollout_safety_pct": 30, "rollout_core_pct": 20}
    async with house(sandbox, rollout_enabled=True, **shares) as client:
        for uid in ("u1", "u2", "u3", "u4", "u5"):
            answer = await client.post("/v1/chat", {"message": "hi"}, uid=uid)
            place = rollout.bucket("anon_id", uid)
            expected = rollout.variant_of(place, client.house.settings)
            assert answer.headers["x-aurora-variant"] == expected
            assert answer.patch["meta"]["rollout_variant"] == expected


def test_the_table_of_core_facts_is_the_contracts() -> None:
    assert isinstance(CORE, Mapping)
    assert set(CORE) == {"skinType", "sensitivity", "barrierStatus", "goals"}
