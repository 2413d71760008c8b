"""What rendering costs beyond what the encoder alone costs for the same frames.

``python -m benchmarks.renderer.overhead``: ten seconds of 1080p30, four slides that move, fade into each other for 15
frames and have captions word by word. Renders them as one warm render child does (pictures decoded, scaled and
converted, captions drawn, all frames composed, encoded and muxed), then encodes the very same frames from memory, in
turns, on one thread. Prints the ratio of CPU times (least of all rounds) for each x264 preset. The bytes must be the
same both ways. Then prints the most memory that a child held. Ends with status 1 if a target is missed.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av

from benchmarks.renderer.slideshow import SIZES, painted, slideshow
from services.renderer.child import RenderChild
from services.renderer.pipeline import encode
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.encode import EncoderSettings, video_encoder
from services.renderer.pipeline.planes import new_frame
from services.renderer.pipeline.segment import render_segment
from services.renderer.pipeline.still_cache import StillCache
from services.renderer.work import RenderSegmentWork
from shared.contracts.timeline import EncodingProfile, SegmentSpec

ROUNDS = 3
STANDARD = encode.SETTINGS[EncodingProfile.STANDARD]


@dataclass(frozen=True, kw_only=True)
class Target:
    """How much more than the encoder alone a render may cost, for one set of encoder settings."""

    name: str
    settings: EncoderSettings
    most: float


TARGETS = (
    Target(name="superfast + mbtree (standard)", settings=STANDARD, most=1.10),
    Target(name="veryfast", settings=EncoderSettings(preset="veryfast", crf=20, lookahead_frames=10), most=1.06),
    Target(name="medium", settings=EncoderSettings(preset="medium", crf=20, lookahead_frames=40), most=1.03),
)
MEMORY_TARGETS_MIB = {"1080p": 300, "2160p": 700}


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [painted(Path(folder), number) for number in range(4)]
        images = {reference.asset.sha256: path for reference, path in pictures}
        references = [reference for reference, _ in pictures]
        segments = slideshow(references, SIZES["1080p"])
        frames = [composed(spec, images) for spec in segments]
        kept = [ratio_kept(target, segments, frames, images, Path(folder)) for target in TARGETS]
        kept += [memory_kept(name, slideshow(references, SIZES[name]), images, Path(folder)) for name in SIZES]
    print("kept" if all(kept) else "MISSED")
    return 0 if all(kept) else 1


def composed(spec: SegmentSpec, images: dict[str, Path]) -> list[av.VideoFrame]:
    """All frames of a segment, in memory."""
    composer = SegmentComposer(spec, images)
    frames = [new_frame(spec.size.width, spec.size.height) for _ in range(spec.frames)]
    for number, frame in enumerate(frames):
        composer.compose(spec.first_frame + number, frame)
    return frames


def ratio_kept(
    target: Target,
    segments: list[SegmentSpec],
    frames: list[list[av.VideoFrame]],
    images: dict[str, Path],
    folder: Path,
) -> bool:
    """Render and encode in turns; prints what both cost."""
    rendered = [folder / f"rendered-{number}.mp4" for number in range(len(segments))]
    encoded = [folder / f"encoded-{number}.mp4" for number in range(len(segments))]

    def render() -> None:
        stills = StillCache()
        for spec, path in zip(segments, rendered, strict=True):
            render_segment(spec, images, path, unwatched, stills)

    def encode_only() -> None:
        for spec, kept, path in zip(segments, frames, encoded, strict=True):
            with video_encoder(path, spec.size, spec.rate, spec.profile) as encoder:
                for frame in kept:
                    encoder.add(frame)

    with standard_means(target.settings):
        rounds = [(cpu_seconds(render), cpu_seconds(encode_only)) for _ in range(ROUNDS)]
    whole, alone = (min(seconds) for seconds in zip(*rounds, strict=True))
    same = all(a.read_bytes() == b.read_bytes() for a, b in zip(rendered, encoded, strict=True))
    kept = whole / alone <= target.most and same
    print(
        f"{target.name}: render {whole:.2f}, encoder alone {alone:.2f} CPU s;"
        f" {whole / alone:.3f}x, target {target.most:.2f}x: {'ok' if kept else 'missed'}"
        f"{'' if same else ' (OTHER BYTES)'}",
        flush=True,
    )
    return kept


@contextmanager
def standard_means(settings: EncoderSettings) -> Iterator[None]:
    """Let the profile ``standard`` mean other encoder settings for a while."""
    before = encode.SETTINGS[EncodingProfile.STANDARD]
    encode.SETTINGS[EncodingProfile.STANDARD] = settings
    try:
        yield
    finally:
        encode.SETTINGS[EncodingProfile.STANDARD] = before


def memory_kept(name: str, segments: list[SegmentSpec], images: dict[str, Path], folder: Path) -> bool:
    """Most memory that one child held while it rendered the segments one after the other."""
    child = RenderChild()
    for spec in segments:
        (folder / "spec.json").write_text(spec.model_dump_json())
        work = RenderSegmentWork(spec=folder / "spec.json", images=images, out=folder / "child.mp4")
        child.run(work, on_progress=unwatched, deadline_s=600, cancelled=threading.Event())
    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
    child.kill()
    mebibytes = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))
    kept = mebibytes < MEMORY_TARGETS_MIB[name]
    print(f"{name}: child held {mebibytes} MiB, target < {MEMORY_TARGETS_MIB[name]}: {'ok' if kept else 'missed'}")
    return kept


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""


def cpu_seconds(step: Callable[[], None]) -> float:
    """User and system time of this process while ``step`` runs."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    step()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
