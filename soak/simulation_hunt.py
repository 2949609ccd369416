"""A client that hangs up right where its turn waits, at awaits that random instants hardly ever fall on.

Whoever leaves at a random moment leaves where turns wait long or often. Some awaits are reached in one turn
of a thousand, and wait for a millisecond: a few worlds hunt those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Any

import trio

from soak.simulation_cuts import Sites, site_at
from soak.simulation_dice import Dice
from soak.simulation_people import ABOUT_PRODUCTS, KINDS, LED, WITH_PHOTOS

SHARE = 0.5  # of the waits at a hunted await

# Functions whose awaits are hunted, as `file function`.
HUNTED = (
    "actors/photo_fetch.py _fetch",
    "actors/photo_look.py looking_handler.handle",
    "actors/photo_look.py preparing.prepare",
    "actors/vision.py _Run.ask",
    "actors/vision.py vision_handler.handle",
    "flows/analysis_photo.py ask_vision",
    "flows/chat_steps/availability.py to_be_had",
    "flows/chat_steps/fit_check.py fit_check",
    "flows/chat_steps/open_cards.py _enriched",
    "flows/chat_steps/open_cards.py gather",
    "flows/chat_steps/open_chat.py open_chat",
    "flows/chat_steps/pending_flow.py next_clarification",
    "flows/chat_steps/pending_flow.py resume_clarification",
    "flows/chat_steps/planning.py loop_breaker",
    "flows/chat_steps/product_verdict.py _looked_up",
    "flows/chat_steps/reco_extras.py _Alternatives.settle",
    "flows/chat_steps/reco_extras.py _Openings.settle",
    "flows/chat_steps/reco_sources.py _matched",
    "flows/chat_steps/reco_sources.py from_matcher",
    "flows/chat_steps/safety.py _ask",
    "flows/chat_steps/safety.py safety_check",
    "flows/chat_steps/small_chips.py small_chips",
    "flows/chat_steps/weather.py weather_answer",
    "flows/photo_analysis.py _recall",
    "flows/photo_analysis.py analyse_at_once",
    "flows/photos.py upload",
    "flows/profile.py delete",
)

# What leads to some of them. Told with a fact, for those wait that have one to save.
RETINOL = {"message": "Can I use tretinoin every night?"}
PICKS = {"action": {"action_id": "chip.start.reco_products"}}
LEADS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "flows/chat_steps/availability.py to_be_had": (
        {"message": "Is Winona Night Balm 50g in stock?"},
        {"message": "有没有薇诺娜的产品"},
    ),
    "flows/chat_steps/fit_check.py fit_check": ({"message": "Send a link"}, {"message": "我发链接"}),
    "flows/chat_steps/open_cards.py gather": ({"message": "what goes with CONTEXT_CARDS_TEST"},),
    "flows/chat_steps/open_chat.py open_chat": (
        {"message": "Is this good for me: Nobody's Serum PRODUCT_UNKNOWN_TEST"},
        {"message": "what goes with NO_CARDS_TEST"},
        {"message": "hello"},
    ),
    "flows/chat_steps/pending_flow.py next_clarification": (
        {"message": "what now? CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST"},
    ),
    "flows/chat_steps/pending_flow.py resume_clarification": (
        {"message": "what now? CLARIFICATION_FLOW_V2_TWO_QUESTIONS_TEST"},
    ),
    "flows/chat_steps/planning.py loop_breaker": ({"message": "plan a trip for me"},),
    "flows/chat_steps/product_verdict.py _looked_up": (
        {"message": "Can I use this? Ingredients: water, glycerin, niacinamide, panthenol, fragrance"},
    ),
    "flows/chat_steps/reco_extras.py _Alternatives.settle": (
        {"action": {**PICKS["action"], "data": {"include_alternatives": True}}},
    ),
    "flows/chat_steps/reco_sources.py _matched": (PICKS,),
    "flows/chat_steps/reco_sources.py from_matcher": (PICKS,),
    "flows/chat_steps/safety.py _ask": (RETINOL,),
    "flows/chat_steps/safety.py safety_check": (PICKS, RETINOL),
    "flows/chat_steps/weather.py weather_answer": ({"message": "It will snow tomorrow in Oslo, what now?"},),
}

# Whose name has one of these comes with a form about products.
PRODUCT_WORDS = ("flows/product", "flows/dupe", "flows/offers", "flows/asking", "knowledge", "pages.py")

# But not these, which anybody's hang-up finds; whoever leaves there never comes to the rest.
OFTEN = ("ask(DecisionChat(", "ask(CommerceSearch(")


class Hunter(trio.abc.Instrument):
    """Looks at each turn whenever it begins to wait. caught: how many were hung up."""

    def __init__(self, sites: Sites, dice: Dice) -> None:
        self._sites = sites
        self._dice = dice
        # One function a world: whoever hunted all would stop most turns at the first of them.
        self._prey = dice.pick(HUNTED)
        self._clients: dict[trio.lowlevel.Task, trio.CancelScope] = {}
        self._hunted: dict[tuple[CodeType, int], bool] = {}
        self.caught = 0

    @contextmanager
    def following(self, client: trio.CancelScope) -> Iterator[None]:
        """Whatever this task and its children wait for meanwhile is what this client waits for."""
        task = trio.lowlevel.current_task()
        self._clients[task] = client
        try:
            yield
        finally:
            del self._clients[task]

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task waits: is it where we hunt?"""
        client = self._client_of(task)
        if client is None or client.cancel_called or not self._waits_where_hunted(task):
            return
        if self._dice.chance(SHARE):
            self.caught += 1
            client.cancel("client_gone")

    def _client_of(self, task: trio.lowlevel.Task) -> trio.CancelScope | None:
        each: trio.lowlevel.Task | None = task
        while each is not None:
            if each in self._clients:
                return self._clients[each]
            each = each.parent_nursery.parent_task if each.parent_nursery is not None else None
        return None

    def _waits_where_hunted(self, task: trio.lowlevel.Task) -> bool:
        waiting: Any = task.coro
        while waiting is not None and hasattr(waiting, "cr_frame"):
            frame = waiting.cr_frame
            if frame is None:
                return False
            place = (frame.f_code, frame.f_lasti)
            if place not in self._hunted:
                self._hunted[place] = self._is_hunted(*place)
            if self._hunted[place]:
                return True
            waiting = waiting.cr_await
        return False

    def _is_hunted(self, code: CodeType, instruction: int) -> bool:
        site = site_at(code, instruction)
        if site is None or site not in self._sites.function:
            return False
        if any(words in self._sites.text[site] for words in OFTEN):
            return False
        return f"{site.file} {self._sites.function[site]}" == self._prey

    @property
    def leads(self) -> tuple[dict[str, Any], ...]:
        """Requests that lead to what is hunted."""
        return LEADS.get(self._prey, ())

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of requests among which what is hunted is found."""
        if "photo" in self._prey or "vision" in self._prey:
            return WITH_PHOTOS
        if any(word in self._prey for word in PRODUCT_WORDS):
            return ABOUT_PRODUCTS
        return LED if self.leads else KINDS
