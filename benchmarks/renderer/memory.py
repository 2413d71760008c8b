"""How much memory a render child takes.

``python -m benchmarks.renderer.memory``: lets one child render slides that move, fade into each other and have
captions, at 1080p and 2160p with each profile. Prints the most memory that it ever held, after three slides and after
nine, and the most addresses. Ends with status 1 if a promise is missed: less than 300 MiB at 1080p and 700 MiB at
2160p with the profile ``standard``, and no more for a longer video.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from benchmarks.renderer.slideshow import SIZES, landscapes, slideshow
from services.renderer.child import RenderChild
from services.renderer.template import ChildTemplate
from services.renderer.work import RenderSegmentWork
from shared.contracts.timeline import EncodingProfile, SegmentSpec

PROMISED_MIB = {"1080p": 300, "2160p": 700}
FRAMES = 45
"""Of each segment; more than any profile looks ahead."""
FLAT = 1.03


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = landscapes(folder, 3)
        images = {reference.asset.sha256: path for reference, path in pictures}
        references = [reference for reference, _ in pictures]
        kept = [
            kept_small(name, profile, slideshow(references, SIZES[name]), images, folder)
            for name in SIZES
            for profile in EncodingProfile
        ]
    print("kept" if all(kept) else "MISSED")
    return 0 if all(kept) else 1


def kept_small(
    name: str, profile: EncodingProfile, segments: Sequence[SegmentSpec], images: dict[str, Path], folder: Path
) -> bool:
    """Render the segments, and all again; prints what the child took."""
    child = RenderChild(ChildTemplate())
    try:
        render(child, profile, segments, images, folder)
        short = mebibytes(child, "VmHWM")
        render(child, profile, [*segments, *segments], images, folder)
        most, addresses = mebibytes(child, "VmHWM"), mebibytes(child, "VmPeak")
    finally:
        child.kill()
    promised = PROMISED_MIB[name] if profile is EncodingProfile.STANDARD else None
    print(
        f"{name} {profile}: {short} MiB after three slides, {most} after nine"
        f"{'' if promised is None else f' (< {promised})'}, {addresses} MiB of addresses",
        flush=True,
    )
    return most <= short * FLAT and (promised is None or most < promised)


def render(
    child: RenderChild,
    profile: EncodingProfile,
    segments: Sequence[SegmentSpec],
    images: dict[str, Path],
    folder: Path,
) -> None:
    """Give the child one segment after the other."""
    for spec in segments:
        asked = spec.model_copy(update={"profile": profile, "frames": FRAMES})
        (folder / "spec.json").write_text(asked.model_dump_json())
        work = RenderSegmentWork(spec=folder / "spec.json", images=images, out=folder / "child.mp4")
        child.run(work, on_progress=unwatched, deadline_s=600, cancelled=threading.Event())


def mebibytes(child: RenderChild, key: str) -> int:
    """A line of the child's status."""
    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{key}:"))


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    sys.exit(main())
