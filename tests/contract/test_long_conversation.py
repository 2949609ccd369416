"""One long conversation over the whole house, as the real client sends it, in both languages.

Everything is switched on. Each turn is said in English by one person and in Chinese by another; both must be
answered alike (cards, chips, events, states), and what holds for every turn is checked at every turn.
"""

from __future__ import annotations

from typing import Any

from tests.contract.test_b23 import chips, has_artifact, house, names, sells, types
from tests.contract.test_b23_clarification import TWO, Person, questions, visible
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient

ALL_ON: dict[str, Any] = {
    "clarification_flow_v2": True,
    "qa_planner_v1": True,
    "loop_breaker_v2": True,
    "response_meta": True,
    "resume_prefix_v2": True,
}


class Pair:
    """An English and a Chinese speaker who say the same. sold: picks have been let through by the gates."""

    def __init__(self, english: WebClient, chinese: WebClient) -> None:
        self.people = (Person(english, "EN"), Person(chinese, "CN"))
        self.sold = False
        self.turns = 0

    async def say(self, english: str, chinese: str) -> WebAnswer:
        """Both say it; answers the English reply."""
        answers = [
            await person.says(text) for person, text in zip(self.people, (english, chinese), strict=True)
        ]
        return self.alike(answers)

    async def tap(self, number: int) -> WebAnswer:
        """Both tap the chip at that place of what they were answered last."""
        answers = []
        for person in self.people:
            assert person.last is not None
            answers.append(await person.taps(person.last, number))
        return self.alike(answers)

    async def send(self, **body: Any) -> WebAnswer:
        """Both send this."""
        return self.alike([await person.send(**body) for person in self.people])

    def alike(self, answers: list[WebAnswer]) -> WebAnswer:
        """What holds for every turn."""
        self.turns += 1
        told = [
            (
                types(answer),
                [chip for chip in chips(answer) if not chip.startswith("chip.clarify.")],
                names(answer),
                answer.patch["next_state"],
                answer.patch["meta"]["intent_canonical"],
                (answer.patch["state"].get("pending_clarification") or {}).get("step_index"),
            )
            for answer in answers
        ]
        assert told[0] == told[1]
        for answer in answers:
            assert answer.text
            assert len(chips(answer)) <= 10
            assert len(set(chips(answer))) == len(chips(answer))
            assert "kb:" not in answer.text
            self.sold |= "recommendations" in types(answer)
            if sells(answer):
                assert self.sold
            asked = answer.patch["state"].get("pending_clarification")
            if asked:
                assert questions(answer) == 1
                profile = answer.patch.get("profile") or {}
                assert not any(profile.get(question["norm_id"]) for question in asked["queue"])
        return answers[0]


async def test_a_long_conversation_keeps_its_thread(sandbox: Served) -> None:
    async with house(sandbox, **ALL_ON) as english, house(sandbox, **ALL_ON) as chinese:
        pair = Pair(english, chinese)

        answer = await pair.say("hi there", "你好")
        assert visible(answer) == []

        # A wish, a question in between that ends the flow but not what is known, the wish again.
        answer = await pair.say("Recommend a moisturizer", "推荐一款面霜")
        assert answer.patch["state"]["pending_clarification"]["step_index"] == 0
        answer = await pair.tap(1)
        assert answer.patch["profile"]["skinType"] == "dry"
        answer = await pair.say("what does niacinamide do", "烟酰胺有什么用")
        assert answer.patch["state"]["pending_clarification"] is None
        answer = await pair.say("Recommend a moisturizer", "推荐一款面霜")
        assert chips(answer)[0].startswith("profile.sensitivity.")

        # Answers, one of them not known, until the wish comes back by itself and meets the next gate.
        answer = await pair.tap(3)
        assert answer.patch["profile"]["sensitivity"] == "unknown"
        await pair.tap(0)
        answer = await pair.tap(1)
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert not pair.sold
        assert len(sandbox.state.calls) == 4  # the greeting and the question in between, in two languages

        # A safety question comes alone, and its answer brings the message back.
        answer = await pair.say("Can I use retinol?", "A醇能用吗")
        assert "safety_gate_require_info" in names(answer)
        answer = await pair.tap(0)
        assert "profile_saved" in names(answer)

        # The trip is asked for twice; the third time there are other things to do, and the usual climate.
        for count in (1, 2):
            answer = await pair.say("I'm travelling, what should I pack?", "我要去旅行，护肤带什么？")
            assert "travel_planning_gate" in names(answer)
            assert answer.patch["state"]["qa_planner_v2"]["count"] == count
        answer = await pair.say("I'm travelling, what should I pack?", "我要去旅行，护肤带什么？")
        assert "loop_breaker_triggered" in names(answer)
        assert chips(answer)[0] == "chip.travel.climate_mode"
        answer = await pair.tap(0)
        assert "env_stress" in types(answer)

        # What the decision system would ask is known by now.
        answer = await pair.say(f"{TWO} and now?", f"{TWO} 然后呢")
        assert not [chip for chip in chips(answer) if chip.startswith("chip.clarify.")]

        # With a diagnosis the wish is met at last.
        for client in (english, chinese):
            await has_artifact(client, 0.86)
        action = {"action_id": "chip.start.reco_products", "kind": "chip", "data": {}}
        answer = await pair.send(action=action)
        assert "recommendations" in types(answer)
        assert answer.patch["next_state"] == "RECO_RESULTS"
        assert pair.turns == 16

        for person in pair.people:
            boot = await person.client.get("/v1/session/bootstrap")
            profile = boot.patch["profile"]
            assert (profile["skinType"], profile["sensitivity"]) == ("dry", "unknown")
            assert (profile["barrierStatus"], profile["goals"]) == ("healthy", ["redness"])
            assert profile["pregnancy_status"] == "not_pregnant"
