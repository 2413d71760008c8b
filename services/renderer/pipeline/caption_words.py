"""The words of a caption as they are written, and when each is spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from shared.contracts.timeline import CaptionWord
from shared.text_breaks import columns_of, pieces_of

# Longer than any line: a longer "word" is an address or a mistake, and is shown in pieces.
_LONGEST_WORD = 24
# One word at a time: so many letters of a text without spaces are read at a glance.
_GLANCE_COLUMNS = 8


class Caption(Protocol):
    """A cue, wherever its frames are counted from."""

    @property
    def start_frame(self) -> int: ...

    @property
    def end_frame(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def words(self) -> tuple[CaptionWord, ...]: ...


@dataclass(frozen=True, kw_only=True)
class ShownWord:
    """What is written between two places where a line may end.

    ``is_glued`` says that no space parts it from the word before. The frames in which it is spoken are None when
    that is not known.
    """

    text: str
    is_glued: bool = False
    start_frame: int | None = None
    end_frame: int | None = None

    def is_spoken_at(self, frame_number: int) -> bool:
        """Whether it is highlighted in this frame, counted like the cue's."""
        if self.start_frame is None or self.end_frame is None:
            return False
        return self.start_frame <= frame_number < self.end_frame


@dataclass(frozen=True, kw_only=True)
class TimedWord:
    """A word and the frames in which it is spoken, known or estimated; they may be fractions of a frame."""

    text: str
    is_glued: bool
    start: float
    end: float

    def part_spoken_at(self, frame_number: int) -> float:
        """How much of it has been spoken in the middle of this frame, 0 to 1."""
        if self.end <= self.start:
            return float(frame_number + 0.5 >= self.start)
        return min(1.0, max(0.0, (frame_number + 0.5 - self.start) / (self.end - self.start)))


def shown_words(cue: Caption) -> list[ShownWord]:
    """Words of the cue's text; its spoken words are looked up there, because speech drops punctuation.

    Two spoken words inside one written word light it for both; of a spoken word that is written as several, each
    has its share of the time; a spoken word that is not written is ignored.
    """
    written = list(_written_words(cue.text))
    places, words = [place for place, _ in written], [word for _, word in written]
    timed = list(words)
    for start, end, first, last in _spoken_places(cue):
        touched = [n for n, at in enumerate(places) if at < end and at + len(words[n].text) > start]
        shares = _shares([columns_of(words[n].text) for n in touched], first, last)
        for number, (from_frame, to_frame) in zip(touched, shares, strict=True):
            known = timed[number].start_frame
            timed[number] = replace(
                timed[number],
                start_frame=round(from_frame) if known is None else min(known, round(from_frame)),
                end_frame=round(to_frame),
            )
    return timed


def timed_words(cue: Caption) -> list[TimedWord]:
    """Words of the cue, each with a time: those whose time is unknown share what their neighbours leave."""
    words = shown_words(cue)
    known = [n for n, word in enumerate(words) if word.start_frame is not None]
    times: dict[int, tuple[float, float]] = {}
    for before, after in pairwise([-1, *known, len(words)]):
        start = cue.start_frame if before < 0 else words[before].end_frame
        end = cue.end_frame if after == len(words) else words[after].start_frame
        gap = range(before + 1, after)
        columns = [columns_of(words[n].text) for n in gap]
        times |= dict(zip(gap, _shares(columns, start or 0, max(start or 0, end or 0)), strict=True))
    times |= {n: (words[n].start_frame or 0, words[n].end_frame or 0) for n in known}
    return [
        TimedWord(text=word.text, is_glued=word.is_glued, start=times[n][0], end=times[n][1])
        for n, word in enumerate(words)
    ]


def glances(words: Sequence[TimedWord]) -> list[TimedWord]:
    """What is shown at once when words come one at a time: a word, or a few letters where no spaces part words."""
    groups: list[TimedWord] = []
    for word in words:
        if groups and word.is_glued and columns_of(groups[-1].text + word.text) <= _GLANCE_COLUMNS:
            groups[-1] = replace(groups[-1], text=groups[-1].text + word.text, end=word.end)
        else:
            groups.append(word)
    return groups


def _written_words(text: str) -> Iterator[tuple[int, ShownWord]]:
    """Each word with its place in the text."""
    for run in re.finditer(r"\S+", text):
        place = run.start()
        for number, piece in enumerate(_pieces(run.group())):
            place = text.index(piece, place)
            yield place, ShownWord(text=piece, is_glued=number > 0)
            place += len(piece)


def _pieces(run: str) -> Iterator[str]:
    for piece in pieces_of(run):
        for at in range(0, len(piece), _LONGEST_WORD):
            yield piece[at : at + _LONGEST_WORD]


def _spoken_places(cue: Caption) -> Iterator[tuple[int, int, int, int]]:
    """Start and end in the text, first frame and end frame of each spoken word that is found there, in order."""
    place = 0
    for word in cue.words:
        text = word.text.strip()
        found = cue.text.find(text, place) if text else -1
        if found >= 0:
            place = found + len(text)
            yield found, place, word.start_frame, word.end_frame


def _shares(columns: Sequence[int], start: float, end: float) -> list[tuple[float, float]]:
    """Parts of a time, as long as the words are wide."""
    total = sum(columns) or 1
    at = [start + (end - start) * sum(columns[:n]) / total for n in range(len(columns) + 1)]
    return list(pairwise(at))
