"""Makes the slideshow with MoviePy, as its documentation does it; runs in an environment that has MoviePy.

The camera moves about the middle only, and a caption has one colour: highlighted words would be clips of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from moviepy import CompositeVideoClip, ImageClip, TextClip, vfx

from benchmarks.renderer.peers.job import Job, given_job


def main() -> None:
    """Compose and write the given job."""
    job = given_job()
    slide, fade = job.frames_per_slide / job.rate, job.fade_frames / job.rate
    clips = []
    for number, picture in enumerate(job.pictures):
        clips.append(moving(job, number, picture, slide + fade).with_start(number * slide))
    clips += [captioned(job, text, slide).with_start(number * slide) for number, text in enumerate(job.captions)]
    video = CompositeVideoClip(clips, size=(job.width, job.height)).with_duration(slide * len(job.pictures))
    encoder = job.encoder
    video.write_videofile(
        job.out,
        fps=job.rate,
        codec="libx264",
        audio=False,
        preset=encoder[encoder.index("-preset") + 1],
        ffmpeg_params=encoder[4:],
        threads=1,
        logger=None,
    )


def moving(job: Job, number: int, picture: str, seconds: float) -> ImageClip:
    """One picture under the camera, faded in unless it is the first."""
    clip = ImageClip(picture).with_duration(seconds)
    fit = max(job.width / clip.w, job.height / clip.h)

    def scale(time: float) -> float:
        part = min(1.0, time / seconds)
        eased = 0.5 * part + 0.5 * part * part * (3 - 2 * part)
        return fit * (1 + (job.zoom - 1) * (eased if number % 2 == 0 else 1 - eased))

    clip = clip.resized(scale).with_position("center")
    return clip.with_effects([vfx.CrossFadeIn(job.fade_frames / job.rate)]) if number else clip


def captioned(job: Job, text: str, seconds: float) -> TextClip:
    """A caption in a box."""
    size = round(job.height * 0.046)
    clip = TextClip(
        font=job.font, text=f" {text} ", font_size=size, color="white", bg_color=(0, 0, 0, 140), margin=(20, 20)
    )
    return clip.with_duration(seconds).with_position(("center", round(job.height * 0.82)))


if __name__ == "__main__":
    main()
