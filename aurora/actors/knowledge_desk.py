"""What knowledge needs in a process: shelf, refresher, limits, tickets, and the two actors over them."""

from __future__ import annotations

from collections.abc import Mapping

from aurora.actors.call import Handler
from aurora.actors.knowledge import knowledge_handler
from aurora.actors.knowledge_shelf import KnowledgeShelf
from aurora.actors.refresher import Refresher
from aurora.actors.tickets import TicketDesk, tickets_handler
from aurora.settings import Settings
from aurora.store.knowledge_db import knowledge_of
from aurora.store.limits import Limiter
from aurora.store.open import database_of
from aurora.store.port import Store


class KnowledgeDesk:
    """One per process. Raises CannotStartError for a seed file that cannot be used."""

    def __init__(self, store: Store, settings: Settings) -> None:
        database = database_of(store)
        self.shelf = KnowledgeShelf(knowledge_of(database), settings)
        self.refresher = Refresher()
        self.limiter = Limiter(database)
        self.tickets = TicketDesk(settings)
        self.actors: Mapping[str, Handler] = {
            "knowledge": knowledge_handler(self.shelf, self.refresher, self.limiter, settings),
            "tickets": tickets_handler(self.tickets),
        }
