"""Pictures through the real child: what comes out is upright, opaque, sRGB and exactly as the source meant it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from shared.errors import BadMediaError
from shared.media.results import MediaKind
from shared.media.sandbox import MediaSandbox

Given = Callable[[str, bytes], Path]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert not {"icc_profile", "exif"} & image.info.keys()
        return np.asarray(image)


@pytest.mark.parametrize("name", ["rgb.png", "plain.bmp", "lzw.tiff"])
def test_a_lossless_picture_keeps_every_pixel(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, name: str
) -> None:
    path = given(name, media_files.SMALL_FILES[name]())
    result = sandbox.normalise_image(path, tmp_path / "out.png")
    assert (result.width, result.height, result.warnings) == (64, 48, ())
    assert result.size_bytes == (tmp_path / "out.png").stat().st_size
    assert np.array_equal(pixels(tmp_path / "out.png"), np.asarray(media_files.picture()))


def test_equal_bytes_in_give_equal_bytes_out(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("a.jpg", media_files.SMALL_FILES["progressive.jpg"]())
    for number in (1, 2):
        sandbox.normalise_image(path, tmp_path / f"{number}.png")
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_out_upright(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, orientation: int
) -> None:
    """The stored picture is quadrants(); the table says which colour EXIF wants in each upright corner."""
    red, green, blue, white = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
    upright = {
        1: (red, green, blue, white),
        2: (green, red, white, blue),
        3: (white, blue, green, red),
        4: (blue, white, red, green),
        5: (red, blue, green, white),
        6: (blue, red, white, green),
        7: (white, green, blue, red),
        8: (green, white, red, blue),
    }[orientation]
    path = given("photo.jpg", media_files.rotated_jpeg(orientation))
    probe = sandbox.probe(path)
    sandbox.normalise_image(path, tmp_path / "out.png")
    image = pixels(tmp_path / "out.png").astype(int)
    height, width = image.shape[:2]
    assert (probe.width, probe.height) == (width, height) == ((48, 64) if orientation > 4 else (64, 48))
    corners = (image[5, 5], image[5, -5], image[-5, 5], image[-5, -5])
    for corner, colour in zip(corners, upright, strict=True):
        assert np.abs(corner - colour).max() < 12


def test_cmyk_becomes_rgb_and_says_that_colours_are_approximate(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    cyan = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    path = given("print.jpg", media_files.encoded(cyan, "JPEG", quality=95))
    result = sandbox.normalise_image(path, tmp_path / "out.png")
    red, green, blue = pixels(tmp_path / "out.png")[16, 16]
    assert red < 10
    assert min(green, blue) > 245
    assert any("CMYK" in warning for warning in result.warnings)


def test_an_embedded_colour_profile_is_applied(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    """The profile has red and blue exchanged, so a red picture must come out blue."""
    profile = media_files.wide_gamut_profile()
    path = given(
        "p3.png", media_files.encoded(Image.new("RGB", (32, 32), (255, 0, 0)), "PNG", icc_profile=profile)
    )
    sandbox.normalise_image(path, tmp_path / "out.png")
    red, _, blue = pixels(tmp_path / "out.png")[16, 16]
    assert blue > 240
    assert red < 15


def test_a_broken_colour_profile_is_ignored_with_a_warning(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("odd.png", media_files.encoded(media_files.picture(), "PNG", icc_profile=b"no profile at all"))
    result = sandbox.normalise_image(path, tmp_path / "out.png")
    assert result.warnings == ("broken colour profile ignored",)
    assert np.array_equal(pixels(tmp_path / "out.png"), np.asarray(media_files.picture()))


def test_a_turned_photo_tells_where_the_eye_goes_in_its_upright_form(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    """A red spot at the upper left of the stored picture; EXIF turns it by 90 degrees, to the upper right."""
    photo = Image.new("RGB", (400, 300), "#708070")
    photo.paste("#D02020", (80, 90, 120, 130))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = given("photo.jpg", media_files.encoded(photo, "JPEG", exif=exif))
    result = sandbox.normalise_image(path, tmp_path / "out.png")
    assert (result.width, result.height) == (300, 400)
    assert result.interest == pytest.approx((1000 - 110 / 0.3, 250), abs=40)


def test_a_logo_with_its_transparency_has_no_point_of_interest(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    logo = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    logo.paste((200, 0, 0, 255), (180, 130, 220, 170))
    path = given("logo.png", media_files.encoded(logo, "PNG"))
    assert sandbox.normalise_image(path, tmp_path / "a.png", background=None).interest is None
    assert sandbox.normalise_image(path, tmp_path / "b.png").interest is not None


def test_transparent_parts_show_the_background(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    logo = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    logo.paste((0, 0, 200, 255), (0, 0, 16, 32))
    path = given("logo.png", media_files.encoded(logo, "PNG"))
    result = sandbox.normalise_image(path, tmp_path / "out.png", background="#102030")
    image = pixels(tmp_path / "out.png")
    assert tuple(image[5, 5]) == (0, 0, 200)
    assert tuple(image[5, 25]) == (0x10, 0x20, 0x30)
    assert result.warnings == ("transparent parts shown on #102030",)


def test_a_palette_with_a_transparent_colour_shows_the_background_there(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(0, (0, 0, 16, 32))
    path = given("palette.png", media_files.encoded(image, "PNG", transparency=0))
    sandbox.normalise_image(path, tmp_path / "out.png")
    out = pixels(tmp_path / "out.png")
    assert tuple(out[5, 5]) == (255, 255, 255)
    assert tuple(out[5, 25]) == (0, 255, 0)


def test_sixteen_bits_become_eight_over_the_full_range(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    deep = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    path = given("deep.png", media_files.encoded(Image.fromarray(deep), "PNG"))
    sandbox.normalise_image(path, tmp_path / "out.png")
    assert np.array_equal(pixels(tmp_path / "out.png")[..., 0], np.round(deep / 257))


def test_a_large_photo_is_scaled_to_the_longest_side_allowed(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("large.jpg", media_files.encoded(media_files.picture(5000, 2500), "JPEG"))
    result = sandbox.normalise_image(path, tmp_path / "out.png")
    assert (result.width, result.height) == (4096, 2048)
    assert result.warnings == ("scaled down from 5000x2500",)
    assert pixels(tmp_path / "out.png").shape == (2048, 4096, 3)


def test_a_single_picture_gif_is_a_picture(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("still.gif", media_files.SMALL_FILES["still.gif"]())
    assert sandbox.normalise_image(path, tmp_path / "out.png").source_format == "gif"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_an_animation_is_refused_with_a_remedy(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, kind: str
) -> None:
    path = given(f"moving.{kind.lower()}", media_files.animated(kind))
    with pytest.raises(BadMediaError, match=r"^moving\.\w+: an animation .* save the one you want"):
        sandbox.normalise_image(path, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("name", ["rgb.png", "lossy.webp", "jpeg.tiff", "still.gif"])
def test_probing_a_picture_tells_format_and_size(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, name: str
) -> None:
    data = media_files.SMALL_FILES[name]()
    probe = sandbox.probe(given("any.bin", data))
    assert (probe.kind, probe.width, probe.height, probe.size_bytes) == (MediaKind.IMAGE, 64, 48, len(data))
    assert probe.media_type == "image/" + name.rsplit(".", 1)[1].replace("jpg", "jpeg")


def test_a_file_whose_extension_lies_is_told_by_its_content(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given
) -> None:
    assert sandbox.probe(given("really.jpg", media_files.SMALL_FILES["rgb.png"]())).format == "png"


def test_a_picture_where_sound_is_wanted_is_refused_by_kind(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("voice.wav", media_files.SMALL_FILES["rgb.png"]())
    with pytest.raises(BadMediaError, match=r"voice\.wav: it is png \(image\) where .* audio is needed"):
        sandbox.normalise_audio(path, tmp_path / "out.wav")
