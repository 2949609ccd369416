"""The catalogue actor: products of our own file, read once at start, narrowed to those that fit a question.

The file never changes under a running service, and what a turn was answered stands in its trace, so a replay
needs neither the file nor this actor.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import trio.lowlevel

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.questions import CatalogueRows, MatchCatalogue
from aurora.lifetime import CannotStartError
from aurora.rules.matcher.catalogue import MAX_BYTES, Catalogue, NoCatalogueError, read
from aurora.rules.matcher.shelf import narrowed, placed
from aurora.settings import Settings

NAME = "catalogue"
PATH_SETTING = "AURORA_PRODUCT_REC_CATALOG_PATH"
SEED_SETTING = "AURORA_PRODUCT_REC_ALLOW_SEED_CATALOG"
SEED_FILE = "seed_catalogue.json"
MOST_PROBLEMS_LOGGED = 20

log = telemetry.get_logger()


def configured(settings: Settings) -> bool:
    """Whether there is a catalogue to match with: a file, or the made-up one where that is allowed."""
    return bool(settings.product_rec_catalog_path) or settings.product_rec_allow_seed


def load(settings: Settings) -> Catalogue | None:
    """The catalogue in force; None if none is configured. Rows that are left out are logged.

    Raises CannotStartError for a file that cannot be used, and for made-up products that nobody allowed.
    """
    path = settings.product_rec_catalog_path
    if not configured(settings):
        return None
    try:
        if path:
            with Path(path).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        else:
            raw = resources.files("aurora").joinpath("data", SEED_FILE).read_bytes()
        catalogue = read(raw)
    except (OSError, NoCatalogueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CannotStartError(
            f"The product catalogue {path or SEED_FILE} cannot be used: {why}. Correct the file "
            f"(docs/catalogue.md), or unset {PATH_SETTING} to serve without it."
        ) from error
    if catalogue.seed and not settings.product_rec_allow_seed:
        raise CannotStartError(
            f"The product catalogue {path} says that its products are made up. Point {PATH_SETTING} at a "
            f"real one, or set {SEED_SETTING}=true for a demonstration."
        )
    _report(path or SEED_FILE, catalogue)
    return catalogue


def _report(path: str, catalogue: Catalogue) -> None:
    for problem in catalogue.problems[:MOST_PROBLEMS_LOGGED]:
        log.warning("catalogue_row_left_out", file=path, row=problem.row, line=problem.line, why=problem.what)
    log.info(
        "catalogue_read",
        file=path,
        products=len(catalogue.products),
        left_out=len(catalogue.problems),
        seed=catalogue.seed,
        digest=catalogue.digest,
    )


def catalogue_handler(catalogue: Catalogue | None) -> Handler:
    """Handler of MatchCatalogue: the best few rows of each slot that the person may have."""
    shelf = placed(catalogue) if catalogue is not None else ()

    async def handle(call: Call) -> Finding:
        question = call.question
        if not isinstance(question, MatchCatalogue):
            raise TypeError(f"catalogue cannot answer {type(question).__name__}")
        await trio.lowlevel.checkpoint()
        if catalogue is None:
            return Failure(actor=NAME, code="not_configured")
        found = narrowed(shelf, question.wanted, question.forbidden)
        return Answer(
            actor=NAME,
            value=CatalogueRows(
                products=[product.said_in(question.lang) for product in found],
                digest=catalogue.digest,
                seed=catalogue.seed,
            ),
        )

    return handle
