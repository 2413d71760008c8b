"""Trees: flat crowns with a lit side, conifers in tiers, bare trunks."""

from __future__ import annotations

import math

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.colour import Colour, lighter
from services.content.providers.offline.painting.shapes import Chance, curve, oval, ribbon


def conifer(canvas: Canvas, x: float, foot: float, height: float, colour: Colour, chance: Chance) -> None:
    """A fir of five tiers, its left side lighter."""
    width = height * float(chance.uniform(0.34, 0.44))
    canvas.shape(ribbon([(x, foot), (x, foot - height * 0.2)], [height * 0.05] * 2), lighter(colour, -0.35))
    for tier in range(5):
        base = foot - height * (0.10 + 0.165 * tier)
        half = width / 2 * (1 - tier * 0.175)
        top = base - height * 0.30
        sway = half * float(chance.uniform(-0.08, 0.08))
        left, right = (x - half + sway, base), (x + half + sway, base)
        middle = (x + sway, base + height * 0.018)
        canvas.shape([left, middle, right, (x, top)], colour)
        canvas.shape([left, middle, (x - half * 0.1, base - height * 0.05), (x, top)], lighter(colour, 0.12))


def leafy(canvas: Canvas, x: float, foot: float, height: float, colour: Colour, chance: Chance) -> None:
    """A round-crowned tree with three lobes."""
    trunk = lighter(colour, -0.4)
    canvas.shape(ribbon([(x, foot), (x, foot - height * 0.5)], [height * 0.09, height * 0.05]), trunk)
    for dx, dy, size in ((-0.20, 0.52, 0.24), (0.20, 0.54, 0.23), (0.0, 0.70, 0.30)):
        wide = size * float(chance.uniform(0.9, 1.1)) * height
        canvas.shape(oval(x + dx * height, foot - dy * height, wide, wide * 0.95, count=28), colour)
    for dx, dy, size in ((-0.26, 0.58, 0.13), (-0.07, 0.80, 0.17), (0.14, 0.62, 0.10)):
        canvas.shape(
            oval(x + dx * height, foot - dy * height, size * height, size * height * 0.85, count=24),
            lighter(colour, 0.14),
        )


def great_tree(
    canvas: Canvas, x: float, foot: float, height: float, colours: tuple[Colour, ...], chance: Chance
) -> None:
    """One large old tree: roots, boughs, and a crown of many leaf clouds, dark below and light above.

    ``colours``: bark, then leaves from shade to light.
    """
    bark, *leaves = colours
    _wood(canvas, x, foot, height, bark)
    for layer, leaf in enumerate(leaves):
        share = layer / max(len(leaves) - 1, 1)
        for _ in range(round(30 + 34 * share)):
            _leaf_cloud(canvas, x, foot, height, share, leaf, chance)


def _wood(canvas: Canvas, x: float, foot: float, height: float, bark: Colour) -> None:
    trunk = curve((x, foot), (x + height * 0.02, foot - height * 0.3), (x, foot - height * 0.6))
    canvas.shape(ribbon(trunk, _tapered(height, 0.13, 0.006)), bark)
    for side in (-1, 1):
        out = side * height
        root = curve(
            (x + out * 0.16, foot + height * 0.01),
            (x + out * 0.05, foot - height * 0.01),
            (x, foot - height * 0.12),
        )
        canvas.shape(ribbon(root, _tapered(height, 0.01, -0.005)), bark)
        bough = curve(
            (x, foot - height * 0.34),
            (x + out * 0.12, foot - height * 0.46),
            (x + out * 0.30, foot - height * 0.62),
        )
        canvas.shape(ribbon(bough, _tapered(height, 0.06, 0.003)), bark)


def _tapered(height: float, first: float, loss: float) -> list[float]:
    """Widths along a curve, as shares of ``height``."""
    return [height * (first - loss * step) for step in range(16)]


def _leaf_cloud(
    canvas: Canvas, x: float, foot: float, height: float, share: float, leaf: Colour, chance: Chance
) -> None:
    """One round tuft; with growing ``share`` smaller, higher and further to the light."""
    angle, reach = float(chance.uniform(0, 6.283)), float(chance.random()) ** 0.5
    px = x + height * 0.42 * reach * math.cos(angle) - height * 0.045 * share
    py = foot - height * (0.70 + 0.09 * share) + height * 0.25 * reach * math.sin(angle) * (1 - 0.25 * share)
    size = height * float(chance.uniform(0.055, 0.105)) * (1 - 0.68 * share)
    canvas.shape(oval(px, py, size * 1.15, size, count=22), lighter(leaf, float(chance.uniform(-0.06, 0.06))))
