"""Paints one picture; the child process's part of the built-in painter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.choice import Choice, choose
from services.content.providers.offline.painting.palettes import PALETTES, Palette
from services.content.providers.offline.painting.scenes import PLAIN_SCENES
from services.content.providers.offline.painting.scenes.blossom import paint_blossom
from services.content.providers.offline.painting.scenes.hive import paint_hive
from services.content.providers.offline.painting.scenes.meadow import paint_meadow
from services.content.providers.offline.painting.shapes import Chance
from services.content.providers.offline.seeds import generator, seed_of

_JPEG_QUALITY = 92


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Write the JPEG of ``request`` to its target."""
    seed = seed_of("image", request["prompt"], request["style"], request["take"])
    choice = choose(request["prompt"], request["style"], generator("choice", seed))
    canvas = Canvas(request["width"], request["height"])
    _paint(canvas, choice, generator("scene", seed))
    with Path(request["target"]).open("wb") as file:
        canvas.finished(seed).save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return {"media_type": "image/jpeg"}


def _paint(canvas: Canvas, choice: Choice, chance: Chance) -> None:
    palette = _palette(choice)
    if choice.scene in PLAIN_SCENES:
        PLAIN_SCENES[choice.scene](canvas, palette, chance)
    elif choice.scene == "hive":
        paint_hive(canvas, palette, chance, dances=choice.with_dance)
    elif choice.scene == "blossom":
        paint_blossom(canvas, palette, chance, bees=1 if choice.with_bees else 0)
    else:
        paint_meadow(canvas, palette, chance, bees=2 if choice.with_bees else 0)


def _palette(choice: Choice) -> Palette:
    """The palette of the hour; a single blossom takes the colour asked for, a meadow has more of it."""
    palette = PALETTES[choice.hour]
    if choice.scene == "blossom" and choice.blossoms:
        return replace(palette, accents=choice.blossoms)
    if choice.scene == "meadow":
        return replace(palette, accents=(*choice.blossoms * 4, *palette.accents))
    return palette
