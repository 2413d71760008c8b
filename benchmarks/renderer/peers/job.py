"""The slideshow that all contestants make; standard library only, because some run in environments of their own."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Job:
    """Pictures that are shown for a while each, move, fade into each other and have captions.

    Each goes on moving while the next fades in. Every second one moves outwards. ``zoom`` is the closest view,
    ``centre`` its middle as a part of width and height. ``lossless`` asks for the frames as they were composed.
    """

    pictures: tuple[str, ...]
    captions: tuple[str, ...]
    font: str
    width: int
    height: int
    rate: int
    frames_per_slide: int
    fade_frames: int
    frames_per_word: int
    zoom: float
    centre: tuple[float, float]
    preset: str
    crf: int
    out: str
    lossless: bool = False

    @property
    def encoder(self) -> list[str]:
        """FFmpeg's options."""
        quality = (
            ["-preset", "ultrafast", "-qp", "0"]
            if self.lossless
            else ["-preset", self.preset, "-crf", str(self.crf)]
        )
        return ["-c:v", "libx264", *quality, "-threads", "1", "-pix_fmt", "yuv420p"]

    def write(self, path: Path) -> None:
        """Store it for another process."""
        path.write_text(json.dumps(asdict(self)))


def given_job() -> Job:
    """The job in the file that the command line names."""
    return Job(**json.loads(Path(sys.argv[1]).read_text()))
