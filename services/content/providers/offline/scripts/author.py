"""A script from the author's own text: cut where a reader would, every word kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.content.providers.port import Script, ScriptSlide
from shared.errors import InvalidInputError

_SENTENCE_END = re.compile(r"(?<=[.!?…।॥؟])\s+|(?<=[.!?…।॥؟][\"'”’»)\]])\s+|(?<=[。！？])")
_CLAUSE_END = re.compile(r"(?<=[,;:،、—–])\s+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:\w|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|z\.B|d\.h|bzw|ca|approx|Nr|Sr|Sra|p\.ej|Ud|Uds|Mme|env|डॉ)\.$"
)
_NEW_BLOCK = re.compile(r"^\s*(?:[-*•>]|#{1,6}|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s")
_EMPHASIS = re.compile(r"(?<!\w)(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
_TITLE_CHARACTERS = 48
_TITLE_WORDS = 7


def script_of_text(text: str, slides: int, title: str) -> Script:
    """Spread ``text`` over ``slides`` slides of about equal length.

    Raises:
        InvalidInputError: The text has fewer words than slides are wanted.
    """
    pieces = _pieces(_blocks(text), slides)
    made = tuple(_slide(group) for group in _grouped(pieces, slides))
    return Script(title=title.strip() or made[0].title, slides=made)


def _blocks(text: str) -> list[str]:
    """Paragraphs, list items and headings, each on one line and without markup."""
    blocks: list[str] = []
    is_open = False
    for line in text.splitlines():
        starts_new = bool(_NEW_BLOCK.match(line))
        content = _LINK.sub(r"\1", _EMPHASIS.sub(r"\2", _NEW_BLOCK.sub("", line))).strip()
        if content and is_open and not starts_new:
            blocks[-1] += f" {content}"
        elif content:
            blocks.append(content)
        is_open = bool(content) and not _HEADING.match(line)
    return [_ended(" ".join(block.split())) for block in blocks]


def _ended(block: str) -> str:
    """A heading or list item without a full stop gets one, so that the voice pauses after it."""
    if not block[-1].isalnum():
        return block
    return block + ("।" if "\u0900" <= block[-1] <= "\u097f" else ".")


def _pieces(blocks: Sequence[str], wanted: int) -> list[str]:
    """Sentences; clauses where there are too few sentences; words where there are too few clauses."""
    sentences = [sentence for block in blocks for sentence in _sentences(block)]
    if len(sentences) >= wanted:
        return sentences
    clauses = [clause for sentence in sentences for clause in _CLAUSE_END.split(sentence) if clause.strip()]
    if len(clauses) >= wanted:
        return clauses
    words = " ".join(blocks).split()
    if len(words) < wanted:
        raise InvalidInputError(
            f"the text has {len(words)} words, too few for {wanted} slides; ask for fewer slides or write more"
        )
    return words


def _sentences(block: str) -> list[str]:
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(block):
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] += f" {piece}"
        elif piece:
            sentences.append(piece)
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
