"""`python -m soak.skin_calibration`: measures every variant of the portrait and writes docs/skin-measures.md.

Pictures go to docs/images/skin-*.png. With --golden it also writes tests/skin/golden/variants.json: do so
only when a measure was changed on purpose.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

import click
import cv2
import msgspec
import numpy as np
from PIL import Image

from aurora.skin import detectors, face, measured, quality
from aurora.skin.findings import Examined, examine
from aurora.skin.overlay import finding_picture, mask_picture
from soak.skin_variants import RGB, VARIANTS

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "skin-measures.md"
IMAGES: Final = ROOT / "docs" / "images"
GOLDEN: Final = ROOT / "tests" / "skin" / "golden" / "variants.json"
MOST_BYTES: Final = 60_000
SHOWN: Final[dict[str, tuple[str, str]]] = {
    "portrait": ("portrait", "The portrait as it is"),
    "redder cheeks, a* +12": ("redness", "Redder cheeks, a* +12"),
    "shine, 80 %": ("shine", "Shine, 80 %"),
    "18 spots": ("spots", "18 spots"),
    "inflamed cheeks, 40 %, L* 24": ("tone", "Deep skin of L* 24, cheeks inflamed by 40 %"),
}
_INTRO: Final = """# What pixels say

Written by `python -m soak.skin_calibration`; do not edit. `aurora analyze FILE` measures a photo of your own:
`--overlay OUT.png` shows what was measured, `--json` prints one document, `--lang CN` speaks Chinese.

A photo is decoded within bounds (`aurora/skin/decode.py`), the face found and cut out at a fixed scale
(`face.py`), the photo judged (`quality.py`), and five things measured (`detectors.py`), each against the face
itself. The formulas, units and numbers with their sources stand in those modules. In the service this runs in
worker processes that can be killed (`aurora/actors/pixels.py`).

Everything below is one public-domain face (NASA's portrait of Eileen Collins, as scikit-image ships it),
changed by `soak/skin_variants.py`. So it shows that measures move as they should and stay where they should.
It is no clinical validation, and the thresholds are working values.

## Pictures

From left to right: the face, what of it is measured (regions outlined), what was found (red redness, yellow
shine, blue texture, violet tone, green spots).
"""
_LIMITS: Final = """
## What it cannot do

- A face that is evenly red has no redness here: each face is its own measure.
- Redness, spots and shine come out alike on skin from L* 78 down to 24, and redness in 0.4 times the light
  too. Texture and uneven tone are measured in the light that skin sends back, so they show less on deep skin
  and in poor light: more of them may be there than is said. Enlarged like redness they would mostly be noise.
- Deep skin here is the portrait's own with more melanin, by the ratios of two printed colour patches. That
  tells of light and contrast, not of the features of other people.
- Light is judged by the scene: deep skin in a well-lit room passes, while a light face in a dark one does not
  (darker, x 0.25). Where a dark wall fills the picture, nothing bright tells of the light, and a photo may
  be called too dark that is not.
- A mask over mouth and chin, hair over an eye, heavy frames: no face is found, and the person is told what
  to uncover. A hand on a cheek or the chin leaves a face, of which the rest is measured.
- Heads that lean up to some 20 degrees are turned upright; photos that lie on their side without saying so in
  their EXIF are not recognised.
- Texture ends at 1 mm: pores themselves are smaller than a pixel of the canvas.
"""


_HEAD: Final = (
    "| Variant | Grade | Reasons | redness | shine | texture | tone | acne |\n"
    "|---|---|---|---|---|---|---|---|"
)


@click.command()
@click.option("--golden", is_flag=True, help="Write the golden vectors too.")
def main(golden: bool) -> None:
    """Measure, draw, write."""
    cv2.setNumThreads(1)
    all_seen = {name: examine(_png(made())) for name, made in VARIANTS.items()}
    text = [_INTRO]
    for name, (slug, title) in SHOWN.items():
        path = IMAGES / f"skin-{slug}.png"
        path.write_bytes(_strip(all_seen[name]))
        text.append(f"{title}:\n\n![{title}](images/{path.name})\n")
    text.append(_thresholds())
    text.append("## Every variant\n\nSeverity 0 to 4, and the confidence beside it.\n")
    text.append(_HEAD)
    text += [_row(name, seen) for name, seen in all_seen.items()]
    PAGE.write_text("\n".join(text) + "\n" + _LIMITS)
    click.echo(f"{PAGE.relative_to(ROOT)}: {len(all_seen)} variants")
    if golden:
        vectors = {name: seen.measured for name, seen in all_seen.items()}
        GOLDEN.write_bytes(msgspec.json.format(msgspec.json.encode(vectors), indent=1) + b"\n")


def _thresholds() -> str:
    steps = ", ".join(f"{begins}" for begins in measured.SEVERITY_FROM)
    gates = ", ".join(
        f"{reason} {quality.FAIL[reason]} / {quality.DEGRADED[reason]}"
        for reason in quality.DEGRADED
        if quality.FAIL[reason] >= 0
    )
    return (
        "## Numbers\n\n"
        f"- Canvas: {face.FACE_PX} pixels across the face box. Least skin for a finding: "
        f"{detectors.LEAST_SKIN_PX} pixels.\n"
        f"- Severities 1 to 4 begin at scores {steps} (contract C 19.10).\n"
        f"- A factor below the first number fails the photo, below the second degrades it: {gates}; "
        f"white_balance_unstable degrades below {quality.DEGRADED['white_balance_unstable']}; so does a "
        f"product of all below {quality.DEGRADED_PRODUCT} (contract C 19.4).\n"
    )


def _row(name: str, seen: Examined) -> str:
    shown = seen.measured
    found = {finding.issue_type: finding for finding in shown.findings}
    cells = [
        f"{found[issue].severity} ({found[issue].confidence:.2f})" if issue in found else "-"
        for issue in ("redness", "shine", "texture", "tone", "acne")
    ]
    return f"| {name} | {shown.quality.grade} | {', '.join(shown.quality.reasons)} | {' | '.join(cells)} |"


def _strip(seen: Examined) -> bytes:
    assert seen.face is not None
    data = _png(np.hstack([seen.face.rgb, mask_picture(seen.face), finding_picture(seen)]), colours=128)
    if len(data) > MOST_BYTES:
        raise ValueError(f"a picture of {len(data)} bytes")
    return data


def _png(picture: RGB, colours: int = 0) -> bytes:
    image = Image.fromarray(picture)
    out = BytesIO()
    (image.quantize(colours) if colours else image).save(out, "PNG", optimize=bool(colours))
    return out.getvalue()


if __name__ == "__main__":
    main()
