"""What transitions and fits cost to compose.

``python -m benchmarks.renderer.looks``: composes 1080p frames without encoding them, one thread, and prints CPU ms for
each frame, the least of five runs. Ends with status 1 if a promise is missed: a picture seen whole costs at most 2.5
times one that fills the frame, and a frame of any transition at most 16 times that.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.renderer.slideshow import SIZES, painted
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.planes import new_frame
from shared.contracts.references import ImageReference
from shared.contracts.timeline import (
    CaptionStyle,
    ClipTail,
    Direction,
    EncodingProfile,
    Fit,
    Motion,
    PictureClip,
    Rate,
    SegmentSpec,
    Transition,
    TransitionKind,
    View,
)

FRAMES, RUNS = 20, 5
CONTAINED_MOST, TRANSITION_MOST = 2.5, 16
MOVES = (TransitionKind.SLIDE, TransitionKind.PUSH, TransitionKind.WIPE)


def main() -> int:
    """Measure, print, and judge."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [painted(Path(folder), seed) for seed in (1, 2)]
        files = {reference.asset.sha256: path for reference, path in pictures}
        (image, _), (before, _) = pictures
        clips = {"cover": _clip(image), "contain": _clip(image, fit=Fit.CONTAIN)}
        clips |= {f"{t.kind} {t.direction}": _clip(image, transition_in=t) for t in _transitions()}
        costs = {name: _cost(_spec(clip, before), files) for name, clip in clips.items()}
    plain = costs["cover"]
    for name, cost in costs.items():
        print(f"{name:16} {cost:6.2f} ms  {cost / plain:5.1f}x")
    dearest = max(cost for name, cost in costs.items() if name not in ("cover", "contain"))
    return int(costs["contain"] > CONTAINED_MOST * plain or dearest > TRANSITION_MOST * plain)


def _transitions() -> list[Transition]:
    kinds = [kind for kind in TransitionKind if kind is not TransitionKind.CUT]
    return [
        Transition(kind=kind, frames=FRAMES, direction=direction)
        for kind in kinds
        for direction in ((Direction.LEFT, Direction.UP) if kind in MOVES else (Direction.LEFT,))
    ]


def _clip(image: ImageReference, **fields: object) -> PictureClip:
    return PictureClip(
        image=image, frames=4 * FRAMES, motion_frames=5 * FRAMES, motion=_motion(), **{"fit": Fit.COVER, **fields}
    )


def _motion() -> Motion:
    wide, near = (View(zoom_permille=zoom, centre_x_permille=450, centre_y_permille=500) for zoom in (1000, 1120))
    return Motion(start=wide, end=near)


def _spec(clip: PictureClip, before: ImageReference) -> SegmentSpec:
    tail = ClipTail(image=before, frames=clip.frames, motion_frames=clip.motion_frames, motion=clip.motion)
    return SegmentSpec(
        rate=Rate(numerator=30),
        size=SIZES["1080p"],
        profile=EncodingProfile.STANDARD,
        caption_style=CaptionStyle(),
        clip=clip,
        before=tail if clip.transition_in.frames else None,
        first_frame=0,
        frames=clip.frames,
    )


def _cost(spec: SegmentSpec, files: dict[str, Path]) -> float:
    """CPU time of a frame [ms]; pictures are ready before the clock starts."""
    composer, frame = SegmentComposer(spec, files), new_frame(spec.size.width, spec.size.height)
    composer.compose(0, frame)
    spent = []
    for _ in range(RUNS):
        start = time.process_time()
        for number in range(FRAMES):
            composer.compose(number, frame)
        spent.append(time.process_time() - start)
    return min(spent) / FRAMES * 1000


if __name__ == "__main__":
    sys.exit(main())
