"""Contract C 32, rows 33 and 37, and C 30 beside them, with the analysis after an upload switched on.

With the default, in which the client asks for it itself, they are in `test_c32_photos` (decision 27).
"""

from __future__ import annotations

import pytest

from aurora.sandbox.photos import STORAGE
from tests.contract.test_c32_analysis import R
from tests.support.photos import photo_house, picture, taken_in
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient
from tests.web.test_photo_upload import B, body, photo


async def upload(client: WebClient, name: str) -> WebAnswer:
    return await client.send(
        "POST",
        "/v1/photos/upload",
        body=body(photo(picture(name), type_="image/jpeg"), slot_id="daylight", consent="true"),
        content_type=f"multipart/form-data; boundary={B}",
    )


def types(answer: WebAnswer) -> list[str]:
    assert answer.status == 200
    return [card["type"] for card in answer.json["cards"]]


def moments(answer: WebAnswer) -> list[tuple[str, str | None]]:
    told = [e["data"] for e in answer.json["events"] if e["event_name"] == "value_moment"]
    return [(data["kind"], data.get("source")) for data in told]


def downloads(sandbox: Served) -> int:
    return sum(call.method == "GET" and call.path.startswith(STORAGE) for call in sandbox.state.calls)


async def test_row_33_an_upload_brings_its_analysis_and_is_not_fetched_for_the_next(sandbox: Served) -> None:
    async with photo_house(sandbox, photo_auto_analysis=True, photo_modules_enabled=True) as client:
        answer = await upload(client, "red")
        assert types(answer) == ["photo_confirm", "analysis_summary", "photo_modules_v1"]
        assert answer.payload("photo_confirm")["qc_status"] == "passed"
        assert answer.payload("analysis_summary")["used_photos"] is True
        assert moments(answer) == [("photo_upload", None), ("skin_analysis", "photo_auto")]
        photo_id = answer.payload("photo_confirm")["photo_id"]
        sent = {"slot_id": "daylight", "photo_id": photo_id, "qc_status": "passed"}
        asked = await client.post(
            "/v1/analysis/skin", {"use_photo": True, "currentRoutine": R, "photos": [sent]}
        )
    assert asked.payload("analysis_summary")["used_photos"] is True
    assert downloads(sandbox) == 0


async def test_row_37_a_confirmed_photo_is_fetched_and_analysed(sandbox: Served) -> None:
    async with photo_house(sandbox, photo_auto_analysis=True) as client:
        photo_id = await taken_in(client, picture("red"))
        answer = await client.post("/v1/photos/confirm", {"photo_id": photo_id, "slot_id": "daylight"})
    assert types(answer) == ["photo_confirm", "analysis_summary"]
    assert answer.payload("analysis_summary")["analysis_source"] == "diagnosis_v1_template"
    assert moments(answer) == [("photo_confirm", None), ("skin_analysis", "photo_auto")]
    assert downloads(sandbox) == 1


async def test_c30_an_undecodable_photo_that_passed_its_check(sandbox: Served) -> None:
    async with photo_house(sandbox, photo_auto_analysis=True) as client:
        photo_id = await taken_in(client, picture("broken"))
        answer = await client.post("/v1/photos/confirm", {"photo_id": photo_id, "slot_id": "daylight"})
    assert types(answer) == ["photo_confirm", "analysis_summary"]
    assert isinstance(answer.payload("analysis_summary")["used_photos"], bool)


async def test_c30_a_recorder_that_throws_costs_the_analysis_only(
    sandbox: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a label that is none")

    monkeypatch.setattr("aurora.flows.photo_analysis.count", broken)
    async with photo_house(sandbox, photo_auto_analysis=True) as client:
        answer = await upload(client, "red")
    assert types(answer) == ["photo_confirm"]
    assert answer.event("error")["data"] == {"code": "PHOTO_AUTO_ANALYSIS_FAILED"}
