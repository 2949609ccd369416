"""Contract D 14: products, recommendations, routines, over the whole house; row numbers kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_b23 import CORE, LANGS, chat, house, names
from tests.support.sandbox import Served

SIMULATE = "/v1/routine/simulate"
RETINOL = {"step": "Treatment", "key_actives": ["retinol"]}
GLYCOLIC = {"name": "Toner", "key_actives": ["glycolic acid"]}


@LANGS
async def test_row_35_a_retinoid_and_an_acid(sandbox: Served, lang: str) -> None:
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        body = {"routine": {"pm": [RETINOL]}, "test_product": GLYCOLIC}
        answer = await client.post(SIMULATE, body, headers={"X-Lang": lang})
        assert answer.status == 200
        (conflict,) = answer.payload("routine_simulation")["conflicts"]
        assert (conflict["rule_id"], conflict["severity"], conflict["step_indices"]) == (
            "retinoid_x_acids",
            "warn",
            [0, 1],
        )
        drawn = answer.payload("conflict_heatmap")
        assert drawn["state"] == "has_conflicts"
        (cell,) = drawn["cells"]["items"]
        assert (cell["row_index"], cell["col_index"], cell["severity"]) == (0, 1, 2)
        labels = [item["label_i18n"]["en"] for item in drawn["axes"]["rows"]["items"]]
        assert labels == ["PM Treatment", "TEST Toner"]
        assert names(answer) == ["simulate_conflict", "aurora_conflict_heatmap_impression"]
        assert answer.event("simulate_conflict")["data"] == {"safe": False, "conflicts": 1}
        seen = answer.event("aurora_conflict_heatmap_impression")["data"]
        assert (seen["state"], seen["num_steps"], seen["max_severity"]) == ("has_conflicts", 2, 2)
        assert answer.patch["next_state"] == "ROUTINE_REVIEW"
        assert not sandbox.state.calls


async def test_row_36_with_the_flag_off_the_heatmap_is_a_placeholder(sandbox: Served) -> None:
    body = {"routine": {"pm": [RETINOL]}, "test_product": GLYCOLIC}
    async with house(sandbox) as client:
        answer = await client.post(SIMULATE, body)
        assert answer.payload("conflict_heatmap") == {"schema_version": "aurora.ui.conflict_heatmap.v1"}
        assert names(answer) == ["simulate_conflict"]
        off = answer.payload("routine_simulation")
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        assert (await client.post(SIMULATE, body)).payload("routine_simulation") == off


async def test_row_37_a_retinoid_and_benzoyl_peroxide(sandbox: Served) -> None:
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        test = {"key_actives": ["benzoyl peroxide"]}
        body = {"routine": {"pm": [{"name": "Adapalene gel"}]}, "test_product": test}
        answer = await client.post(SIMULATE, body)
        simulation = answer.payload("routine_simulation")
        assert simulation["safe"] is False
        assert [(c["rule_id"], c["severity"]) for c in simulation["conflicts"]] == [
            ("retinoid_x_bpo", "block")
        ]
        assert [cell["severity"] for cell in answer.payload("conflict_heatmap")["cells"]["items"]] == [3]


async def test_row_38_both_actives_in_one_step(sandbox: Served) -> None:
    """Decision 23: twice the same index in the simulation, beside the matrix in the heatmap."""
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        step = {"name": "Night peel", "key_actives": ["retinol", "glycolic acid"]}
        answer = await client.post(SIMULATE, {"routine": {"pm": [step]}})
        (conflict,) = answer.payload("routine_simulation")["conflicts"]
        assert conflict["step_indices"] == [0, 0]
        drawn = answer.payload("conflict_heatmap")
        assert drawn["state"] == "has_conflicts_partial"
        assert drawn["cells"]["items"] == []
        assert [one["rule_id"] for one in drawn["unmapped_conflicts"]] == ["retinoid_x_acids"]


async def test_row_39_an_empty_routine_is_safe_and_a_wrong_one_refused(sandbox: Served) -> None:
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        answer = await client.post(SIMULATE, {})
        assert answer.payload("routine_simulation")["safe"] is True
        assert answer.payload("conflict_heatmap")["state"] == "unavailable"
        for body in (
            {"routine": {"noon": []}},
            {"routine": {"am": ["retinol"]}},
            {"routine": {"am": [{}] * 41}},
            {"test_product": None},
            {"test": {}},
        ):
            refused = await client.post(SIMULATE, body)
            assert (refused.status, refused.error) == (400, "BAD_REQUEST")
        assert (await client.post(SIMULATE, {}, uid=None)).error == "MISSING_AURORA_UID"


@pytest.mark.parametrize(
    ("message", "lang"),
    [
        ("Can I layer retinol with glycolic acid on the same night?", "EN"),
        ("阿达帕林和果酸可以同晚用吗", "CN"),
        ("维 A 和 果 酸 能不能一起用？", "CN"),
    ],
)
async def test_row_40_a_conflict_question_looks_at_nothing_stored(
    sandbox: Served, message: str, lang: str
) -> None:
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        stored: dict[str, Any] = {
            **CORE,
            "pregnancy_status": "not_pregnant",
            "age_band": "25_34",
            "currentRoutine": {"am": [{"name": "Vitamin C"}], "pm": [{"name": "BPO gel"}]},
        }
        assert (await client.post("/v1/profile/update", stored)).status == 200
        answer = await chat(client, {"message": message}, lang)
        simulation, drawn = answer.payload("routine_simulation"), answer.payload("conflict_heatmap")
        assert [c["rule_id"] for c in simulation["conflicts"]] == ["retinoid_x_acids"]
        assert len(drawn["axes"]["rows"]["items"]) == 2
        assert [cell["rule_ids"] for cell in drawn["cells"]["items"]] == [["retinoid_x_acids"]]
        assert not sandbox.state.calls
