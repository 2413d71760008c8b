"""Paints one picture; the child process's part of the built-in painter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.palettes import PALETTES, Hour
from services.content.providers.offline.painting.scenes.meadow import paint_meadow
from services.content.providers.offline.seeds import generator, seed_of

_JPEG_QUALITY = 92


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Write the JPEG of ``request`` to its target."""
    seed = seed_of("image", request["prompt"], request["style"], request["take"])
    chance = generator("scene", seed)
    canvas = Canvas(request["width"], request["height"])
    paint_meadow(canvas, PALETTES[list(Hour)[seed % len(Hour)]], chance)
    with Path(request["target"]).open("wb") as file:
        canvas.finished(seed).save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return {"media_type": "image/jpeg"}
