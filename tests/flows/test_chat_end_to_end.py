"""The client's journeys on real things: an upstream over sockets, facts in a real Postgres.

Bodies are what the stock client sends: of the answer's state it returns `next_state`, and nothing else.
"""

from __future__ import annotations

from typing import Any

import pytest

from aurora.contract.turn import Identity
from aurora.settings import Settings
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient, web

LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


class Client:
    """The client's own memory: session state, profile copy, agent state."""

    def __init__(self, http: WebClient, lang: str) -> None:
        self.http, self.lang = http, lang
        self.session_state, self.agent_state = "idle", "IDLE_CHAT"
        self.profile: dict[str, Any] | None = None

    async def chat(self, *, to: str | None = None, **body: Any) -> WebAnswer:
        """One turn. to: the transition that the client makes for it."""
        session: dict[str, Any] = {"state": self.session_state}
        if self.profile:
            session["profile"] = self.profile
        body |= {"session": session, "client_state": self.agent_state, "language": self.lang}
        if to:
            trigger = "chip" if "action" in body else "text_explicit"
            named = body["action"]["action_id"] if "action" in body else body["message"]
            body["requested_transition"] = {
                "trigger_source": trigger,
                "trigger_id": named,
                "requested_next_state": to,
            }
            self.agent_state = to
        answer = await self.http.post("/v1/chat", body, headers=self.headers)
        self.apply(answer)
        return answer

    def apply(self, answer: WebAnswer) -> None:
        """What the client keeps of an answer (contract F 4)."""
        assert answer.status == 200
        self.session_state = answer.patch["next_state"]
        self.profile = answer.patch.get("profile") or self.profile

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Lang": self.lang, "X-Brief-ID": "brief-1"}

    async def tap(self, answer: WebAnswer, chip_id: str) -> WebAnswer:
        """Tap a chip of an answer."""
        (chip,) = [chip for chip in answer.json["suggested_chips"] if chip["chip_id"] == chip_id]
        action = {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}
        return await self.chat(action=action)


def types(answer: WebAnswer) -> list[str]:
    return [card["type"] for card in answer.json["cards"]]


@LANGS
async def test_from_a_wish_through_the_profile_and_a_baseline_to_picks(
    fresh_dsn: str, sandbox: Served, lang: str
) -> None:
    wish = {"EN": "Recommend a moisturizer", "CN": "推荐一款面霜"}[lang]
    async with web(Settings(decision_base_url=sandbox.url), fresh_dsn) as http:
        client = Client(http, lang)
        answer = await client.chat(message=wish, to="RECO_GATE")
        assert types(answer) == ["diagnosis_gate"]
        for field, value in (("skinType", "oily"), ("sensitivity", "low"), ("barrierStatus", "healthy")):
            answer = await client.tap(answer, f"profile.{field}.{value}")
            assert answer.payload("diagnosis_gate")["reason"] == "diagnosis_progress"
        answer = await client.tap(answer, "profile.goals.acne")
        assert types(answer) == ["profile"]
        assert client.profile is not None
        assert client.profile["goals"] == ["acne"]

        reco = {"action_id": "chip.start.reco_products", "kind": "chip"}
        answer = await client.chat(action=reco, to="RECO_GATE")
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"

        analysis = await http.post(
            "/v1/analysis/skin",
            {"use_photo": False, "currentRoutine": {"am": ["cleanser", "SPF"], "pm": ["moisturizer"]}},
            headers=client.headers,
        )
        client.apply(analysis)
        answer = await client.chat(action=reco, to="RECO_GATE")
        items = answer.payload("recommendations")["recommendations"]
        assert len(items) >= 1
        assert all(item["sku"]["brand"] or item["sku"]["name"] for item in items)
        assert answer.payload("recommendations")["recommendation_confidence_level"] == "medium"
        assert client.session_state == "RECO_RESULTS"

        memory = await http.house.store.read(Identity("u1"), "brief-1")
        assert memory.conversation is not None
        assert memory.conversation.token == "S7_PRODUCT_RECO"
        assert memory.conversation.latest_artifact_id == answer.patch["state"]["latest_artifact_id"]
        assert memory.profile is not None
        assert memory.profile.goals == ["acne"]


async def test_a_typed_wish_works_where_the_client_is_stuck_in_its_diagnosis(
    fresh_dsn: str, sandbox: Served
) -> None:
    async with web(Settings(decision_base_url=sandbox.url, product_matcher_enabled=False), fresh_dsn) as http:
        client = Client(http, "EN")
        client.session_state, client.agent_state = "S2_DIAGNOSIS", "DIAG_PROFILE"
        core = {"skinType": "dry", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["redness"]}
        action = {"action_id": "profile.patch", "kind": "action", "data": {"profile_patch": core}}
        answer = await client.chat(action=action)
        assert types(answer) == ["gate_notice"]
        answer = await client.chat(message="recommend a moisturizer")
        (first, *_) = answer.payload("recommendations")["recommendations"]
        assert first["sku"]["name"] in answer.text


async def test_facts_of_a_blocked_turn_are_known_afterwards(fresh_dsn: str, sandbox: Served) -> None:
    async with web(Settings(decision_base_url=sandbox.url), fresh_dsn) as http:
        client = Client(http, "CN")
        patch = {"pregnancy_status": "pregnant"}
        action = {"action_id": "chip.profile", "kind": "chip", "data": {"profile_patch": patch}}
        answer = await client.chat(message="没有出血，但是化脓了", action=action)
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        boot = await http.get("/v1/session/bootstrap")
        assert boot.patch["profile"]["pregnancy_status"] == "pregnant"


async def test_two_chats_of_one_person_keep_their_own_state(fresh_dsn: str, sandbox: Served) -> None:
    async with web(Settings(decision_base_url=sandbox.url), fresh_dsn) as http:
        first = Client(http, "EN")
        await first.chat(message="Recommend a serum", to="RECO_GATE")
        other = {"X-Brief-ID": "brief-2"}
        tap = {"action": {"action_id": "profile.skinType.oily", "kind": "chip"}}
        assert types(await http.post("/v1/chat", tap, headers=other)) == ["profile"]
        assert types(await first.chat(**tap)) == ["diagnosis_gate"]
