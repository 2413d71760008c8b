"""What each mood means: tempo, harmony, and who plays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
LYDIAN = (0, 2, 4, 6, 7, 9, 11)
MAJOR_PENTATONIC = (0, 2, 4, 7, 9)
MINOR_PENTATONIC = (0, 3, 5, 7, 10)

TRIAD = (0, 2, 4)
ADD_NINE = (0, 2, 4, 8)
SEVENTH = (0, 2, 4, 6)
"""Steps of the scale above a chord's root."""

Chord = tuple[int, tuple[int, ...]]
"""Root as a step of the scale, and the steps above it that sound."""


class Instrument(StrEnum):
    """Who can play."""

    PAD = "pad"  # warm held chords
    KEYS = "keys"  # soft electric piano
    PLUCK = "pluck"  # plucked string
    MARIMBA = "marimba"  # wooden bars
    BELL = "bell"  # glass, from far away
    BASS = "bass"
    KICK = "kick"
    SHAKER = "shaker"
    SNAP = "snap"
    TOM = "tom"


class Groove(StrEnum):
    """How the accompaniment moves."""

    STILL = "still"  # long tones, slow broken chords
    FLOWING = "flowing"  # broken chords in eighths
    BOUNCING = "bouncing"  # short notes off the beat, swung
    PULSING = "pulsing"  # repeated muted eighths


@dataclass(frozen=True, kw_only=True)
class Mood:
    """One character of music.

    Args:
        keys: Tonics to choose from, as MIDI notes of the octave below middle C.
        tempo: Slowest and fastest beats per minute.
        progressions: Four chords each, of which a piece uses two.
        melody_scale: Semitones the melody may use; pentatonic, so that it never rubs against a chord.
        figure, lead: Who plays the broken chords and who the melody.
        drums: Who keeps time; empty for none.
        brightness: 0 (veiled) to 1 (open).
    """

    keys: tuple[int, ...]
    tempo: tuple[float, float]
    scale: tuple[int, ...]
    melody_scale: tuple[int, ...]
    progressions: tuple[tuple[Chord, ...], ...]
    groove: Groove
    figure: Instrument
    lead: Instrument
    drums: tuple[Instrument, ...]
    brightness: float
    swing: float = 0.0


def _chords(
    *roots: int, colours: tuple[tuple[int, ...], ...] = (ADD_NINE, ADD_NINE, ADD_NINE, ADD_NINE)
) -> tuple[Chord, ...]:
    return tuple(zip(roots, colours, strict=True))


_BRIGHT = (
    _chords(0, 4, 5, 3, colours=(ADD_NINE, TRIAD, SEVENTH, ADD_NINE)),
    _chords(0, 5, 3, 4, colours=(ADD_NINE, SEVENTH, ADD_NINE, TRIAD)),
    _chords(3, 0, 4, 5, colours=(ADD_NINE, ADD_NINE, TRIAD, SEVENTH)),
    _chords(5, 3, 0, 4, colours=(SEVENTH, ADD_NINE, ADD_NINE, TRIAD)),
)
_GENTLE = (
    _chords(0, 3, 5, 3, colours=(ADD_NINE, ADD_NINE, SEVENTH, ADD_NINE)),
    _chords(0, 5, 1, 3, colours=(ADD_NINE, SEVENTH, SEVENTH, ADD_NINE)),
    _chords(3, 0, 1, 0, colours=(ADD_NINE, ADD_NINE, SEVENTH, ADD_NINE)),
)
_GRAVE = (
    _chords(0, 5, 2, 6, colours=(ADD_NINE, ADD_NINE, ADD_NINE, TRIAD)),
    _chords(0, 3, 5, 6, colours=(ADD_NINE, SEVENTH, ADD_NINE, TRIAD)),
    _chords(5, 6, 0, 0, colours=(ADD_NINE, TRIAD, ADD_NINE, TRIAD)),
)
_SHADED = (
    _chords(0, 5, 3, 0, colours=(ADD_NINE, ADD_NINE, SEVENTH, TRIAD)),
    _chords(0, 0, 5, 3, colours=(TRIAD, ADD_NINE, ADD_NINE, SEVENTH)),
)
_WONDERING = (
    _chords(0, 1, 0, 4, colours=(ADD_NINE, TRIAD, ADD_NINE, TRIAD)),
    _chords(0, 5, 1, 4, colours=(ADD_NINE, SEVENTH, TRIAD, TRIAD)),
)

MOODS = {
    "calm": Mood(
        keys=(48, 50, 53, 55),
        tempo=(66, 76),
        scale=MAJOR,
        melody_scale=MAJOR_PENTATONIC,
        progressions=_GENTLE,
        groove=Groove.STILL,
        figure=Instrument.KEYS,
        lead=Instrument.BELL,
        drums=(),
        brightness=0.5,
    ),
    "uplifting": Mood(
        keys=(48, 50, 52, 55),
        tempo=(100, 112),
        scale=MAJOR,
        melody_scale=MAJOR_PENTATONIC,
        progressions=_BRIGHT,
        groove=Groove.FLOWING,
        figure=Instrument.PLUCK,
        lead=Instrument.KEYS,
        drums=(Instrument.KICK, Instrument.SHAKER, Instrument.SNAP),
        brightness=0.8,
    ),
    "curious": Mood(
        keys=(48, 50, 53),
        tempo=(88, 100),
        scale=LYDIAN,
        melody_scale=MAJOR_PENTATONIC,
        progressions=_WONDERING,
        groove=Groove.FLOWING,
        figure=Instrument.MARIMBA,
        lead=Instrument.KEYS,
        drums=(Instrument.SHAKER,),
        brightness=0.55,
    ),
    "playful": Mood(
        keys=(48, 53, 55),
        tempo=(112, 126),
        scale=MAJOR,
        melody_scale=MAJOR_PENTATONIC,
        progressions=_BRIGHT,
        groove=Groove.BOUNCING,
        figure=Instrument.PLUCK,
        lead=Instrument.MARIMBA,
        drums=(Instrument.KICK, Instrument.SHAKER, Instrument.SNAP),
        brightness=0.7,
        swing=0.14,
    ),
    "dramatic": Mood(
        keys=(45, 48, 50),
        tempo=(76, 88),
        scale=MINOR,
        melody_scale=MINOR_PENTATONIC,
        progressions=_GRAVE,
        groove=Groove.PULSING,
        figure=Instrument.PLUCK,
        lead=Instrument.KEYS,
        drums=(Instrument.TOM, Instrument.KICK),
        brightness=0.55,
    ),
    "dark": Mood(
        keys=(45, 47, 48),
        tempo=(60, 70),
        scale=MINOR,
        melody_scale=MINOR_PENTATONIC,
        progressions=_SHADED,
        groove=Groove.STILL,
        figure=Instrument.KEYS,
        lead=Instrument.BELL,
        drums=(Instrument.TOM,),
        brightness=0.3,
    ),
    "melancholic": Mood(
        keys=(45, 48, 50),
        tempo=(68, 78),
        scale=DORIAN,
        melody_scale=MINOR_PENTATONIC,
        progressions=(
            _chords(0, 2, 6, 3, colours=(ADD_NINE, ADD_NINE, TRIAD, TRIAD)),
            _chords(0, 6, 2, 3, colours=(SEVENTH, ADD_NINE, ADD_NINE, TRIAD)),
        ),
        groove=Groove.STILL,
        figure=Instrument.KEYS,
        lead=Instrument.KEYS,
        drums=(),
        brightness=0.5,
    ),
    "neutral": Mood(
        keys=(48, 50, 53, 55),
        tempo=(94, 104),
        scale=MAJOR,
        melody_scale=MAJOR_PENTATONIC,
        progressions=(*_BRIGHT, *_GENTLE),
        groove=Groove.PULSING,
        figure=Instrument.PLUCK,
        lead=Instrument.KEYS,
        drums=(Instrument.KICK, Instrument.SHAKER),
        brightness=0.6,
    ),
}
DEFAULT_MOOD = "neutral"

_WORDS = {
    "calm": (
        "calm relax peaceful gentle soft quiet sleep meditat serene ambient warm "
        "ruhig sanft tranquil suave calme doux शांत कोमल"
    ),
    "uplifting": (
        "uplift happy inspir hope joy bright optimis epic motivat energ "
        "froh fröhlich alegre feliz joyeux heureux खुश"
    ),
    "curious": "curious curios wonder explor mystery magic science neugier myst descubr decouv découv जिज्ञासु",
    "playful": "playful fun funny quirky child kids cheer verspielt lustig divert drôle ludique brincal मज़ेदार",
    "dramatic": "dramatic dramat tension suspense intense cinematic powerful spann tenso नाटकीय",
    "dark": "dark horror scary night gloom sinister dunkel düster oscur sombre escur sombri अंधेर",
    "melancholic": "melanchol sad nostalg lonely rain traurig triste tristeza उदास",
    "neutral": "neutral corporate business background tutorial news technolog",
}
"""Beginnings of words, in the languages of the script writer."""


def mood_named(text: str) -> Mood:
    """The mood whose word comes first in ``text``; the neutral one when there is none."""
    wish = text.lower()
    found = [(wish.find(word), name) for name, words in _WORDS.items() for word in words.split() if word in wish]
    return MOODS[min(found)[1] if found else DEFAULT_MOOD]
