"""Files that want to hurt: each costs its own call a clear error, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from shared.errors import BadMediaError
from shared.media.limits import MediaLimits
from shared.media.sandbox import MediaSandbox

Given = Callable[[str, bytes], Path]
SECRET = "secret.wav"


def refusal(act: Callable[[], object], *, within_s: float = 10.0) -> str:
    """The message of the BadMediaError that ``act`` must raise, soon, without a retry."""
    start = time.monotonic()
    with pytest.raises(BadMediaError) as caught:
        act()
    assert time.monotonic() - start < within_s
    assert caught.value.code == "bad_media"
    assert not caught.value.retryable
    return caught.value.message


@pytest.mark.parametrize("kept", [0.3, 0.95])
@pytest.mark.parametrize(
    "name", ["rgb.png", "baseline.jpg", "progressive.jpg", "lossy.webp", "plain.bmp", "lzw.tiff", "still.gif"]
)
def test_a_truncated_picture_is_refused_with_its_name(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, name: str, kept: float
) -> None:
    whole = media_files.SMALL_FILES[name]()
    path = given(name, whole[: int(len(whole) * kept)])
    message = refusal(lambda: sandbox.normalise_image(path, tmp_path / "out.png"))
    assert message.startswith(f"{name}: damaged or incomplete")
    assert "export it again" in message
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"just some words that were saved as a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run\n",
        b"push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\npop graphic-context\n",
        b"PK\x03\x04" + bytes(100),
        b"\x7fELF" + bytes(100),
        bytes(1_000),
    ],
)
def test_a_disguised_file_is_refused_whatever_its_name_says(
    sandbox: MediaSandbox, given: Given, content: bytes
) -> None:
    message = refusal(lambda: sandbox.probe(given("holiday.png", content)))
    assert message.startswith("holiday.png: not a format that can be read; give a PNG")


def test_a_phone_picture_in_heif_names_its_remedy(sandbox: MediaSandbox, given: Given) -> None:
    heif = b"\x00\x00\x00\x18ftypheic" + bytes(100)
    assert "save it as JPEG or PNG" in refusal(lambda: sandbox.probe(given("IMG_1.HEIC", heif)))


@pytest.mark.parametrize(
    ("name", "width", "height"), [("wide.png", 30_000, 200), ("tall.png", 200, 30_000), ("vast.png", 9_000, 9_000)]
)
def test_a_huge_picture_is_refused_by_its_header_before_decoding(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, name: str, width: int, height: int
) -> None:
    """The file holds no rows at all, so only its header can be the reason."""
    message = refusal(lambda: sandbox.probe(given(name, media_files.png_claiming(width, height))), within_s=2)
    assert message.startswith(f"{name}: {width}x{height} pixels is larger than allowed")
    assert "scale it down" in message


def test_decompression_bombs_are_refused_within_memory_and_time(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    bombs = {
        "claim.png": media_files.png_claiming(0x7FFFFFFF, 0x7FFFFFFF),
        "zeros.png": media_files.png_claiming(30_000, 30_000, rows=30_000),
        "screen.gif": media_files.gif_claiming(65_535, 65_535),
        "comment.png": media_files.png_with_text_bomb(),
    }
    for name, data in bombs.items():
        assert len(data) < 1_000_000
        path = given(name, data)
        message = refusal(lambda path=path: sandbox.normalise_image(path, tmp_path / "out.png"), within_s=5)
        assert message.startswith(f"{name}: ")


@pytest.mark.parametrize("size", [(1, 1), (15, 200), (200, 1)])
def test_a_picture_of_almost_no_pixels_is_refused(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, size: tuple[int, int]
) -> None:
    path = given("dot.png", media_files.encoded(media_files.picture(*size), "PNG"))
    assert f"dot.png: {size[0]}x{size[1]} pixels is too small" in refusal(lambda: sandbox.probe(path))


_FFCONCAT = f"ffconcat version 1.0\nfile '{SECRET}'\nduration 1\n"


@pytest.mark.parametrize(
    ("magic", "playlist"),
    [
        (b"", _FFCONCAT),
        (b"", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{SECRET}\n#EXT-X-ENDLIST\n"),
        (b"", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n"),
        (b"", f"concat:{SECRET}|{SECRET}"),
        (b"", f"<?xml version='1.0'?><MPD><Period><BaseURL>{SECRET}</BaseURL></Period></MPD>"),
        (b"ID3\x04\n", _FFCONCAT),
        (b"OggS\n", _FFCONCAT),
        (b"\x00\x00\x00\x18ftypisom\n", _FFCONCAT),
        (b"\x1aE\xdf\xa3\n", _FFCONCAT),
    ],
)
def test_a_playlist_in_disguise_reads_no_other_file(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, playlist: str, magic: bytes
) -> None:
    given(SECRET, media_files.wav(media_files.tone(1)))
    path = given("clip.mp4", magic + playlist.encode())
    refusal(lambda: sandbox.normalise_audio(path, tmp_path / "out.wav"))
    refusal(lambda: sandbox.probe_video(path))
    assert not (tmp_path / "out.wav").exists()


def test_only_regular_files_are_opened(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    fine = given("fine.png", media_files.SMALL_FILES["rgb.png"]())
    (tmp_path / "link.png").symlink_to(fine)
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    cases = {
        tmp_path / "link.png": "link.png: is a symbolic link; give the file itself",
        tmp_path / "dangling.png": "dangling.png: is a symbolic link",
        tmp_path / "pipe.png": "pipe.png: is not a file but a folder, pipe or device",
        tmp_path / "folder.png": "folder.png: is not a file",
        Path("/dev/zero"): "zero: is not a file",
        tmp_path / "missing.png": "missing.png: is missing; check the path",
        fine / "below.png": "below.png: cannot be opened",
        tmp_path / "nul\0.png": "nul?.png: cannot be opened",
        given("empty.png", b""): "empty.png: is empty",
    }
    for path, expected in cases.items():
        assert refusal(lambda path=path: sandbox.probe(path), within_s=2).startswith(expected)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two words.png", "two words.png"),
        ("नमस्ते 🙂.png", "नमस्ते 🙂.png"),
        ("line\nbreak\t.png", "line?break?.png"),
        ("-rf $(reboot) `x`;.png", "-rf $(reboot) `x`;.png"),
        (os.fsdecode(b"\xff\xfe.png"), "??.png"),
    ],
)
def test_any_file_name_works_and_is_shown_on_one_line(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, name: str, shown: str
) -> None:
    assert sandbox.probe(given(name, media_files.SMALL_FILES["rgb.png"]())).format == "png"
    assert refusal(lambda: sandbox.probe(given(name, b"words"))).startswith(f"{shown}: ")


def test_errors_call_the_file_by_the_name_its_owner_knows(sandbox: MediaSandbox, given: Given) -> None:
    path = given("5f2c9a.tmp", b"words")
    assert refusal(lambda: sandbox.probe(path, name="Slide 3.png")).startswith("Slide 3.png: ")


def test_a_file_that_needs_too_much_memory_is_refused(
    media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("big.png", media_files.png_claiming(6_000, 6_000, depth=8, colour=2, rows=6_000))
    small = MediaSandbox(MediaLimits(memory_bytes=128 << 20))
    message = refusal(lambda: small.normalise_image(path, tmp_path / "out.png"))
    assert message == "big.png: needs more memory than the 128 MiB allowed; make it smaller"
    assert MediaSandbox().normalise_image(path, tmp_path / "out.png").width == 4_096


@pytest.fixture
def endless(media_files: ModuleType, tmp_path: Path) -> Path:
    """A sound that takes seconds of CPU to convert, but no space on the disk."""
    path = tmp_path / "endless.wav"
    data_bytes = 3_000 * 192_000 * 2 * 2
    path.write_bytes(media_files.wav_header(data_bytes, rate=192_000))
    os.truncate(path, 44 + data_bytes)
    return path


def test_a_file_that_needs_too_much_time_is_killed(endless: Path, tmp_path: Path) -> None:
    hurried = MediaSandbox(MediaLimits(wall_seconds=2.0, audio_bytes=1 << 40))
    message = refusal(lambda: hurried.normalise_audio(endless, tmp_path / "out.wav"), within_s=6)
    assert message == "endless.wav: needs more than the 2 s allowed; make it smaller or simpler"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["endless.wav"]


def test_a_file_that_needs_too_much_cpu_is_killed(endless: Path, tmp_path: Path) -> None:
    lazy = MediaSandbox(MediaLimits(cpu_seconds=1, audio_bytes=1 << 40))
    message = refusal(lambda: lazy.normalise_audio(endless, tmp_path / "out.wav"), within_s=15)
    assert message == "endless.wav: needs more than the 1 s of CPU allowed; make it smaller or simpler"


def test_a_file_that_becomes_too_large_is_refused(media_files: ModuleType, given: Given, tmp_path: Path) -> None:
    path = given("voice.wav", media_files.wav(media_files.tone(3)))
    narrow = MediaSandbox(MediaLimits(output_bytes=300_000))
    assert "becomes larger than" in refusal(lambda: narrow.normalise_audio(path, tmp_path / "out.wav"))
    picture = given("a.png", media_files.encoded(media_files.picture(500, 500), "PNG"))
    assert "becomes larger than" in refusal(lambda: narrow.normalise_image(picture, tmp_path / "out.png"))


def test_a_file_of_too_many_bytes_is_refused(media_files: ModuleType, given: Given) -> None:
    narrow = MediaSandbox(MediaLimits(image_bytes=1_000, audio_bytes=1_000, video_bytes=1_000))
    for name in ("rgb.png", "plain.wav", "video.mp4"):
        path = given(name, media_files.SMALL_FILES[name]())
        assert refusal(lambda path=path: narrow.probe(path)).startswith(f"{name}: has ")


def test_a_refused_file_leaves_an_older_result_alone(sandbox: MediaSandbox, given: Given, tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"older")
    refusal(lambda: sandbox.normalise_image(given("bad.png", b"\x89PNG\r\n\x1a\nbad"), tmp_path / "out.png"))
    assert (tmp_path / "out.png").read_bytes() == b"older"
