"""What outputs are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.renderer.pipeline.join import SegmentFile
from shared.contracts.timeline import Timeline, VideoCodec

Heartbeat = Callable[[], None]
"""Called now and then during long work; may raise to stop it."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """A finished video and what else was made of its timeline.

    ``video`` is the verified MP4 file with H.264, ``audio`` its sound as AAC, ``opus`` the same for WebM; a silent
    video has neither. ``segments`` are those of further codecs.
    """

    timeline: Timeline
    video: Path
    audio: Path | None = None
    opus: Path | None = None
    segments: Mapping[VideoCodec, Sequence[SegmentFile]] = field(default_factory=dict)
