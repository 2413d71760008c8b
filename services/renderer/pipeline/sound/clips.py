"""The sound of video clips: each placed by its sample, trimmed, and faded at both ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.source import Samples, SoundSource, silence
from shared.contracts.timeline import ClipSound

MOST_RAISED_DB = 6.0
"""A clip that is louder than speech is brought down to it; a quiet one is raised by this at most, because what was
recorded as a murmur is meant to be one [dB]."""


@dataclass(frozen=True, kw_only=True)
class _PlacedClip:
    source: SoundSource
    start: int
    offset: int
    samples: int
    fade_in: int
    fade_out: int
    gain: np.float32


class ClipTrack:
    """All clip sounds of a timeline together.

    Args:
        levels: The factor that brings each sound, by SHA-256, to the level of speech.
    """

    def __init__(
        self, clips: Iterable[ClipSound], sounds: Mapping[str, SoundSource], levels: Mapping[str, float]
    ) -> None:
        self._clips = [
            _placed(clip, sounds[clip.audio.asset.sha256], levels[clip.audio.asset.sha256]) for clip in clips
        ]

    def read(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end`` of the video."""
        result = silence(end - start)
        for clip in self._clips:
            first, last = max(start, clip.start), min(end, clip.start + clip.samples)
            if first < last:
                result[:, first - start : last - start] += _heard(clip, first - clip.start, last - clip.start)
        return result


def _placed(clip: ClipSound, source: SoundSource, level: float) -> _PlacedClip:
    raised = min(level, 10 ** (MOST_RAISED_DB / 20))
    return _PlacedClip(
        source=source,
        start=clip.start_sample,
        offset=clip.from_sample,
        samples=clip.samples,
        fade_in=min(clip.fade_in_samples, clip.samples // 2),
        fade_out=min(clip.fade_out_samples, clip.samples // 2),
        gain=np.float32(raised * 10 ** (clip.gain_db / 20)),
    )


def _heard(clip: _PlacedClip, first: int, last: int) -> Samples:
    """Samples ``first`` to ``last`` of a clip, counted from where it starts."""
    samples = clip.source.read(clip.offset + first, clip.offset + last) * clip.gain
    return samples * _fade(np.arange(first, last) + 0.5, clip)


def _fade(places: NDArray[np.floating], clip: _PlacedClip) -> NDArray[np.float32]:
    """The factor at each place: at equal power, because what sounds at the same time is unrelated."""
    into = np.clip(places / max(1, clip.fade_in), 0, 1)
    out = np.clip((clip.samples - places) / max(1, clip.fade_out), 0, 1)
    return np.asarray(np.sin(np.minimum(into, out) * np.pi / 2), np.float32)
