"""Analyses of photos beside other turns: what one costs through HTTP, and how late budgets are cut meanwhile.

A 12-megapixel JPEG is uploaded once for each person; then it is analysed again and again, first by one, then
by eight people at once while volleys of recommendation turns wait for an upstream that never answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
import httpx2

from soak import bench_overshoot, people, servers
from soak.bench_skin import photo
from soak.servers import Running
from soak.stats import Figure, median

AT_ONCE = 8
TURNS = 20
CPU_TARGET_MS = 400.0
OVERSHOOT_TARGET_MS = 50.0


def measure(rounds: int, volleys: int) -> list[Figure]:
    """All figures of photos. Raises NotThereError when turns or analyses are not those meant."""
    picture = photo(12_000_000, quality=90)
    with (
        servers.black_hole() as hole,
        servers.sandbox() as bridge,
        servers.service(
            hole.url,
            bridge.url,
            PIVOTA_BACKEND_AGENT_API_KEY="bench",
            AURORA_BFF_CHAT_RECO_BUDGET_MS=str(bench_overshoot.BUDGET_MS),
            LLM_KILL_SWITCH="true",
            AURORA_MAX_TURNS="512",
        ) as service,
    ):
        uids = [f"bench-{number}" for number in range(TURNS)]
        bench_overshoot.prepare(service, uids)
        people_with_photos = [Patient(service, f"photo-{number}", picture) for number in range(AT_ONCE)]
        figures = [_alone(service, people_with_photos[0], rounds)]
        requests = [people.reco(uid) for uid in uids]
        quiet = [bench_overshoot.volley(service, requests, "spread").p99 for _ in range(volleys)]
        with at_work(people_with_photos) as done:
            busy = [bench_overshoot.volley(service, requests, "spread").p99 for _ in range(volleys)]
        late = median(busy)
    figures += [
        Figure(
            group="photos", name=f"overshoot p99 of {TURNS} other turns, {AT_ONCE} analyses at once",
            value=late, unit="ms", target=f"<= {OVERSHOOT_TARGET_MS:.0f}", ok=late <= OVERSHOOT_TARGET_MS,
            note=f"{len(done)} analyses meanwhile; " + ", ".join(f"{p99:.0f}" for p99 in busy),
        ),
        Figure(group="photos", name="the same without analyses", value=median(quiet), unit="ms"),
    ]  # fmt: skip
    return figures


class Patient:
    """Somebody whose photo is uploaded. Raises NotThereError when it is not taken in."""

    def __init__(self, service: Running, uid: str, picture: bytes) -> None:
        self._client = httpx2.Client(
            base_url=service.url, headers={"X-Aurora-UID": uid}, timeout=60, trust_env=False
        )
        self._client.post("/v1/profile/update", json=people.PROFILE).raise_for_status()
        answer = self._client.post(
            "/v1/photos/upload",
            data={"slot_id": "daylight", "consent": "true"},
            files={"photo": ("me.jpg", picture, "image/jpeg")},
        )
        if answer.status_code != 200:
            raise bench_overshoot.NotThereError(f"upload: {answer.status_code} {answer.text[:300]}")
        self._photo_id = answer.json()["cards"][0]["payload"]["photo_id"]

    def analyse(self) -> float:
        """One analysis; the milliseconds it took. Raises NotThereError when the photo was not used."""
        body = {
            "use_photo": True,
            "currentRoutine": people.ROUTINE,
            "photos": [{"slot_id": "daylight", "photo_id": self._photo_id, "qc_status": "passed"}],
        }
        begun = time.perf_counter()
        answer = self._client.post("/v1/analysis/skin", json=body)
        took_ms = (time.perf_counter() - begun) * 1000
        payload = answer.json()["cards"][0]["payload"]
        if not payload.get("used_photos"):
            raise bench_overshoot.NotThereError(f"the photo was not used: {payload.get('quality_report')}")
        return took_ms


def _alone(service: Running, somebody: Patient, rounds: int) -> Figure:
    somebody.analyse()  # a worker has to be there
    cpu: list[float] = []
    wall: list[float] = []
    for _ in range(rounds):
        before = service.cost().python_s
        wall.append(somebody.analyse())
        cpu.append((service.cost().python_s - before) * 1000)
    spent = median(cpu)
    return Figure(
        group="photos", name="12 MP JPEG through HTTP, CPU of service and worker", value=spent, unit="ms",
        target=f"<= {CPU_TARGET_MS:.0f}", ok=spent <= CPU_TARGET_MS,
        note=f"median answer {median(wall):.0f} ms",
    )  # fmt: skip


@contextmanager
def at_work(everybody: list[Patient]) -> Iterator[list[float]]:
    """Each has her photo analysed again and again until the block ends. Yields what each one took."""
    done: list[float] = []
    over = threading.Event()

    def go_on(somebody: Patient) -> None:
        while not over.is_set():
            done.append(somebody.analyse())

    threads = [threading.Thread(target=go_on, args=(somebody,)) for somebody in everybody]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        over.set()
        for thread in threads:
            thread.join()


@click.command()
@click.option("--rounds", default=15, show_default=True)
@click.option("--volleys", default=8, show_default=True)
def main(rounds: int, volleys: int) -> None:
    """Print the figures."""
    from soak.stats import table

    click.echo(table(measure(rounds, volleys)))


if __name__ == "__main__":
    main()
