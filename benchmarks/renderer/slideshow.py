"""Pictures and segments that renderer benchmarks share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.renderer.landscape import landscape
from shared.contracts.references import AssetReference, ImageReference
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

SIZES = {"1080p": FrameSize(width=1920, height=1080), "2160p": FrameSize(width=3840, height=2160)}

FRAMES_PER_SLIDE, FADE_FRAMES, FRAMES_PER_WORD = 75, 15, 15
CAPTIONS = ("The quick brown bee", "flies over every garden", "and finds new flowers", "by colour and scent")


def painted(folder: Path, seed: int) -> tuple[ImageReference, Path]:
    """A picture with detail at every scale, as photographs have, and some grain, in the normal form of pictures."""
    random, picture = np.random.default_rng(seed), np.zeros((1024, 1536, 3), np.float32)
    for octave in range(7):
        cells = random.standard_normal((2 * 2**octave, 3 * 2**octave, 3)).astype(np.float32)
        picture += cv2.resize(cells, (1536, 1024), interpolation=cv2.INTER_CUBIC) * 0.55**octave
    picture = 128 + 40 * picture + random.standard_normal(picture.shape) * 2
    return _stored(folder / f"{seed}.png", np.clip(picture, 0, 255).astype(np.uint8))


def landscapes(folder: Path, count: int) -> list[tuple[ImageReference, Path]]:
    """Pictures that are as hard to encode as photographs, in the normal form of pictures."""
    return [_stored(folder / f"landscape-{seed}.png", landscape(seed)) for seed in range(count)]


def reference_of(path: Path) -> ImageReference:
    """The reference of a PNG file in the normal form of pictures."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    asset = AssetReference(
        key=f"accounts/a/assets/{digest}", sha256=digest, size_bytes=path.stat().st_size, media_type="image/png"
    )
    with Image.open(path) as image:
        return ImageReference(asset=asset, width=image.width, height=image.height)


def _stored(path: Path, rgb: NDArray[np.uint8]) -> tuple[ImageReference, Path]:
    Image.fromarray(rgb).save(path, compress_level=1)
    return reference_of(path), path


def slideshow(images: Sequence[ImageReference], size: FrameSize) -> list[SegmentSpec]:
    """One segment of 2.5 s for each picture; cameras move in and out, captions highlight word by word."""
    clips = [_clip(image, number) for number, image in enumerate(images)]
    return [
        SegmentSpec(
            rate=Rate(numerator=30),
            size=size,
            profile=EncodingProfile.STANDARD,
            caption_style=CaptionStyle(),
            clip=clip,
            before=_tail(clips[number - 1]) if number else None,
            first_frame=0,
            frames=clip.frames,
        )
        for number, clip in enumerate(clips)
    ]


def _clip(image: ImageReference, number: int) -> PictureClip:
    fade = Transition(kind=TransitionKind.CROSSFADE, frames=FADE_FRAMES) if number else Transition()
    return PictureClip(
        image=image,
        frames=FRAMES_PER_SLIDE,
        motion_frames=FRAMES_PER_SLIDE + FADE_FRAMES,
        motion=_motion(inwards=number % 2 == 0),
        transition_in=fade,
        cues=(_cue(CAPTIONS[number % len(CAPTIONS)]),),
    )


def _motion(*, inwards: bool) -> Motion:
    wide = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
    close = View(zoom_permille=1150, centre_x_permille=400, centre_y_permille=550)
    return Motion(start=wide, end=close) if inwards else Motion(start=close, end=wide)


def _cue(text: str) -> Cue:
    starts = [(word, n * FRAMES_PER_WORD) for n, word in enumerate(text.split())]
    words = tuple(
        CaptionWord(text=word, start_frame=start, end_frame=start + FRAMES_PER_WORD) for word, start in starts
    )
    return Cue(start_frame=0, end_frame=FRAMES_PER_SLIDE, text=text, words=words)


def _tail(clip: PictureClip) -> ClipTail:
    return ClipTail(image=clip.image, frames=clip.frames, motion_frames=clip.motion_frames, motion=clip.motion)
