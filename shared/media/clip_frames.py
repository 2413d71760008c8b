"""Brings decoded frames of any outside video to one size, upright, in one kind of colour; media child only."""

from __future__ import annotations

import math
from fractions import Fraction

from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.errors import BadMediaError
from shared.media.limits import MediaLimits

# ITU-T H.273 code points.
_UNSPECIFIED = 2
_BT2020_PRIMARIES = 9
_PQ, _HLG = 16, 18
# Matrix → what FFmpeg's scaler calls it.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE = 2  # in FFmpeg's numbering

# Video that does not say is standard definition, and then BT.601, below this size; what players take it for.
_HD_WIDTH, _HD_HEIGHT = 1280, 720

# Degrees counter-clockwise by which a frame must be turned to be upright → FFmpeg's transpose filter.
_TURNS = {90: ("transpose=cclock",), 180: ("hflip", "vflip"), 270: ("transpose=clock",)}

_SMALLEST_SIDE = 16
_PIXEL_ASPECTS = (Fraction(1, 4), Fraction(4))


class FrameNormaliser:
    """Makes frames of one size: 4:2:0, BT.709, limited range, square pixels, upright.

    Args:
        stream: Where the frames come from.
        first: Its first frame; decides the size that all get.
    Raises:
        BadMediaError: Its colours or its shape cannot be shown.
    """

    def __init__(self, stream: VideoStream, first: VideoFrame, limits: MediaLimits) -> None:
        _check_colour(first)
        turn = round(first.rotation / 90) * 90 % 360
        self.width, self.height = normal_size(first.width, first.height, _pixel_aspect(stream), turn, limits)
        self.warnings: tuple[str, ...] = ()
        if first.color_trc == _HLG:
            self.warnings = ("HDR (HLG) shown with the colours of a standard screen",)
        self._turn = turn
        self._form: tuple[int, int, str, bool] | None = None

    def normal(self, frame: VideoFrame) -> VideoFrame:
        """The frame in normal form; its times are gone."""
        form = (frame.width, frame.height, frame.format.name, frame.interlaced_frame)
        if form != self._form:  # the first one, or the recorder changed its mind on the way
            self._form = form
            # The graph is kept, because its ends do not keep it alive.
            self._graph, self._source, self._sink = self._built(frame)
        frame.pts = None
        self._source.push(frame)
        normal = self._sink.pull()
        assert isinstance(normal, VideoFrame)  # noqa: S101  # a graph of picture filters gives pictures
        normal.pts = None
        return normal

    def _built(self, frame: VideoFrame) -> tuple[Graph, FilterContext, FilterContext]:
        graph = Graph()
        graph.threads = 1  # the sandbox allows no more
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
        )
        last = source
        for text in self._filters(frame):
            name, _, arguments = text.partition("=")
            following = graph.add(name, arguments)
            last.link_to(following)
            last = following
        sink = graph.add("buffersink")
        last.link_to(sink)
        graph.configure()
        return graph, source, sink

    def _filters(self, frame: VideoFrame) -> list[str]:
        turned = self._turn in (90, 270)
        width, height = (self.height, self.width) if turned else (self.width, self.height)
        matrix, full = _matrix(frame), frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
        filters = [
            # Of two fields that were recorded one after the other, one alone is a whole picture of a moment.
            *(["field=type=top"] if frame.interlaced_frame else []),
            f"scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int"
            f":in_color_matrix={matrix}:in_range={'full' if full else 'limited'}"
            f":out_color_matrix={'bt2020' if _is_wide(frame) else 'bt709'}:out_range=limited",
        ]
        if _is_wide(frame):
            # HLG was made to look right on a standard screen of the same primaries (ITU-R BT.2100, note 5g), so
            # its signal is taken as what such a screen gets.
            filters += ["format=yuv420p10", "colorspace=all=bt709:iall=bt2020:irange=tv:range=tv:format=yuv420p"]
        return [*filters, *_TURNS.get(self._turn, ()), "format=yuv420p"]


def normal_size(
    width: int, height: int, pixel_aspect: Fraction, turn: int, limits: MediaLimits
) -> tuple[int, int]:
    """Width and height, both even, that a picture gets: square pixels, upright, never enlarged.

    Raises:
        BadMediaError: It is a strip too thin to be a picture.
    """
    wide = width * pixel_aspect if pixel_aspect > 1 else Fraction(width)
    high = height / pixel_aspect if pixel_aspect < 1 else Fraction(height)
    shown = (high, wide) if turn in (90, 270) else (wide, high)
    scale = min(1.0, math.sqrt(limits.clip_pixels / (wide * high)), float(limits.clip_side / max(wide, high)))
    size = [max(2, math.floor(side * scale / 2 + Fraction(1, 4)) * 2) for side in shown]
    if min(size) < _SMALLEST_SIDE:
        raise BadMediaError(f"{width}x{height} pixels is too small to show; give a larger video")
    return size[0], size[1]


def _pixel_aspect(stream: VideoStream) -> Fraction:
    aspect = Fraction(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    least, most = _PIXEL_ASPECTS
    return aspect if least <= aspect <= most else Fraction(1)


def _check_colour(frame: VideoFrame) -> None:
    if frame.color_trc == _PQ:
        raise BadMediaError(
            "has HDR colours (PQ) that a standard video cannot show; export it as SDR (BT.709), or switch HDR off"
        )


def _is_wide(frame: VideoFrame) -> bool:
    return frame.color_primaries == _BT2020_PRIMARIES


def _matrix(frame: VideoFrame) -> str:
    known = _MATRICES.get(int(frame.colorspace))
    if known is not None:
        return known
    if _is_wide(frame):
        return "bt2020"
    is_hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return "bt709" if is_hd else "bt601"
