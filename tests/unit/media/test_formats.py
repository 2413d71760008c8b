from __future__ import annotations

import pytest

from shared.media import formats
from shared.media.formats import looks_like_heif, sniff
from shared.media.sandbox import shown_name


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", formats.PNG),
        (b"\xff\xd8\xff\xe0", formats.JPEG),
        (b"GIF89a", formats.GIF),
        (b"RIFF\x00\x00\x00\x00WEBP", formats.WEBP),
        (b"RIFF\x00\x00\x00\x00WAVE", formats.WAV),
        (b"RF64\xff\xff\xff\xffWAVE", formats.WAV),
        (b"BM", formats.BMP),
        (b"II*\x00", formats.TIFF),
        (b"MM\x00*", formats.TIFF),
        (b"fLaC", formats.FLAC),
        (b"OggS", formats.OGG),
        (b"ID3\x04", formats.MP3),
        (b"\xff\xfb\x90\x00", formats.MP3),
        (b"\xff\xf3\x90\x00", formats.MP3),
        (b"\xff\xf1\x50\x80", formats.AAC),
        (b"\x00\x00\x00\x20ftypisom", formats.MP4),
        (b"\x00\x00\x00\x20ftypM4A ", formats.MP4),
        (b"\x1aE\xdf\xa3", formats.WEBM),
    ],
)
def test_a_format_is_told_by_its_first_bytes(head: bytes, expected: formats.MediaFormat) -> None:
    assert sniff(head.ljust(formats.HEAD_BYTES, b"\0")) is expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"ffconcat version 1.0\n",
        b"#EXTM3U\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\n",
        b"<svg xmlns=",
        b"%PDF-1.7",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"PK\x03\x04",
        b"\xff\xff\xff\xff",  # set bits with an impossible layer and rate
        b"\xff\xfb\xf0\x00",  # MPEG audio with the forbidden bit rate
    ],
)
def test_what_is_not_on_the_list_has_no_format(head: bytes) -> None:
    assert sniff(head) is None


def test_a_phone_picture_is_recognised_to_name_its_remedy() -> None:
    head = b"\x00\x00\x00\x18ftypheic"
    assert sniff(head) is None
    assert looks_like_heif(head)
    assert not looks_like_heif(b"\x00\x00\x00\x20ftypisom")


def test_a_name_in_a_message_is_one_printable_line() -> None:
    assert shown_name("a b\n\x1b[31m\u202egnp.png") == "a b??[31m?gnp.png"
    assert shown_name("नमस्ते 🙂.png") == "नमस्ते 🙂.png"
    assert len(shown_name("x" * 300)) == 120
