"""Single frames of a video that is not rendered, and all its slides on one sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.fonts import faces
from services.renderer.pipeline.planes import new_frame
from services.renderer.pipeline.segment import Progress
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.tasks import PreviewPlan, PreviewShot

CONTACT_SHEET = "contact_sheet.jpg"

# Longest side of a picture on the sheet [px]: the more slides, the smaller.
_TILE, _SMALL_TILE, _FEW = 480, 320, 12
_GAP, _LABEL_SIZE = 16, 20
_PAPER, _INK = "#16181D", "#E8EAED"
_JPEG_QUALITY = 88


def draw_preview(
    plan: PreviewPlan, images: Mapping[str, Path], folder: Path, progress: Progress, stills: StillCache
) -> tuple[str, ...]:
    """Write ``frame_<ms>.png`` for each single frame and ``contact_sheet.jpg``; returns their names.

    Frames are composed exactly as a render composes them, before the encoder.

    Args:
        images: Where the picture with a given SHA-256 lies.
        progress: Called with (done, total) frames; may raise to stop the work.
    Raises:
        BadAssetError: A picture is missing or not what its reference says.
        OSError: A file cannot be written; ``errno`` tells why.
    """
    total = len(plan.frames) + len(plan.contact_sheet)
    names: list[str] = []
    for shot in plan.frames:
        name = f"frame_{shot.at_ms}.png"
        _drawn(shot, images, stills).save(folder / name, "PNG")
        if name not in names:
            names.append(name)
        progress(len(names), total)
    if plan.contact_sheet:
        _sheet(plan.contact_sheet, images, stills, progress, total).save(
            folder / CONTACT_SHEET, "JPEG", quality=_JPEG_QUALITY, optimize=True
        )
        names.append(CONTACT_SHEET)
    return tuple(names)


def _drawn(shot: PreviewShot, images: Mapping[str, Path], stills: StillCache) -> Image.Image:
    size = shot.spec.size
    frame = new_frame(size.width, size.height)
    SegmentComposer(shot.spec, images, stills).compose(shot.spec.first_frame, frame)
    return Image.fromarray(frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray())


def _sheet(
    shots: Sequence[PreviewShot], images: Mapping[str, Path], stills: StillCache, progress: Progress, total: int
) -> Image.Image:
    """Slides in reading order, each with its number and its place in the video below it."""
    size = shots[0].spec.size
    scale = (_TILE if len(shots) <= _FEW else _SMALL_TILE) / max(size.width, size.height)
    width, height = round(size.width * scale), round(size.height * scale)
    columns = _columns(len(shots), width, height)
    rows = -(-len(shots) // columns)
    pitch = height + _LABEL_SIZE * 2
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * (pitch + _GAP) + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(sheet), faces()[0].at(_LABEL_SIZE)
    for index, shot in enumerate(shots):
        x, y = _GAP + index % columns * (width + _GAP), _GAP + index // columns * (pitch + _GAP)
        tile = _drawn(shot, images, stills).resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(tile, (x, y))
        draw.text((x, y + height + _LABEL_SIZE // 3), _label(shot, is_first=not index), fill=_INK, font=font)
        progress(total - len(shots) + index + 1, total)
    return sheet


def _columns(tiles: int, width: int, height: int) -> int:
    """About twice as wide as high, like a screen."""
    return min(tiles, max(1, round(math.sqrt(tiles * height / width * 2.3))))


def _label(shot: PreviewShot, *, is_first: bool) -> str:
    """Number and place; what has no number is the intro or the outro."""
    seconds = shot.at_ms // 1000
    return f"{shot.slide_number or ('Intro' if is_first else 'Outro')}   {seconds // 60}:{seconds % 60:02d}"
