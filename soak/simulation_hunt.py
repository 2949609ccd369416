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

from soak.simulation_cuts import NEVER_WAITS, Site, Sites, site_at
from soak.simulation_dice import Dice
from soak.simulation_people import ABOUT_PRODUCTS, GENERATED, KINDS, LEAVING, LED, OUTCOMES, WITH_PHOTOS
from soak.simulation_talks import LEADS, Script

SHARE = 0.5  # of the waits at a hunted await

# Functions whose awaits are hunted, as `file function`.
HUNTED = (
    "actors/knowledge.py knowledge_handler.handle",
    "actors/pages.py PageDesk.page",
    "actors/photo_fetch.py _fetch",
    "actors/photo_look.py looking_handler.handle",
    "actors/photo_look.py preparing.prepare",
    "actors/vision.py _Run.ask",
    "actors/vision.py vision_handler.handle",
    "flows/affiliate.py outcome",
    "flows/analysis_photo.py ask_vision",
    "flows/chat_steps/availability.py to_be_had",
    "flows/chat_steps/fit_check.py fit_check",
    "flows/chat_steps/open_cards.py _enriched",
    "flows/chat_steps/open_cards.py gather",
    "flows/chat_steps/open_chat.py _without_words",
    "flows/chat_steps/open_chat.py open_chat",
    "flows/chat_steps/pending_flow.py next_clarification",
    "flows/chat_steps/picks.py recommend",
    "flows/chat_steps/product_verdict.py _looked_up",
    "flows/chat_steps/reco_extras.py _Alternatives.settle",
    "flows/chat_steps/reco_extras.py _Openings.settle",
    "flows/chat_steps/reco_sources.py _matched",
    "flows/chat_steps/reco_sources.py from_matcher",
    "flows/chat_steps/red_flags.py red_flags",
    "flows/chat_steps/safety.py _ask",
    "flows/chat_steps/safety.py safety_check",
    "flows/chat_steps/weather.py weather_answer",
    "flows/dupe_compare.py _Comparing._looked_closer",
    "flows/dupe_compare.py _Comparing.answer",
    "flows/dupe_suggest.py _Suggesting._find",
    "flows/dupe_suggest.py _Suggesting._renew_later",
    "flows/dupe_suggest.py _Suggesting.answer",
    "flows/dupe_suggest.py _Suggesting.renew",
    "flows/dupe_suggest.py refresh",
    "flows/offers.py resolve",
    "flows/photo_analysis.py _recall",
    "flows/photo_analysis.py analyse_at_once",
    "flows/photos.py upload",
    "flows/product.py _Analysing._find",
    "flows/product.py _Analysing._keep",
    "flows/product.py _Analysing._serve",
    "flows/product.py _Analysing.answer",
    "flows/product.py _Analysing.renew",
    "flows/product_lookup.py Lookup._in_the_shop",
    "flows/product_lookup.py Lookup.found",
    "flows/product_scan.py scan",
    "flows/profile.py delete",
    "flows/reco.py generate",
)

# Settings without which nothing leads there.
_LIVE = {"rollout_enabled": False, "travel_weather_live": True}
_PHOTOS = {
    "backend_api_key": "key",
    "photo_auto_analysis": True,
    "photo_cache_max_items": 0,
    "analysis_budget_ms": 12000,
}
_OLD = {"kb_product_fresh_hours": 0, "kb_dupes_fresh_hours": 0}
_MODELS = {"skin_vision_enabled": True, "gemini_api_key": "key", "openai_api_key": "key"}
WISHES: Mapping[str, Mapping[str, Any]] = {
    "flows/chat_steps/weather.py": _LIVE,
    "flows/chat_steps/availability.py": {"avail_fast_path": True},
    "flows/chat_steps/pending_flow.py": {
        "clarification_flow_v2": True, "clarification_filter_known": False, "rollout_enabled": False,
    },
    "flows/chat_steps/reco_sources.py": {
        **_PHOTOS, "product_rec_allow_seed": True, "product_matcher_enabled": True,
    },
    "actors/photo": _PHOTOS,
    "actors/vision": {**_PHOTOS, **_MODELS},
    "flows/analysis_photo": {**_PHOTOS, **_MODELS},
    "flows/photo_analysis": _PHOTOS,
    "flows/photos": _PHOTOS,
    "flows/product.py": _OLD,
    "flows/dupe_suggest.py": _OLD,
    "flows/product_scan.py": {"product_analyze_budget_ms": 5000},
    "flows/chat_steps/reco_extras.py": {"reco_pdp_resolve_enabled": True, "product_matcher_enabled": True},
}  # fmt: skip
KINDS_OF = {"flows/affiliate.py": OUTCOMES, "flows/reco.py": GENERATED, "flows/profile.py": LEAVING}
# Whose name has one of these comes with a form about products.
PRODUCT_WORDS = ("flows/product", "flows/dupe", "flows/offers", "flows/asking", "knowledge", "pages.py")

# But not these, which anybody's hang-up finds; whoever leaves there never comes to the rest.
OFTEN = ("ask(DecisionChat(", "ask(CommerceSearch(")


class Hunter(trio.abc.Instrument):
    """Looks at each turn whenever it begins to wait. caught: how many were hung up."""

    def __init__(self, sites: Sites, dice: Dice, number: int) -> None:
        """number: of the hunting world; they take turns at what is hunted."""
        self._dice = dice
        # One await a world: whoever hunted all would stop most turns at the first of them.
        awaits = hunted(sites)
        self._await = awaits[number % len(awaits)]
        self._prey = f"{self._await.file} {sites.function[self._await]}"
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
        return site_at(code, instruction) == self._await

    @property
    def leads(self) -> tuple[Script, ...]:
        """Talks that lead to what is hunted."""
        return LEADS.get(self._prey, ())

    @property
    def wishes(self) -> Mapping[str, Any]:
        """Settings without which nothing leads there."""
        return next((wish for name, wish in WISHES.items() if self._prey.startswith(name)), {})

    @property
    def asks_back(self) -> bool:
        """Whether the decision system asks back as often as it answers."""
        return "_Alternatives" in self._prey

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of requests among which what is hunted is found."""
        if self._await.file in KINDS_OF:
            return KINDS_OF[self._await.file]
        if "photo" in self._prey or "vision" in self._prey:
            return WITH_PHOTOS
        if any(word in self._prey for word in PRODUCT_WORDS):
            return ABOUT_PRODUCTS
        return LED if self.leads else KINDS


def hunted(sites: Sites) -> list[Site]:
    """Every await of the functions in `HUNTED` that is worth a hunt."""
    return [
        site
        for site, function in sites.function.items()
        if f"{site.file} {function}" in HUNTED
        and sites.label(site) not in NEVER_WAITS
        and not any(words in sites.text[site] for words in OFTEN)
    ]
