"""Which file formats we open, told by their first bytes; names and extensions are never believed."""

from __future__ import annotations

from dataclasses import dataclass

from shared.media.results import MediaKind

HEAD_BYTES = 64
"""How much of a file :func:`sniff` needs."""


@dataclass(frozen=True, kw_only=True)
class MediaFormat:
    """A file format on the allow-list.

    ``kind`` is the most it can be: an MP4 file without moving picture is a sound. ``demuxer`` is the only FFmpeg
    demuxer that may open it; pictures have none.
    """

    name: str
    kind: MediaKind
    media_type: str
    demuxer: str | None = None


PNG = MediaFormat(name="png", kind=MediaKind.IMAGE, media_type="image/png")
JPEG = MediaFormat(name="jpeg", kind=MediaKind.IMAGE, media_type="image/jpeg")
GIF = MediaFormat(name="gif", kind=MediaKind.IMAGE, media_type="image/gif")
WEBP = MediaFormat(name="webp", kind=MediaKind.IMAGE, media_type="image/webp")
BMP = MediaFormat(name="bmp", kind=MediaKind.IMAGE, media_type="image/bmp")
TIFF = MediaFormat(name="tiff", kind=MediaKind.IMAGE, media_type="image/tiff")
WAV = MediaFormat(name="wav", kind=MediaKind.AUDIO, media_type="audio/wav", demuxer="wav")
FLAC = MediaFormat(name="flac", kind=MediaKind.AUDIO, media_type="audio/flac", demuxer="flac")
MP3 = MediaFormat(name="mp3", kind=MediaKind.AUDIO, media_type="audio/mpeg", demuxer="mp3")
AAC = MediaFormat(name="aac", kind=MediaKind.AUDIO, media_type="audio/aac", demuxer="aac")
OGG = MediaFormat(name="ogg", kind=MediaKind.AUDIO, media_type="audio/ogg", demuxer="ogg")
MP4 = MediaFormat(name="mp4", kind=MediaKind.VIDEO, media_type="video/mp4", demuxer="mp4")
TRUETYPE = MediaFormat(name="truetype", kind=MediaKind.FONT, media_type="font/ttf")
OPENTYPE = MediaFormat(name="opentype", kind=MediaKind.FONT, media_type="font/otf")
WEBM = MediaFormat(name="webm", kind=MediaKind.VIDEO, media_type="video/webm", demuxer="webm")

TRUETYPE_MAGIC, OPENTYPE_MAGIC = b"\x00\x01\x00\x00", b"OTTO"
"""First bytes of fonts with TrueType and with PostScript outlines (OpenType 1.9)."""

_MAGIC: tuple[tuple[bytes, MediaFormat], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"BM", BMP),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"ID3", MP3),
    (b"\x1aE\xdf\xa3", WEBM),
    (TRUETYPE_MAGIC, TRUETYPE),
    (b"true", TRUETYPE),
    (OPENTYPE_MAGIC, OPENTYPE),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}

# Brands of ISO base media files that hold still pictures (HEIF, ISO/IEC 23008-12, and AVIF).
_STILL_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def sniff(head: bytes) -> MediaFormat | None:
    """Tell the format from the first ``HEAD_BYTES`` bytes of a file; None when it is not one of ours."""
    for magic, media_format in _MAGIC:
        if head.startswith(magic):
            return media_format
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _STILL_BRANDS else MP4
    return _sniff_frame_header(head)


def looks_like_heif(head: bytes) -> bool:
    """Whether the file is a HEIC or AVIF picture: common on phones, so it earns a remedy of its own."""
    return head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS


def looks_like_packed_font(head: bytes) -> bool:
    """Whether the file is a font for the web (WOFF) or a collection: worth a remedy of its own."""
    return head[:4] in (b"wOFF", b"wOF2", b"ttcf")


def _sniff_frame_header(head: bytes) -> MediaFormat | None:
    """Tell MPEG audio without a tag, which has no magic: 11 or 12 set bits, then version and layer."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # ADTS: layer bits are zero (ISO/IEC 13818-7)
        return AAC
    is_layer_3 = head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08
    has_rate = head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C
    return MP3 if is_layer_3 and has_rate else None
