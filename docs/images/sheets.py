"""Draws ``transitions.jpg`` and ``pictures.jpg`` of this folder anew, from pictures of the bundled sample.

``python docs/images/sheets.py``: each cell is a frame as a segment would have it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from ruamel.yaml import YAML

from services.content.providers.offline.image import OfflineImage
from services.content.providers.port import ImageRequest
from services.orchestrator.domain.motion import motion_for
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.fonts import faces
from services.renderer.pipeline.planes import new_frame
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.revisions import Camera, Focus, SlideLook
from shared.contracts.timeline import (
    CaptionStyle,
    ClipTail,
    Direction,
    EncodingProfile,
    Fit,
    FrameSize,
    PictureClip,
    Rate,
    SegmentSpec,
    Transition,
    TransitionKind,
)

FOLDER = Path(__file__).parent
SAMPLE = FOLDER.parents[1] / "studiomatic" / "sample" / "project.yaml"
WIDE, TALL = FrameSize(width=240, height=136), FrameSize(width=136, height=240)
SECONDS, RATE = 5, Rate(numerator=30)
FRAMES = SECONDS * 30
TRANSITIONS = [
    ("crossfade", Transition(kind=TransitionKind.CROSSFADE, frames=15)),
    ("fade", Transition(kind=TransitionKind.FADE, frames=15, colour="#101820")),
    ("slide, left", Transition(kind=TransitionKind.SLIDE, frames=15)),
    ("push, up", Transition(kind=TransitionKind.PUSH, frames=15, direction=Direction.UP)),
    ("wipe, right", Transition(kind=TransitionKind.WIPE, frames=15, direction=Direction.RIGHT)),
    ("zoom", Transition(kind=TransitionKind.ZOOM, frames=15)),
]
GAP, LABEL = 6, 20
PAPER, INK = "#FFFFFF", "#303438"


class Atelier:
    """Paints the sample's pictures and composes frames of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prompts = [slide["image_prompt"] for slide in YAML(typ="safe").load(SAMPLE)["slides"]]
        self._files: dict[str, Path] = {}

    def picture(self, slide: int, width: int, height: int) -> ImageReference:
        path = self._folder / f"{slide}-{width}x{height}.jpg"
        OfflineImage().generate(ImageRequest(prompt=self._prompts[slide], width=width, height=height), path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._files[sha256] = path
        asset = AssetReference(
            key=f"accounts/docs/{sha256}",
            sha256=sha256,
            size_bytes=path.stat().st_size,
            media_type="image/jpeg",
        )
        return ImageReference(asset=asset, width=width, height=height)

    def frames(
        self,
        image: ImageReference,
        look: SlideLook,
        size: FrameSize,
        numbers: Iterable[int],
        coming: tuple[Transition, ImageReference] | None = None,
    ) -> list[Image.Image]:
        """Frames of a slide, which comes in over another picture if ``coming`` says so."""
        clip = PictureClip(**_shown(image, look, size), transition_in=coming[0] if coming else Transition())
        spec = SegmentSpec(
            rate=RATE,
            size=size,
            profile=EncodingProfile.HIGH,
            caption_style=CaptionStyle(),
            clip=clip,
            before=ClipTail(**_shown(coming[1], SlideLook(), size)) if coming else None,
            first_frame=0,
            frames=FRAMES,
        )
        composer, frame = SegmentComposer(spec, self._files), new_frame(size.width, size.height)
        drawn = []
        for number in numbers:
            composer.compose(number, frame)
            drawn.append(frame.reformat(format="rgb24", src_colorspace="ITU709").to_image())
        return drawn


def _shown(image: ImageReference, look: SlideLook, size: FrameSize) -> dict[str, object]:
    return {
        "image": image,
        "fit": look.fit,
        "frames": FRAMES,
        "motion_frames": FRAMES,
        "motion": motion_for(image, look, size, SECONDS),
    }


def row(label: str, frames: list[Image.Image]) -> Image.Image:
    """Frames side by side, with words above."""
    width = sum(frame.width + GAP for frame in frames) - GAP
    sheet = Image.new("RGB", (width, LABEL + frames[0].height), PAPER)
    ImageDraw.Draw(sheet).text((0, 1), label, INK, faces()[0].at(13))
    for number, frame in enumerate(frames):
        sheet.paste(frame, (number * (frame.width + GAP), LABEL))
    return sheet


def column(rows: list[Image.Image]) -> Image.Image:
    """Rows below each other."""
    sheet = Image.new("RGB", (max(part.width for part in rows), sum(part.height + GAP for part in rows)), PAPER)
    top = 0
    for part in rows:
        sheet.paste(part, (0, top))
        top += part.height + GAP
    return sheet


def transitions(atelier: Atelier) -> Image.Image:
    """A row for each kind."""
    before, image = atelier.picture(0, 960, 544), atelier.picture(1, 960, 544)
    return column(
        [
            row(label, atelier.frames(image, SlideLook(), WIDE, (1, 4, 7, 10, 13), (transition, before)))
            for label, transition in TRANSITIONS
        ]
    )


def pictures(atelier: Atelier) -> Image.Image:
    """Fits and camera moves, wide frames above, tall ones below."""
    wide, tall = atelier.picture(1, 1440, 816), atelier.picture(1, 816, 1440)
    numbers = np.linspace(0, FRAMES - 1, 5).round().astype(int)
    focus = Focus(x_permille=450, y_permille=400)
    looks = [
        ("portrait in landscape: fit: contain", tall, SlideLook(fit=Fit.CONTAIN)),
        ("fit: cover, camera: pan, focus: [0.45, 0.4]", tall, SlideLook(camera=Camera.PAN, focus=focus)),
        ("camera: zoom_in", wide, SlideLook(camera=Camera.ZOOM_IN, focus=focus)),
        ("camera: zoom_out", wide, SlideLook(camera=Camera.ZOOM_OUT, focus=focus)),
    ]
    rows = [row(label, atelier.frames(image, look, WIDE, numbers)) for label, image, look in looks]
    contained = row(
        "landscape in portrait: contain", atelier.frames(wide, SlideLook(fit=Fit.CONTAIN), TALL, (0, 149))
    )
    panned = row("cover, pan", atelier.frames(wide, SlideLook(camera=Camera.PAN), TALL, numbers))
    below = Image.new("RGB", (rows[0].width, contained.height), PAPER)
    below.paste(contained, (0, 0))
    below.paste(panned, (contained.width + 5 * GAP, 0))
    return column([*rows, below])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        atelier = Atelier(Path(folder))
        for name, draw in (("transitions", transitions), ("pictures", pictures)):
            draw(atelier).save(FOLDER / f"{name}.jpg", quality=82, optimize=True)
