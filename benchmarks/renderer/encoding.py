"""Composing frames into memory, and encoding them with settings that no profile has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av

from services.renderer.pipeline import encode
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.encode import EncoderSettings, video_encoder
from services.renderer.pipeline.planes import new_frame
from shared.contracts.timeline import EncodingProfile, SegmentSpec


def composed(spec: SegmentSpec, images: dict[str, Path]) -> list[av.VideoFrame]:
    """All frames of a segment, in memory."""
    composer = SegmentComposer(spec, images)
    frames = [new_frame(spec.size.width, spec.size.height) for _ in range(spec.frames)]
    for number, frame in enumerate(frames):
        composer.compose(spec.first_frame + number, frame)
    return frames


def encode_frames(frames: Sequence[av.VideoFrame], spec: SegmentSpec, path: Path) -> None:
    """Encode frames as a segment's are."""
    with video_encoder(path, spec.size, spec.rate, spec.profile, frames=len(frames)) as encoder:
        for frame in frames:
            encoder.add(frame)


@contextmanager
def standard_means(settings: EncoderSettings) -> Iterator[None]:
    """Let the profile ``standard`` mean other encoder settings for a while."""
    before = encode.SETTINGS[EncodingProfile.STANDARD]
    encode.SETTINGS[EncodingProfile.STANDARD] = settings
    try:
        yield
    finally:
        encode.SETTINGS[EncodingProfile.STANDARD] = before
