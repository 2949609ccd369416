"""Recorded answers, read again: the value a flow was given, from the JSON that its trace kept.

An upstream's answer was kept as the upstream sent it, and is read by the same function as then; every other
one is its answer struct. A new question needs a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from aurora.actors import commerce, decision, offer_reading, opening, weather
from aurora.actors.findings import Answer, Finding
from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    Kept,
    Knowledge,
    Leave,
    MayRefresh,
    OpenTicket,
    PatchTicket,
    Queued,
    ReadTicket,
    RecallKnowledge,
    RefreshLater,
    Ticket,
)
from aurora.actors.links import Reply
from aurora.actors.page_questions import ProductPage, ReadProductPage
from aurora.actors.questions import (
    AskVision,
    CatalogueRows,
    ChallengeOpened,
    CheckPassword,
    CloseSession,
    CommerceSearch,
    ConfirmPhoto,
    DecisionChat,
    Erase,
    EraseAccount,
    FindPlace,
    ForgetPhotos,
    LookAtPhoto,
    MailSent,
    MatchCatalogue,
    OpenChallenge,
    OpenProduct,
    PhotoChecked,
    PhotoSeen,
    PhotoSlot,
    PresignPhoto,
    Question,
    ReadAccount,
    ReadForecast,
    ReadLogs,
    ReadMemory,
    ReadVision,
    RedeemCode,
    Remember,
    ResolveOffer,
    SendCode,
    SetPassword,
    SignedIn,
    SignInRefused,
    StorePhoto,
    TakeAlong,
    TakenAlong,
    TriesLimited,
    VisionAnswer,
    VisionReady,
)
from aurora.contract.memory import Memory, SkinLog
from aurora.store.accounts import Account
from aurora.store.port import Appended

_STATUS = 200  # of an answer; what else an upstream said was recorded as a failure


class UnreadableAnswerError(Exception):
    """The recorded value does not fit the question any more."""


def _reply(raw: bytes) -> Reply:
    return Reply(status=_STATUS, body=msgspec.json.decode(raw), raw=raw)


def _of(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode


_UPSTREAM: Mapping[type[Question], Callable[[Reply], Finding]] = {
    DecisionChat: decision.read_outcome,
    CommerceSearch: commerce.read_search,
    OpenProduct: opening.read_opening,
    ResolveOffer: offer_reading.read_offer,
    FindPlace: weather.read_place,
    ReadForecast: weather.read_forecast,
}
_OURS: Mapping[type[Question], Callable[[bytes], Any]] = {
    MatchCatalogue: _of(CatalogueRows),
    PresignPhoto: _of(PhotoSlot),
    StorePhoto: _of(PhotoChecked),
    ConfirmPhoto: _of(PhotoChecked),
    ForgetPhotos: _of(int),
    AskVision: _of(VisionAnswer),
    LookAtPhoto: _of(PhotoSeen),
    ReadVision: _of(VisionReady),
    ReadMemory: _of(Memory),
    ReadLogs: _of(list[SkinLog]),
    Remember: _of(Appended),
    OpenChallenge: _of(ChallengeOpened | TriesLimited),
    RedeemCode: _of(SignedIn | SignInRefused | TriesLimited),
    CheckPassword: _of(SignedIn | SignInRefused | TriesLimited),
    SetPassword: _of(str),
    ReadAccount: _of(Account | None),
    TakeAlong: _of(TakenAlong),
    CloseSession: _of(bool),
    EraseAccount: _of(bool),
    SendCode: _of(MailSent),
    Erase: _of(str),
    ReadProductPage: _of(ProductPage),
    RecallKnowledge: _of(Knowledge),
    KeepKnowledge: _of(Kept),
    MayRefresh: _of(Leave),
    RefreshLater: _of(Queued),
    OpenTicket: _of(Ticket),
    PatchTicket: _of(Ticket),
    ReadTicket: _of(Ticket),
}


def read_again(question: Question, raw: bytes, elapsed_ms: int) -> Finding:
    """The finding that `raw` was recorded of. Today's reading may find a Failure where there was an answer.

    Raises UnreadableAnswerError.
    """
    kind = type(question)
    try:
        if kind in _UPSTREAM:
            finding = _UPSTREAM[kind](_reply(raw))
            return msgspec.structs.replace(finding, elapsed_ms=elapsed_ms)
        value = _OURS[kind](raw)
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswerError(f"an answer to {kind.__name__} cannot be read ({error})") from error
    return Answer(actor=question.actor, value=value, elapsed_ms=elapsed_ms)
