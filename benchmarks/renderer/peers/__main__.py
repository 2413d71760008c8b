"""What other programs spend on the same slideshow.

``make bench-peers``, which installs FFmpeg and MoviePy: 4 pictures of 1536x1024, ten seconds of 1080p30, camera
moves, crossfades and captions, one x264 thread. Prints two tables: all contestants with the same preset and crf, and
with our best preset at no less than their structural similarity. CPU time is that of each whole process and its
children, ours that of a render child, which is forked when everything is imported; the similarity that of each encoded
luma to what the same program composed. Ends with
status 1 if a peer costs less than promised.
"""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import av

import services.renderer
from benchmarks.renderer.cpu import cpu_seconds
from benchmarks.renderer.peers.job import Job
from benchmarks.renderer.peers.ours import composed_frames, make
from benchmarks.renderer.quality import decibels, ssim
from benchmarks.renderer.slideshow import CAPTIONS, FADE_FRAMES, FRAMES_PER_SLIDE, FRAMES_PER_WORD, landscapes
from services.renderer.pipeline.planes import planes_of

MOVIEPY = Path(".run/peers/moviepy/bin/python")
FONT = Path(services.renderer.__file__).parent / "fonts" / "NotoSans-Bold.ttf"
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A program that makes the slideshow.

    ``least_same`` is how many times our CPU time it is expected to take with the same preset, ``least_best`` against
    our best preset.
    """

    name: str
    do: Callable[[Job], None]
    misses: str
    least_same: float = 0
    least_best: float = 0


def forked(job: Job) -> None:
    """Do the job in a child that has imported everything, as a render child has."""
    child = multiprocessing.get_context("fork").Process(target=make, args=(job,))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"our own child ended with status {child.exitcode}; see its message above")


def started(program: Sequence[str], job: Job) -> None:
    """Start a program for the job, and wait for it."""
    path = Path(f"{job.out}.json")
    job.write(path)
    subprocess.run([*program, str(path)], check=True)


OURS = Contestant(name="this project", do=forked, misses="")
PEERS = (
    Contestant(
        name="FFmpeg: zoompan of 4x enlarged pictures, xfade, subtitles",
        do=partial(started, (sys.executable, "-m", "benchmarks.renderer.peers.with_ffmpeg")),
        misses="camera moves in steps of a quarter pixel",
        least_same=2.5,
        least_best=3.5,
    ),
    Contestant(
        name="MoviePy",
        do=partial(started, (str(MOVIEPY), str(Path(__file__).parent / "with_moviepy.py"))),
        misses="camera in whole pixels about the middle; captions of one colour; BT.601 colours, untagged",
        least_same=5.0,
        least_best=8.0,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A contestant with its own settings, and what it spent and made."""

    contestant: Contestant
    job: Job
    seconds: list[float] = field(default_factory=list)
    likeness_db: float = 0.0

    @property
    def cpu_s(self) -> float:
        """CPU time, the median of all rounds."""
        return statistics.median(self.seconds)

    @property
    def size_kib(self) -> int:
        """Size of the video."""
        return Path(self.job.out).stat().st_size >> 10


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as name:
        same, best, *theirs = entries(Path(name))
        for _ in range(ROUNDS):
            for entry in (same, best, *theirs):
                entry.seconds.append(cpu_seconds(partial(entry.contestant.do, entry.job)))
        measured = [replace(entry, likeness_db=likeness(entry)) for entry in (same, best, *theirs)]
        kept = printed("the same preset and crf", measured[0], measured[2:], [peer.least_same for peer in PEERS])
        kept &= printed("our best preset", measured[1], measured[2:], [peer.least_best for peer in PEERS])
        kept &= all(measured[1].likeness_db >= entry.likeness_db for entry in measured[2:])
    print("Remotion: not run, it downloads a browser of its own")
    print("kept" if kept else "MISSED")
    return 0 if kept else 1


def entries(folder: Path) -> list[Entry]:
    """Ours with the preset of all, ours with our best preset, and the peers."""
    pictures = tuple(str(path) for _, path in landscapes(folder, 4))
    same = Job(
        pictures=pictures,
        captions=CAPTIONS,
        font=str(FONT),
        width=1920,
        height=1080,
        rate=30,
        frames_per_slide=FRAMES_PER_SLIDE,
        fade_frames=FADE_FRAMES,
        frames_per_word=FRAMES_PER_WORD,
        zoom=1.15,
        centre=(0.4, 0.55),
        preset="veryfast",
        crf=20,
        out="",
    )
    ours = Entry(contestant=OURS, job=replace(same, out=f"{folder}/same.mp4"))
    best = Entry(contestant=OURS, job=replace(same, preset="superfast", crf=19, out=f"{folder}/best.mp4"))
    theirs = [Entry(contestant=peer, job=replace(same, out=f"{folder}/{n}.mp4")) for n, peer in enumerate(PEERS)]
    return [ours, best, *theirs]


def likeness(entry: Entry) -> float:
    """Structural similarity of the luma of the first two slides to that of the frames as they were composed [dB]."""
    job = replace(
        entry.job,
        pictures=entry.job.pictures[:2],
        captions=entry.job.captions[:2],
        out=f"{entry.job.out}-lossless.mp4",
        lossless=True,
    )
    with av.open(entry.job.out) as encoded:
        pairs = enumerate(zip(composed(entry.contestant, job), encoded.decode(video=0), strict=False))
        return decibels([ssim(planes_of(a).y, planes_of(b).y) for number, (a, b) in pairs if number % 10 == 0])


def composed(contestant: Contestant, job: Job) -> Iterator[av.VideoFrame]:
    """The frames of a job as the contestant composes them."""
    if contestant is OURS:
        yield from composed_frames(job)
        return
    contestant.do(job)
    with av.open(job.out) as container:
        yield from container.decode(video=0)


def printed(title: str, ours: Entry, theirs: Sequence[Entry], least: Sequence[float]) -> bool:
    """Print a table; whether every peer takes as many times our CPU time as expected."""
    print(f"\n| with {title} | CPU, s | times ours | promised | KiB | SSIM-Y, dB | what it does not do |")
    print("|---|---|---|---|---|---|---|")
    for entry, promised in zip((ours, *theirs), (None, *least), strict=True):
        name = f"{entry.contestant.name}, {entry.job.preset} crf {entry.job.crf}"
        ratio = f"{entry.cpu_s / ours.cpu_s:.2f} | {'' if promised is None else f'≥ {promised}'}"
        what = f"{entry.size_kib} | {entry.likeness_db:.2f} | {entry.contestant.misses}"
        print(f"| {name} | {entry.cpu_s:.1f} | {ratio} | {what} |", flush=True)
    return all(entry.cpu_s / ours.cpu_s >= promised for entry, promised in zip(theirs, least, strict=True))


if __name__ == "__main__":
    sys.exit(main())
