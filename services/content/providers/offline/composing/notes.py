"""Notes, and the bars they are written into."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from services.content.providers.offline.composing.moods import Instrument

BEATS = 4
"""Every bar has four."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note: when and how long [s], how high (MIDI), how loud (0 to 1), and where (-1 left to 1 right)."""

    instrument: Instrument
    start: float
    seconds: float
    midi: int = 60
    loudness: float = 0.7
    pan: float = 0.0


class Fullness(IntEnum):
    """How much is going on in a bar."""

    BARE = 0  # held chords and a few slow tones
    MOVING = 1  # with broken chords and a low note
    CARRIED = 2  # with bass, light drums, and the melody now and then
    FULL = 3  # everything


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: its place, its length [s], its chord from low to high (MIDI), and the bass note under it."""

    number: int
    start: float
    seconds: float
    fullness: Fullness
    voicing: tuple[int, ...]
    root: int

    @property
    def beat_s(self) -> float:
        return self.seconds / BEATS
