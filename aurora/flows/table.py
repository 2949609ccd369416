"""Every kind of turn: its flow and its body. The one table that the web serves from and replay plays from."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aurora.actors.turn import Flow
from aurora.flows import (
    affiliate,
    auth,
    dupe_compare,
    dupe_suggest,
    offers,
    photos,
    product,
    profile,
    reco,
    routine,
    session,
    tracker,
)
from aurora.flows.analysis import analysis
from aurora.flows.chat import chat


class TurnKind(msgspec.Struct, frozen=True):
    """A kind of turn. body: `contract.validation` kind of its request, None if there is none."""

    flow: Flow
    body: str | None = None


TURN_KINDS: Mapping[str, TurnKind] = {
    "chat": TurnKind(chat, "chat"),
    "analysis": TurnKind(analysis, "analysis"),
    "photo_presign": TurnKind(photos.presign, "photo_presign"),
    "photo_confirm": TurnKind(photos.confirm, "photo_confirm"),
    "photo_upload": TurnKind(photos.upload, "photo_upload"),
    "bootstrap": TurnKind(session.bootstrap),
    "profile_update": TurnKind(profile.update, "profile_update"),
    "profile_delete": TurnKind(profile.delete),
    "tracker_log": TurnKind(tracker.log, "tracker_log"),
    "tracker_recent": TurnKind(tracker.recent),
    "routine_simulate": TurnKind(routine.simulate, "routine_simulate"),
    "reco_generate": TurnKind(reco.generate, "reco_generate"),
    "auth_start": TurnKind(auth.start, "auth_start"),
    "auth_verify": TurnKind(auth.verify, "auth_verify"),
    "auth_password_login": TurnKind(auth.password_login, "auth_password_login"),
    "auth_password_set": TurnKind(auth.password_set, "auth_password_set"),
    "auth_logout": TurnKind(auth.logout),
    "auth_me": TurnKind(auth.me),
    "offers_resolve": TurnKind(offers.resolve, "offers_resolve"),
    "product_parse": TurnKind(product.parse, "product_parse"),
    "product_analyze": TurnKind(product.analyze, "product_analyze"),
    "product_refresh": TurnKind(product.refresh, "product_analyze"),
    "dupe_suggest": TurnKind(dupe_suggest.suggest, "dupe_suggest"),
    "dupes_refresh": TurnKind(dupe_suggest.refresh, "dupe_suggest"),
    "dupe_compare": TurnKind(dupe_compare.compare, "dupe_compare"),
    "affiliate_outcome": TurnKind(affiliate.outcome, "affiliate_outcome"),
}
