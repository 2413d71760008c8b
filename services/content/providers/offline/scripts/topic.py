"""A script about a topic: honest questions in a curious order, no invented facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from services.content.providers.offline.scripts.knowledge import known_slides
from services.content.providers.offline.scripts.phrases import Lens, Phrases
from services.content.providers.offline.seeds import generator
from services.content.providers.port import Script, ScriptSlide

_DOUBLED_END = re.compile(r"([?!…。।؟])\s?[.?।]")
"""A topic that ends like a sentence, inside a sentence that ends as well."""

_SCENES = {
    "hook": "wide view, golden morning light",
    "question": "starry night sky",
    "noticing": "close up, soft focus",
    "beginning": "sunrise over hills",
    "steps": "winding path through a forest",
    "hidden": "under water, rays of light",
    "scale": "planets in space",
    "time": "desert dunes at sunset",
    "people": "city skyline at night",
    "surprise": "colourful flowing shapes",
    "comparison": "garden flowers close up",
    "connection": "aurora over a lake",
    "limits": "ocean horizon",
    "experiment": "meadow with flowers, spring",
    "use": "mountains at dawn",
    "close": "sunset, calm evening light",
}
"""What the picture of each part shows; providers of pictures give most weight to what stands first."""


def script_about(topic: str, slides: int, phrases: Phrases, language: str) -> Script:
    """Write ``slides`` slides about ``topic``; the same topic gives the same script.

    A subject we know something about is told first, as far as the slides reach; questions fill what is left.
    """
    subject = re.sub(r"\s+", " ", topic).strip().rstrip(".,;:")
    chance = generator("script", language, subject, slides)
    known = known_slides(subject, language)
    if slides == 1:
        return Script(title=subject, slides=(_whole(subject, phrases, known, chance),))
    opening, closing = (known[0], known[-1]) if known else _frame(subject, phrases, chance)
    told = _some(known[1:-1], slides - 2, chance)
    parts = _middle(phrases, slides - 2 - len(told), chance)
    asked = [_slide(subject, *part, is_metaphor=index % 2 == 0) for index, part in enumerate(parts)]
    return Script(title=subject, slides=(opening, *told, *asked, closing))


def _whole(
    subject: str, phrases: Phrases, known: Sequence[ScriptSlide], chance: np.random.Generator
) -> ScriptSlide:
    if known:
        return known[1 + int(chance.integers(len(known) - 2))]
    return _slide(subject, subject, _pick(phrases.whole, chance), "hook")


def _frame(subject: str, phrases: Phrases, chance: np.random.Generator) -> tuple[ScriptSlide, ScriptSlide]:
    """First and last slide."""
    opening = _slide(subject, subject, _pick(phrases.hooks, chance), "hook")
    title = _pick(phrases.close_titles, chance)
    return opening, _slide(subject, title, _pick(phrases.closes, chance), "close")


def _some(known: Sequence[ScriptSlide], count: int, chance: np.random.Generator) -> list[ScriptSlide]:
    """At most ``count`` of them, in their order."""
    return [known[index] for index in sorted(chance.permutation(len(known))[:count])]


def _middle(phrases: Phrases, count: int, chance: np.random.Generator) -> Iterator[tuple[str, str, str]]:
    """Title, narration and lens key of each slide between the first and the last.

    Each round goes once through the lenses in their order, or through some of them when few slides are left.
    """
    first_variants = [int(chance.integers(len(lens.variants))) for lens in phrases.lenses]
    for number in range(-(-count // len(phrases.lenses))):
        left = min(count - number * len(phrases.lenses), len(phrases.lenses))
        for index in sorted(chance.permutation(len(phrases.lenses))[:left]):
            lens = phrases.lenses[index]
            variant = lens.variants[(first_variants[index] + number) % len(lens.variants)]
            yield _numbered_title(lens, number), _opened(phrases, number, variant), lens.key


def _numbered_title(lens: Lens, number: int) -> str:
    return lens.title if number == 0 else f"{lens.title} ({number + 1})"


def _opened(phrases: Phrases, number: int, narration: str) -> str:
    """From the second time a passage returns, it begins with a sentence that says so."""
    opening = number // 2
    return narration if opening == 0 else f"{phrases.again[(opening - 1) % len(phrases.again)]} {narration}"


def _slide(subject: str, title: str, narration: str, scene: str, *, is_metaphor: bool = False) -> ScriptSlide:
    """Every second picture is one of the passage instead of the subject, so that not all look alike."""
    spoken = _DOUBLED_END.sub(r"\1", narration.replace("{topic}", subject))
    pictured = (_SCENES[scene], subject) if is_metaphor else (subject, _SCENES[scene])
    return ScriptSlide(title=title, narration=spoken, image_prompt="; ".join(pictured))


def _pick(choices: Sequence[str], chance: np.random.Generator) -> str:
    return choices[int(chance.integers(len(choices)))]
