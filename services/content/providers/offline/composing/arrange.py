"""From a mood and a length to the notes of a piece: intro, two parts that grow, an ending that comes home."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.content.providers.offline.composing.moods import Chord, Groove, Instrument, Mood

_BEATS = 4
_RING_S = (2.6, 4.4)
_LOW_VOICE, _HIGH_VOICE = 52, 72
_MELODY_LOW, _MELODY_HIGH = 67, 84
_SHORT_S = 9.0


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note: when and how long [s], how high (MIDI), how loud (0 to 1), and where (-1 left to 1 right)."""

    instrument: Instrument
    start: float
    seconds: float
    midi: int = 60
    loudness: float = 0.7
    pan: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The frame of a piece: its bars, their length [s], and where the last chord begins [s]."""

    bars: int
    bar_s: float

    @property
    def beat_s(self) -> float:
        return self.bar_s / _BEATS

    @property
    def final_s(self) -> float:
        return self.bars * self.bar_s


def plan_for(mood: Mood, duration_s: float, chance: np.random.Generator) -> Plan:
    """Choose tempo and bars so that the last chord rings for a few seconds before the exact end.

    Pieces under 9 s are one chord: no bars.
    """
    if duration_s < _SHORT_S:
        return Plan(bars=0, bar_s=60 / mood.tempo[0] * _BEATS)
    wanted = 60 / float(chance.uniform(*mood.tempo)) * _BEATS
    ring = min(max(_RING_S[0], wanted * 1.2), _RING_S[1])
    bars = max(round((duration_s - ring) / wanted), 2)
    return Plan(bars=bars, bar_s=(duration_s - ring) / bars)


def arrange(mood: Mood, duration_s: float, chance: np.random.Generator) -> list[Note]:
    """All notes of a piece of ``duration_s`` seconds."""
    plan = plan_for(mood, duration_s, chance)
    tonic = mood.keys[int(chance.integers(len(mood.keys)))]
    chords = _chords(mood, plan.bars, chance)
    voicings = _voicings(mood, tonic, [*chords, (0, (0, 2, 4, 8))])
    motif = _motif(mood, chance)
    notes: list[Note] = []
    for bar, chord in enumerate(chords):
        level = _level(bar, plan.bars)
        start = bar * plan.bar_s
        notes += _held(voicings[bar], start, plan, level)
        notes += _figure(mood, voicings[bar], start, plan, level, chance)
        notes += _bass(mood, _root(mood, tonic, chord), start, plan, level)
        notes += _drums(mood, bar, start, plan, level, chance)
        notes += _melody(mood, tonic, motif, voicings[bar], bar, start, plan, level)
    notes += _ending(_root(mood, tonic, (0, ())), voicings[-1], plan.final_s, duration_s)
    return [_human(note, chance) for note in notes]


def _level(bar: int, bars: int) -> int:
    """How full bar ``bar`` is: 0 intro, 1 with movement, 2 with bass and light drums, 3 everything."""
    if bar < max(min(4, bars // 6), 1):
        return 0
    left = bars - bar
    if left <= 1:
        return 1
    if left <= max(bars // 10, 2):
        return 2
    place = bar / bars
    if place < 0.28:
        return 1 if bar < 8 else 2
    if 0.55 <= place < 0.65 and bars >= 16:
        return 1
    return 3 if place > 0.40 else 2


def _chords(mood: Mood, bars: int, chance: np.random.Generator) -> list[Chord]:
    """Part A for eight bars, part B for eight, and so on; the bar before the end leads home."""
    picks = chance.permutation(len(mood.progressions))[:2]
    parts = [mood.progressions[int(pick)] for pick in picks]
    return [parts[(bar // 8) % len(parts)][bar % 4] for bar in range(bars)]


def _pitch(mood: Mood, tonic: int, step: int) -> int:
    octave, degree = divmod(step, len(mood.scale))
    return tonic + 12 * octave + mood.scale[degree]


def _root(mood: Mood, tonic: int, chord: Chord) -> int:
    """The bass note, between E1 and E flat 2... an octave where it is heard and not felt as rumble."""
    root = _pitch(mood, tonic, chord[0]) - 12
    while root > 45:
        root -= 12
    return root if root >= 33 else root + 12


def _voicings(mood: Mood, tonic: int, chords: Sequence[Chord]) -> list[tuple[int, ...]]:
    """Notes of each chord near those of the one before, within an octave and a half."""
    voicings: list[tuple[int, ...]] = []
    centre = 60.0
    for root, steps in chords:
        tones = [_pitch(mood, tonic, root + step) for step in steps]
        voicing = tuple(
            sorted({_near(tone, centre + spread) for tone, spread in zip(tones, (-4, 1, 5, 9), strict=False)})
        )
        voicings.append(voicing)
        centre = 0.5 * centre + 0.5 * min(max(float(np.mean(voicing)), 58), 64)
    return voicings


def _near(tone: int, target: float) -> int:
    """The octave of ``tone`` nearest to ``target``, kept in the range of the chord players."""
    moved = tone + 12 * round((target - tone) / 12)
    while moved < _LOW_VOICE:
        moved += 12
    while moved > _HIGH_VOICE:
        moved -= 12
    return moved


def _held(voicing: Sequence[int], start: float, plan: Plan, level: int) -> Iterator[Note]:
    for index, midi in enumerate(voicing):
        yield Note(
            instrument=Instrument.PAD,
            start=start,
            seconds=plan.bar_s,
            midi=midi,
            loudness=0.50 + 0.06 * level,
            pan=-0.3 + 0.6 * index / max(len(voicing) - 1, 1),
        )


def _figure(
    mood: Mood, voicing: Sequence[int], start: float, plan: Plan, level: int, chance: np.random.Generator
) -> Iterator[Note]:
    if level == 0 and mood.groove is not Groove.STILL:
        return
    tones = [*voicing, voicing[0] + 12, voicing[1] + 12]
    for place, index, share in _pattern(mood.groove, level):
        swing = mood.swing * plan.beat_s if (place * 2) % 2 == 1 else 0.0
        accent = 0.08 if place % 1 == 0 else 0.0
        yield Note(
            instrument=mood.figure,
            start=start + place * plan.beat_s + swing,
            seconds=share * plan.beat_s,
            midi=tones[index % len(tones)] + (12 if mood.figure is Instrument.MARIMBA else 0),
            loudness=0.42 + accent + float(chance.uniform(-0.04, 0.04)) + 0.04 * level,
            pan=(-0.35, 0.25, -0.1, 0.4)[index % 4],
        )


def _pattern(groove: Groove, level: int) -> tuple[tuple[float, int, float], ...]:
    """Beat, index of the chord tone, and length in beats of every note of a bar."""
    if groove is Groove.STILL:
        slow = ((0.0, 0, 3.5), (1.0, 1, 2.5), (2.0, 2, 2.0), (3.0, 3, 1.5))
        return slow if level < 2 else (*slow, (1.5, 4, 1.0), (3.5, 2, 1.0))
    if groove is Groove.FLOWING:
        order = (0, 2, 1, 3, 4, 3, 2, 1)
        return tuple((step / 2, order[step], 1.0) for step in range(8))
    if groove is Groove.BOUNCING:
        return (
            (0.5, 1, 0.4),
            (0.5, 2, 0.4),
            (1.5, 1, 0.4),
            (1.5, 3, 0.4),
            (2.5, 1, 0.4),
            (2.5, 2, 0.4),
            (3.0, 4, 0.4),
            (3.5, 3, 0.4),
        )
    order = (0, 0, 2, 0, 1, 0, 2, 3)
    return tuple((step / 2, order[step], 0.5) for step in range(8))


def _bass(mood: Mood, root: int, start: float, plan: Plan, level: int) -> Iterator[Note]:
    if level < 1:
        return
    if mood.groove is Groove.STILL or level == 1:
        lines: tuple[tuple[float, int, float], ...] = ((0.0, 0, 3.9),)
    elif mood.groove is Groove.BOUNCING:
        lines = ((0.0, 0, 0.9), (1.0, 7, 0.8), (2.0, 0, 0.9), (3.0, 7, 0.5), (3.5, 0, 0.4))
    else:
        lines = ((0.0, 0, 1.4), (1.5, 0, 0.45), (2.0, 0, 1.4), (3.5, 7, 0.45))
    for place, above, share in lines:
        yield Note(
            instrument=Instrument.BASS,
            start=start + place * plan.beat_s,
            seconds=share * plan.beat_s,
            midi=root + above if root + above <= 48 else root + above - 12,
            loudness=0.62,
        )


def _drums(
    mood: Mood, bar: int, start: float, plan: Plan, level: int, chance: np.random.Generator
) -> Iterator[Note]:
    if level < 2:
        return
    for instrument in mood.drums:
        for place, loudness in _beats(instrument, bar, level):
            swing = mood.swing * plan.beat_s if (place * 2) % 2 == 1 else 0.0
            yield Note(
                instrument=instrument,
                start=start + place * plan.beat_s + swing,
                seconds=0.2,
                loudness=loudness * float(chance.uniform(0.85, 1.0)),
                pan={Instrument.SHAKER: 0.35, Instrument.SNAP: -0.2}.get(instrument, 0.0),
            )


def _beats(instrument: Instrument, bar: int, level: int) -> tuple[tuple[float, float], ...]:
    if instrument is Instrument.KICK:
        return (
            ((0.0, 0.55), (2.0, 0.5)) if level == 2 else ((0.0, 0.6), (2.0, 0.5), (2.5 if bar % 2 else 3.5, 0.3))
        )
    if instrument is Instrument.SNAP:
        return ((1.0, 0.4), (3.0, 0.45)) if level == 3 else ()
    if instrument is Instrument.TOM:
        return ((0.0, 0.5),) if bar % 2 == 0 or level == 2 else ((0.0, 0.5), (3.0, 0.3), (3.5, 0.4))
    return tuple((step / 2, 0.34 if step % 2 else 0.22) for step in range(8))


def _motif(mood: Mood, chance: np.random.Generator) -> list[tuple[float, int, float]]:
    """Two bars of melody: beat, movement in steps of the melody's scale, length in beats."""
    rhythms: tuple[tuple[float, ...], ...] = (
        (0, 1.5, 2, 4, 5.5),
        (0.5, 1, 2, 4, 6),
        (0, 2, 3, 4),
        (1, 2, 2.5, 4, 5),
    )
    beats = rhythms[int(chance.integers(len(rhythms)))]
    moves = [int(chance.choice((-2, -1, -1, 1, 1, 2))) for _ in beats]
    lengths = [after - beat for beat, after in zip(beats, (*beats[1:], 7.5), strict=True)]
    return list(zip(beats, moves, lengths, strict=True))


def _melody(
    mood: Mood,
    tonic: int,
    motif: Sequence[tuple[float, int, float]],
    voicing: Sequence[int],
    bar: int,
    start: float,
    plan: Plan,
    level: int,
) -> Iterator[Note]:
    """The motif over every second pair of bars, answered once by silence; long notes land on chord tones."""
    if level < 2 or (bar // 2) % 4 == 3 or (level == 2 and (bar // 2) % 2):
        return
    half = bar % 2
    ladder = _ladder(mood, tonic)
    place = len(ladder) // 2 + (bar // 2) % 3 - 1
    for beat, move, length in motif:
        place = min(max(place + move, 0), len(ladder) - 1)
        if not half * _BEATS <= beat < (half + 1) * _BEATS:
            continue
        midi = ladder[place] if length < 1.5 else _chord_tone(ladder[place], voicing)
        yield Note(
            instrument=mood.lead,
            start=start + (beat - half * _BEATS) * plan.beat_s,
            seconds=min(length, 3.0) * plan.beat_s,
            midi=midi - (12 if mood.lead is Instrument.BELL else 0),
            loudness=0.50 if level == 3 else 0.40,
            pan=0.15,
        )


def _ladder(mood: Mood, tonic: int) -> list[int]:
    tones = {tonic + 12 * octave + step for octave in range(4) for step in mood.melody_scale}
    return sorted(tone for tone in tones if _MELODY_LOW <= tone <= _MELODY_HIGH)


def _chord_tone(midi: int, voicing: Sequence[int]) -> int:
    """The note of the chord nearest to ``midi``."""
    tones = [tone + 12 * octave for tone in voicing for octave in (0, 1, 2)]
    return min(tones, key=lambda tone: (abs(tone - midi), tone))


def _ending(root: int, voicing: Sequence[int], start: float, duration_s: float) -> Iterator[Note]:
    """The tonic chord, rolled gently upwards and left to ring."""
    ring = duration_s - start
    yield Note(instrument=Instrument.BASS, start=start, seconds=ring, midi=root, loudness=0.6)
    for index, midi in enumerate(voicing):
        yield Note(
            instrument=Instrument.PAD, start=start, seconds=ring, midi=midi, loudness=0.6, pan=-0.3 + 0.2 * index
        )
    for index, midi in enumerate([*voicing, voicing[0] + 12]):
        late = min(0.07 * index, max(ring - 0.1, 0.0))
        yield Note(
            instrument=Instrument.KEYS,
            start=start + late,
            seconds=max(ring - late, 0.1),
            midi=midi,
            loudness=0.5,
            pan=0.1 * index - 0.2,
        )


def _human(note: Note, chance: np.random.Generator) -> Note:
    """Nobody plays exactly on the beat: up to 8 ms late."""
    late = abs(float(chance.normal(0, 0.003)))
    return Note(
        instrument=note.instrument,
        start=note.start + min(late, 0.008),
        seconds=note.seconds,
        midi=note.midi,
        loudness=note.loudness,
        pan=note.pan,
    )


def pan_gains(pan: float) -> tuple[float, float]:
    """Equal-power gains for left and right."""
    angle = (pan + 1) * math.pi / 4
    return math.cos(angle), math.sin(angle)
