"""What a segment costs beside the encoder, and how much memory the render child takes.

``python -m benchmarks.renderer.segment``: renders a 1080p segment with camera move, crossfade and a caption in a
render child, composes the same frames without encoding them, and encodes them from memory without composing. Prints
CPU time for each frame and the ratios of one run, for each profile, and ends with status 1 if a promise is missed:
less than 600 MiB for the child at 1080p, and the same bytes whether frames are composed one by one or beforehand.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from benchmarks.renderer.slideshow import SIZES, painted
from services.renderer.child import RenderChild
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.encode import video_encoder
from services.renderer.pipeline.planes import new_frame, planes_of
from services.renderer.template import ChildTemplate
from services.renderer.work import RenderSegmentWork
from shared.contracts.references import ImageReference
from shared.contracts.timeline import (
    CaptionStyle,
    CaptionWord,
    ClipTail,
    Cue,
    EncodingProfile,
    FrameSize,
    Motion,
    PictureClip,
    Rate,
    SegmentSpec,
    Transition,
    TransitionKind,
    View,
)

FRAMES = 90
PROMISED_MIB = 600


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [painted(Path(folder), number) for number in range(2)]
        images = {image.asset.sha256: path for image, path in pictures}
        references = [image for image, _ in pictures]
        inputs = (references, images, Path(folder))
        kept = [costs(profile, *inputs) for profile in EncodingProfile]
        kept += [memory(name, profile, *inputs) for name in SIZES for profile in EncodingProfile]
    print("kept" if all(kept) else "MISSED")
    return 0 if all(kept) else 1


def costs(
    profile: EncodingProfile, references: list[ImageReference], images: dict[str, Path], folder: Path
) -> bool:
    """CPU time of composing, of encoding and of both, at 1080p."""
    spec = segment(profile, SIZES["1080p"], references)
    composed = [new_frame(spec.size.width, spec.size.height) for _ in range(spec.frames)]
    composer, frame = SegmentComposer(spec, images), new_frame(spec.size.width, spec.size.height)

    def compose() -> None:
        for number in range(spec.frames):
            composer.compose(number, frame)
            for kept, drawn in zip(planes_of(composed[number]), planes_of(frame), strict=True):
                kept[:] = drawn

    def encode() -> None:
        with video_encoder(folder / "alone.mp4", spec.size, spec.rate, profile) as encoder:
            for each in composed:
                encoder.add(each)

    def both() -> None:
        composer, frame = SegmentComposer(spec, images), new_frame(spec.size.width, spec.size.height)
        with video_encoder(folder / "both.mp4", spec.size, spec.rate, profile) as encoder:
            for number in range(spec.frames):
                composer.compose(number, frame)
                encoder.add(frame)

    spent = [cpu_milliseconds(step) / spec.frames for step in (compose, encode, both)]
    same = (folder / "alone.mp4").read_bytes() == (folder / "both.mp4").read_bytes()
    ratio = spent[2] / spent[1]
    print(
        f"{profile}: compose {spent[0]:.1f}, encode {spent[1]:.1f}, both {spent[2]:.1f} ms CPU for each frame;"
        f" {ratio:.2f}x the encoder alone{'' if same else ' (OTHER BYTES)'}"
    )
    return same


def memory(
    name: str,
    profile: EncodingProfile,
    references: list[ImageReference],
    images: dict[str, Path],
    folder: Path,
) -> bool:
    """Most memory the child ever held, and the most addresses."""
    (folder / "spec.json").write_text(segment(profile, SIZES[name], references).model_dump_json())
    child = RenderChild(ChildTemplate())
    work = RenderSegmentWork(spec=folder / "spec.json", images=images, out=folder / "child.mp4")
    child.run(work, on_progress=unwatched, deadline_s=600, cancelled=threading.Event())
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines() if ":" in line
    )
    child.kill()
    resident, addresses = (int(status[key].split()[0]) // 1024 for key in ("VmHWM", "VmPeak"))
    print(f"{name} {profile}: {resident} MiB resident, {addresses} MiB of addresses")
    return name != "1080p" or resident < PROMISED_MIB


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""


def cpu_milliseconds(step: Callable[[], None]) -> float:
    """User and system time of this process while ``step`` runs."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    step()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def segment(profile: EncodingProfile, size: FrameSize, references: list[ImageReference]) -> SegmentSpec:
    """90 frames: the first 15 fade in over the picture before, all move, all have a caption."""
    words = ["The", "bees", "of", "this", "garden", "find", "flowers", "by", "colour", "and", "scent"]
    cue = Cue(
        start_frame=0,
        end_frame=FRAMES,
        text=" ".join(words),
        words=tuple(CaptionWord(text=w, start_frame=n * 8, end_frame=n * 8 + 8) for n, w in enumerate(words)),
    )
    motion = Motion(
        start=View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500),
        end=View(zoom_permille=1150, centre_x_permille=400, centre_y_permille=550),
    )
    return SegmentSpec(
        rate=Rate(numerator=30),
        size=size,
        profile=profile,
        caption_style=CaptionStyle(),
        clip=PictureClip(
            image=references[0],
            frames=FRAMES,
            motion_frames=FRAMES + 15,
            motion=motion,
            transition_in=Transition(kind=TransitionKind.CROSSFADE, frames=15),
            cues=(cue,),
        ),
        before=ClipTail(image=references[1], frames=FRAMES, motion_frames=FRAMES + 15, motion=motion),
        first_frame=0,
        frames=FRAMES,
    )


if __name__ == "__main__":
    sys.exit(main())
