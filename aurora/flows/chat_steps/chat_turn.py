"""What the steps of one chat turn share: the request, what is known, and how an answer is given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from aurora import telemetry
from aurora.actors.stage import Pending, Stage
from aurora.contract.envelope import Chip, Lang
from aurora.contract.memory import Memory, Profile, SkinLog, StoredArtifact
from aurora.flows.chat_steps.reply import Reply
from aurora.rules import (
    artifact_gate,
    chips,
    conversation,
    fit_check,
    intents,
    phase0,
    planner,
    policy_meta,
    preamble,
    profile_facts,
    profile_summary,
    rollout,
    safety,
    small_chips,
    transitions,
    unlock,
    weather,
)
from aurora.rules.artifact_gate import Confidence
from aurora.rules.pending import Pending as Clarifying
from aurora.rules.request import ChatAsk, normalise
from aurora.rules.routine.question import Question, conflict_question
from aurora.rules.transitions import RECO_STATES, Transition
from aurora.store.facts import ConversationMoved, Fact, ProfilePatched

Item = TypeVar("Item")
NOT_SAVED = ("profile", "db_unavailable")


class ChatTurn:
    """One chat turn on its way through the steps.

    ask: the request, normalised. patch: facts that it states. about_picks: it is about products. memory,
    profile: what is known, once `recall` has run (before that: nothing). moved: where the state machine
    stands, once `transition` has run. safety, forbidden: what the safety rules say of the message, and which
    of them hold something back from this person, once `safety` has run. asking, resumed: a clarification
    whose next question is due, and one whose answers are complete; straight_upstream: an answer that came
    too late for its own; query_lead, clarification_history: what the decision system is then told.
    assignment: the turn's place in the rollout. env_source: where the weather of an answer came from.
    """

    def __init__(self, stage: Stage, ask: ChatAsk) -> None:
        self.stage = stage
        self.ask = ask
        self.envelope = stage.envelope
        self.settings = stage.settings
        self.lang: Lang = stage.turn.context.lang
        self.patch = profile_facts.patch_from(ask)
        self.about_picks = unlock.wants_picks(ask, patched=bool(self.patch))
        self.memory = Memory()
        self.profile: Profile | None = None
        self.moved = Transition(agent_state=ask.client_state)
        self.llm_effective: tuple[str | None, str | None] = (None, None)
        self.facts: list[Fact] = []
        self._budget_ms = 0
        self._saving: Pending | None = None
        self._saving_since_ms = 0
        self._saved: bool | None = None
        self._reached: str | None = None
        self._gone_on: str | None = None
        self._artifact_id: str | None = None
        self._kept: dict[str, Any] = {}
        self.safety = safety.Result()
        self.forbidden: tuple[str, ...] = ()
        self.answered_in_words: str | None = None
        self.assignment = rollout.from_raw(stage.turn.raw, stage.settings)
        self.env_source: str | None = None
        self.asking: Clarifying | None = None
        self.resumed: Clarifying | None = None
        self.straight_upstream = False
        self.query_lead = ""
        self.clarification_history: list[dict[str, Any]] = []
        self._combination: tuple[str, Question | None] | None = None
        self._confidence: tuple[StoredArtifact | None, Confidence] | None = None

    @classmethod
    def of(cls, stage: Stage) -> ChatTurn:
        """Read the request of a stage's turn."""
        turn = stage.turn
        body = msgspec.to_builtins(turn.body) if turn.body is not None else {}
        return cls(stage, normalise(body, trigger=turn.context.trigger_source, raw=turn.raw))

    # --- what is known

    @property
    def agent_state(self) -> str:
        """The UI state in force."""
        return self.moved.agent_state

    @property
    def internal(self) -> str | None:
        """The internal state in force: sent by the client, or kept by us."""
        return self._gone_on or conversation.state_in_force(self.ask.token, self.memory.conversation)

    @property
    def unlocked(self) -> bool:
        """Recommendations were asked for explicitly."""
        return unlock.unlocked(self.ask, internal=self.internal, agent_state=self.agent_state)

    @property
    def wants_picks(self) -> bool:
        """This turn is to recommend, if the gates let it."""
        return self.about_picks and self.unlocked

    @property
    def allow_reco(self) -> bool:
        """Recommendations may be the subject of this turn; the gates still have to pass."""
        return self.agent_state in RECO_STATES or self.unlocked

    @property
    def client_shows_picks(self) -> bool:
        """The client draws a recommendations card only in its own RECO states (contract F 4)."""
        asked = self.ask.client_state in RECO_STATES
        return asked if not self.moved.client_moved else self.agent_state in RECO_STATES

    def chips(self, *chip_ids: str) -> list[Chip]:
        """Chips of the catalogue, without those that the client would refuse where it now stands."""
        here = self.agent_state if self.moved.client_moved else self.ask.client_state
        return chips.chips(self.lang, *(name for name in chip_ids if transitions.client_accepts(name, here)))

    @property
    def combination(self) -> Question | None:
        """The question that the message asks about using things together, or None. Read once."""
        text = self.ask.text
        if self._combination is None or self._combination[0] != text:
            self._combination = (text, conflict_question(text))
        return self._combination[1]

    @property
    def missing_core(self) -> list[str]:
        """Core facts that are still to be asked."""
        return phase0.missing(self.profile)

    @property
    def memory_is_away(self) -> bool:
        """What is on file could not be read this time. Where nothing is ever kept, nothing is away."""
        return not self.memory.ready and not (self.memory.error_code or "").startswith("not_configured")

    @property
    def artifact_usable(self) -> bool:
        """There is a diagnosis to recommend from."""
        return artifact_gate.usable(self.memory.artifact)

    @property
    def confidence(self) -> Confidence:
        """How sure that diagnosis is. Read once: an artifact never changes."""
        artifact = self.memory.artifact
        if self._confidence is None or self._confidence[0] is not artifact:
            self._confidence = (artifact, artifact_gate.confidence(artifact))
        return self._confidence[1]

    @property
    def gates_passed(self) -> bool:
        """Core four and artifact are there, and it found nothing for a doctor (decision 18, B 9.1)."""
        if self.missing_core or artifact_gate.needs_doctor(self.memory.artifact):
            return False
        return self.artifact_usable or not self.settings.product_matcher_enabled

    @property
    def week(self) -> list[SkinLog]:
        """Skin logs of the last seven days, newest first."""
        since = (self.stage.turn.now - timedelta(days=7)).date().isoformat()
        return [log for log in self.memory.recent_logs if log.date >= since]

    def outgoing(self, items: list[Item]) -> safety.Outgoing[Item]:
        """What of `items` (picks, routine steps, alternatives, plan targets; texts or objects) may leave.

        Call it before the answer is worded: only `kept` may be shown or named; `held` is counted in
        `field_missing` with reason `safety.GAP_REASON`; if `emptied`, answer `safe_reply.instead(turn, out)`.
        """
        return safety.outgoing_for(items, self.forbidden, self.lang)

    def profile_summary(self) -> dict[str, Any] | None:
        """The profile as answers show it, this turn's facts included."""
        return profile_summary.summary(self.profile, v2=self.settings.profile_v2_enabled)

    def greet(self) -> None:
        """A kind word before the answer, fit for the time of day where the person lives."""
        turn = self.stage.turn
        region = self.profile.region if self.profile else None
        self.envelope.greet(preamble.line_for(self.lang, turn.now, region=region, seed=turn.seed))

    @property
    def flags(self) -> rollout.Flags:
        """The capabilities in force for this turn (contract B 11.3)."""
        return rollout.effective(self.settings, self.assignment)

    @property
    def plan(self) -> planner.Plan:
        """What this turn still needs to know, and how often that was asked, as far as is known by now."""
        ask, kept = self.ask, self.memory.conversation
        intent = intents.canonical(ask).name
        by_name = intent in ("evaluate_product", "dupe_compare") and fit_check.anchored(ask)
        return planner.plan(
            intent=intent,
            text=ask.text,
            lang=self.lang,
            profile=self.profile,
            anchored=by_name or bool(ask.anchor_id or ask.anchor_url),
            patched=bool(self.patch),
            trip_settled=ask.action_id == weather.CLIMATE_CHIP,
            previous=ask.bag.get(planner.STATE_KEY, kept.planner if kept is not None else None),
            safety=self.safety,
        )

    def query_meta(self, **more: Any) -> dict[str, Any]:
        """The `meta=` line of an upstream query."""
        return {
            "lang": self.lang,
            "state": self.internal or self.stage.turn.context.state,
            "agent_state": self.agent_state,
            "trigger_source": self.ask.trigger,
            "action_id": self.ask.action_id if self.ask.data or self.ask.trigger == "chip" else None,
            "clarification_id": self.ask.clarification_id,
            "clarification_history": self.clarification_history,
            **more,
        }

    def take_up(self, ask: ChatAsk) -> None:
        """Answer another message than the one that came: one that waited for what this turn said."""
        self.ask = ask
        self.about_picks = unlock.wants_picks(ask, patched=False)
        if not self.moved.client_moved:
            self.moved = transitions.resolve(ask)

    # --- budget

    def budget(self, name: str, budget_ms: int) -> None:
        """State the turn's one budget."""
        if budget_ms != self._budget_ms:
            self._budget_ms = budget_ms
            self.stage.budget(name, budget_ms)

    def _elapsed_ms(self) -> int:
        return self._budget_ms - self.stage.remaining_ms()

    # --- memory

    def save_patch(self) -> None:
        """Hand this turn's facts to the journal, once; the turn goes on meanwhile."""
        if self.patch and self._saving is None:
            self._saving = self.stage.remember(ProfilePatched(patch=self.patch, source="chat"))
            self._saving_since_ms = self._elapsed_ms()

    async def saved(self) -> bool:
        """Are this turn's facts durable (True if there are none)? Waits `append_wait_ms` from their start on.

        The first time it also says so in the envelope: `profile_saved`, or what could not be saved.
        """
        if self._saving is None:
            return True
        if self._saved is None:
            waited_ms = self._elapsed_ms() - self._saving_since_ms
            finding = await self._saving.wait(at_most_ms=max(0, self.settings.append_wait_ms - waited_ms))
            self._saved = finding.ok
            if self._saved:
                self.envelope.event("profile_saved", {"fields": list(self.patch)})
        return self._saved

    def used_artifact(self) -> dict[str, Any]:
        """Take note of the diagnosis in use; answers the keys for `session_patch.state`."""
        if self.memory.artifact is None:
            return {}
        self._artifact_id = self.memory.artifact.artifact_id
        return {"latest_artifact_id": self._artifact_id}

    def reach(self, token: str) -> str | None:
        """Move the conversation to an internal state; None if this trigger may not (contract B 2.4)."""
        if not (self.ask.may_move_state or self.moved.moved):
            return None
        self._reached = token
        return token

    def go_on_in(self, token: str) -> None:
        """From here on the turn stands in another internal state; so do later ones, if it may move it."""
        self._gone_on = token
        self.envelope.next_state(self.reach(token))

    def keep(self, **fields: Any) -> None:
        """Set fields of `Conversation` (`pending`, `planner`, `interrupted` ...) for the turns to come."""
        self._kept.update(fields)

    def if_cut(self, reply: Reply) -> None:
        """If the budget fires from now on, the answer is this."""
        llm = self.llm()
        if llm is not None:
            self.envelope.patch(llm=llm)
            reply = msgspec.structs.replace(reply, events=[*reply.events, ("llm_route", llm)])
        policy = self._policy()
        if policy:
            reply = msgspec.structs.replace(reply, events=[*reply.events, *policy])
        plan = reply.planned(self.stage.turn.context.request_id)
        if self._kept:
            plan = msgspec.structs.replace(plan, facts=[*plan.facts, *self._moved()])
        self.envelope.if_cut(plan)

    async def answer(self, reply: Reply) -> bool:
        """Give the answer: from here on it stands, whatever the store does. True, for a step to return."""
        reply.give(self.envelope)
        self.envelope.chip(*self.chips(*small_chips.follow_ups(card.type for card in reply.cards)))
        self.facts += reply.facts
        if reply.profile is not None:
            self.count_echo()
        await self.stand()
        return True

    def count_echo(self) -> None:
        """The client gets its copy of the profile renewed."""
        telemetry.session_patch_profile_emitted.labels("true" if self.patch else "false").inc()

    async def stand(self) -> None:
        """What was gathered is the answer; say whether this turn's facts were saved."""
        self._tell_plan()
        self.envelope.stands()
        if not await self.saved():
            self.envelope.lacks(*NOT_SAVED)

    async def close(self) -> None:
        """Remember where the conversation went and what was given; the answer does not depend on it."""
        self._name_models()
        self.facts += self._moved()
        if self.facts and self.memory.ready:
            pending = self.stage.remember(*self.facts)
            await pending.wait(at_most_ms=min(self.stage.remaining_ms(), self.settings.append_wait_ms))

    def _moved(self) -> list[Fact]:
        turn = self.stage.turn
        moved = conversation.after(
            self.memory.conversation,
            reached=self._reached,
            artifact_id=self._artifact_id,
            now_ms=turn.now_ms,
            changes=self._kept,
        )
        if moved is None or not self.memory.ready:
            return []
        return [ConversationMoved(brief_id=turn.context.brief_id or "", conversation=moved)]

    # --- plan and policy

    def _tell_plan(self) -> None:
        """Keep the planner's count for the next turn, and tell what decided this one, if that is wanted."""
        flags = self.flags
        if flags.qa_planner_v1 or flags.loop_breaker_v2:
            state = self.plan.state(self.stage.turn.now_ms)
            self.keep(planner=state)
            self.envelope.patch_state(**{planner.STATE_KEY: state})
        for name, data in self._policy():
            self.envelope.event(name, data)

    def _policy(self) -> list[tuple[str, dict[str, Any]]]:
        """Set `session_patch.meta`; answers the event beside it. Nothing unless wanted (contract B 11.4)."""
        flags = self.flags
        if not flags.chat_response_meta:
            return []
        intent = intents.canonical(self.ask)
        ran = flags.qa_planner_v1 or flags.loop_breaker_v2
        told = policy_meta.Policy(
            intent=intent,
            plan=self.plan if ran else None,
            assignment=self.assignment,
            flags=flags,
            env_source=self.env_source,
            policy_version=self.settings.policy_version,
        )
        self.envelope.patch(meta=policy_meta.meta(told))
        return [(policy_meta.EVENT, policy_meta.event(told, self.ask.clarification_id))]

    # --- models

    def llm(self) -> dict[str, Any] | None:
        """`session_patch.llm`, or None if nobody named a model."""
        named = (self.ask.llm_provider, self.ask.llm_model, *self.llm_effective)
        return dict(zip(_LLM_KEYS, named, strict=True)) if any(named) else None

    def _name_models(self) -> None:
        llm = self.llm()
        if llm is not None:
            self.envelope.patch(llm=llm)
            self.envelope.event("llm_route", llm)


_LLM_KEYS = ("llm_provider_requested", "llm_model_requested", "llm_provider_effective", "llm_model_effective")
