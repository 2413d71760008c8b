"""What each encoding profile means for HEVC and VP9; H.264 is in ``encode``.

Chosen so that a profile looks alike in every codec; the measurement is in docs/rendering.md (python -m
benchmarks.renderer.codecs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.timeline import EncodingProfile, VideoCodec


@dataclass(frozen=True, kw_only=True)
class CodecSettings:
    """How an encoder is asked: FFmpeg's name of it, its options, and the tag of its MP4 track if not the usual.

    ``reordered`` is the depth of its frame reordering [frames].
    """

    encoder: str
    options: Mapping[str, str]
    reordered: int
    tag: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Hevc:
    preset: str
    crf: int


@dataclass(frozen=True, kw_only=True)
class _Vp9:
    """``deadline`` realtime is one pass without a look ahead; ``speed`` is libvpx's cpu-used."""

    deadline: str
    speed: int
    crf: int
    lookahead_frames: int


_HEVC: dict[EncodingProfile, _Hevc] = {
    EncodingProfile.DRAFT: _Hevc(preset="ultrafast", crf=25),
    EncodingProfile.STANDARD: _Hevc(preset="veryfast", crf=21),
    EncodingProfile.HIGH: _Hevc(preset="medium", crf=18),
}

# Deadline ``good`` costs twice the CPU time of ``realtime`` at these speeds, for a twentieth less size.
_VP9: dict[EncodingProfile, _Vp9] = {
    EncodingProfile.DRAFT: _Vp9(deadline="realtime", speed=8, crf=40, lookahead_frames=0),
    EncodingProfile.STANDARD: _Vp9(deadline="realtime", speed=4, crf=24, lookahead_frames=0),
    EncodingProfile.HIGH: _Vp9(deadline="good", speed=3, crf=17, lookahead_frames=25),
}


def codec_settings(codec: VideoCodec, profile: EncodingProfile, key_frame_distance: int) -> CodecSettings:
    """Settings of a codec other than H.264; segments join only when these are equal.

    Args:
        key_frame_distance: Most frames from one key frame to the next.
    """
    if codec is VideoCodec.HEVC:
        return _hevc(_HEVC[profile], key_frame_distance)
    return _vp9(_VP9[profile], key_frame_distance)


def _hevc(chosen: _Hevc, key_frame_distance: int) -> CodecSettings:
    """No thread pool and one frame at a time: threads would change the bits. Apple's players want the tag hvc1."""
    params = (
        f"pools=none:frame-threads=1:log-level=none:info=0:bframes=3:b-pyramid=1:scenecut=0:open-gop=0"
        f":keyint={key_frame_distance}:min-keyint=1"
    )
    options = {"preset": chosen.preset, "crf": str(chosen.crf), "x265-params": params, "flags": "+global_header"}
    return CodecSettings(encoder="libx265", options=options, reordered=2, tag="hvc1")


def _vp9(chosen: _Vp9, key_frame_distance: int) -> CodecSettings:
    options = {
        "deadline": chosen.deadline,
        "cpu-used": str(chosen.speed),
        "crf": str(chosen.crf),
        "b": "0",  # constant quality needs it said
        "row-mt": "0",
        "lag-in-frames": str(chosen.lookahead_frames),
        "auto-alt-ref": "1" if chosen.lookahead_frames else "0",
        "g": str(key_frame_distance),
    }
    return CodecSettings(encoder="libvpx-vp9", options=options, reordered=0)
