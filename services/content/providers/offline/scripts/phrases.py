"""The words of the built-in writer in each language, read from ``languages/``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from shared.errors import TaskFailedError

_FOLDER = Path(__file__).parent / "languages"
LANGUAGES = ("en", "hi", "es", "fr", "de", "pt")


@dataclass(frozen=True, kw_only=True)
class Lens:
    """One way to look at any topic; ``key`` is the same in all languages."""

    key: str
    title: str
    variants: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """All passages of one language.

    Args:
        whole: A video of a single slide.
        hooks, closes: First and last slides.
        close_titles: Titles of last slides.
        lenses: The slides between, in the order in which a story would use them.
        again: Openings for further rounds through the lenses, in long videos.
    """

    whole: tuple[str, ...]
    hooks: tuple[str, ...]
    lenses: tuple[Lens, ...]
    again: tuple[str, ...]
    closes: tuple[str, ...]
    close_titles: tuple[str, ...]


def phrases_of(language: str) -> Phrases:
    """The words of ``language``, a code with or without region.

    Raises:
        TaskFailedError: ``content.unknown_language``; the message lists the languages there are.
    """
    code = language.strip().lower().replace("_", "-").split("-")[0]
    if code not in LANGUAGES:
        raise TaskFailedError(
            f"the built-in script writer does not write {language!r}; it writes {', '.join(LANGUAGES)}. "
            "Choose one of these, write the slides yourself, or use another script provider",
            code="content.unknown_language",
        )
    return _read(code)


@cache
def _read(code: str) -> Phrases:
    raw: dict[str, Any] = YAML(typ="safe", pure=True).load((_FOLDER / f"{code}.yaml").read_text("utf-8"))
    lenses = tuple(
        Lens(key=lens["key"], title=lens["title"], variants=tuple(lens["variants"])) for lens in raw["lenses"]
    )
    return Phrases(
        whole=tuple(raw["whole"]),
        hooks=tuple(raw["hooks"]),
        lenses=lenses,
        again=tuple(raw["again"]),
        closes=tuple(raw["closes"]),
        close_titles=tuple(raw["close_titles"]),
    )
