"""The state machine: what may be asked for, and what is quietly not done (contract B 4)."""

from __future__ import annotations

import pytest

from aurora.contract.envelope import UI_STATES
from aurora.rules.request import normalise
from aurora.rules.text import fold
from aurora.rules.transitions import ALIASES, CHIP_MOVES, derive_from_text, resolve


def asked(here, source, trigger, to, **more):
    wanted = {"trigger_source": source, "trigger_id": trigger, "requested_next_state": to}
    return normalise({"client_state": here, "requested_transition": wanted, **more}, trigger=source)


def test_the_table_names_real_states_and_chips():
    for move in CHIP_MOVES.values():
        assert {*move.allowed_from, move.to} <= set(UI_STATES)
    assert set(ALIASES.values()) <= set(CHIP_MOVES)


@pytest.mark.parametrize(("chip", "move"), CHIP_MOVES.items())
def test_every_chip_leads_where_the_table_says(chip, move):
    for here in move.allowed_from:
        moved = resolve(asked(here, "chip", chip, move.to))
        assert (moved.agent_state, moved.client_moved, moved.rejected) == (move.to, True, None)


@pytest.mark.parametrize(
    ("here", "source", "trigger", "to", "message", "reason"),
    [
        ("IDLE_CHAT", "chip", "chip_unheard_of", "RECO_GATE", None, "UNKNOWN_CHIP"),
        ("IDLE_CHAT", "chip", "chip_start_diagnosis", "RECO_GATE", None, "CHIP_NEXT_STATE_MISMATCH"),
        ("IDLE_CHAT", "chip", "chip_keep_chatting", "IDLE_CHAT", None, None),
        ("RECO_RESULTS", "chip", "chip_keep_chatting", "IDLE_CHAT", None, "CHIP_NOT_ALLOWED_FROM_STATE"),
        ("IDLE_CHAT", "action", "analysis_continue", "RECO_GATE", None, None),
        ("RECO_RESULTS", "action", "x", "CHECKIN_FLOW", None, "NEXT_STATE_NOT_REACHABLE"),
        ("IDLE_CHAT", "text_explicit", "t", "RECO_GATE", "recommend a serum", None),
        ("IDLE_CHAT", "text_explicit", "recommend a serum", "RECO_GATE", None, None),
        ("IDLE_CHAT", "text_explicit", "t", "RECO_GATE", "hello", "TEXT_EXPLICIT_NOT_ALLOWED"),
        ("IDLE_CHAT", "text_explicit", "t", "DIAG_PROFILE", "Can you check if it is good for my skin", None),
        ("DIAG_PROFILE", "text_explicit", "t", "RECO_GATE", "recommend a serum", "NEXT_STATE_NOT_REACHABLE"),
        ("RECO_RESULTS", "chip", "x", "NO_SUCH_STATE", None, "UNKNOWN_CHIP"),
        ("IDLE_CHAT", "chip", "x", "NO_SUCH_STATE", None, None),
    ],
)
def test_the_clients_own_wish_is_judged(here, source, trigger, to, message, reason):
    moved = resolve(asked(here, source, trigger, to, **({"message": message} if message else {})))
    assert (moved.rejected or {}).get("reason") == reason
    if reason == "TEXT_EXPLICIT_NOT_ALLOWED":
        assert set(moved.rejected) == {"reason", "requested_next_state"}
    elif reason:
        assert moved.rejected == {
            "reason": reason,
            "from_state": here,
            "requested_next_state": to,
            "trigger_source": source,
            "trigger_id": trigger,
        }
        assert moved.agent_state == here


@pytest.mark.parametrize(
    ("here", "body", "state"),
    [
        ("IDLE_CHAT", {"message": "recommend a serum"}, "RECO_GATE"),
        ("RECO_RESULTS", {"message": "recommend another moisturizer"}, "RECO_GATE"),
        ("RECO_RESULTS", {"action": "chip.start.reco_products"}, "RECO_GATE"),
        ("DIAG_PROFILE", {"message": "recommend a serum"}, "DIAG_PROFILE"),
        ("ROUTINE_REVIEW", {"message": "recommend a serum"}, "ROUTINE_REVIEW"),
        ("PRODUCT_LINK_EVAL", {"message": "start diagnosis"}, "DIAG_PROFILE"),
        ("RECO_RESULTS", {"action": "chip.start.diagnosis", "message": "开始皮肤诊断"}, "DIAG_PROFILE"),
        ("IDLE_CHAT", {"message": "review my routine"}, "ROUTINE_INTAKE"),
        ("IDLE_CHAT", {"action": "chip_unheard_of"}, "IDLE_CHAT"),
        ("DIAG_PROFILE", {"action": "chip_keep_chatting"}, "DIAG_PROFILE"),
        ("IDLE_CHAT", {}, "IDLE_CHAT"),
    ],
)
def test_a_derived_move_that_does_not_fit_is_not_made(here, body, state):
    moved = resolve(normalise({"client_state": here, **body}, trigger="text"))
    assert (moved.agent_state, moved.rejected, moved.client_moved) == (state, None, False)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("开始皮肤诊断", "DIAG_PROFILE"),
        ("Can you check if it is good for my skin", None),
        ("check my skin and recommend something", "RECO_GATE"),
        ("the ingredients and the science for my skin, check it", None),
        ("给我方案", "RECO_GATE"),
        ("hello", None),
    ],
)
def test_where_words_lead(text, state):
    assert derive_from_text(fold(text)) == state
