"""Which chords follow each other, and in which octave each tone sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.content.providers.offline.composing.moods import (
    ADD_NINE,
    DORIAN,
    LYDIAN,
    MAJOR,
    MINOR,
    TRIAD,
    Chord,
    Mood,
)

HOME: Chord = (0, ADD_NINE)
"""The chord a piece ends on."""

_LEADING: dict[tuple[int, ...], Chord] = {
    MAJOR: (4, TRIAD),
    LYDIAN: (4, TRIAD),
    MINOR: (6, TRIAD),
    DORIAN: (3, TRIAD),
}
"""The chord that leads home, for each scale."""

_LOW_VOICE, _HIGH_VOICE = 52, 72
_LOW_BASS, _HIGH_BASS = 33, 45
_LOW_MELODY, _HIGH_MELODY = 67, 84
_SPREAD = (-4, 1, 5, 9)
"""Where the tones of a chord would like to be, in semitones from the middle of the chord before."""

_PART_BARS = 8


def chord_plan(mood: Mood, bars: int, chance: np.random.Generator) -> list[Chord]:
    """Eight bars of one progression, eight of another, and again; the last bar leads home."""
    picks = chance.permutation(len(mood.progressions))[:2]
    parts = [mood.progressions[int(pick)] for pick in picks]
    chords = [parts[(bar // _PART_BARS) % len(parts)][bar % 4] for bar in range(bars)]
    return [*chords[:-1], _LEADING[mood.scale]] if chords else []


def voicings(mood: Mood, tonic: int, chords: Sequence[Chord]) -> list[tuple[int, ...]]:
    """Tones of each chord near those of the one before it."""
    voiced: list[tuple[int, ...]] = []
    centre = 60.0
    for root, steps in chords:
        tones = [_pitch(mood, tonic, root + step) for step in steps]
        voiced.append(_consonant([_near(tone, centre + step) for tone, step in zip(tones, _SPREAD, strict=False)]))
        centre = 0.5 * centre + 0.5 * min(max(float(np.mean(voiced[-1])), 58), 64)
    return voiced


def _consonant(tones: Sequence[int]) -> tuple[int, ...]:
    """From low to high; a tone a semitone from an earlier one is left out (ninth against minor third)."""
    kept: set[int] = set()
    for tone in tones:
        if not {tone - 1, tone + 1} & kept:
            kept.add(tone)
    return tuple(sorted(kept))


def bass_note(mood: Mood, tonic: int, chord: Chord) -> int:
    """The root, low enough to carry and high enough for small speakers (A1 to A2)."""
    root = _pitch(mood, tonic, chord[0])
    while root > _HIGH_BASS:
        root -= 12
    return root if root >= _LOW_BASS else root + 12


def melody_ladder(mood: Mood, tonic: int) -> list[int]:
    """All tones a melody may use, from low to high."""
    tones = {tonic + 12 * octave + step for octave in range(4) for step in mood.melody_scale}
    return sorted(tone for tone in tones if _LOW_MELODY <= tone <= _HIGH_MELODY)


def chord_tone(midi: int, voicing: Sequence[int]) -> int:
    """The tone of the chord nearest to ``midi``, in any octave above it."""
    tones = [tone + 12 * octave for tone in voicing for octave in (0, 1, 2)]
    return min(tones, key=lambda tone: (abs(tone - midi), tone))


def _pitch(mood: Mood, tonic: int, step: int) -> int:
    octave, degree = divmod(step, len(mood.scale))
    return tonic + 12 * octave + mood.scale[degree]


def _near(tone: int, target: float) -> int:
    """The octave of ``tone`` nearest to ``target``, kept in the range of the chord players."""
    moved = tone + 12 * round((target - tone) / 12)
    while moved < _LOW_VOICE:
        moved += 12
    while moved > _HIGH_VOICE:
        moved -= 12
    return moved
