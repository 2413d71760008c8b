"""Music: consonant chords, a melody in the scale, an ending that comes home, all within the length."""

from __future__ import annotations

from itertools import combinations

import pytest

from services.content.providers.offline.composing.arrange import arrange
from services.content.providers.offline.composing.harmony import chord_plan
from services.content.providers.offline.composing.moods import MOODS, Instrument, mood_named
from services.content.providers.offline.composing.notes import Note
from services.content.providers.offline.seeds import generator

DRUMS = {Instrument.KICK, Instrument.SHAKER, Instrument.SNAP, Instrument.TOM}
LENGTHS = [0.5, 4.0, 9.1, 30.0, 61.37, 180.0]


def piece(name: str, seconds: float, take: int = 1) -> list[Note]:
    return arrange(MOODS[name], seconds, generator("test", name, take))


@pytest.mark.parametrize("name", MOODS)
@pytest.mark.parametrize("seconds", LENGTHS)
def test_every_note_begins_within_the_length(name: str, seconds: float) -> None:
    notes = piece(name, seconds)

    assert notes
    assert all(0 <= note.start < seconds for note in notes)
    assert all(note.seconds > 0 and 24 <= note.midi <= 108 and 0 < note.loudness <= 1 for note in notes)


@pytest.mark.parametrize("name", MOODS)
def test_held_chords_have_no_neighbours_a_semitone_apart(name: str) -> None:
    for take in range(6):
        by_start: dict[float, set[int]] = {}
        for note in piece(name, 90.0, take):
            if note.instrument is Instrument.PAD:
                by_start.setdefault(round(note.start, 1), set()).add(note.midi)
        for chord in by_start.values():
            assert all(abs(low - high) != 1 for low, high in combinations(chord, 2)), sorted(chord)


@pytest.mark.parametrize("name", MOODS)
def test_all_notes_belong_to_the_scale(name: str) -> None:
    mood = MOODS[name]
    tones = {note.midi % 12 for note in piece(name, 90.0) if note.instrument not in DRUMS}

    assert any(tones <= {(tonic + step) % 12 for step in mood.scale} for tonic in range(12))


@pytest.mark.parametrize("name", MOODS)
def test_the_piece_ends_on_its_home_chord(name: str) -> None:
    notes = piece(name, 60.0)
    last_bass = max((note for note in notes if note.instrument is Instrument.BASS), key=lambda note: note.start)

    assert last_bass.midi % 12 in {key % 12 for key in MOODS[name].keys}
    assert last_bass.start + last_bass.seconds == pytest.approx(60.0, abs=0.02)
    assert 60.0 - last_bass.start >= 2.5


@pytest.mark.parametrize("name", MOODS)
def test_the_bar_before_the_end_leads_home(name: str) -> None:
    root, _ = chord_plan(MOODS[name], 13, generator(name))[-1]

    assert root in (3, 4, 6)


def test_takes_and_moods_differ() -> None:
    assert piece("calm", 30.0, 1) != piece("calm", 30.0, 2)
    assert piece("calm", 30.0, 1) != piece("playful", 30.0, 1)


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("calm", "calm"),
        ("Something uplifting, please", "uplifting"),
        ("ruhig und warm", "calm"),
        ("música alegre", "uplifting"),
        ("शांत", "calm"),
        ("dark and mysterious", "dark"),
        ("", "neutral"),
        ("whatever", "neutral"),
    ],
)
def test_a_mood_is_found_by_its_words(wish: str, name: str) -> None:
    assert mood_named(wish) is MOODS[name]
