"""Chooses scene and light by the words of a prompt, in any of the languages of the script writer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.content.providers.offline.painting.colour import Colour, hexed
from services.content.providers.offline.painting.palettes import Hour
from services.content.providers.offline.painting.shapes import Chance

_FILE = Path(__file__).with_name("keywords.yaml")
_WHOLE_WORD_LETTERS = 3
_NEAR_SHARE = 0.75
_SURE = 4
"""A subject that scores less than this says little about its picture."""

_HOURS = {
    "meadow": (Hour.DAY, Hour.GOLDEN, Hour.DAWN, Hour.PASTEL),
    "blossom": (Hour.PASTEL, Hour.DAY, Hour.GOLDEN, Hour.DAWN, Hour.TEAL),
    "forest": (Hour.DAWN, Hour.TEAL, Hour.GOLDEN, Hour.DAY),
    "mountains": (Hour.DAWN, Hour.DUSK, Hour.GOLDEN, Hour.TEAL, Hour.PASTEL),
    "ocean": (Hour.GOLDEN, Hour.DAY, Hour.DUSK, Hour.DAWN),
    "underwater": (Hour.DAY, Hour.TEAL),
    "city": (Hour.NIGHT, Hour.DUSK, Hour.GOLDEN),
    "desert": (Hour.GOLDEN, Hour.DAWN, Hour.DUSK, Hour.DAY),
    "tree": (Hour.GOLDEN, Hour.DAWN, Hour.DAY, Hour.PASTEL, Hour.DUSK),
    "heaven": (Hour.DAY, Hour.DAWN, Hour.DUSK, Hour.GOLDEN),
}
"""Lights that suit a scene when the prompt asks for none; scenes that bring their own are not here."""

_DEFAULT_SCENE = "abstract"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What to paint; ``blossoms`` are the colours asked for, none when the palette may decide."""

    scene: str
    hour: Hour
    blossoms: tuple[Colour, ...]
    with_bees: bool
    with_dance: bool


def choose(prompt: str, style: str, chance: Chance) -> Choice:
    """Choose by the subject, which is the prompt up to the first semicolon; what follows it only leans.

    Words before the first comma count twice. Several scenes may fit a subject about equally: then what follows
    decides, or else chance.
    """
    subject, _, leaning = prompt.partition(";")
    words, leanings = _words(subject), _words(f"{leaning} {style}")
    book = _book()
    meant = _scores([*words, *_words(subject.split(",")[0])], book["scenes"])
    leant = _scores(leanings, book["scenes"])
    if max(meant.values(), default=0) < _SURE and leant:
        meant = leant
    fitting = _near_best(meant) or [_DEFAULT_SCENE]
    scene = max(fitting, key=lambda name: (leant.get(name, 0), chance.random()))
    everything = [*words, *leanings]
    return Choice(
        scene=scene,
        hour=_hour(scene, everything, chance),
        blossoms=tuple(hexed(code) for code in _scores(everything, book["colours"])),
        with_bees=bool(_scores(everything, {"bees": book["bees"]})),
        with_dance=bool(_scores(everything, {"dances": book["dances"]})),
    )


def _hour(scene: str, words: Sequence[str], chance: Chance) -> Hour:
    wished = _near_best(_scores(words, _book()["hours"]))
    suiting = _HOURS.get(scene, (Hour.NIGHT,))
    if wished:
        return Hour(wished[0])
    return suiting[int(chance.integers(len(suiting)))]


def _words(text: str) -> list[str]:
    return [word.strip(".,:;!?¿¡…।\"'«»()[]*-–—") for word in re.split(r"[\s'’/]+", text.lower()) if word]


def _scores(words: Sequence[str], book: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Sum of what each entry's matching keywords count; entries without a match are left out."""
    scores = {name: sum(_counts(word, keywords) for word in words) for name, keywords in book.items()}
    return {name: score for name, score in scores.items() if score}


def _counts(word: str, keywords: Mapping[str, int]) -> int:
    """What the longest keyword that ``word`` begins with counts, or 0."""
    for length in range(len(word), 0, -1):
        weight = keywords.get(word[:length])
        if weight and (length == len(word) or length > _WHOLE_WORD_LETTERS):
            return weight
    return 0


def _near_best(scores: Mapping[str, int]) -> list[str]:
    best = max(scores.values(), default=0)
    names = [name for name, score in scores.items() if score >= best * _NEAR_SHARE]
    return sorted(names, key=lambda name: -scores[name])


@cache
def _book() -> dict[str, dict[str, Any]]:
    raw = YAML(typ="safe", pure=True).load(_FILE.read_text("utf-8"))
    return {
        "scenes": {name: _weights(lines) for name, lines in raw["scenes"].items()},
        "hours": {name: _weights(lines) for name, lines in raw["hours"].items()},
        "colours": {code: _weights(lines) for code, lines in raw["colours"].items()},
        "bees": _weights(raw["bees"]),
        "dances": _weights(raw["dances"]),
    }


def _weights(lines: Mapping[str, str]) -> dict[str, int]:
    weights: dict[str, int] = {}
    for entry in " ".join(lines.values()).split():
        word, _, weight = entry.partition(":")
        weights[word] = max(weights.get(word, 0), int(weight or 1))
    return weights
