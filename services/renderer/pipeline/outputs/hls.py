"""HTTP Live Streaming (RFC 8216): the finished video as one fragmented MP4 file, and a list of its byte ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.join import VideoClock, copied_tracks
from services.renderer.pipeline.outputs.material import Heartbeat, Material
from services.renderer.pipeline.verify import mp4_boxes, verify_frames

PLAYLIST, MEDIA = "hls.m3u8", "hls.mp4"

# Longest piece a player fetches at a time [s], as Apple's authoring specification has it; key frames lie closer.
_PIECE_SECONDS = 6
# Byte ranges need version 4, fMP4 with EXT-X-MAP version 6 (RFC 8216, section 7); 7 is what fMP4 players expect.
_VERSION = 7


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """What a player fetches at a time: bytes of the media file, and how long they play [s]."""

    offset: int
    size: int
    seconds: Fraction


def write_hls(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write playlist and media beside each other, by stream copy: nothing is encoded again.

    Raises:
        BadAssemblyError: The copy does not hold every frame at its time.
    """
    timeline, media = material.timeline, folder / MEDIA
    key_frames = _write_fragments(material, media, heartbeat)
    with av.open(str(media), format="mp4") as container:
        verify_frames(container, timeline.rate, timeline.frames)
    fragments = list(_fragments(media))
    if len(fragments) != len(key_frames):
        raise BadAssemblyError(f"the stream has {len(fragments)} fragments for {len(key_frames)} key frames")
    lengths = [(end - start) / timeline.rate.fraction for start, end in pairwise([*key_frames, timeline.frames])]
    pieces = list(_pieces(fragments, lengths))
    (folder / PLAYLIST).write_text(_playlist(pieces))
    return PLAYLIST, MEDIA


def _write_fragments(material: Material, media: Path, heartbeat: Heartbeat) -> list[int]:
    """Copy the video into a fragmented file, one fragment from each key frame on; returns the key frames."""
    rate, key_frames = material.timeline.rate, []
    options = {
        # The index is written after the first packets, so that it can say where picture and sound begin.
        "movflags": "+frag_keyframe+delay_moov+default_base_moof+skip_trailer",
        "fflags": "+bitexact",
        **VideoClock(rate).options(),
    }
    with av.open(str(media), "w", format="mp4", options=options) as output:
        for packet in copied_tracks(material.video, output):
            if packet.stream.type == "video" and packet.is_keyframe:
                key_frames.append(round((packet.pts or 0) * (packet.time_base or 0) * rate.fraction))
                heartbeat()
            output.mux(packet)
    return key_frames


def _fragments(media: Path) -> Iterator[tuple[int, int]]:
    """Offset and size of each movie fragment with its media data (ISO/IEC 14496-12, 8.8.4)."""
    start: int | None = None
    for kind, offset, size in mp4_boxes(media):
        if kind == b"moof":
            start = offset
        elif kind == b"mdat" and start is not None:
            yield start, offset + size - start


def _pieces(fragments: Sequence[tuple[int, int]], lengths: Sequence[Fraction]) -> Iterator[_Piece]:
    """Neighbouring fragments together, as long as they stay short: slides can be much shorter than a piece."""
    offset, size, seconds = fragments[0][0], 0, Fraction(0)
    for (start, part), length in zip(fragments, lengths, strict=True):
        if size and seconds + length > _PIECE_SECONDS:
            yield _Piece(offset=offset, size=size, seconds=seconds)
            offset, size, seconds = start, 0, Fraction(0)
        size += part
        seconds += length
    yield _Piece(offset=offset, size=size, seconds=seconds)


def _playlist(pieces: Sequence[_Piece]) -> str:
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{math.ceil(max(piece.seconds for piece in pieces))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{MEDIA}",BYTERANGE="{pieces[0].offset}@0"',
    ]
    for piece in pieces:
        lines += [f"#EXTINF:{float(piece.seconds):.6f},", f"#EXT-X-BYTERANGE:{piece.size}@{piece.offset}", MEDIA]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])
