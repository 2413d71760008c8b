"""What each encoding profile costs and gives in every codec: the table that HEVC's and VP9's settings were chosen from.

``python -m benchmarks.renderer.codecs [PICTURE PICTURE]``: composes a slide at 1080p30 (moving, fading in, with
captions) of a landscape with fine texture and grain, or of your own pictures, at least two of 1536x1024, and
encodes it from memory on one thread. Prints CPU time, size, and the structural similarity of luma.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av

from benchmarks.renderer.cpu import cpu_seconds
from benchmarks.renderer.encoding import composed
from benchmarks.renderer.quality import ssim_decibels
from benchmarks.renderer.slideshow import SIZES, landscapes, reference_of, slideshow
from services.renderer.pipeline.encode import video_encoder
from shared.contracts.timeline import EncodingProfile, SegmentSpec, VideoCodec

_FRAMES = 45


def main(own: Sequence[str]) -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [(reference_of(Path(path)), Path(path)) for path in own] or landscapes(Path(folder), 2)
        images = {reference.asset.sha256: path for reference, path in pictures}
        shown = slideshow([reference for reference, _ in pictures], SIZES["1080p"])[1]
        spec = shown.model_copy(update={"frames": _FRAMES})
        frames = composed(spec, images)
        print(f"| 1080p, {_FRAMES} frames | CPU, ms a frame | KiB | SSIM-Y, dB |\n|---|---|---|---|")
        for profile in EncodingProfile:
            for codec in VideoCodec:
                _print_row(
                    spec.model_copy(update={"profile": profile, "codec": codec}), frames, Path(folder) / "out"
                )
    return 0


def _print_row(spec: SegmentSpec, frames: Sequence[av.VideoFrame], path: Path) -> None:
    def encode() -> None:
        with video_encoder(path, spec.size, spec.rate, spec.profile, spec.codec, frames=len(frames)) as encoder:
            for frame in frames:
                encoder.add(frame)

    cost = 1000 * cpu_seconds(encode) / len(frames)
    likeness = ssim_decibels(path, frames)
    print(
        f"| {spec.profile} {spec.codec} | {cost:.1f} | {path.stat().st_size >> 10} | {likeness:.2f} |", flush=True
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
