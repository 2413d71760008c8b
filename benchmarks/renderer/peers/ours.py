"""Makes the slideshow with this project's pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av

from benchmarks.renderer.encoding import standard_means
from benchmarks.renderer.peers.job import Job
from benchmarks.renderer.slideshow import reference_of, slideshow
from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.encode import EncoderSettings
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.planes import new_frame
from services.renderer.pipeline.segment import render_segment
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.timeline import FrameSize, Rate, SegmentSpec, Timeline


def make(job: Job) -> None:
    """Render the segments one after the other, and join them."""
    with standard_means(EncoderSettings(preset=job.preset, crf=job.crf, lookahead_frames=10)):
        render(job)


def render(job: Job) -> None:
    """Write the slideshow to where the job wants it."""
    specs, images = segments_of(job)
    stills, files = StillCache(), []
    for number, spec in enumerate(specs):
        path = Path(f"{job.out}-{number}.mp4")
        render_segment(spec, images, path, unwatched, stills)
        files.append(SegmentFile(path=path, frames=spec.frames))
    clips = tuple(spec.clip for spec in specs)
    timeline = Timeline(rate=Rate(numerator=job.rate), size=specs[0].size, pictures=clips)
    assemble_video(timeline, files, None, Path(job.out), unwatched)


def composed_frames(job: Job) -> Iterator[av.VideoFrame]:
    """The frames that are encoded; each is good until the next is asked for."""
    specs, images = segments_of(job)
    frame = new_frame(job.width, job.height)
    for spec in specs:
        composer = SegmentComposer(spec, images)
        for number in range(spec.frames):
            composer.compose(number, frame)
            yield frame


def segments_of(job: Job) -> tuple[list[SegmentSpec], dict[str, Path]]:
    """What to render, and where the pictures are."""
    paths = [Path(picture) for picture in job.pictures]
    references = [reference_of(path) for path in paths]
    images = {reference.asset.sha256: path for reference, path in zip(references, paths, strict=True)}
    return slideshow(references, FrameSize(width=job.width, height=job.height)), images


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""
