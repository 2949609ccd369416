"""Typed questions, one struct per thing an actor can be asked. The tag is what traces record.

`actor` names who is asked; `cap_ms` is the question's own limit (0: none), always `min(own, remaining)`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    MayRefresh,
    OpenTicket,
    PatchTicket,
    ReadTicket,
    RecallKnowledge,
    RefreshLater,
)
from aurora.actors.page_questions import ReadProductPage
from aurora.actors.question import Question as Question
from aurora.contract.envelope import Lang
from aurora.rules.analysis.report_answer import Report
from aurora.rules.analysis.vision_failures import VisionCode
from aurora.rules.matcher.catalogue import Product
from aurora.rules.matcher.score import Wanted
from aurora.rules.photo_fetching import FetchCode
from aurora.skin.measured import Measured
from aurora.store.facts import NewFact


class DecisionChat(Question, frozen=True, kw_only=True, tag=True):
    """Decision system, POST /api/chat (contract B 16.1). Answer: DecisionReply. Body keys sent only if set.

    attempt_ms: limit of each of the two attempts (0: none); `cap_ms` bounds them together.
    """

    actor: ClassVar[str] = "decision"
    attempt_ms: int = 0
    query: str
    llm_provider: str | None = None
    llm_model: str | None = None
    anchor_product_id: str | None = None
    anchor_product_url: str | None = None
    messages: list[dict[str, Any]] | None = None
    debug: bool | None = None
    allow_recommendations: bool | None = None


class DecisionReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the decision system said, cleaned of wrong shapes: non-object cards dropped, wrong types None.

    recommendations: a top-level list, if there was one (contract B 8.4.4 REC).
    """

    answer: str | None = None
    intent: str | None = None
    cards: list[dict[str, Any]] = []
    dropped_cards: int = 0
    structured: dict[str, Any] | None = None
    clarification: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    next_actions: list[dict[str, Any]] = []
    recommendations: list[dict[str, Any]] = []
    llm_provider: str | None = None
    llm_model: str | None = None


class CommerceSearch(Question, frozen=True, kw_only=True, tag=True):
    """Commerce backend, GET /agent/v1/products/search (contract B 14). Answer: list of product dicts."""

    actor: ClassVar[str] = "commerce"
    query: str
    limit: int = 8


class OpenProduct(Question, frozen=True, kw_only=True, tag=True):
    """Commerce backend: how the shop opens a product (contract D 1.5, 5.8). Answer: ProductOpening.

    by: `stable_id` (POST /agent/shop/v1/invoke) or `text` (POST /agent/v1/products/resolve). aliases: other
    names of the brand, at most 8 are sent.
    """

    actor: ClassVar[str] = "commerce"
    by: Literal["stable_id", "text"]
    query: str
    lang: Lang = "EN"
    product_id: str = ""
    sku_id: str = ""
    merchant_id: str = ""
    brand: str = ""
    name: str = ""
    aliases: list[str] = msgspec.field(default_factory=list)


class ProductOpening(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop said. Either id may be blank; nothing found: both, and `reason` says why.

    reason: `no_candidates`, `db_error` or `upstream_timeout`. shown: the first candidate, as
    `rules.catalogue_rows.product_of` reads it.
    """

    product_id: str = ""
    merchant_id: str = ""
    group_id: str = ""
    reason: str = ""
    shown: dict[str, Any] | None = None


class ResolveOffer(Question, frozen=True, kw_only=True, tag=True):
    """Commerce backend, POST /api/offers/external/resolve (contract A 9). Answer: OfferSnapshot.

    url: an http(s) address, as the client gave it; it is sent as data and opened by nobody here.
    """

    actor: ClassVar[str] = "commerce"
    url: str
    market: str


class MatchCatalogue(Question, frozen=True, kw_only=True, tag=True):
    """Our own catalogue: the rows that fit a plan (contract D 5.9). Answer: CatalogueRows.

    forbidden: ids of the safety rules that hold something back from this person.
    """

    actor: ClassVar[str] = "catalogue"
    wanted: Wanted
    forbidden: tuple[str, ...] = ()
    lang: Lang = "EN"


class CatalogueRows(msgspec.Struct, frozen=True, kw_only=True):
    """The best few of each slot, with the digest of the file they stand in. seed: they are made up."""

    products: list[Product]
    digest: str
    seed: bool = False


class FindPlace(Question, frozen=True, kw_only=True, tag=True):
    """Weather service, GET /v1/search (contract B 12.3). Answer: Place, or None where the name is unknown."""

    actor: ClassVar[str] = "weather"
    name: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place on the map. Names may be blank; coordinates are rounded to about a kilometre."""

    name: str
    country: str
    latitude: float
    longitude: float


class ReadForecast(Question, frozen=True, kw_only=True, tag=True):
    """Weather service, GET /v1/forecast (contract B 12.3). Answer: rules.climate.Outlook.

    start, end: YYYY-MM-DD, both included.
    """

    actor: ClassVar[str] = "weather"
    latitude: float
    longitude: float
    start: str
    end: str


class PresignPhoto(Question, frozen=True, kw_only=True, tag=True):
    """Photo bridge: where may this client put a photo (contract C 8)? Answer: PhotoSlot."""

    actor: ClassVar[str] = "photos"
    content_type: str
    byte_size: int | None = None


class PhotoSlot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a photo may be put. url and headers open the storage to whoever has them: traces hide both."""

    photo_id: str
    url: str
    method: str = "PUT"
    headers: dict[str, str] = {}
    expires_at: str | None = None
    max_bytes: int | None = None
    tips: Any = None


class StorePhoto(Question, frozen=True, kw_only=True, tag=True):
    """Photo bridge: take this photo, from presigning to the end of its check. Answer: PhotoChecked.

    handle: of the bytes on the tray; they are in no question and no trace.
    """

    actor: ClassVar[str] = "photos"
    handle: str
    content_type: str


class ConfirmPhoto(Question, frozen=True, kw_only=True, tag=True):
    """Photo bridge: the photo is there, check it. Answer: PhotoChecked."""

    actor: ClassVar[str] = "photos"
    photo_id: str


class AskVision(Question, frozen=True, kw_only=True, tag=True):
    """Vision model: what is to be seen in this photo (contract C 13)? Answer: VisionAnswer.

    may_fall_back: another provider may be asked if the first one fails.
    """

    actor: ClassVar[str] = "vision"
    photo_id: str
    prompt: str
    lang: Lang = "EN"
    may_fall_back: bool = True


class VisionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the model saw, or why it did not. code: None when `report` is there. latency_ms: of the whole run.

    tried: providers beside `provider`, in order, if there was more than one.
    """

    provider: str
    report: Report | None = None
    code: VisionCode | None = None
    status: int | None = None
    attempts: int = 0
    latency_ms: int = 0
    fallback_from: str | None = None
    primary_failure: VisionCode | None = None
    tried: list[str] = []


class ForgetPhotos(Question, frozen=True, kw_only=True, tag=True):
    """Drop the photos of this person that are kept in memory. Answer: how many there were (int)."""

    actor: ClassVar[str] = "photos"


class LookAtPhoto(Question, frozen=True, kw_only=True, tag=True):
    """Fetch a photo of this person (from memory if it is kept) and measure it. Answer: PhotoSeen.

    fetch_ms: of `cap_ms`, what fetching may take. A worker that was killed or died is a Failure.
    """

    actor: ClassVar[str] = "pixels"
    photo_id: str
    slot_id: str
    fetch_ms: int


class PhotoSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a photo shows, or the code for why it could not be fetched; exactly one of them."""

    code: FetchCode | None = None
    measured: Measured | None = None


class ReadVision(Question, frozen=True, kw_only=True, tag=True):
    """Which vision model would be asked, and whether it can be? Answer: VisionReady. Nothing is sent."""

    actor: ClassVar[str] = "vision"


class VisionReady(msgspec.Struct, frozen=True, kw_only=True):
    """provider: who comes first. code: why nobody can be asked, None if somebody can."""

    provider: str
    code: VisionCode | None = None


class PhotoChecked(msgspec.Struct, frozen=True, kw_only=True):
    """A check's end, or how far it came. status: see `photo_quality_check.status_of`; None: under way.

    refused: code of the step that the bridge or its storage refused, with `http_status` and `detail`.
    looked_again: at least one later look was answered.
    """

    photo_id: str = ""
    status: str | None = None
    qc: dict[str, Any] | None = None
    next_poll_ms: int | None = None
    looked_again: bool = False
    refused: str | None = None
    http_status: int | None = None
    detail: str | None = None


class ReadMemory(Question, frozen=True, kw_only=True, tag=True):
    """Everything known of the identity. Answer: contract.memory.Memory (ready False when it failed)."""

    actor: ClassVar[str] = "memory"


class ReadLogs(Question, frozen=True, kw_only=True, tag=True):
    """The newest skin logs. Answer: list[SkinLog], or Failure(code='store')."""

    actor: ClassVar[str] = "memory"
    limit: int = 7


class Remember(Question, frozen=True, kw_only=True, tag=True):
    """Append facts. Answer: store.port.Appended, or Failure(code='store', detail=<StoreError kind:code>).

    The journal finishes what it has taken even if the asker is cut.
    """

    actor: ClassVar[str] = "memory"
    facts: list[NewFact]
    epoch: int | None = None


class Erase(Question, frozen=True, kw_only=True, tag=True):
    """Erase the identity, of a signed-in person the device's too.

    Answer: str (`db` or `ephemeral`), or Failure(code='store').
    """

    actor: ClassVar[str] = "memory"


class OpenChallenge(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: draw a code for the address in the turn's body. Answer: ChallengeOpened or TriesLimited.

    None of these questions names what was typed: the actor reads code, password and address from the turn.
    Failure(code='not_configured'): sign-in is off, or there is no way to send a code.
    """

    actor: ClassVar[str] = "accounts"


class ChallengeOpened(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A code waits to be sent. debug_code: the code itself, with AURORA_BFF_AUTH_DEBUG; traces hide it."""

    challenge_id: str
    expires_at: str
    expires_in_s: int
    debug_code: str | None = None


class TriesLimited(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Too many tries of this address or this client."""

    retry_after_s: int


class RedeemCode(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: is the code in the turn's body the open one? Answer: as of CheckPassword."""

    actor: ClassVar[str] = "accounts"


class CheckPassword(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: is this her password? Answer: SignedIn, SignInRefused or TriesLimited."""

    actor: ClassVar[str] = "accounts"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A session is open. token: the only time that it is seen; traces hide it."""

    user_id: str
    email: str
    token: str
    expires_at: str


class SignInRefused(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Not signed in. reason: as on the wire. locked_until: ISO-8601, of the password of this address."""

    reason: str
    locked_until: str | None = None


class SetPassword(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: keep the password in the turn's body. Answer: `kept`, `blank` or `gone` (no such user)."""

    actor: ClassVar[str] = "accounts"


class ReadAccount(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: who is signed in. Answer: store.accounts.Account, or None where the user is gone."""

    actor: ClassVar[str] = "accounts"


class TakeAlong(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: what this device remembers moves into the account (decision 31). Answer: TakenAlong.

    Doing it again takes nothing. Failure(code='store'): the next sign-in tries again.
    """

    actor: ClassVar[str] = "accounts"
    user_id: str


class TakenAlong(msgspec.Struct, frozen=True, kw_only=True):
    """How much came along; the event in the account's stream holds what."""

    fields: int = 0
    days: int = 0
    artifacts: int = 0
    plans: int = 0
    runs: int = 0
    analysis: bool = False


class CloseSession(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: end the session that the request named, and all opened on this device. Answer: True."""

    actor: ClassVar[str] = "accounts"


class EraseAccount(Question, frozen=True, kw_only=True, tag=True):
    """Accounts: delete the user who is signed in, or for whom this device stands, with sessions, codes,
    counters, the account's memory and that of every device that stands for it.

    Answer: whether there was one. Asked of guests too, after their memory went: a device that was signed in
    on in the meantime stands for its account, which may just have taken that memory along.
    """

    actor: ClassVar[str] = "accounts"


class SendCode(Question, frozen=True, kw_only=True, tag=True):
    """Mail: bring the code of this challenge to the address in the turn's body. Answer: MailSent."""

    actor: ClassVar[str] = "mail"
    challenge_id: str
    minutes: int


class MailSent(msgspec.Struct, frozen=True, kw_only=True):
    """The mail left. delivery: by `resend`, `smtp` or `file`."""

    delivery: str


AnyQuestion = (
    DecisionChat
    | CommerceSearch
    | OpenProduct
    | ResolveOffer
    | MatchCatalogue
    | FindPlace
    | ReadForecast
    | ReadMemory
    | ReadLogs
    | Remember
    | Erase
    | PresignPhoto
    | StorePhoto
    | ConfirmPhoto
    | ForgetPhotos
    | AskVision
    | LookAtPhoto
    | ReadVision
    | OpenChallenge
    | RedeemCode
    | CheckPassword
    | SetPassword
    | ReadAccount
    | TakeAlong
    | CloseSession
    | EraseAccount
    | SendCode
    | ReadProductPage
    | RecallKnowledge
    | KeepKnowledge
    | MayRefresh
    | RefreshLater
    | OpenTicket
    | PatchTicket
    | ReadTicket
)
"""Every question there is: how a recorded one is read back."""
