"""The probes: they pass on a service as it is started, and notice one that does not keep the contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import msgspec
import pytest
import trio
from click.testing import CliRunner

from aurora.contract.envelope import Card, Envelope
from aurora.probe import cli, gates, runtime, wire
from aurora.probe.report import Report, Step
from aurora.probe.wire import Answer, Service, UnreachableError
from tests.support.server import running_server

LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])
MOCK = {
    "AURORA_BFF_USE_MOCK": "true",
    "AURORA_BFF_CONFLICT_HEATMAP_V1_ENABLED": "true",
    "AURORA_PRODUCT_REC_ALLOW_SEED_CATALOG": "true",
    "AURORA_BFF_RETENTION_DAYS": "0",
    "AURORA_BREAKER_ENABLED": "false",
    "LOG_LEVEL": "error",
}

Respond = Callable[[httpx2.Request], httpx2.Response]


def answer_of(*cards: Card, events: list[dict[str, Any]] | None = None, **patch: Any) -> Answer:
    """A lawful 200 with these cards."""
    envelope = Envelope("r", "t", None, [], list(cards), {"next_state": "IDLE_CHAT", **patch}, events or [])
    return Answer(200, envelope)


def card(kind: str, **payload: Any) -> Card:
    return Card(f"{kind}_1", kind, payload)


async def probed(probe: cli.Probe, respond: Respond, lang: Any = "EN") -> Report:
    """A probe's report on a service that answers like this."""
    report = Report(probe="test", base="http://service.test")
    async with httpx2.AsyncClient(base_url=report.base, transport=httpx2.MockTransport(respond)) as client:
        await probe(Service(client, lang), lang, report)
    return report


@LANGS
async def test_both_probes_pass_on_a_service_with_the_sandbox(lang: str) -> None:
    async with running_server(env=MOCK) as server:
        for name in ("gates", "runtime"):
            arguments = [name, "--base", server.url, "--lang", lang, "--json"]
            done = await trio.to_thread.run_sync(partial(CliRunner().invoke, cli.probe, arguments))
            assert done.exit_code == 0, done.output
            steps = msgspec.json.decode(done.stdout, type=Report).steps
            left = {step.name for step in steps if step.outcome != "ok"}
            assert left == set()
            assert len(steps) == {"gates": 10, "runtime": 13}[name]


@pytest.mark.parametrize("probe", [gates.gates, runtime.runtime])
async def test_a_service_that_answers_anything_fails_every_step(probe: cli.Probe) -> None:
    report = await probed(probe, lambda _: httpx2.Response(200, json={"hello": "there"}))
    assert {step.outcome for step in report.steps} == {"failed"}


@pytest.mark.parametrize("probe", [gates.gates, runtime.runtime])
async def test_lawful_envelopes_with_the_wrong_cards_are_noticed(probe: cli.Probe) -> None:
    lawful = msgspec.json.encode(answer_of(card("profile_deleted")).envelope)
    report = await probed(probe, lambda _: httpx2.Response(200, content=lawful))
    passed = {step.name for step in report.steps if step.outcome == "ok"}
    assert passed <= {"1 bootstrap"}


async def test_an_endpoint_that_is_not_there_is_missing_and_not_failed() -> None:
    absent = {"error": "NOT_FOUND"}
    report = await probed(runtime.runtime, lambda _: httpx2.Response(404, json=absent))
    told = {step.name: step.outcome for step in report.steps}
    assert told["8 product check"] == told["10 routine simulation"] == "missing"
    assert not report.steps[7].note


async def test_a_404_of_something_else_is_a_failure() -> None:
    report = await probed(runtime.runtime, lambda _: httpx2.Response(404, text="no such host"))
    assert {step.outcome for step in report.steps} == {"failed"}


@pytest.mark.parametrize(
    ("kind", "payload", "outcome"),
    [
        ("recommendations", {"source": "x", "recommendations": []}, "failed"),
        ("recommendations", {"recommendations": [{"product_id": "A", "reasons": ["fits your goal"]}]}, "ok"),
        ("recommendations", {"recommendations": [{"product_id": "A", "reasons": ["sells well"]}]}, "failed"),
        (
            "recommendations",
            {"recommendations": [{"product_id": "A ", "reasons": ["goal"]}, {"sku": {"sku_id": "a"}}]},
            "failed",
        ),
        (
            "recommendations",
            {"source": "artifact_matcher_v1", "recommendations": [{"product_id": "A"}]},
            "failed",
        ),
        (
            "recommendations",
            {"source": "artifact_matcher_v1", "recommendations": [{"matched_ingredients": ["x"]}]},
            "ok",
        ),
        ("product_parse", {}, "failed"),
    ],
)
def test_picks_need_reasons_and_no_product_twice(kind: str, payload: dict[str, Any], outcome: str) -> None:
    answer = answer_of(
        card(kind, **payload), events=[{"event_name": "recos_requested", "data": {"source": "upstream"}}]
    )
    step = Step(name="picks")
    runtime._picked(step, answer)
    assert step.outcome == outcome


def test_a_placeholder_heatmap_is_a_flag_that_is_off() -> None:
    step = Step(name="conflict")
    runtime._conflict(
        step,
        answer_of(
            card("routine_simulation"),
            card("conflict_heatmap", schema_version="aurora.ui.conflict_heatmap.v1"),
        ),
    )
    assert (step.outcome, step.problems) == ("flag off", [])
    assert "AURORA_BFF_CONFLICT_HEATMAP_V1_ENABLED" in step.note


async def test_more_than_a_sane_answer_is_not_read() -> None:
    with pytest.raises(UnreachableError, match="bytes came back"):
        await probed(gates.gates, lambda _: httpx2.Response(200, content=b"x" * (wire.MAX_BYTES + 1)))


async def test_everybody_a_probe_made_up_is_erased() -> None:
    erased: list[str] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/v1/profile/delete":
            erased.append(request.headers["X-Aurora-UID"])
        return httpx2.Response(200, json={})

    async with httpx2.AsyncClient(
        base_url="http://service.test", transport=httpx2.MockTransport(respond)
    ) as client:
        service = Service(client, "EN")
        await gates.gates(service, "EN", Report(probe="gates", base=""))
        met = [person.uid for person in service.people]
        await service.forget()
    assert sorted(met) == sorted(erased)
    assert len(set(met)) == 4


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("http://127.0.0.1:1", "connect"),
        ("", "http://"),
        ("127.0.0.1:8080", "http://"),
        ("file:///etc/passwd", "http://"),
    ],
)
def test_a_service_that_cannot_be_talked_to_is_exit_code_2(base: str, told: str) -> None:
    done = CliRunner().invoke(cli.probe, ["gates", "--base", base])
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_a_failing_run_is_exit_code_1_and_says_what_was_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(service: Service, lang: Any, report: Report) -> None:
        report.step("one", answer_of(card("profile"))).expect(None, "a better answer")
        report.step("two", Answer(404, None, "NOT_FOUND"))

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={}))
    monkeypatch.setattr(httpx2, "AsyncHTTPTransport", lambda **_: transport)
    monkeypatch.setitem(cli.PROBES, "gates", failing)
    done = CliRunner().invoke(cli.probe, ["gates", "--base", "http://service.test"])
    assert done.exit_code == 1
    assert "expected a better answer" in done.output
    assert "1 failed, 1 missing" in done.output


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 1)])
def test_what_is_missing_fails_only_when_told(
    strict: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def half(service: Service, lang: Any, report: Report) -> None:
        report.step("two", Answer(404, None, "NOT_FOUND"))

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={}))
    monkeypatch.setattr(httpx2, "AsyncHTTPTransport", lambda **_: transport)
    monkeypatch.setitem(cli.PROBES, "gates", half)
    arguments = ["gates", "--base", "http://service.test", *(["--strict"] if strict else [])]
    assert CliRunner().invoke(cli.probe, arguments).exit_code == code
