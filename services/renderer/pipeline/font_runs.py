"""Which face draws which part of a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from services.renderer.pipeline.fonts import EMOJI_STRIKE, Face, emoji_faces, faces

_AS_EMOJI, _JOINER = "\N{VARIATION SELECTOR-16}", "\N{ZERO WIDTH JOINER}"
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
# UTS #51: a flag of two regional indicators; a keycap; a picture with selector or skin tone, joined to others, or
# with the tags of a region.
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")
_SEQUENCE = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    f"|.[\ufe0f{_SKIN_TONES}]?(?:\u200d.[\ufe0f{_SKIN_TONES}]?)*[\U000e0020-\U000e007f]*",
    re.DOTALL,
)
_TONE = re.compile(f"[{_SKIN_TONES}]")
# Unicode general categories: marks and format characters, which belong to what they follow; and what has no shape.
_JOINING = ("Mn", "Mc", "Me", "Cf")
_SILENT = ("Cf", "Cc", "Zs", "Zl", "Zp")


@dataclass(frozen=True, kw_only=True)
class Run:
    """Part of a word that one face draws, in logical order.

    ``language`` (BCP 47) chooses among the shapes of Chinese characters; None leaves the font's own.
    """

    face: Face
    text: str
    language: str | None = None


def runs_of(word: str, own: Face | None = None, language: str | None = None) -> tuple[list[Run], set[str]]:
    """Split a word by face; the set holds visible characters that no face has, which are left out.

    Args:
        own: Asked before the bundled faces.
        language: From :func:`han_language`.
    """
    runs: list[Run] = []
    missing: set[str] = set()
    for face, text in _faced_parts(unicodedata.normalize("NFC", word), own):
        if face is None:
            missing |= {character for character in text if not _is_invisible(character)}
        elif runs and runs[-1].face is face and face is not emoji_faces()[1]:
            runs[-1] = Run(face=face, text=runs[-1].text + text, language=runs[-1].language)
        else:
            runs.append(Run(face=face, text=text, language=language if face.is_han else None))
    return runs, missing


def han_language(text: str) -> str | None:
    """Whose shapes its Chinese characters have: those of Japanese beside kana, else of Simplified Chinese."""
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "ja"
    return "zh-Hans" if any("\u3400" <= character <= "\u9fff" for character in text) else None


def _faced_parts(text: str, own: Face | None) -> Iterator[tuple[Face | None, str]]:
    current: Face | None = None
    place = 0
    while place < len(text):
        sequence = _emoji_at(text, place)
        if sequence:
            yield from _emoji_parts(sequence)
            current = emoji_faces()[0]
            place += len(sequence)
            continue
        current_or_none = _face_for(text, place, current, own)
        yield current_or_none, text[place]
        current = current_or_none or current
        place += 1


def _emoji_at(text: str, place: int) -> str:
    """The emoji of more than one character that starts here; empty where none does."""
    if unicodedata.category(text[place]) in _JOINING or _TONE.match(text[place]):
        return ""
    found = _SEQUENCE.match(text, place)
    sequence = found.group() if found else ""
    starts = emoji_faces()[0].has(text[place]) or _FLAG_LETTER.match(text[place]) or "\u20e3" in sequence
    return sequence if len(sequence) > 1 and starts else ""


def _emoji_parts(sequence: str) -> Iterator[tuple[Face | None, str]]:
    """The picture of a sequence; where there is none, that without skin tones; else those of its members."""
    plain = sequence.replace(_AS_EMOJI, "")
    single, joined = emoji_faces()
    toneless = _TONE.sub("", plain)
    for text in (plain, toneless):
        if len(text) == 1 and single.has(text):
            yield single, text
            return
        if _is_one_picture(joined, text):
            yield joined, text
            return
    if _JOINER in plain:
        for member in plain.split(_JOINER):
            yield from _emoji_parts(member)
    else:
        yield None, plain


@cache
def _is_one_picture(joined: Face, text: str) -> bool:
    font = joined.at(EMOJI_STRIKE)
    return (
        len(text) > 1
        and font.getlength(text) == font.getlength("\U0001f1ee\U0001f1f3")
        and any(font.getmask(text))
    )


def _face_for(text: str, place: int, current: Face | None, own: Face | None) -> Face | None:
    """Marks, digits and punctuation stay with what they follow; letters go to the first face of the chain."""
    character = text[place]
    category = unicodedata.category(character)
    if category in _JOINING or _TONE.match(character):
        return current if current is not None and not current.is_emoji and current.has(character) else None
    if not category.startswith("L") and current is not None and not current.is_emoji and current.has(character):
        return current
    chain = (own, *faces()) if own else faces()
    marks = _marks_after(text, place)
    whole = (face for face in chain if face.has(character) and all(face.has(mark) for mark in marks))
    return next(whole, next((face for face in chain if face.has(character)), None))


def _marks_after(text: str, place: int) -> str:
    end = place + 1
    while end < len(text) and unicodedata.category(text[end]) in ("Mn", "Mc", "Me"):
        end += 1
    return "".join(mark for mark in text[place + 1 : end] if mark not in _SELECTORS)


def _is_invisible(character: str) -> bool:
    """Whether nothing is lost when it is left out: it only says how its neighbours are drawn."""
    return unicodedata.category(character) in _SILENT or character in _SELECTORS or bool(_TONE.match(character))
