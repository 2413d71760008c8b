"""What rendering costs beyond what the encoder alone costs for the same frames.

``python -m benchmarks.renderer.overhead``: 1080p30, slides of 2.5 s that move, fade into each other for 15 frames and
have captions word by word. Renders each slide as a warm render child does (picture decoded, scaled and converted,
captions drawn, all frames composed, encoded and muxed; the picture of the slide before is at hand), and encodes the
very same frames from memory, in turns, on one thread. Prints the ratio of CPU times for three x264 presets: the sum
over slides of the medians of all rounds, so that a busy neighbour in one round does not count. The bytes must be the
same both ways. Ends with status 1 if a target is missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.renderer.cpu import cpu_seconds
from benchmarks.renderer.encoding import composed, encode_frames, standard_means
from benchmarks.renderer.slideshow import SIZES, painted, slideshow
from services.renderer.pipeline import encode
from services.renderer.pipeline.encode import EncoderSettings
from services.renderer.pipeline.segment import render_segment
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.timeline import EncodingProfile, SegmentSpec

STANDARD = encode.SETTINGS[EncodingProfile.STANDARD]


@dataclass(frozen=True, kw_only=True)
class Target:
    """How much more than the encoder alone a render may cost, for one set of encoder settings."""

    name: str
    settings: EncoderSettings
    most: float
    slides: int
    rounds: int


TARGETS = (
    Target(name="superfast + mbtree (standard)", settings=STANDARD, most=1.10, slides=4, rounds=7),
    Target(
        name="veryfast",
        settings=EncoderSettings(preset="veryfast", crf=20, lookahead_frames=10),
        most=1.06,
        slides=4,
        rounds=5,
    ),
    Target(
        name="medium",
        settings=EncoderSettings(preset="medium", crf=20, lookahead_frames=40),
        most=1.03,
        slides=2,
        rounds=3,
    ),
)


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [painted(Path(folder), number) for number in range(4)]
        images = {reference.asset.sha256: path for reference, path in pictures}
        segments = slideshow([reference for reference, _ in pictures], SIZES["1080p"])
        kept = [ratio_kept(target, segments, images, Path(folder)) for target in TARGETS]
    print("kept" if all(kept) else "MISSED")
    return 0 if all(kept) else 1


def ratio_kept(target: Target, segments: list[SegmentSpec], images: dict[str, Path], folder: Path) -> bool:
    """Render and encode slides in turns; prints what both cost."""
    with standard_means(target.settings):
        sides = [both_ways(spec, images, folder, target.rounds) for spec in segments[: target.slides]]
    whole, alone = (sum(seconds) for seconds in zip(*sides, strict=True))
    kept = whole / alone <= target.most
    print(
        f"{target.name}: render {whole:.2f}, encoder alone {alone:.2f} CPU s for {target.slides} slides;"
        f" {whole / alone:.3f}x, target {target.most:.2f}x: {'ok' if kept else 'missed'}",
        flush=True,
    )
    return kept


def both_ways(spec: SegmentSpec, images: dict[str, Path], folder: Path, rounds: int) -> tuple[float, float]:
    """Median CPU time of a render of one slide, and of encoding its frames from memory [s]."""
    frames = composed(spec, images)
    rendered, encoded = folder / "rendered.mp4", folder / "encoded.mp4"

    whole, alone = [], []
    for turn in range(rounds):
        stills = after_the_slide_before(spec, images)
        render = partial(render_segment, spec, images, rendered, unwatched, stills)
        for seconds, step in ((whole, render), (alone, partial(encode_frames, frames, spec, encoded)))[
            :: 1 if turn % 2 else -1
        ]:
            seconds.append(cpu_seconds(step))
    assert rendered.read_bytes() == encoded.read_bytes(), "rendering and encoding gave other bytes"
    return statistics.median(whole), statistics.median(alone)


def after_the_slide_before(spec: SegmentSpec, images: dict[str, Path]) -> StillCache:
    """What a child has at hand that has just rendered the segment before."""
    stills = StillCache()
    if spec.before is not None:
        image = spec.before.image
        stills.load(images[image.asset.sha256], image, spec.before.motion, spec.size)
    return stills


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    sys.exit(main())
