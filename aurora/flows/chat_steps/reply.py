"""An answer as a value, so that the same answer can be given now or planned for a cut."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.assembler import CutPlan, EnvelopeAssembler, Format
from aurora.contract.envelope import Card, Chip, FieldMissing
from aurora.store.facts import Fact


class ReplyCard(msgspec.Struct, frozen=True):
    """A card whose id will be `<prefix>_<request id>`."""

    prefix: str
    type: str
    payload: dict[str, Any]
    field_missing: list[FieldMissing] = []

    def give(self, envelope: EnvelopeAssembler) -> None:
        """Add it now."""
        envelope.card(self.prefix, self.type, self.payload, field_missing=self.field_missing)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a step answers.

    state: keys of `session_patch.state`. reach: the state to ask for, a UI state or an internal token.
    profile: `session_patch.profile`, if it is to be echoed. facts: what is true once it has left. quiet: if
    it is given because of a cut, it needs no notice, since only extras are missing.
    """

    say: str
    format: Format = "text"
    cards: list[ReplyCard] = []
    chips: list[Chip] = []
    events: list[tuple[str, dict[str, Any]]] = []
    state: dict[str, Any] = {}
    reach: str | None = None
    profile: dict[str, Any] | None = None
    facts: list[Fact] = []
    quiet: bool = False

    def planned(self, request_id: str) -> CutPlan:
        """The same answer for a cut."""
        return CutPlan(
            message=self.say,
            message_format=self.format,
            cards=[
                Card(f"{card.prefix}_{request_id}", card.type, card.payload, card.field_missing)
                for card in self.cards
            ],
            chips=self.chips,
            events=self.events,
            state=self.state,
            next_state=self.reach,
            profile=self.profile,
            facts=list(self.facts),
            quiet=self.quiet,
        )

    def give(self, envelope: EnvelopeAssembler) -> None:
        """Say it now."""
        envelope.say(self.say, format=self.format)
        for card in self.cards:
            card.give(envelope)
        envelope.chip(*self.chips)
        for name, data in self.events:
            envelope.event(name, data)
        if self.state:
            envelope.patch_state(**self.state)
        if self.reach is not None:
            envelope.next_state(self.reach)
        if self.profile is not None:
            envelope.patch(profile=self.profile)
