"""The sound of video clips: each placed by its sample, trimmed, and faded so briefly that only the click goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.source import Samples, SoundSource, silence
from shared.contracts.timeline import SAMPLE_RATE, ClipSound

FADE_SAMPLES = SAMPLE_RATE // 100
"""Length of the fade at either end."""

MOST_RAISED_DB = 6.0
"""A clip that is louder than speech is brought down to it; a quiet one is raised by this at most, because what was
recorded as a murmur is meant to be one [dB]."""


@dataclass(frozen=True, kw_only=True)
class _PlacedClip:
    source: SoundSource
    start: int
    offset: int
    samples: int
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
        gain=np.float32(raised * 10 ** (clip.gain_db / 20)),
    )


def _heard(clip: _PlacedClip, first: int, last: int) -> Samples:
    """Samples ``first`` to ``last`` of a clip, counted from where it starts."""
    samples = clip.source.read(clip.offset + first, clip.offset + last) * clip.gain
    return samples * fade_gain(np.arange(first, last), clip.samples)


def fade_gain(places: NDArray[np.int64], samples: int) -> NDArray[np.float32]:
    """The factor at each place of a sound of ``samples`` samples."""
    fade = max(1, min(FADE_SAMPLES, samples // 2))
    from_end = np.minimum(places + 0.5, samples - places - 0.5)
    return np.asarray(np.clip(from_end / fade, 0, 1), np.float32)
