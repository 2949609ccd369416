"""The message of an envelope: lawful, in fitting words, after a kind one (contract B 17.1, 17.4)."""

from __future__ import annotations

from aurora.actors.draft import Draft, DraftCard
from aurora.contract.envelope import AssistantMessage
from aurora.rules import preamble, templates

# Reason why a reply template did not make the message, for `template_fallback_total{reason}`.
OWN_WORDS = "own_words"


def spoken(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> AssistantMessage | None:
    """What leaves as the message; in a chat never nothing. Names the template for the audit, counts it."""
    said = lawful_message(draft)
    if draft.refused or not draft.chat:
        return said
    plain = [(card.kind, card.payload) for card in cards]
    pending = bool(draft.state.get("pending_clarification"))
    worded = templates.worded(said.content if said else "", plain, draft.lang, pending=pending)
    draft.quoted = draft.quoted and not worded.reason
    made_before = draft.template_id if not worded.reason else None
    draft.template_id = made_before or worded.template_id
    if worded.reason or made_before:
        counts[f"template.applied|{draft.template_id}|{worded.reason or 'open_chat'}"] = 1
    elif worded.template_id != templates.KEEP:
        counts[f"template.kept|{worded.template_id}|{OWN_WORDS}"] = 1
    text = worded.text
    if draft.greeting is not None and preamble.fits(plain):
        text = preamble.greeted(text, draft.greeting, draft.lang)
    return AssistantMessage(text, format=said.format if said else "text")


def lawful_message(draft: Draft) -> AssistantMessage | None:
    """What was said, if anything was."""
    said = draft.message
    if not isinstance(said, str) or not said.strip():
        return None
    # The client turns a text with all three of these into a card of its own (contract F 3).
    if "profile=" in said and "shortlist" in said.lower() and "/100" in said:
        said = said.replace("profile=", "profile: ")
    return AssistantMessage(said, format="markdown" if draft.message_format == "markdown" else "text")
