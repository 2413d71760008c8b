"""What the sandbox allows one outside file to be and to cost."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Bounds on a file and on the child process that opens it; whatever exceeds one is refused.

    The defaults fit a laptop: the largest picture allowed (50 megapixels with alpha and a colour profile) and an
    hour of sound stay within ``memory_bytes`` and ``wall_seconds``.
    """

    image_bytes: int = 64 * _MIB
    audio_bytes: int = 1 * _GIB
    video_bytes: int = 16 * _GIB

    font_bytes: int = 32 * _MIB
    """The largest faces in use, those for Chinese, Japanese and Korean, have some 20 MiB."""

    image_pixels: int = 50_000_000
    """Width times height, read from the header before anything is decoded."""
    image_side: int = 16_384
    """Longest side; a strip of 30,000 x 200 has few pixels but no use in a video."""
    image_min_side: int = 16
    """Shortest side; below this a picture is a tracking pixel or a mistake."""

    audio_seconds: int = 3_600
    audio_min_ms: int = 50
    """Nothing can be said in less; it is an empty recording."""

    video_pixels: int = 4_096 * 2_304
    """Width times height of a video as it comes; 4K of phones and cameras fits."""
    video_side: int = 4_096
    video_seconds: int = 600
    clip_pixels: int = 1_920 * 1_080
    """Width times height of a normalised video; larger ones are made smaller."""
    clip_side: int = 3_840

    memory_bytes: int = 1 * _GIB
    """Address space of the child (RLIMIT_AS), some 200 MiB of which are its libraries."""
    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    output_bytes: int = 1 * _GIB
    """Largest file the child can write (RLIMIT_FSIZE); an hour of normalised sound has 660 MiB."""

    video_memory_bytes: int = 2 * _GIB
    """As ``memory_bytes``, while a video is decoded and encoded: 4K with 10 bits and 16 reference frames."""
    video_cpu_seconds: int = 1_500
    """Enough for ten minutes of 4K at 30 frames/s on a processor that is not old."""
    video_wall_seconds: float = 1_700.0
    """Less than the half hour for which RabbitMQ lets a caller's question stay unanswered."""
    video_output_bytes: int = 4 * _GIB

    def for_video(self) -> MediaLimits:
        """The same, with what a child may use while it normalises a video."""
        return dataclasses.replace(
            self,
            memory_bytes=self.video_memory_bytes,
            cpu_seconds=self.video_cpu_seconds,
            wall_seconds=self.video_wall_seconds,
            output_bytes=self.video_output_bytes,
        )
