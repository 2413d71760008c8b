"""Renders one segment: composed frames in, an MP4 file with one video track out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.encode import video_encoder
from services.renderer.pipeline.planes import new_frame
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.timeline import SegmentSpec

Progress = Callable[[int, int], None]
"""Called with (done, total); may raise to stop the work."""


@dataclass(frozen=True, kw_only=True)
class SegmentReport:
    """What was rendered.

    ``missing_glyphs`` are characters of captions that no bundled font has, as ``U+XXXX``; they were left out.
    """

    frames: int
    missing_glyphs: tuple[str, ...] = ()


def render_segment(
    spec: SegmentSpec,
    images: Mapping[str, Path],
    out_path: Path,
    progress: Progress,
    stills: StillCache | None = None,
) -> SegmentReport:
    """Render a segment to an MP4 file whose pts start at 0.

    Equal spec and pictures give equal bytes on one machine, whichever process renders.

    Args:
        images: Where the picture with a given SHA-256 lies.
        stills: Pictures kept from earlier segments of the same account, and for later ones.
    Raises:
        BadAssetError: A picture is missing or not what its reference says.
        OSError: The file cannot be written; ``errno`` tells why.
    """
    composer = SegmentComposer(spec, images, stills)
    frame = new_frame(spec.size.width, spec.size.height)
    with video_encoder(out_path, spec.size, spec.rate, spec.profile, spec.codec, frames=spec.frames) as encoder:
        for done in range(spec.frames):
            composer.compose(spec.first_frame + done, frame)
            encoder.add(frame)
            progress(done + 1, spec.frames)
    return SegmentReport(frames=spec.frames, missing_glyphs=composer.missing_glyphs)
