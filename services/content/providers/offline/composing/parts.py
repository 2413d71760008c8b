"""What each player plays in a bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from services.content.providers.offline.composing.harmony import chord_tone
from services.content.providers.offline.composing.moods import Groove, Instrument, Mood
from services.content.providers.offline.composing.notes import BEATS, Bar, Fullness, Note

Pattern = tuple[tuple[float, int, float], ...]
"""Beat, which tone, and length in beats of every note of a bar."""

_SLOW: Pattern = ((0.0, 0, 3.5), (1.0, 1, 2.5), (2.0, 2, 2.0), (3.0, 3, 1.5))
_SLOW_FULLER: Pattern = (*_SLOW, (1.5, 4, 1.0), (3.5, 2, 1.0))
_OFF_BEATS: Pattern = (
    (0.5, 1, 0.4),
    (0.5, 2, 0.4),
    (1.5, 1, 0.4),
    (1.5, 3, 0.4),
    (2.5, 1, 0.4),
    (2.5, 2, 0.4),
    (3.0, 4, 0.4),
    (3.5, 3, 0.4),
)
_FLOWING: Pattern = tuple((step / 2, tone, 1.0) for step, tone in enumerate((0, 2, 1, 3, 4, 3, 2, 1)))
_PULSING: Pattern = tuple((step / 2, tone, 0.5) for step, tone in enumerate((0, 0, 2, 0, 1, 0, 2, 3)))

_LONG_BASS: Pattern = ((0.0, 0, 3.9),)
_HOPPING_BASS: Pattern = ((0.0, 0, 0.9), (1.0, 7, 0.8), (2.0, 0, 0.9), (3.0, 7, 0.5), (3.5, 0, 0.4))
_WALKING_BASS: Pattern = ((0.0, 0, 1.4), (1.5, 0, 0.45), (2.0, 0, 1.4), (3.5, 7, 0.45))
_HIGHEST_BASS = 48

_LANES = (-0.35, 0.25, -0.1, 0.4)
_PLACES = {Instrument.SHAKER: 0.35, Instrument.SNAP: -0.2}

_RHYTHMS: tuple[tuple[float, ...], ...] = (
    (0, 1.5, 2, 4, 5.5),
    (0.5, 1, 2, 4, 6),
    (0, 2, 3, 4),
    (1, 2, 2.5, 4, 5),
)
_MOTIF_END = 7.5

Motif = Sequence[tuple[float, int, float]]
"""Two bars of melody: beat, movement in steps of the melody's ladder, length in beats."""


def held_chord(bar: Bar) -> Iterator[Note]:
    """The pad under everything."""
    for index, midi in enumerate(bar.voicing):
        yield Note(
            instrument=Instrument.PAD,
            start=bar.start,
            seconds=bar.seconds,
            midi=midi,
            loudness=0.50 + 0.06 * bar.fullness,
            pan=-0.3 + 0.6 * index / max(len(bar.voicing) - 1, 1),
        )


def broken_chord(mood: Mood, bar: Bar, chance: np.random.Generator) -> Iterator[Note]:
    """The movement: the chord's tones one after the other; in the intro slowly, on the keys."""
    is_intro = bar.fullness is Fullness.BARE
    player = Instrument.KEYS if is_intro else mood.figure
    tones = [*bar.voicing, bar.voicing[0] + 12, bar.voicing[1] + 12]
    lift = 12 if player is Instrument.MARIMBA else 0
    for beat, tone, length in _SLOW if is_intro else _figure(mood.groove, bar.fullness):
        accent = 0.08 if beat % 1 == 0 else 0.0
        yield Note(
            instrument=player,
            start=bar.start + _swung(mood, beat) * bar.beat_s,
            seconds=length * bar.beat_s,
            midi=tones[tone % len(tones)] + lift,
            loudness=0.42 + accent + float(chance.uniform(-0.04, 0.04)) + 0.04 * bar.fullness,
            pan=_LANES[tone % len(_LANES)],
        )


def _figure(groove: Groove, fullness: Fullness) -> Pattern:
    if groove is Groove.STILL:
        return _SLOW if fullness < Fullness.CARRIED else _SLOW_FULLER
    return {Groove.FLOWING: _FLOWING, Groove.BOUNCING: _OFF_BEATS, Groove.PULSING: _PULSING}[groove]


def _swung(mood: Mood, beat: float) -> float:
    """Notes between the beats come later when the mood swings."""
    return beat + mood.swing if beat % 1 == 0.5 else beat


def bass_line(mood: Mood, bar: Bar) -> Iterator[Note]:
    """Root and, when it walks, the fifth."""
    if bar.fullness is Fullness.BARE:
        return
    for beat, above, length in _bass_pattern(mood, bar):
        midi = bar.root + above
        yield Note(
            instrument=Instrument.BASS,
            start=bar.start + beat * bar.beat_s,
            seconds=length * bar.beat_s,
            midi=midi if midi <= _HIGHEST_BASS else midi - 12,
            loudness=0.62,
        )


def _bass_pattern(mood: Mood, bar: Bar) -> Pattern:
    if mood.groove is Groove.STILL or bar.fullness is Fullness.MOVING:
        return _LONG_BASS
    return _HOPPING_BASS if mood.groove is Groove.BOUNCING else _WALKING_BASS


def drums(mood: Mood, bar: Bar, chance: np.random.Generator) -> Iterator[Note]:
    """Who keeps time, and never quite evenly."""
    if bar.fullness < Fullness.CARRIED:
        return
    for instrument in mood.drums:
        for beat, loudness in _strokes(instrument, bar):
            yield Note(
                instrument=instrument,
                start=bar.start + _swung(mood, beat) * bar.beat_s,
                seconds=0.2,
                loudness=loudness * float(chance.uniform(0.85, 1.0)),
                pan=_PLACES.get(instrument, 0.0),
            )


def _strokes(instrument: Instrument, bar: Bar) -> tuple[tuple[float, float], ...]:
    """Beat and loudness of every stroke."""
    is_full, is_odd = bar.fullness is Fullness.FULL, bar.number % 2 == 1
    if instrument is Instrument.KICK:
        return ((0.0, 0.6), (2.0, 0.5), (2.5 if is_odd else 3.5, 0.3)) if is_full else ((0.0, 0.55), (2.0, 0.5))
    if instrument is Instrument.SNAP:
        return ((1.0, 0.4), (3.0, 0.45)) if is_full else ()
    if instrument is Instrument.TOM:
        return ((0.0, 0.5), (3.0, 0.3), (3.5, 0.4)) if is_full and is_odd else ((0.0, 0.5),)
    return tuple((step / 2, 0.34 if step % 2 else 0.22) for step in range(2 * BEATS))


def new_motif(chance: np.random.Generator) -> Motif:
    """A small idea that the whole piece comes back to."""
    beats = _RHYTHMS[int(chance.integers(len(_RHYTHMS)))]
    moves = [int(chance.choice((-2, -1, -1, 1, 1, 2))) for _ in beats]
    lengths = [after - beat for beat, after in zip(beats, (*beats[1:], _MOTIF_END), strict=True)]
    return list(zip(beats, moves, lengths, strict=True))


def melody(mood: Mood, bar: Bar, ladder: Sequence[int], motif: Motif) -> Iterator[Note]:
    """The motif over pairs of bars, after three of them a rest; long notes land on tones of the chord."""
    pair, half = divmod(bar.number, 2)
    rests = pair % 4 == 3 or (bar.fullness is Fullness.CARRIED and pair % 2 == 1)
    if bar.fullness < Fullness.CARRIED or rests:
        return
    place = len(ladder) // 2 + pair % 3 - 1
    drop = 12 if mood.lead is Instrument.BELL else 0
    for beat, move, length in motif:
        place = min(max(place + move, 0), len(ladder) - 1)
        if int(beat // BEATS) == half:
            midi = ladder[place] if length < 1.5 else chord_tone(ladder[place], bar.voicing)
            yield Note(
                instrument=mood.lead,
                start=bar.start + (beat - half * BEATS) * bar.beat_s,
                seconds=min(length, 3.0) * bar.beat_s,
                midi=midi - drop,
                loudness=0.50 if bar.fullness is Fullness.FULL else 0.40,
                pan=0.15,
            )


def last_chord(root: int, voicing: Sequence[int], start: float, seconds: float) -> Iterator[Note]:
    """Home: rolled gently upwards and left to ring."""
    yield Note(instrument=Instrument.BASS, start=start, seconds=seconds, midi=root, loudness=0.6)
    for index, midi in enumerate(voicing):
        pan = -0.3 + 0.2 * index
        yield Note(instrument=Instrument.PAD, start=start, seconds=seconds, midi=midi, loudness=0.6, pan=pan)
    for index, midi in enumerate([*voicing, voicing[0] + 12]):
        late = min(0.07 * index, max(seconds - 0.1, 0.0))
        yield Note(
            instrument=Instrument.KEYS,
            start=start + late,
            seconds=max(seconds - late, 0.1),
            midi=midi,
            loudness=0.5,
            pan=0.1 * index - 0.2,
        )
