"""A script from the author's own text: cut where a reader would, every word kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.content.providers.port import Script, ScriptSlide
from shared.errors import InvalidInputError

_SENTENCE_END = re.compile(r"(?<=[.!?…।॥؟。！？])[\"'”’»)\]]*\s+|\n\s*\n|\n(?=[-*•#\d])")
_CLAUSE_END = re.compile(r"(?<=[,;:،、—–])\s+")
_ABBREVIATION = re.compile(
    r"(?:^|\s|\()(?:\w|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|z\.B|d\.h|bzw|ca|Nr|Sr|Sra|p\.ej|Ud|Uds|M|Mme|env|डॉ|श्री)\.$"
)
_MARKUP = re.compile(r"^\s*(?:[-*•>]|#{1,6}|\d{1,2}[.)])\s+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", re.MULTILINE)
_TITLE_CHARACTERS = 48
_TITLE_WORDS = 7


def script_of_text(text: str, slides: int, title: str) -> Script:
    """Spread ``text`` over ``slides`` slides of about equal length.

    Raises:
        InvalidInputError: The text has fewer words than slides are wanted.
    """
    plain = _MARKUP.sub("", text).strip()
    pieces = _pieces(plain, slides)
    made = tuple(_slide(group) for group in _grouped(pieces, slides))
    return Script(title=title.strip() or made[0].title, slides=made)


def _pieces(plain: str, wanted: int) -> list[str]:
    """Sentences; clauses where there are too few sentences; words where there are too few clauses."""
    sentences = _sentences(plain)
    if len(sentences) >= wanted:
        return sentences
    clauses = [clause for sentence in sentences for clause in _CLAUSE_END.split(sentence) if clause.strip()]
    if len(clauses) >= wanted:
        return clauses
    words = plain.split()
    if len(words) < wanted:
        raise InvalidInputError(
            f"the text has {len(words)} words, too few for {wanted} slides; ask for fewer slides or write more"
        )
    return words


def _sentences(plain: str) -> list[str]:
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(plain):
        flat = " ".join(piece.split())
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] += f" {flat}"
        elif flat:
            sentences.append(flat)
    return sentences


def _grouped(pieces: Sequence[str], wanted: int) -> list[str]:
    """Join neighbours into ``wanted`` groups so that each ends as near as possible to its fair share."""
    lengths = [len(piece) for piece in pieces]
    total = sum(lengths)
    groups: list[str] = []
    start = passed = 0
    for number in range(1, wanted + 1):
        end = start + 1
        passed += lengths[start]
        last_end = len(pieces) - (wanted - number)
        while end < last_end and (number == wanted or passed + lengths[end] / 2 <= total * number / wanted):
            passed += lengths[end]
            end += 1
        groups.append(" ".join(pieces[start:end]))
        start = end
    return groups


def _slide(narration: str) -> ScriptSlide:
    title = _title(narration)
    return ScriptSlide(title=title, narration=narration, image_prompt=narration[:400])


def _title(narration: str) -> str:
    """The first words, cut at a clause or at a word, without closing punctuation."""
    opening = re.split(r"[.!?…।,;:—–(]\s|[.!?…।]$", narration, maxsplit=1)[0]
    words = opening.split()[:_TITLE_WORDS] or narration.split()[:_TITLE_WORDS]
    while len(words) > 1 and len(" ".join(words)) > _TITLE_CHARACTERS:
        words.pop()
    whole = " ".join(words)
    cut = len(words) < len(opening.split())
    return whole[:_TITLE_CHARACTERS].rstrip(" ,;:-–—") + ("…" if cut else "")
