"""The same video in other codecs, joined from segments of their own."""

from __future__ import annotations

from pathlib import Path

from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.outputs.material import Heartbeat, Material
from shared.contracts.timeline import VideoCodec

HEVC, WEBM = "video_hevc.mp4", "video.webm"


def write_hevc(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write the video as HEVC with the same AAC sound: for players that save by it, Apple's among them.

    Raises:
        BadSegmentError: A segment does not hold its frames.
        BadAssemblyError: Segments are missing, or the joined file does not hold every frame at its time.
    """
    return _write(material, VideoCodec.HEVC, material.audio, folder / HEVC, heartbeat)


def write_webm(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write the video as VP9 with the sound as Opus; see :func:`write_hevc`."""
    return _write(material, VideoCodec.VP9, material.opus, folder / WEBM, heartbeat)


def _write(
    material: Material, codec: VideoCodec, sound: Path | None, path: Path, heartbeat: Heartbeat
) -> tuple[str, ...]:
    def progress(_done: int, _total: int) -> None:
        heartbeat()

    assemble_video(material.timeline, material.segments.get(codec, ()), sound, path, progress, codec)
    return (path.name,)
