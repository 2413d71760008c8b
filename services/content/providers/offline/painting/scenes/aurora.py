"""Northern lights over a lake and firs."""

from __future__ import annotations

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.colour import gradient, hexed, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, hill, row_at, wander
from services.content.providers.offline.painting.sky import stars
from services.content.providers.offline.painting.trees import conifer
from services.content.providers.offline.painting.water import mirror

_SKY = (hexed("#040a20"), hexed("#08163a"), hexed("#0f2b54"), hexed("#1d4a6b"))
_CURTAINS = (
    (hexed("#b15bff"), hexed("#3bffc0"), hexed("#4bffa5")),
    (hexed("#ff5bb0"), hexed("#7a5bff"), hexed("#3be0ff")),
    (hexed("#5b8bff"), hexed("#3bffd8"), hexed("#a8ff5b")),
)


def paint_aurora(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Three curtains of light, stars, a dark range, and all of it again in the water."""
    shore = canvas.height * 0.66
    canvas.sky(_SKY, bottom=shore)
    stars(canvas, chance, bottom=shore, count=330)
    _curtains(canvas, chance, shore)
    for share, height in ((0.35, 0.13), (0.7, 0.08)):
        colour = mix(hexed("#1c4668"), hexed("#06142c"), share)
        ridge = hill(
            chance,
            canvas.width,
            shore - canvas.unit * (0.10 - 0.10 * share),
            canvas.unit * height,
            shore + 2,
            bumps=4,
            octaves=5,
        )
        canvas.shaded(ridge, (colour, mix(colour, hexed("#2a6a7a"), 0.35)))
    _far_firs(canvas, chance, shore)
    mirror(canvas, palette, chance, shore, depth=0.35)
    _near_firs(canvas, chance)


def _curtains(canvas: Canvas, chance: Chance, shore: float) -> None:
    """Light that rises from a winding lower edge and fades upwards, striped like folds of cloth."""
    columns = 320
    rows = max(round(columns * canvas.height / canvas.width), 8)
    ys = np.arange(rows)[:, None] / rows * canvas.height / shore
    light = np.zeros((rows, columns, 3))
    colours = _CURTAINS[int(chance.integers(len(_CURTAINS)))]
    for number in range(3):
        edge = 0.74 - 0.14 * number + 0.16 * wander(chance, columns, bumps=3, octaves=2)
        folds = (
            0.55
            + 0.45 * wander(chance, columns, bumps=26, octaves=2)
            + 0.25 * wander(chance, columns, bumps=6, octaves=1)
        )
        tall = (0.34 + 0.14 * wander(chance, columns, bumps=5, octaves=2)) * (1.1 - 0.15 * number)
        above = (edge[None, :] - ys) / tall[None, :]
        glow = np.where(above >= 0, np.exp(-above * 1.9), np.exp(above * 22)) * np.clip(folds, 0, 1)[None, :]
        tint = gradient(colours[::-1], np.clip(above, 0, 1).ravel()).reshape(rows, columns, 3)
        light += glow[:, :, None] * tint * (0.75 - 0.15 * number)
    canvas.light_map(np.where(ys[:, :, None] < 1, light, 0))


def _far_firs(canvas: Canvas, chance: Chance, shore: float) -> None:
    for _ in range(round(60 * max(canvas.width / canvas.unit, 1))):
        conifer(
            canvas,
            canvas.width * float(chance.random()),
            shore + 2,
            canvas.unit * float(chance.uniform(0.02, 0.055)),
            hexed("#061226"),
            chance,
        )


def _near_firs(canvas: Canvas, chance: Chance) -> None:
    bank = hill(chance, canvas.width, canvas.height * 0.97, canvas.unit * 0.03, canvas.height * 1.1, bumps=3)
    for _ in range(round(20 * max(canvas.width / canvas.unit, 1))):
        x = canvas.width * float(chance.random())
        edge = abs(x / canvas.width - 0.5) * 2
        if edge > 0.4:
            conifer(
                canvas,
                x,
                row_at(bank, x) + canvas.unit * 0.01,
                canvas.unit * float(chance.uniform(0.14, 0.30)) * edge,
                hexed("#040c1c"),
                chance,
            )
    canvas.shaded(bank, (hexed("#040c1c"), hexed("#02060f")))
