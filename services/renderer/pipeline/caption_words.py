"""The words of a caption as they are written, and when each is highlighted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.timeline import Cue

# Longer than any line: a longer "word" is an address or a mistake, and is shown in pieces.
_LONGEST_WORD = 24


@dataclass(frozen=True, kw_only=True)
class ShownWord:
    """A word between two spaces, and the frames in which it is spoken; None when that is not known."""

    text: str
    start_frame: int | None = None
    end_frame: int | None = None

    def is_spoken_at(self, frame_number: int) -> bool:
        """Whether it is highlighted in this frame, counted like the cue's."""
        if self.start_frame is None or self.end_frame is None:
            return False
        return self.start_frame <= frame_number < self.end_frame


def shown_words(cue: Cue) -> list[ShownWord]:
    """Words of the cue's text; its spoken words are looked up there, because speech drops punctuation.

    Two spoken words inside one written word highlight it for both; a spoken word that is not written is ignored.
    """
    words = [(match.start(), match.group()) for match in re.finditer(r"\S+", cue.text)]
    times: dict[int, tuple[int, int]] = {}
    for place, start, end in _spoken_places(cue):
        number = max(index for index, (at, _) in enumerate(words) if at <= place)
        times[number] = (min(start, times[number][0]), end) if number in times else (start, end)
    shown = [
        ShownWord(
            text=text, start_frame=times.get(number, (None, None))[0], end_frame=times.get(number, (None, None))[1]
        )
        for number, (_, text) in enumerate(words)
    ]
    return [piece for word in shown for piece in _pieces(word)]


def _spoken_places(cue: Cue) -> Iterator[tuple[int, int, int]]:
    """Place in the text, first frame and end frame of each spoken word that is found there, in order."""
    place = 0
    for word in cue.words:
        found = cue.text.find(word.text.strip(), place) if word.text.strip() else -1
        if found >= 0:
            yield found, word.start_frame, word.end_frame
            place = found + len(word.text.strip())


def _pieces(word: ShownWord) -> Iterator[ShownWord]:
    for at in range(0, len(word.text), _LONGEST_WORD):
        yield ShownWord(
            text=word.text[at : at + _LONGEST_WORD], start_frame=word.start_frame, end_frame=word.end_frame
        )
