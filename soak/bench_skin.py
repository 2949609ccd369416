"""What measuring a photo costs: `python -m soak.bench_skin`.

CPU of one 12-megapixel JPEG from bytes to findings, and the peak memory of a worker with the largest pictures
that are admitted, each in a process of its own with the limits of `aurora.skin.job`.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np
from PIL import Image

from aurora.skin.decode import MOST_PIXELS, MOST_PIXELS_PROGRESSIVE
from aurora.skin.job import measure_photo, prepare
from soak.skin_variants import portrait
from soak.stats import Figure, median, table

CPU_TARGET_MS: Final = 400
MEMORY_TARGET_MB: Final = 400


def photo(pixels: int, kind: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    """The portrait at 4:3 and some size, with the grain of a sensor."""
    width = int((pixels * 4 / 3) ** 0.5) // 4 * 4
    height = pixels // width
    picture = Image.fromarray(portrait()[:384]).resize((width, height), Image.Resampling.BICUBIC)
    if pixels <= 12_000_000:
        noise = np.random.default_rng(1).integers(-6, 7, (height, width, 1), dtype=np.int16)
        grainy = np.clip(np.asarray(picture).astype(np.int16) + noise, 0, 255).astype(np.uint8)
        picture = Image.fromarray(grainy)
    out = BytesIO()
    picture.convert(mode).save(out, kind, **options)
    return out.getvalue()


LARGEST: Final[dict[str, Callable[[], bytes]]] = {
    "JPEG": lambda: photo(MOST_PIXELS["jpeg"]),
    "progressive JPEG": lambda: photo(MOST_PIXELS_PROGRESSIVE, progressive=True, subsampling=0),
    "CMYK JPEG": lambda: photo(MOST_PIXELS["jpeg"], mode="CMYK"),
    "PNG": lambda: photo(MOST_PIXELS["png"], "PNG", compress_level=6),
    "PNG with alpha": lambda: photo(MOST_PIXELS["png"], "PNG", "RGBA", compress_level=6),
    "GIF": lambda: photo(MOST_PIXELS["gif"], "GIF", "P"),
    "WebP": lambda: photo(MOST_PIXELS["webp"], "WEBP", method=0),
    "HEIC": lambda: photo(MOST_PIXELS["heif"], "HEIF", quality=60),
}


def peak_of(data: bytes) -> tuple[str, float]:
    """How a photo ended, and this process's peak resident memory in MB."""
    seen = measure_photo(data)
    return seen.problem or seen.quality.grade, _high_water_mb()


def _high_water_mb() -> float:
    """VmHWM; `ru_maxrss` would remember the process that this one was forked from."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cpu_of(data: bytes, rounds: int) -> list[float]:
    """CPU of measuring `data` again and again, in ms."""
    spent: list[float] = []
    for _ in range(rounds):
        begun = time.process_time()
        measure_photo(data)
        spent.append((time.process_time() - begun) * 1000)
    return spent


def _alone() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=prepare)


def measure(rounds: int) -> list[Figure]:
    """CPU of a 12-megapixel JPEG, and the peak memory of a worker with each of the largest pictures."""
    data = photo(12_000_000, quality=90)
    with _alone() as process:
        spent = process.submit(cpu_of, data, rounds).result()
    cpu = median(spent)
    figures = [
        Figure(
            group="skin", name="12 MP JPEG from bytes to findings, CPU", value=cpu, unit="ms",
            target=f"<= {CPU_TARGET_MS}", ok=cpu <= CPU_TARGET_MS,
            note=f"{len(data) / 1e6:.1f} MB, worst {max(spent):.0f} ms",
        )
    ]  # fmt: skip
    for name, made in LARGEST.items():
        picture = made()
        with _alone() as process:
            ended, peak = process.submit(peak_of, picture).result()
        figures.append(
            Figure(
                group="skin", name=f"peak of a worker, largest {name}", value=peak, unit="MB",
                target=f"<= {MEMORY_TARGET_MB}", ok=peak <= MEMORY_TARGET_MB,
                note=f"{len(picture) / 1e6:.1f} MB, ended as {ended}",
            )
        )  # fmt: skip
    return figures


@click.command()
@click.option("--rounds", default=15, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures as JSON.")
def main(rounds: int, out: Path | None) -> None:
    """Print the figures."""
    figures = measure(rounds)
    click.echo(table(figures))
    if out is not None:
        out.write_bytes(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
