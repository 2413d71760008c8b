"""Draws ``titles.jpg``: titles, lower thirds and a logo in frames of three aspects.

python docs/images/titles.py
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.content.providers.offline.painting.paint import work
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.planes import new_frame
from shared.contracts.look import Corner, Look, Watermark
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.timeline import (
    CaptionStyle,
    Cue,
    EncodingProfile,
    FrameSize,
    Motion,
    OnScreenTitle,
    PictureClip,
    Rate,
    SegmentSpec,
    TitleKind,
    View,
)

WIDE, TALL = FrameSize(width=1280, height=720), FrameSize(width=810, height=1440)
CAPTION = "Bees see ultraviolet light that we never notice in flowers"
HIGH, LOW = TitleKind.TITLE, TitleKind.LOWER_THIRD
OCHRE = Look(accent_colour="#FF7A3D", panel_colour="#14213D")
PAPER = Look(text_colour="#14213D", accent_colour="#C1121F", panel_colour="#FDF8EC")
FRAMES = 120


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        left = np.vstack(
            [
                studio.frame(
                    "meadow at dawn", WIDE, Look(), [(HIGH, "How bees find flowers", "A map of scent")], 60
                ),
                studio.frame("hive", WIDE, OCHRE, [(LOW, "Dr. Amelia Hartwood", "Ecologist, Bern")], 60, CAPTION),
            ]
        )
        middle = studio.frame("ocean", TALL, OCHRE, [(HIGH, "विद्यार्थी और फूल", "सुगंध का नक्शा")], 60, CAPTION)
        words = [(HIGH, "كيف تجد النحلة الأزهار", ""), (LOW, "د. أميليا هارتوود", "عالمة بيئة، جامعة برن")]
        right = studio.frame("desert", TALL, PAPER, words, 60)
        third = [(LOW, "Jonas Aalto", "Keeper of forty hives")]
        coming = [studio.frame("forest", WIDE, PAPER, third, frame)[390:570, :420] for frame in (4, 7, 10, 40)]
    top = np.hstack([left, middle, right])
    strip = np.hstack(coming)
    height = round(strip.shape[0] * top.shape[1] / strip.shape[1])
    sheet = np.vstack([top, cv2.resize(strip, (top.shape[1], height), interpolation=cv2.INTER_CUBIC)])
    sheet = cv2.resize(sheet, None, fx=0.44, fy=0.44, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(Path(__file__).with_name("titles.jpg")), sheet, [cv2.IMWRITE_JPEG_QUALITY, 82])


class Studio:
    """Draws single frames of slides that are painted for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}
        logo = folder / "logo.png"
        drawn_logo().save(logo)
        self._mark = Watermark(image=self._reference(logo, 512, 160), corner=Corner.TOP_RIGHT, width_permille=210)

    def frame(
        self,
        prompt: str,
        size: FrameSize,
        look: Look,
        titles: list[tuple[TitleKind, str, str]],
        frame_number: int,
        caption: str = "",
    ) -> NDArray[np.uint8]:
        path = self._folder / f"{prompt}-{size.width}.jpg"
        request = {"prompt": prompt, "style": "", "take": 1, "width": size.width, "height": size.height}
        work(request | {"target": str(path)})
        view = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
        clip = PictureClip(
            image=self._reference(path, size.width, size.height),
            frames=FRAMES,
            motion_frames=FRAMES,
            motion=Motion(start=view, end=view),
            cues=(Cue(start_frame=0, end_frame=FRAMES, text=caption),) if caption else (),
            titles=tuple(
                OnScreenTitle(kind=kind, text=text, detail=detail, start_frame=0, end_frame=FRAMES)
                for kind, text, detail in titles
            ),
        )
        spec = SegmentSpec(
            rate=Rate(numerator=30),
            size=size,
            profile=EncodingProfile.STANDARD,
            caption_style=CaptionStyle(),
            look=look.model_copy(update={"watermark": self._mark}),
            clip=clip,
            first_frame=0,
            frames=FRAMES,
        )
        frame = new_frame(size.width, size.height)
        SegmentComposer(spec, self._files).compose(frame_number, frame)
        return frame.reformat(format="bgr24", src_colorspace="ITU709").to_ndarray()  # type: ignore[return-value]

    def _reference(self, path: Path, width: int, height: int) -> ImageReference:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._files[digest] = path
        asset = AssetReference(
            key=f"accounts/a/assets/{digest}", sha256=digest, size_bytes=1, media_type="image/png"
        )
        return ImageReference(asset=asset, width=width, height=height)


def drawn_logo() -> Image.Image:
    """A hexagon and three lines, on nothing."""
    logo = Image.new("RGBA", (1024, 320))
    draw = ImageDraw.Draw(logo)
    draw.regular_polygon((160, 160, 140), 6, rotation=30, fill="#FFD23F")
    draw.regular_polygon((160, 160, 84), 6, rotation=30, fill="#1A1A1A")
    for row, length in enumerate((620, 460, 560)):
        draw.rounded_rectangle((360, 60 + 76 * row, 360 + length, 104 + 76 * row), 22, fill="#FFFFFF")
    return logo.resize((512, 160), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
