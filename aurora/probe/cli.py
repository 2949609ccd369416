"""`aurora probe`: does a running service keep the contract? It writes as a made-up person, and erases her."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import partial

import click
import msgspec
import trio
from rich.console import Console

from aurora.contract.envelope import Lang
from aurora.probe.gates import gates
from aurora.probe.report import Outcome, Report
from aurora.probe.runtime import runtime
from aurora.probe.wire import Service, UnreachableError, service_at

Probe = Callable[[Service, Lang, Report], Awaitable[None]]
PROBES: dict[str, Probe] = {"gates": gates, "runtime": runtime}
_HELP = {
    "gates": "Four cases of the recommendation gates: no diagnosis, unsure, sure, a medical emergency.",
    "runtime": "One person's way through every endpoint, from the first bootstrap to UI events.",
}
_STYLES: dict[Outcome, str] = {"ok": "green", "failed": "bold red", "missing": "yellow", "flag off": "yellow"}


@click.group()
def probe() -> None:
    """Talk to a running service and check what it answers.

    Each person that a probe makes up is erased again. Exit code 0: nothing failed (what is missing or
    switched off is said). 1: something failed. 2: the service could not be talked to.
    """


def _command(name: str) -> click.Command:
    @click.command(name=name, help=_HELP[name])
    @click.option(
        "--base", required=True, metavar="URL", help="Where the service listens. No default: it writes."
    )
    @click.option("--lang", type=click.Choice(["EN", "CN"]), default="EN", show_default=True)
    @click.option("--json", "as_json", is_flag=True, help="The report as one JSON document.")
    @click.option("--strict", is_flag=True, help="A missing endpoint is a failure too.")
    @click.option("--keep", is_flag=True, help="Do not erase the people that the probe made up.")
    def command(base: str, lang: Lang, as_json: bool, strict: bool, keep: bool) -> None:
        if not base.startswith(("http://", "https://")):
            raise click.BadParameter("it begins with http:// or https://", param_hint="--base")
        report = Report(probe=name, base=base)
        try:
            trio.run(partial(_run, report, PROBES[name], lang, keep=keep))
        except* UnreachableError as group:
            for error in group.exceptions:
                click.echo(f"aurora: {error}", err=True)
            sys.exit(2)
        if as_json:
            click.echo(msgspec.json.encode(report).decode())
        else:
            _show(report)
        sys.exit(report.failed or (strict and report.missing))

    return command


for _name in PROBES:
    probe.add_command(_command(_name))


async def _run(report: Report, work: Probe, lang: Lang, *, keep: bool) -> None:
    async with service_at(report.base, lang) as service:
        report.build = await service.build()
        try:
            await work(service, lang, report)
        finally:
            if not keep:
                # Also after a failure; never for longer than a person waits.
                with trio.move_on_after(10, shield=True):
                    await service.forget()


def _show(report: Report) -> None:
    out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    out.print(f"{report.probe} at {report.base}" + (f" ({report.build})" if report.build else ""))
    for step in report.steps:
        out.print(f"{step.outcome:8}", style=_STYLES[step.outcome], end="  ")
        out.print(step.name + (f": {step.note}" if step.note else ""))
        for problem in step.problems:
            out.print(f"{'':10}expected {problem}" if step.outcome == "failed" else f"{'':10}{problem}")
    told = [step.outcome for step in report.steps]
    counts = ", ".join(f"{told.count(name)} {name}" for name in _STYLES if name in told)
    out.print(counts)
