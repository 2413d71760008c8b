"""The families of scenes; each paints on a canvas with a palette and a generator."""

from __future__ import annotations

from collections.abc import Callable

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.scenes.abstract import paint_abstract
from services.content.providers.offline.painting.scenes.aurora import paint_aurora
from services.content.providers.offline.painting.scenes.city import paint_city
from services.content.providers.offline.painting.scenes.desert import paint_desert
from services.content.providers.offline.painting.scenes.forest import paint_forest
from services.content.providers.offline.painting.scenes.heaven import paint_heaven
from services.content.providers.offline.painting.scenes.mountains import paint_mountains
from services.content.providers.offline.painting.scenes.nectar import paint_nectar
from services.content.providers.offline.painting.scenes.ocean import paint_ocean
from services.content.providers.offline.painting.scenes.space import paint_space
from services.content.providers.offline.painting.scenes.tree import paint_tree
from services.content.providers.offline.painting.scenes.underwater import paint_underwater
from services.content.providers.offline.painting.shapes import Chance

PLAIN_SCENES: dict[str, Callable[[Canvas, Palette, Chance], None]] = {
    "abstract": paint_abstract,
    "aurora": paint_aurora,
    "city": paint_city,
    "desert": paint_desert,
    "forest": paint_forest,
    "heaven": paint_heaven,
    "mountains": paint_mountains,
    "nectar": paint_nectar,
    "ocean": paint_ocean,
    "space": paint_space,
    "tree": paint_tree,
    "underwater": paint_underwater,
}
"""Scenes that need to know nothing more of the prompt."""
