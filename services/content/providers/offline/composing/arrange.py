"""From a mood and a length to the notes of a piece: an intro, parts that grow, an ending that comes home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from services.content.providers.offline.composing.harmony import (
    HOME,
    bass_note,
    chord_plan,
    melody_ladder,
    voicings,
)
from services.content.providers.offline.composing.moods import Mood
from services.content.providers.offline.composing.notes import BEATS, Bar, Fullness, Note
from services.content.providers.offline.composing.parts import (
    bass_line,
    broken_chord,
    drums,
    held_chord,
    last_chord,
    melody,
    new_motif,
)

_RING_S = (2.6, 4.4)
_SHORT_S = 9.0
_LATEST_S = 0.008


def arrange(mood: Mood, duration_s: float, chance: np.random.Generator) -> list[Note]:
    """All notes of a piece of ``duration_s`` seconds.

    Tempo and number of bars are chosen so that the last chord rings for a few seconds before the exact end. Pieces
    under 9 s are that one chord.
    """
    count, bar_s = _bars(mood, duration_s, chance)
    tonic = mood.keys[int(chance.integers(len(mood.keys)))]
    chords = chord_plan(mood, count, chance)
    *voiced, home = voicings(mood, tonic, [*chords, HOME])
    ladder, motif = melody_ladder(mood, tonic), new_motif(chance)
    notes: list[Note] = []
    for number, chord in enumerate(chords):
        bar = Bar(
            number=number,
            start=number * bar_s,
            seconds=bar_s,
            fullness=_fullness(number, count),
            voicing=voiced[number],
            root=bass_note(mood, tonic, chord),
        )
        notes += _played(mood, bar, chance)
        notes += melody(mood, bar, ladder, motif)
    end = count * bar_s
    notes += last_chord(bass_note(mood, tonic, HOME), home, end, duration_s - end)
    return [_human(note, chance) for note in notes]


def _bars(mood: Mood, duration_s: float, chance: np.random.Generator) -> tuple[int, float]:
    """How many bars, and how long each is [s]."""
    wanted = 60 / float(chance.uniform(*mood.tempo)) * BEATS
    if duration_s < _SHORT_S:
        return 0, wanted
    ring = min(max(_RING_S[0], wanted * 1.2), _RING_S[1])
    count = max(round((duration_s - ring) / wanted), 2)
    return count, (duration_s - ring) / count


def _fullness(number: int, count: int) -> Fullness:
    """A slow rise, a breath after the middle in longer pieces, and a calmer end."""
    left, place = count - number, number / count
    if number < max(min(2, count // 6), 1):
        return Fullness.BARE
    if left == 1 or (count >= 16 and 0.55 <= place < 0.65) or (place < 0.28 and number < 8):
        return Fullness.MOVING
    if left <= max(count // 10, 2) or place <= 0.40:
        return Fullness.CARRIED
    return Fullness.FULL


def _played(mood: Mood, bar: Bar, chance: np.random.Generator) -> Iterator[Note]:
    yield from held_chord(bar)
    yield from broken_chord(mood, bar, chance)
    yield from bass_line(mood, bar)
    yield from drums(mood, bar, chance)


def _human(note: Note, chance: np.random.Generator) -> Note:
    """Nobody plays exactly on the beat."""
    late = min(abs(float(chance.normal(0, 0.003))), _LATEST_S)
    return replace(note, start=note.start + late)
