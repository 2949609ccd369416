"""What one process shares among its turns: settings, store, links, clerk, tracer, handlers of the actors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager

import msgspec
import trio

from aurora import telemetry
from aurora.actors import catalogue
from aurora.actors.accounts import accounts_handler
from aurora.actors.call import Call, Handler
from aurora.actors.clerk import Clerk
from aurora.actors.commerce import auth_headers, commerce_handler
from aurora.actors.decision import decision_handler
from aurora.actors.findings import Failure, Finding
from aurora.actors.knowledge_desk import KnowledgeDesk
from aurora.actors.links import Link
from aurora.actors.mail import Mailer, mail_handler, mailer_of
from aurora.actors.memory import memory_handler
from aurora.actors.pages import PageDesk, pages_handler
from aurora.actors.photo_look import Pixels, looking_handler, preparing
from aurora.actors.photos import PhotoDesk, photos_handler
from aurora.actors.pixels import pixel_pool
from aurora.actors.sign_in_desk import SignInDesk
from aurora.actors.trace import Tracer, flags_in_force
from aurora.actors.vision import VisionModels, vision_handler
from aurora.actors.weather import MAX_BYTES, weather_handler
from aurora.contract.errors import ContractError
from aurora.lifetime import service_nursery
from aurora.rules.matcher.catalogue import Catalogue
from aurora.settings import Settings
from aurora.store.open import accounts_of
from aurora.store.port import Store

RETRY_AFTER_S = 1
LEAST_USEFUL_MS = 20
MOST_FORWARDED_BYTES = 512 * 1024  # of an answer that goes on to a client as it is


class House:
    """Composition, for the lifetime of the process. Build it with `furnish`; tests build it by hand.

    actors: name -> handler of its questions; shelf: the matcher's catalogue, if there is one. in_flight:
    turns admitted now. stopping: set when shutdown begins, so that turns which are cut then say so.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        links: Mapping[str, Link],
        *,
        clerk: Clerk | None = None,
        tracer: Tracer | None = None,
        actors: Mapping[str, Handler] | None = None,
        shelf: Catalogue | None = None,
        photos: PhotoDesk | None = None,
        pixels: Pixels | None = None,
        pages: PageDesk | None = None,
    ) -> None:
        self.sign_in = SignInDesk(accounts_of(store), settings)
        self.knowledge = KnowledgeDesk(store, settings)
        self.photos = photos or PhotoDesk.of(Link("photos", "", settings), settings)
        self.settings = settings
        self.store = store
        self.links = links
        self.clerk = clerk or Clerk()
        self.tracer = tracer or Tracer(store)
        self.actors: Mapping[str, Handler] = (
            actors
            if actors is not None
            else {
                "memory": memory_handler(store),
                "decision": decision_handler(links["decision"]),
                "commerce": commerce_handler(links["commerce"], links.get("offers")),
                "catalogue": catalogue.catalogue_handler(shelf),
                "weather": weather_handler(links["geocoding"], links["forecast"]),
                "photos": photos_handler(self.photos),
                "pages": pages_handler(pages or PageDesk(settings)),
                **self.knowledge.actors,
                **sign_in_handlers(self.sign_in, mailer_of(settings, links.get("mail"))),
                **_of_photos(self.photos, pixels, links, settings),
            }
        )
        self.tracing = settings.trace_level == "full"
        self.flags = msgspec.Raw(msgspec.json.encode(flags_in_force(settings)))
        self.in_flight = 0
        self.stopping = False

    @contextmanager
    def admit(self, arrival: float | None = None, budget_ms: int | None = None) -> Iterator[None]:
        """Hold one of the `max_turns` places while a turn runs.

        arrival: trio instant of the request's kernel arrival; with `budget_ms`, a request whose wait has
        already eaten its budget is refused. Raises ContractError 503 OVERLOADED, at once.
        """
        if self.in_flight >= self.settings.max_turns:
            telemetry.admission_rejects.labels(reason="turns").inc()
            raise ContractError(503, "OVERLOADED", retry_after_s=RETRY_AFTER_S)
        if arrival is not None and budget_ms is not None:
            left_ms = budget_ms - (trio.current_time() - arrival) * 1000
            if left_ms < LEAST_USEFUL_MS:
                telemetry.admission_rejects.labels(reason="waited").inc()
                raise ContractError(503, "OVERLOADED", retry_after_s=RETRY_AFTER_S)
        self.in_flight += 1
        telemetry.turns_in_flight.inc()
        try:
            yield
        finally:
            self.in_flight -= 1
            telemetry.turns_in_flight.dec()


def _of_photos(
    desk: PhotoDesk, pixels: Pixels | None, links: Mapping[str, Link], settings: Settings
) -> Mapping[str, Handler]:
    """The actors that need somebody who reads pixels; without one they say so."""
    if pixels is None:
        return {"pixels": _not_configured, "vision": _not_configured}
    models = VisionModels({name: links[name] for name in ("gemini", "openai")}, settings)
    return {
        "pixels": looking_handler(desk, pixels, settings),
        "vision": vision_handler(models, preparing(desk, pixels, settings)),
    }


async def _not_configured(call: Call) -> Finding:
    return Failure(actor=call.question.actor, code="not_configured")


@asynccontextmanager
async def furnish(
    settings: Settings, store: Store, *, pixels: Pixels | None = None, warm: bool = False
) -> AsyncIterator[House]:
    """A house with its links open and its clerk and tracer at work; all of it closed at the end.

    pixels: who reads photos, by default workers of its own. warm: they start now, not with the first photo.
    Leave it after the last turn and before the store: what is queued for the trace table is handed over then.
    """
    keys = auth_headers(settings.backend_api_key)
    async with (
        Link("decision", settings.decision_base_url, settings) as decision,
        Link("commerce", settings.backend_base_url, settings, headers=keys) as commerce,
        offers_link(settings) as offers,
        shop_link(settings) as shop,
        weather_link("geocoding", settings.weather_geocoding_base_url, settings) as geocoding,
        weather_link("forecast", settings.weather_forecast_base_url, settings) as forecast,
        Link("photos", settings.backend_base_url, settings) as photos,
        Link("mail", settings.resend_base_url if settings.resend_api_key else "", settings) as mail,
        Link("gemini", settings.gemini_base_url if settings.gemini_api_key else "", settings) as gemini,
        Link("openai", settings.openai_base_url if settings.openai_api_key else "", settings) as openai,
        aclosing(PhotoDesk.of(photos, settings)) as desk,
        pixel_pool(warm=warm) as pool,
        service_nursery() as nursery,
    ):
        links = {"decision": decision, "commerce": commerce, "geocoding": geocoding, "forecast": forecast}
        links |= {"offers": offers, "shop": shop}
        links |= {"mail": mail, "photos": photos, "gemini": gemini, "openai": openai}
        shelf = catalogue.load(settings)
        pages = PageDesk(settings, pool)
        house = House(settings, store, links, shelf=shelf, photos=desk, pixels=pixels or pool, pages=pages)
        house.clerk.calibrate()
        await nursery.start(house.clerk.run)
        await nursery.start(house.tracer.run)
        await nursery.start(house.knowledge.shelf.run)
        for link in links.values():
            await nursery.start(link.watch)
        yield house


def sign_in_handlers(desk: SignInDesk, mailer: Mailer | None) -> dict[str, Handler]:
    """The two actors of signing in; a code goes from one to the other over the desk's tray."""
    return {
        "accounts": accounts_handler(desk, can_send=mailer is not None),
        "mail": mail_handler(mailer, desk.tray),
    }


def offers_link(settings: Settings) -> Link:
    """For pages of other shops that the backend reads for us: without our key (contract D 1.5).

    How long such a page takes says nothing about the backend, so no breaker counts it.
    """
    return Link("offers", settings.backend_base_url, msgspec.structs.replace(settings, breaker_enabled=False))


def shop_link(settings: Settings) -> Link:
    """For what clients ask of the backend through us: kept apart, so that it cannot hold up what we ask."""
    limits = msgspec.structs.replace(
        settings, upstream_max_bytes=min(settings.upstream_max_bytes, MOST_FORWARDED_BYTES)
    )
    keys = auth_headers(settings.backend_api_key)
    return Link("shop", settings.backend_base_url, limits, headers=keys)


def weather_link(name: str, base_url: str, settings: Settings) -> Link:
    """A link of the weather actor: not configured while live weather is off, and never much to read."""
    limits = msgspec.structs.replace(settings, upstream_max_bytes=min(settings.upstream_max_bytes, MAX_BYTES))
    return Link(name, base_url if settings.travel_weather_live else "", limits)
