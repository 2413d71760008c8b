"""Files that claim, hide or fetch what they should not; made from code, with what they fetch as an argument."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

_MAGIC: dict[str, bytes] = {
    "plain": b"",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
    "wav": b"RIFF\xff\xff\xff\x00WAVE",
    "flac": b"fLaC",
    "mp3": b"ID3\x04\n",
    "ogg": b"OggS\n",
    "mp4": b"\x00\x00\x00\x18ftypisom\n",
    "webm": b"\x1aE\xdf\xa3\n",
    "font": b"\x00\x01\x00\x00",
}
"""First bytes that pass for a format that is taken."""

_FOLLOWED = ("ffconcat", "m3u8")


def playlists(secret: Path, address: str) -> dict[str, str]:
    """Lists and drawings that bring in another file or an address, in every language that FFmpeg or a browser knows.

    Args:
        secret: A file that lies beside the list.
        address: Of a server, ``http://host:port/``.
    """
    return {
        "ffconcat": f"ffconcat version 1.0\nfile '{secret.name}'\nduration 1\n",
        "ffconcat-abroad": f"ffconcat version 1.0\nfile '{secret}'\nfile 'file:{secret}'\nfile '{address}'\n",
        "m3u8": f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{address}"\n'
        f"#EXTINF:1,\n{secret.name}\n#EXTINF:1,\nfile://{secret}\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
        "mpd": f"<?xml version='1.0'?><MPD><Period><BaseURL>{address}{secret.name}</BaseURL></Period></MPD>",
        "svg": f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
        f"<image href='file://{secret}'/><image xlink:href='{address}'/></svg>",
        "protocol": f"concat:{secret}|subfile,,start,0,end,9,,:{secret}|{address}",
        "entity": f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file://{secret}'>]><x>&e;</x>",
        "postscript": f"%!PS-Adobe-3.0 EPSF-3.0\n({secret}) run\n",
        "imagemagick": f"push graphic-context\nimage over 0,0 0,0 'url({address})'\npop graphic-context\n",
    }


def disguises(secret: Path, address: str) -> Iterator[tuple[str, bytes]]:
    """Each playlist as it is and as a video; those that FFmpeg follows as everything that is taken."""
    for language, text in playlists(secret, address).items():
        for pretended in _MAGIC if language in _FOLLOWED else ("plain", "mp4"):
            yield f"{language}-as-{pretended}.mp4", _MAGIC[pretended] + text.encode()


def bombs(media_files: ModuleType) -> Iterator[tuple[str, bytes]]:
    """Small files that claim or unpack to very much."""
    makers: dict[str, Callable[[], bytes]] = {
        "claim.png": lambda: media_files.png_claiming(0x7FFFFFFF, 0x7FFFFFFF),
        "wide.png": lambda: media_files.png_claiming(1_000_000, 20),
        "zeros.png": lambda: media_files.png_claiming(30_000, 30_000, rows=30_000),
        "comment.png": media_files.png_with_text_bomb,
        "screen.gif": lambda: media_files.gif_claiming(65_535, 65_535),
        "hours.wav": lambda: media_files.wav_header(0xFFFFFFF0, rate=8_000) + bytes(1_000),
        "channels.wav": lambda: media_files.wav_header(1_000, channels=20_000) + bytes(1_000),
        "tables.ttf": lambda: b"\x00\x01\x00\x00" + struct.pack(">HHHH", 65_535, 0, 0, 0) + bytes(2_000_000),
        "packed.woff": _packed_font,
    }
    for name, make in makers.items():
        yield name, make()


def _packed_font() -> bytes:
    """A WOFF that says that its one table unpacks to 300 MiB."""
    packed = zlib.compress(bytes(1 << 20))
    sizes = (64 + len(packed), 1, 0, 312 << 20, 1, 0, 0, 0, 0, 0, 0)
    header = struct.pack(">4s4sIHHIHHIIIII", b"wOFF", b"\x00\x01\x00\x00", *sizes)
    return header + struct.pack(">4sIIII", b"glyf", 64, len(packed), 300 << 20, 0) + packed
