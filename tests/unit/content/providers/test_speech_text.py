"""Narration for the engine: the same length, nothing read aloud that nobody would read."""

from __future__ import annotations

import pytest

from services.content.providers.offline.speaking.text import (
    MAX_PASSAGE_CHARACTERS,
    is_speakable,
    passages,
    speakable,
    word_spans,
)


def words(text: str) -> list[str]:
    return [text[span.start : span.end] for span in word_spans(text)]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hi 🐝 there", "Hi   there"),
        ("I ❤️ bees", "I    bees"),
        ("**bold** #tag", "  bold    tag"),
        ("Costs $4 & 5 %", "Costs $4 & 5 %"),
        ("नमस्ते दुनिया।", "नमस्ते दुनिया।"),
        ("a\u200bb\u202ec", "a b c"),
        ("क्\u200dष", "क्\u200dष"),
        ("👨\u200d👩", "   "),
    ],
)
def test_what_nobody_would_read_becomes_a_space_one_for_one(text: str, spoken: str) -> None:
    assert speakable(text) == spoken
    assert len(speakable(text)) == len(text)


@pytest.mark.parametrize("text", ["", "  \n", "🐝🐝", "…!?", "—"])
def test_a_text_without_letters_or_digits_cannot_be_said(text: str) -> None:
    assert not is_speakable(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bees fly — always.", ["Bees", "fly —", "always."]),
        ("« oui » 🐝", ["« oui » 🐝"]),
        ("🐝 bees", ["🐝 bees"]),
        ("¡ Hola !", ["¡ Hola !"]),
        ("  a  b ", ["a", "b"]),
    ],
)
def test_signs_that_stand_alone_belong_to_a_word(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_words_cover_every_visible_character() -> None:
    text = "¿ Qué ? 🐝 « Sí » — 3,5 % (¡ya!) … fin 🙂"

    assert "".join("".join(words(text)).split()) == "".join(text.split())


def test_a_long_text_is_cut_at_ends_of_sentences_without_losing_a_character() -> None:
    text = " ".join(f"This is sentence number {number}." for number in range(200))

    cut = list(passages(text))

    assert "".join(text[span.start : span.end] for span in cut) == text
    assert all(span.end - span.start <= MAX_PASSAGE_CHARACTERS for span in cut)
    assert all(text[: span.end].rstrip().endswith(".") for span in cut)


def test_a_text_without_any_space_is_cut_as_well() -> None:
    spans = list(passages("a" * 5_000))

    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert spans[-1].end == 5_000
