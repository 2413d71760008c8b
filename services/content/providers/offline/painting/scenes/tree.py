"""One great tree on a hill."""

from __future__ import annotations

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import hexed, lighter, mix
from services.content.providers.offline.painting.flora import Ground, grass, turf
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, blade, hill, oval
from services.content.providers.offline.painting.sky import birds, clouds, stars, sunlight
from services.content.providers.offline.painting.trees import great_tree

_LEAVES = (
    ("#1f5c3f", "#3f8f4f", "#86c05a"),
    ("#8a3a1f", "#d9702f", "#ffb84d"),
    ("#a03a6b", "#e8739a", "#ffc0d0"),
    ("#1f5a66", "#3f9a8f", "#a5dba5"),
)


def paint_tree(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Spring, summer, autumn or blossom; the sun behind the crown and a long shadow towards us."""
    base = canvas.height * 0.76
    x = canvas.width * (0.5 + float(chance.uniform(-0.10, 0.10)))
    sun = Light(x=x + canvas.unit * float(chance.uniform(-0.45, 0.45)), y=base * 0.62, radius=canvas.unit * 0.10)
    canvas.sky(palette.sky, bottom=base)
    is_dark = max(palette.sky[0]) < 0.4
    if is_dark:
        stars(canvas, chance, bottom=base * 0.8, count=200)
    sunlight(canvas, palette, sun)
    clouds(canvas, palette, chance, top=base * 0.1, bottom=base * 0.6, count=4)
    for share in (0.2, 0.6):
        ridge = hill(
            chance, canvas.width, base * (0.93 + 0.04 * share), canvas.unit * 0.07, base * 1.1, bumps=3, octaves=3
        )
        colour = mix(palette.far, palette.near, share)
        canvas.shaded(ridge, (colour, mix(colour, palette.haze, 0.5)))
    canvas.sky((mix(palette.far, palette.haze, 0.4), palette.meadow[1], palette.meadow[2]), top=base)
    _hilltop(canvas, palette, chance, x, base)
    codes = _LEAVES[int(chance.integers(len(_LEAVES)))]
    dim = 0.55 if is_dark else 0.12
    shade, middle, light = (mix(hexed(code), palette.near, dim) for code in codes)
    leaves = [shade, mix(shade, middle, 0.5), middle, mix(middle, light, 0.5), light]
    height = canvas.unit * (0.62 if canvas.is_tall else 0.66)
    _shadow(canvas, palette, x, base, height, 1 if sun.x < x else -1)
    great_tree(
        canvas, x, base + canvas.unit * 0.012, height, (mix(hexed("#4a2f24"), palette.shade, 0.4), *leaves), chance
    )
    _falling(canvas, chance, leaves[-1], x, base, height)
    birds(canvas, chance, palette.shade, x=x - canvas.unit * 0.5, y=base * 0.3, count=5)


def _hilltop(canvas: Canvas, palette: Palette, chance: Chance, x: float, base: float) -> None:
    far, middle, near = palette.meadow
    mound = oval(
        x, base + canvas.unit * 1.02, canvas.width * 0.85 + canvas.unit * 0.3, canvas.unit * 1.02, count=120
    )
    canvas.shaded(mound, (lighter(mix(far, middle, 0.3), 0.08), middle, near), reach=canvas.unit * 0.34)
    ground = Ground(top=base + canvas.unit * 0.06, bottom=canvas.height * 1.02)
    turf(
        canvas,
        chance,
        ground,
        count=round(420 * canvas.width / canvas.unit),
        size=canvas.unit * 0.022,
        colours=(mix(far, middle, 0.6), mix(middle, near, 0.8), *palette.accents),
    )
    grass(
        canvas,
        chance,
        width=canvas.width,
        base=canvas.height * 1.02,
        height=canvas.unit * 0.11,
        count=220,
        colours=(near, palette.shade),
    )


def _shadow(canvas: Canvas, palette: Palette, x: float, base: float, height: float, side: int) -> None:
    layer = canvas.layer()
    reach = side * height * 0.30
    layer.shape(oval(x + reach, base + height * 0.10, height * 0.46, height * 0.065, side * 0.12), palette.shade)
    layer.shape(blade(x, base + height * 0.02, -height * 0.09, height * 0.10, reach * 0.4), palette.shade)
    layer.lay(canvas.unit * 0.008, 0.42)


def _falling(
    canvas: Canvas, chance: Chance, colour: tuple[float, float, float], x: float, base: float, height: float
) -> None:
    """A few leaves on the wind."""
    for _ in range(26):
        px = x + height * float(chance.normal(0.1, 0.55))
        py = base - height * float(chance.uniform(-0.12, 0.75))
        size = canvas.unit * float(chance.uniform(0.004, 0.009))
        canvas.shape(
            oval(px, py, size, size * 0.5, float(chance.uniform(0, 3.1)), count=12),
            lighter(colour, float(chance.uniform(-0.1, 0.2))),
            0.9,
        )
