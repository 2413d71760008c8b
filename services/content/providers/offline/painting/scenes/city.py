"""A city skyline with lit windows, mirrored in the river."""

from __future__ import annotations

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, ink, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance
from services.content.providers.offline.painting.sky import clouds, moon, stars, sunlight
from services.content.providers.offline.painting.water import mirror


def paint_city(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Three rows of houses, far ones in the haze; stars and a moon when it is dark."""
    shore = canvas.height * 0.74
    is_dark = max(palette.sky[0]) < 0.45
    canvas.sky(palette.sky, bottom=shore)
    disc = Light(
        x=canvas.width * float(chance.uniform(0.2, 0.8)), y=canvas.height * 0.22, radius=canvas.unit * 0.06
    )
    if is_dark:
        stars(canvas, chance, bottom=shore * 0.75, count=210)
        moon(canvas, palette, disc)
    else:
        sunlight(canvas, palette, Light(x=disc.x, y=shore * 0.7, radius=disc.radius))
    clouds(canvas, palette, chance, top=shore * 0.18, bottom=shore * 0.55, count=2)
    canvas.glow(Light(x=canvas.width / 2, y=shore, radius=canvas.unit * 1.0), palette.glow, 0.45)
    for row, (share, tall) in enumerate(((0.15, 0.46), (0.5, 0.40), (0.9, 0.27))):
        colour = mix(mix(palette.haze, palette.far, 0.6), palette.shade, share)
        _row(canvas, palette, chance, shore + 2, canvas.unit * tall, colour, share)
        canvas.veil(palette.haze, (0, 0.34 - 0.14 * row), top=shore - canvas.unit * 0.35, bottom=shore)
    mirror(canvas, palette, chance, shore)


def _row(
    canvas: Canvas, palette: Palette, chance: Chance, foot: float, tallest: float, colour: Colour, share: float
) -> None:
    x = -canvas.unit * 0.03
    while x < canvas.width:
        width = canvas.unit * float(chance.uniform(0.055, 0.12)) * (0.75 + 0.4 * share)
        rise = 1 - 0.45 * abs(x / canvas.width - 0.5) * 2
        height = tallest * rise * float(chance.uniform(0.42, 1.0))
        _tower(
            canvas,
            chance,
            (x, foot - height, x + width, foot),
            lighter(colour, float(chance.uniform(-0.10, 0.08))),
        )
        _windows(canvas, palette, chance, (x, foot - height, x + width, foot), share)
        x += width * float(chance.uniform(0.88, 1.25))


def _tower(canvas: Canvas, chance: Chance, box: tuple[float, float, float, float], colour: Colour) -> None:
    left, top, right, bottom = box
    width = right - left
    canvas.shaded([(left, top), (right, top), (right, bottom), (left, bottom)], (lighter(colour, 0.05), colour))
    canvas.pen.rectangle((left, top, left + width * 0.09, bottom), fill=ink(lighter(colour, 0.16), 0.6))
    crown = int(chance.integers(5))
    middle = (left + right) / 2
    if crown == 0:
        canvas.shape([(left, top), (right, top), (middle, top - width * 0.55)], colour)
    elif crown == 1:
        canvas.pen.rectangle(
            (left + width * 0.2, top - width * 0.22, right - width * 0.2, top + 2), fill=ink(colour)
        )
    elif crown == 2:
        canvas.pen.rectangle(
            (middle - width * 0.02, top - width * 0.75, middle + width * 0.02, top + 2), fill=ink(colour)
        )
        canvas.disc(middle, top - width * 0.75, width * 0.04, (1.0, 0.45, 0.40))
    elif crown == 3:
        canvas.shape([(left, top + 1), (right, top + 1), (right, top - width * 0.42)], colour)


def _windows(
    canvas: Canvas, palette: Palette, chance: Chance, box: tuple[float, float, float, float], share: float
) -> None:
    left, top, right, bottom = box
    columns = int(chance.integers(3, 6))
    step = (right - left) / (columns + 0.6)
    rows = int((bottom - top) / (step * 1.35))
    lamp = (
        palette.accents[0]
        if chance.random() < 0.72
        else palette.accents[int(chance.integers(len(palette.accents)))]
    )
    odds = 0.22 + 0.38 * share
    lit = chance.random((rows, columns))
    for row in range(rows):
        for column in range(columns):
            if lit[row, column] > odds:
                continue
            x, y = left + step * (column + 0.52), top + step * 1.35 * (row + 0.45)
            strength = (0.35 + 0.6 * share) * (1.0 if lit[row, column] < odds * 0.7 else 0.55)
            canvas.pen.rectangle((x, y, x + step * 0.55, y + step * 0.72), fill=ink(lamp, strength))
