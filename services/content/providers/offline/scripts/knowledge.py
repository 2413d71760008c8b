"""The few subjects the built-in writer really knows something about, read from ``subjects/``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.content.providers.port import ScriptSlide

_FOLDER = Path(__file__).parent / "subjects"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A subject: meant by a topic with a word of each set in ``needs``; first slide opens, last one closes."""

    needs: tuple[frozenset[str], ...]
    slides: Mapping[str, tuple[ScriptSlide, ...]]

    def is_meant_by(self, topic: str) -> bool:
        words = {word.strip(".,:;!?¿¡…।\"'«»()") for word in re.split(r"[\s'’/-]+", topic.lower())}
        return all(words & wanted for wanted in self.needs)


def known_slides(topic: str, language: str) -> tuple[ScriptSlide, ...]:
    """What we know about ``topic``, as a whole video in ``language``; empty when we know nothing."""
    code = language.strip().lower().replace("_", "-").split("-")[0]
    return next((subject.slides[code] for subject in _subjects() if subject.is_meant_by(topic)), ())


@cache
def _subjects() -> tuple[Subject, ...]:
    return tuple(_read(path) for path in sorted(_FOLDER.glob("*.yaml")))


def _read(path: Path) -> Subject:
    raw: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    slides = raw["slides"]
    languages = [key for key in slides[0] if key != "image_prompt"]
    return Subject(
        needs=tuple(frozenset(line.split()) for line in raw["needs"]),
        slides={code: tuple(_slide(slide, code) for slide in slides) for code in languages},
    )


def _slide(slide: Mapping[str, Any], code: str) -> ScriptSlide:
    return ScriptSlide(**slide[code], image_prompt=slide["image_prompt"])
