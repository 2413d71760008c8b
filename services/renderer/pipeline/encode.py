"""Encoding: what each profile means in H.264, and an encoder whose output depends on frames and settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path

import av
from av.codec.context import ThreadType
from av.video.stream import VideoStream

from services.renderer.pipeline.codecs import CodecSettings, codec_settings
from shared.contracts.timeline import EncodingProfile, FrameSize, Rate, VideoCodec

# Code points of ITU-T H.273: BT.709 primaries, transfer and matrix; limited ("MPEG") range in FFmpeg's numbering.
_BT709 = 1
_LIMITED_RANGE = 1
# Longest distance of two key frames [s]: how far a player may have to decode after a jump.
_KEY_FRAME_SECONDS = 5
# How much finer the last frame of a segment is quantised [steps of H.264's QP; 6 of them halve the quantiser].
_LAST_FRAME_QP = 3.5

REORDER_FRAMES = 2
"""Depth of x264's frame reordering with B-frames and B-pyramid, as all profiles have."""


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """What an encoding profile means for x264."""

    preset: str
    crf: int
    lookahead_frames: int


# Chosen from the tables in docs/rendering.md (python -m benchmarks.renderer.profiles): with macroblock tree,
# superfast gives veryfast's quality at 0.6 of its CPU time, and faster medium's, which slower ones hardly improve.
SETTINGS: dict[EncodingProfile, EncoderSettings] = {
    EncodingProfile.DRAFT: EncoderSettings(preset="superfast", crf=26, lookahead_frames=10),
    EncodingProfile.STANDARD: EncoderSettings(preset="superfast", crf=19, lookahead_frames=10),
    EncodingProfile.HIGH: EncoderSettings(preset="faster", crf=17, lookahead_frames=30),
}


def key_frame_distance(rate: Rate) -> int:
    """Most frames from one key frame to the next, in every codec."""
    return max(1, round(rate.fraction * _KEY_FRAME_SECONDS))


def x264_params(profile: EncodingProfile, rate: Rate) -> str:
    """The x264 parameters of a profile at a frame rate; segments join only when these are equal."""
    return (
        f"bframes=3:b-pyramid=normal:keyint={key_frame_distance(rate)}:min-keyint=1:scenecut=0:open-gop=0:mbtree=1"
        f":rc-lookahead={SETTINGS[profile].lookahead_frames}"
    )


def tail_zones(profile: EncodingProfile, frames: int) -> str:
    """The x264 parameter that makes the last frames of a segment as good as those in its middle.

    Macroblock tree spends bits on what the coming frames show again, with the logarithm of how many it knows
    (x264, ``macroblock_tree_finish``). The last frames have few or none to come and would be up to 2 dB worse,
    so they get the same curve back; and twice of it the key frame of a segment so short that it is among them,
    from which all others take. No parameter set of the stream changes with it.
    """
    known = SETTINGS[profile].lookahead_frames
    zones = []
    for coming in reversed(range(min(known, frames))):
        frame = frames - 1 - coming
        finer_qp = _LAST_FRAME_QP * (1 - log2(1 + coming) / log2(1 + known)) * (1 if frame else 2)
        zones.append(f"{frame},{frame},b={2 ** (finer_qp / 6):.4f}")
    return "zones=" + "/".join(zones)


class VideoEncoder:
    """Takes composed frames in order and muxes them; pts count from 0 in frames."""

    def __init__(
        self, container: av.container.OutputContainer, stream: VideoStream, rate: Rate, reordered: int
    ) -> None:
        self._container = container
        self._stream = stream
        self._time_base = 1 / rate.fraction
        self._reordered = reordered
        self._frames = 0
        self._packets = 0

    def add(self, frame: av.VideoFrame) -> None:
        """Encode the next frame; x264 copies it, so the caller may refill the same one."""
        frame.pts = self._frames
        frame.time_base = self._time_base
        self._frames += 1
        self._encode(frame)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._encode(None)

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            packets = self._stream.encode(frame)
        except av.ExternalError as error:
            raise MemoryError from error  # settings and frames are always valid: an encoder can only lack memory
        for packet in packets:
            # Counted, because encoders give very short streams other decoding times, x265 even arbitrary ones.
            packet.dts = self._packets - self._reordered
            self._packets += 1
            self._container.mux(packet)


@contextmanager
def video_encoder(
    path: Path,
    size: FrameSize,
    rate: Rate,
    profile: EncodingProfile,
    codec: VideoCodec = VideoCodec.H264,
    *,
    frames: int,
) -> Iterator[VideoEncoder]:
    """An encoder into an MP4 file with one video track, complete when the block ends without error.

    One thread and fixed settings: equal frames give equal bytes, in any process.

    Args:
        frames: How many will be added, so that the last ones can be made as good as the others.
    """
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        settings = encoder_settings(codec, profile, rate)
        if codec is VideoCodec.H264:
            params = f"{x264_params(profile, rate)}:{tail_zones(profile, frames)}"
            settings = replace(settings, options={**settings.options, "x264-params": params})
        encoder = VideoEncoder(container, _video_stream(container, size, rate, settings), rate, settings.reordered)
        yield encoder
        encoder.finish()


def encoder_settings(codec: VideoCodec, profile: EncodingProfile, rate: Rate) -> CodecSettings:
    """How the encoder of a codec is asked for a profile."""
    if codec is not VideoCodec.H264:
        return codec_settings(codec, profile, key_frame_distance(rate))
    settings = SETTINGS[profile]
    options = {
        "preset": settings.preset,
        "crf": str(settings.crf),
        "profile": "high",
        "x264-params": x264_params(profile, rate),
        "flags": "+global_header",
    }
    return CodecSettings(encoder="libx264", options=options, reordered=REORDER_FRAMES)


def _video_stream(
    container: av.container.OutputContainer, size: FrameSize, rate: Rate, settings: CodecSettings
) -> VideoStream:
    stream = container.add_stream(settings.encoder, rate=rate.fraction, options=dict(settings.options))
    assert isinstance(stream, VideoStream)  # noqa: S101  # each of the encoders makes pictures
    context = stream.codec_context
    if settings.tag is not None:
        context.codec_tag = settings.tag
    context.width, context.height, context.pix_fmt = size.width, size.height, "yuv420p"
    context.time_base = 1 / rate.fraction
    context.thread_count = 1  # more threads give other bits; processes are the parallelism
    context.thread_type = ThreadType.FRAME
    context.color_range = _LIMITED_RANGE
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    return stream
