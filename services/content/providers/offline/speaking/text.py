"""Narration to speakable text of the same length, so that every position means the same in both."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PASSAGE_CHARACTERS = 900
"""The engine gets passages of about this length, so that its sound is shaped in bounded memory."""

_SPOKEN_SYMBOLS = "$€£¥₹%&+=@°"
_UNSPOKEN_PUNCTUATION = "*_#~^|<>[]{}\\`•·"
_JOINERS = "\u200c\u200d"  # they shape Hindi and Persian words
_PASSAGE_END = re.compile(r"[.!?…।॥؟。]+[\"'”»)]*\s+|\n+")


@dataclass(frozen=True, kw_only=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int


def is_speakable(text: str) -> bool:
    """Whether there is any letter or digit to say."""
    return any(character.isalnum() for character in text)


def speakable(text: str) -> str:
    """``text`` with everything nobody would read aloud (emoji, markup, controls) as spaces, one for one."""
    return "".join(character if _is_spoken(text, index) else " " for index, character in enumerate(text))


def _is_spoken(text: str, index: int) -> bool:
    character = text[index]
    if character in _JOINERS:
        return 0 < index < len(text) - 1 and text[index - 1].isalpha() | _is_mark(text[index - 1])
    if character in _SPOKEN_SYMBOLS or character.isspace():
        return True
    kind = unicodedata.category(character)
    if kind == "Mn" and 0xFE00 <= ord(character) <= 0xFE0F:
        return False  # variation selectors follow emoji
    return kind[0] in "LNM" or (kind[0] == "P" and character not in _UNSPOKEN_PUNCTUATION)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def word_spans(text: str) -> list[Span]:
    """Where the words lie; signs and emoji that stand alone belong to the word before, or else after."""
    spans: list[Span] = []
    opening: int | None = None
    for match in re.finditer(r"\S+", text):
        if is_speakable(match.group()):
            spans.append(Span(start=match.start() if opening is None else opening, end=match.end()))
            opening = None
        elif spans and not _opens(match.group()):
            spans[-1] = Span(start=spans[-1].start, end=match.end())
        elif opening is None:
            opening = match.start()
    if opening is not None and spans:
        spans[-1] = Span(start=spans[-1].start, end=len(text.rstrip()))
    return spans


def _opens(sign: str) -> bool:
    """Whether a lone sign belongs to what follows, like an opening quotation mark."""
    return all(unicodedata.category(character) in ("Pi", "Ps") or character in "¿¡" for character in sign)


def passages(text: str) -> Iterator[Span]:
    """Cut a long text at ends of sentences, else at spaces, into passages short enough for the engine."""
    start = 0
    while start < len(text):
        end = len(text) if len(text) - start <= MAX_PASSAGE_CHARACTERS else _cut(text, start)
        yield Span(start=start, end=end)
        start = end


def _cut(text: str, start: int) -> int:
    limit = start + MAX_PASSAGE_CHARACTERS
    sentence_ends = [match.end() for match in _PASSAGE_END.finditer(text, start, limit)]
    if sentence_ends:
        return sentence_ends[-1]
    space = text.rfind(" ", start, limit)
    return space + 1 if space > start else limit
