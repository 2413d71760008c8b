"""Times of day and moods as sets of colours that go together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.content.providers.offline.painting.colour import Colour, hexed


class Hour(StrEnum):
    """The light of a scene."""

    DAWN = "dawn"  # pink and peach, mist
    DAY = "day"  # clear and fresh
    GOLDEN = "golden"  # low warm sun
    DUSK = "dusk"  # violet and ember
    NIGHT = "night"  # deep blue, lights
    PASTEL = "pastel"  # soft, bright, friendly
    TEAL = "teal"  # calm green-blue


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours of one scene.

    Args:
        sky: From the top down to the horizon.
        sun, glow: The light itself and what it spreads.
        haze: Colour of far things and fog.
        far, near: Hills at the horizon and hills close by.
        meadow: Grass far, middle and near.
        shade: Darkest foreground.
        accents: Blossoms, windows, fish: small bright things.
    """

    sky: tuple[Colour, ...]
    sun: Colour
    glow: Colour
    haze: Colour
    far: Colour
    near: Colour
    meadow: tuple[Colour, ...]
    shade: Colour
    accents: tuple[Colour, ...]


def _palette(sky: str, light: str, hills: str, meadow: str, shade: str, accents: str) -> Palette:
    sun, glow = (hexed(code) for code in light.split())
    haze, far, near = (hexed(code) for code in hills.split())
    return Palette(
        sky=tuple(hexed(code) for code in sky.split()),
        sun=sun,
        glow=glow,
        haze=haze,
        far=far,
        near=near,
        meadow=tuple(hexed(code) for code in meadow.split()),
        shade=hexed(shade),
        accents=tuple(hexed(code) for code in accents.split()),
    )


PALETTES = {
    Hour.DAWN: _palette(
        "#5a6fae #9c8fc4 #f0a9a7 #ffd3a5 #ffe9c9",
        "#fff3d6 #ffb27a",
        "#ffdcc0 #c79bb0 #5c5f8c",
        "#c9b98a #7fa071 #2f5d54",
        "#1f3a46",
        "#ff8fa3 #ffd166 #ffffff #c77dff #ff6b6b",
    ),
    Hour.DAY: _palette(
        "#2f8fd8 #63b7ec #a9dcf4 #e6f6ef",
        "#fffbe0 #fff0b0",
        "#dff1ee #8fc0c9 #3f8f8a",
        "#b7d86f #6fb65a #2b7a4b",
        "#14503f",
        "#ff5d73 #ffc93c #ffffff #9b5de5 #ff8fab",
    ),
    Hour.GOLDEN: _palette(
        "#3d7ea6 #8fb9b0 #f6d186 #ffb562 #ff9a56",
        "#fff4cf #ffb347",
        "#ffdca3 #d99b6c #7a6a4f",
        "#e3bd5b #a39a3f #4b6a34",
        "#2a3f2a",
        "#ff6f59 #ffd23f #fff6e0 #b56576 #ff9e6d",
    ),
    Hour.DUSK: _palette(
        "#1d2356 #4a3a86 #a4508b #f0717a #ffb07c",
        "#ffe3b0 #ff7b6b",
        "#f4a08f #8f5a93 #352a5e",
        "#7b5a86 #4b4273 #251f4f",
        "#15123a",
        "#ff9f80 #ffd6a5 #f15bb5 #9bf6ff #fee440",
    ),
    Hour.NIGHT: _palette(
        "#050b26 #0e1c4a #1f3a73 #3f6a9c",
        "#f3f6ff #8fb8ff",
        "#4a74a6 #274a7c #12264f",
        "#28507a #17345c #0a1b3a",
        "#050d24",
        "#ffd77a #8be9fd #c3a6ff #ff9ecb #ffffff",
    ),
    Hour.PASTEL: _palette(
        "#8ec5e8 #b9dcf0 #f6e3ee #ffe9d6",
        "#ffffff #ffe3c2",
        "#fdeee4 #c5b8dd #7d9cc0",
        "#cfe3b0 #9ccb9b #5a9f8b",
        "#2f6670",
        "#ff9bb3 #ffd98e #ffffff #b79ced #ff8a7a",
    ),
    Hour.TEAL: _palette(
        "#0d4a5e #1f7a86 #6bbfae #d9efc8",
        "#fbffe6 #cdf5b8",
        "#cfeadb #6faea8 #215f66",
        "#a8d58a #54a07a #1b5d57",
        "#0b3a40",
        "#ffb4a2 #ffe066 #f7fff7 #70d6ff #ff6392",
    ),
}
