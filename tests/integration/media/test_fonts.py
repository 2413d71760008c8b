"""Fonts of the author's own: brought into one form, hostile ones refused by name."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ImageFont

from shared.errors import BadMediaError
from shared.media.cmap import characters_in, characters_of
from shared.media.limits import MediaLimits
from shared.media.sandbox import MediaSandbox
from shared.media.sfnt import font_of, tables_of

Given = Callable[[str, bytes], Path]
FONTS = Path(__file__).parents[3] / "services" / "renderer" / "fonts"
HEBREW = (FONTS / "NotoSansHebrew-Bold.ttf").read_bytes()
SMALL = (FONTS / "NotoSansSymbols-Bold-subset.ttf").read_bytes()
TRUETYPE = b"\x00\x01\x00\x00"


def changed(font: bytes, **tables: bytes | None) -> bytes:
    """The font with other tables; None leaves one out. ``OS_2`` stands for ``OS/2``, ``cvt`` for ``cvt ``."""
    kept = tables_of(font) | {name: table for name, table in tables.items() if table is not None}
    return font_of(TRUETYPE, {name: table for name, table in kept.items() if tables.get(name, b"") is not None})


def refusal(sandbox: MediaSandbox, path: Path, tmp_path: Path) -> str:
    with pytest.raises(BadMediaError) as caught:
        sandbox.normalise_font(path, tmp_path / "out.ttf")
    assert caught.value.message.startswith(f"{path.name}: ")
    assert not (tmp_path / "out.ttf").exists()
    return caught.value.message


def test_a_font_keeps_its_letters_and_loses_what_does_not_draw_them(
    sandbox: MediaSandbox, given: Given, tmp_path: Path
) -> None:
    path = given("hebrew.ttf", changed(HEBREW, **{"SVG ": b"<svg/>", "sbix": bytes(40), "fvar": bytes(20)}))

    font = sandbox.normalise_font(path, tmp_path / "out.ttf")

    assert font.family == "Noto Sans Hebrew"
    assert font.characters == len(characters_of(FONTS / "NotoSansHebrew-Bold.ttf") - {0, 13})
    assert font.size_bytes == (tmp_path / "out.ttf").stat().st_size
    assert font.warnings == ("it is a variable font, of which the default form is shown",)
    assert {"SVG ", "sbix", "fvar", "DSIG", "post"}.isdisjoint(tables_of((tmp_path / "out.ttf").read_bytes()))
    before, after = (ImageFont.truetype(str(p), 40).getmask("שלום") for p in (path, tmp_path / "out.ttf"))
    assert bytes(before) == bytes(after)


def test_a_font_in_normal_form_comes_out_the_same(sandbox: MediaSandbox, given: Given, tmp_path: Path) -> None:
    sandbox.normalise_font(given("one.ttf", SMALL), tmp_path / "once.ttf")
    sandbox.normalise_font(tmp_path / "once.ttf", tmp_path / "twice.ttf")
    assert (tmp_path / "once.ttf").read_bytes() == (tmp_path / "twice.ttf").read_bytes()


def overlapping_cmap() -> bytes:
    """40,000 groups that each map all of Unicode: 480 KB that would take hours to write out."""
    groups = b"".join(struct.pack(">III", 0, 0x10FFFF, 0) for _ in range(40_000))
    table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, 40_000) + groups
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table


def monster() -> bytes:
    """Letters that are thousands of times as large as the font says a letter is."""
    head = bytearray(tables_of(SMALL)["head"])
    head[18:20] = struct.pack(">H", 16)
    return changed(SMALL, head=bytes(head))


def packed_bomb() -> bytes:
    """A WOFF that says that its one table unpacks to 300 MiB."""
    packed = zlib.compress(bytes(1 << 20))
    header = struct.pack(
        ">4s4sIHHIHHIIIII", b"wOFF", TRUETYPE, 64 + len(packed), 1, 0, 312 << 20, 1, 0, 0, 0, 0, 0, 0
    )
    return header + struct.pack(">4sIIII", b"glyf", 64, len(packed), 300 << 20, 0) + packed


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        ("half.ttf", lambda: SMALL[: len(SMALL) // 2], "damaged or incomplete font"),
        ("head.ttf", lambda: SMALL[:20], "damaged or incomplete font"),
        ("tables.ttf", lambda: TRUETYPE + struct.pack(">HHHH", 65_535, 0, 0, 0) + bytes(2_000_000), "tables"),
        ("no-cmap.ttf", lambda: changed(SMALL, cmap=None), "it lacks cmap"),
        ("no-outlines.ttf", lambda: changed(SMALL, glyf=None), "without outlines"),
        ("pictures.ttf", lambda: (FONTS / "NotoColorEmoji-single.ttf").read_bytes(), "without outlines"),
        ("blank.ttf", lambda: changed(SMALL, loca=bytes(len(tables_of(SMALL)["loca"]))), "nothing can be seen"),
        ("loop.ttf", lambda: changed(SMALL, cmap=overlapping_cmap()), "overlap"),
        ("monster.ttf", monster, "times the size of a letter"),
        ("web.woff", packed_bomb, "give one TTF or OTF file"),
        ("many.ttc", lambda: b"ttcf" + SMALL, "give one TTF or OTF file"),
        ("words.ttf", lambda: b"just some words", "not a format that can be read"),
        ("picture.ttf", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "where a file of kind font is needed"),
    ],
)
def test_a_hostile_font_is_refused_by_name(
    sandbox: MediaSandbox, given: Given, tmp_path: Path, name: str, make: Callable[[], bytes], expected: str
) -> None:
    assert expected in refusal(sandbox, given(name, make()), tmp_path)


def test_a_font_over_the_limit_is_refused_before_it_is_read(given: Given, tmp_path: Path) -> None:
    sandbox = MediaSandbox(MediaLimits(font_bytes=1_000))
    assert "MiB allowed" in refusal(sandbox, given("large.ttf", SMALL), tmp_path)


def test_reading_the_characters_of_a_broken_table_ends(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="overlap"):
        characters_in(overlapping_cmap())
