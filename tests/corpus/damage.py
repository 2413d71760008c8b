"""Damages files by chance, the same way each time for a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Mapping

_CUTS = (0.05, 0.5, 0.98)


def truncations(originals: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Each file broken off after its header, in its middle and before its end, with a name that says so."""
    for name, data in originals.items():
        for kept in _CUTS:
            yield f"{kept:.0%}-of-{name}", data[: max(1, int(len(data) * kept))]


def mutations(originals: Mapping[str, bytes], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged files with their names."""
    dice = random.Random(seed)
    names = list(originals)
    for number in range(count):
        name = names[number % len(names)]
        damage = dice.choice((_flip, _truncate, _repeat, _overwrite_integer, _splice))
        yield f"{number:05d}-{damage.__name__[1:]}-{name}", damage(dice, originals[name])


def _flip(dice: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(dice.randint(1, 1 + len(data) // 200)):
        damaged[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(damaged)


def _truncate(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(1, len(data))]


def _repeat(dice: random.Random, data: bytes) -> bytes:
    start = dice.randrange(len(data))
    end = min(len(data), start + dice.randint(1, 400))
    return data[:end] + data[start:end] * dice.randint(1, 50) + data[end:]


def _overwrite_integer(dice: random.Random, data: bytes) -> bytes:
    """Put an extreme number where a length or a size may be, mostly in the header."""
    number = dice.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
    packed = struct.pack(dice.choice((">I", "<I")), number)
    place = dice.randrange(4, max(5, min(len(data) - 4, 300)))
    return data[:place] + packed + data[place + 4 :]


def _splice(dice: random.Random, data: bytes) -> bytes:
    cut, other = sorted((dice.randrange(len(data)), dice.randrange(len(data))))
    return data[:cut] + data[other:] + data[cut:other]
