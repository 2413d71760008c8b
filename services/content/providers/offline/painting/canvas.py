"""The canvas every scene paints on: twice the wanted size while painting, so that edges come out smooth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from services.content.providers.offline.painting.colour import Colour, gradient, ink
from services.content.providers.offline.seeds import generator

_SCALE = 2
_NOISE_SIDE = 256
_GLOW_STEP = 8
_GRAIN = 1.6
_VIGNETTE = 0.13

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Light:
    """A round light: place and radius in canvas pixels."""

    x: float
    y: float
    radius: float


class Canvas:
    """A picture being painted, far things first.

    Places and lengths are pixels of the enlarged canvas; ``unit`` is its shorter side, the measure of all sizes,
    so that a scene looks alike in every format.

    Args:
        width, height: Size of the finished picture [pixels].
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width * _SCALE, height * _SCALE
        self.unit = float(min(self.width, self.height))
        self.image = Image.new("RGB", (self.width, self.height))
        self._noise = generator("dither").integers(0, 255, (_NOISE_SIDE, _NOISE_SIDE, 1), np.uint8)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    @property
    def is_tall(self) -> bool:
        return self.height > self.width

    def sky(self, stops: Sequence[Colour], *, top: float = 0.0, bottom: float | None = None) -> None:
        """Fill rows ``top`` to ``bottom`` with a vertical gradient, dithered."""
        first, last = round(top), round(self.height if bottom is None else bottom)
        rows = gradient(stops, np.linspace(0, 1, max(last - first, 1)))
        self.image.paste(self._dithered(rows[:, None, :], self.width, last - first), (0, first))

    def _dithered(self, rows: NDArray[np.float64], width: int, height: int) -> Image.Image:
        """Rows of colour to pixels: what 8 bits cannot hold decides how many pixels are one step brighter."""
        steps = rows * 254
        whole = steps.astype(np.uint8)
        threshold = (255 - (steps - whole) * 255).astype(np.uint8)
        tiles = (-(-height // _NOISE_SIDE), -(-width // _NOISE_SIDE), 1)
        noise = np.tile(self._noise, tiles)[:height, :width]
        return Image.fromarray(whole + (noise > threshold))

    def shape(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """A filled polygon."""
        self.pen.polygon(list(points), fill=ink(colour, opacity))

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """A filled circle."""
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink(colour, opacity))

    def shaded(
        self,
        points: Sequence[Point],
        stops: Sequence[Colour],
        opacity: float = 1.0,
        *,
        reach: float | None = None,
    ) -> None:
        """A polygon filled with a vertical gradient from its highest point down to its lowest (or ``reach``)."""
        self.shaded_union([points], stops, opacity, reach=reach)

    def shaded_union(
        self,
        outlines: Sequence[Sequence[Point]],
        stops: Sequence[Colour],
        opacity: float = 1.0,
        *,
        reach: float | None = None,
    ) -> None:
        """Several polygons as one shape under one gradient: where they overlap, nothing shows."""
        xs = [x for points in outlines for x, _ in points]
        ys = [y for points in outlines for _, y in points]
        left, top = max(int(min(xs)), 0), max(int(min(ys)), 0)
        right, bottom = min(int(max(xs)) + 1, self.width), min(int(max(ys)) + 1, self.height)
        if right <= left or bottom <= top:
            return
        end = max(ys) if reach is None else min(ys) + reach
        places = np.clip((np.arange(top, bottom) - min(ys)) / max(end - min(ys), 1), 0, 1)
        fill = self._dithered(gradient(stops, places)[:, None, :], right - left, bottom - top)
        mask = Image.new("L", (right - left, bottom - top))
        pen = ImageDraw.Draw(mask)
        for points in outlines:
            pen.polygon([(x - left, y - top) for x, y in points], fill=round(255 * opacity))
        self.image.paste(fill, (left, top), mask)

    def glow(self, light: Light, colour: Colour, strength: float, *, falloff: float = 2.0) -> None:
        """Add light that fades out at ``light.radius``; strength 1 adds the whole colour in the middle."""
        box = self._box(light)
        if box is None:
            return
        left, top, right, bottom = box
        xs = (np.arange(left, right, _GLOW_STEP) + _GLOW_STEP / 2 - light.x) / light.radius
        ys = (np.arange(top, bottom, _GLOW_STEP) + _GLOW_STEP / 2 - light.y) / light.radius
        reach = np.clip(1 - np.sqrt(xs[None, :] ** 2 + ys[:, None] ** 2), 0, 1) ** falloff
        self._screen(reach[:, :, None] * np.array(colour) * strength, box)

    def _box(self, light: Light) -> tuple[int, int, int, int] | None:
        left, top = max(int(light.x - light.radius), 0), max(int(light.y - light.radius), 0)
        right = min(int(light.x + light.radius) + 1, self.width)
        bottom = min(int(light.y + light.radius) + 1, self.height)
        return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None

    def _screen(self, light: NDArray[np.float64], box: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = box
        small = Image.fromarray((np.clip(light, 0, 1) * 255).astype(np.uint8))
        large = small.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        self.image.paste(ImageChops.screen(self.image.crop(box), large), (left, top))

    def light_map(self, light: NDArray[np.float64]) -> None:
        """Add a whole picture of light (rows, columns, 3; 0 to 1), enlarged softly to the canvas."""
        self._screen(light, (0, 0, self.width, self.height))

    def veil(self, colour: Colour, opacity: Sequence[float], *, top: float, bottom: float) -> None:
        """Fog: rows ``top`` to ``bottom`` tinted by opacities spread evenly over them."""
        first, last = max(round(top), 0), min(round(bottom), self.height)
        if last <= first:
            return
        rows = np.interp(np.linspace(0, 1, last - first), np.linspace(0, 1, len(opacity)), opacity)
        mask = Image.fromarray((rows * 255).astype(np.uint8)[:, None]).resize((self.width, last - first))
        self.image.paste(ink(colour)[:3], (0, first, self.width, last), mask)

    def layer(self) -> Layer:
        """A transparent sheet of the canvas's size at a quarter of its resolution, for things out of focus."""
        return Layer(self)

    def stamp(self, sprite: Image.Image, x: float, y: float) -> None:
        """Paste a small transparent picture with its middle at (x, y)."""
        self.image.paste(sprite, (round(x - sprite.width / 2), round(y - sprite.height / 2)), sprite)

    def finished(self, grain_seed: int) -> Image.Image:
        """The picture at its wanted size, with a soft vignette and film grain."""
        picture = np.asarray(self.image.reduce(_SCALE)).astype(np.float32)
        height, width, _ = picture.shape
        ys, xs = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
        picture *= (1 - _VIGNETTE * (np.clip(ys[:, None] ** 2 + xs[None, :] ** 2 - 0.4, 0, None) / 1.6))[..., None]
        chance = generator("grain", grain_seed)
        picture += chance.standard_normal((height, width, 1), dtype=np.float32) * _GRAIN
        return Image.fromarray(np.clip(picture + 0.5, 0, 255).astype(np.uint8))


class Layer:
    """A small transparent sheet; what is drawn on it can be blurred before it is laid over the canvas."""

    _STEP = 4

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        size = (-(-canvas.width // self._STEP), -(-canvas.height // self._STEP))
        self._colours = Image.new("RGB", size)
        self._mask = Image.new("L", size)
        self._colour_pen, self._mask_pen = ImageDraw.Draw(self._colours), ImageDraw.Draw(self._mask)

    def shape(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """A filled polygon, in canvas pixels."""
        small = [(x / self._STEP, y / self._STEP) for x, y in points]
        self._colour_pen.polygon(small, fill=ink(colour)[:3])
        self._mask_pen.polygon(small, fill=round(255 * opacity))

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """A filled circle, in canvas pixels."""
        box = tuple(value / self._STEP for value in (x - radius, y - radius, x + radius, y + radius))
        self._colour_pen.ellipse(box, fill=ink(colour)[:3])
        self._mask_pen.ellipse(box, fill=round(255 * opacity))

    def lay(self, blur: float, opacity: float = 1.0) -> None:
        """Blur by ``blur`` canvas pixels and put on the canvas."""
        radius = blur / self._STEP
        mask = self._mask.filter(ImageFilter.GaussianBlur(radius))
        box = mask.getbbox()
        if box is None:
            return
        premultiplied = Image.merge(
            "RGB", [ImageChops.multiply(band, self._mask) for band in self._colours.split()]
        )
        soft = premultiplied.filter(ImageFilter.GaussianBlur(radius)).crop(box)
        share = np.asarray(mask.crop(box), np.float32)[..., None] / 255
        colours = np.clip(np.asarray(soft, np.float32) / np.maximum(share, 1 / 255), 0, 255).astype(np.uint8)
        cover = (share[..., 0] * 255 * opacity).astype(np.uint8)
        place = (box[0] * self._STEP, box[1] * self._STEP)
        self._canvas.image.paste(self._enlarged(colours), place, self._enlarged(cover))

    def _enlarged(self, pixels: NDArray[np.uint8]) -> Image.Image:
        small = Image.fromarray(pixels)
        return small.resize((small.width * self._STEP, small.height * self._STEP), Image.Resampling.BILINEAR)
