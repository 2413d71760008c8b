"""What encoder settings cost and give: the table that the encoding profiles were chosen from.

``python -m benchmarks.renderer.profiles [PICTURE PICTURE ...]``: composes slides of 2.5 s at 1080p30 (moving, fading
into each other, with captions) of landscapes with fine texture and grain, or of your own pictures, at least two of
1536x1024, and encodes them from memory on one thread with each of the candidates. Then the same at 2160p with what
the profiles mean. Prints CPU time, size, and the structural similarity of luma; a star marks what a profile means.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.renderer.cpu import cpu_seconds
from benchmarks.renderer.encoding import composed, encode_frames, standard_means
from benchmarks.renderer.quality import ssim_decibels
from benchmarks.renderer.slideshow import SIZES, landscapes, reference_of, slideshow
from services.renderer.pipeline.encode import SETTINGS, EncoderSettings
from shared.contracts.timeline import SegmentSpec

_CANDIDATES = (
    ("ultrafast", 24, 10),
    ("superfast", 26, 10),
    ("superfast", 22, 10),
    ("superfast", 19, 5),
    ("superfast", 19, 10),
    ("superfast", 19, 20),
    ("superfast", 19, 40),
    ("superfast", 17, 10),
    ("superfast", 15, 10),
    ("veryfast", 22, 10),
    ("veryfast", 19, 10),
    ("veryfast", 17, 30),
    ("faster", 17, 30),
    ("fast", 17, 30),
    ("medium", 20, 30),
    ("medium", 17, 30),
    ("slow", 17, 30),
)


def main(own: Sequence[str]) -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [(reference_of(Path(path)), Path(path)) for path in own] or landscapes(Path(folder), 2)
        references = [reference for reference, _ in pictures]
        images = {reference.asset.sha256: path for reference, path in pictures}
        candidates = [EncoderSettings(preset=p, crf=crf, lookahead_frames=ahead) for p, crf, ahead in _CANDIDATES]
        print_table("1080p", slideshow(references, SIZES["1080p"])[1:], images, candidates, Path(folder))
        short = slideshow(references, SIZES["2160p"])[1].model_copy(update={"frames": 30})
        print_table("2160p", [short], images, tuple(SETTINGS.values()), Path(folder))
    return 0


def print_table(
    name: str,
    segments: Sequence[SegmentSpec],
    images: dict[str, Path],
    candidates: Sequence[EncoderSettings],
    folder: Path,
) -> None:
    """Encode the segments with each of the settings, and print a line for each."""
    frames = [(spec, composed(spec, images)) for spec in segments]
    count = sum(spec.frames for spec in segments)
    print(f"| {name}, {count} frames | CPU, ms a frame | KiB | SSIM-Y, dB |\n|---|---|---|---|")
    for settings in candidates:
        seconds, size, likeness, path = 0.0, 0, 0.0, folder / "encoded.mp4"
        for spec, originals in frames:
            with standard_means(settings):
                seconds += cpu_seconds(partial(encode_frames, originals, spec, path))
            size += path.stat().st_size
            likeness += ssim_decibels(path, originals) / len(frames)
        chosen = "".join(f" *{profile}" for profile, meant in SETTINGS.items() if meant == settings)
        label = f"{settings.preset} crf {settings.crf}, {settings.lookahead_frames} ahead{chosen}"
        print(f"| {label} | {1000 * seconds / count:.1f} | {size >> 10} | {likeness:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
