"""Videos of every size and rate that can be asked for: each frame there, at its exact time, as it was composed."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.segment import render_segment
from shared.contracts.timeline import EncodingProfile, Fit, FrameSize, Rate, Transition, TransitionKind

RATES = ["24", "25", "30", "50", "60", "24000/1001", "30000/1001", "60000/1001", "1", "120"]
SIZES = [
    (3840, 2160),
    (2160, 3840),
    (1080, 1350),
    (1920, 1080),
    (3840, 128),
    (128, 3840),
    (134, 130),
    (1918, 1082),
]


def silent(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("fraction", RATES)
def test_every_frame_of_a_video_has_its_exact_time_at_every_rate(studio, tmp_path, fraction):
    exact = Fraction(fraction)
    rate = Rate(numerator=exact.numerator, denominator=exact.denominator)
    first = studio.clip(studio.scenery(1), 4)
    wiped = Transition(kind=TransitionKind.WIPE, frames=2)
    second = studio.clip(studio.scenery(2), 7).model_copy(update={"transition_in": wiped})
    timeline = studio.timeline([first, second], rate=rate)
    files = []
    for number, (clip, before) in enumerate([(first, None), (second, first)]):
        files.append(SegmentFile(path=tmp_path / f"{number}.mp4", frames=clip.frames))
        render_segment(studio.spec(clip, before, rate=rate), studio.images, files[-1].path, silent)
    assemble_video(timeline, files, None, tmp_path / "video.mp4", silent)
    with av.open(str(tmp_path / "video.mp4")) as container:
        stream = container.streams.video[0]
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
        assert stream.average_rate == exact
        assert stream.duration * stream.time_base == 11 / exact
    assert times == [number / exact for number in range(11)]


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_video_of_any_size_shows_what_was_composed(studio, composed, decoded, tmp_path, width, height, fit):
    """From a picture of an odd shape; the encoder adds little (34 dB), in the corners, too."""
    size = FrameSize(width=width, height=height)
    clip = studio.clip(studio.scenery(3, 333, 217), 2).model_copy(update={"fit": fit})
    spec = studio.spec(clip, size=size, profile=EncodingProfile.DRAFT)
    report = render_segment(spec, studio.images, tmp_path / "s.mp4", silent)
    shown = decoded(tmp_path / "s.mp4")
    assert report.frames == len(shown) == 2
    drawn = composed(SegmentComposer(spec, studio.images), size, range(2))
    for planes, wanted in zip(shown, drawn, strict=True):
        assert [plane.shape for plane in planes] == [(height, width)] + [(height // 2, width // 2)] * 2
        assert psnr(planes[0], wanted[0]) > 34
        for corner in (np.s_[:16, :16], np.s_[:16, -16:], np.s_[-16:, :16], np.s_[-16:, -16:]):
            assert psnr(planes[0][corner], wanted[0][corner]) > 28


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = ((one.astype(float) - other) ** 2).mean()
    return 10 * np.log10(255**2 / max(error, 1e-9))
