"""A joined video against one that is drawn from a formula, frame by frame, as Debian's FFmpeg decodes it.

Nothing of the renderer takes part in the drawing: the picture is a sum of waves, the camera a straight line.
"""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from deploy.local.programs import find_program
from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.segment import render_segment
from shared.contracts.timeline import Easing, FrameSize, Motion, PictureClip, View

WIDTH, HEIGHT = 320, 180
PICTURE = (640, 360)
CLOSEST = 1.28
FADE = 6
CLIPS = (30, 24)
PIECES = ((0, 0, 1), (0, 1, 11), (0, 12, 18), (1, 0, 2), (1, 2, 22))
"""Segments: clip, first frame, frames. Some are so short that they end before their encoder looks ahead."""
FIRSTS = (0, 1, 12, 30, 32)
STARTS = (0, CLIPS[0])
FRAMES = sum(CLIPS)


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def waves(phase: float, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Grey (0 to 255) at places of a picture [px], 0 being its upper left edge."""
    return (
        128
        + 45 * np.sin(2 * np.pi * across / 41 + phase)
        + 40 * np.cos(2 * np.pi * down / 37 - phase)
        + 35 * np.sin(2 * np.pi * (across + down) / 83 + 3 * phase)
    )


def drawn_clip(clip: int, number: int) -> np.ndarray:
    """Luma of a clip alone: seen whole at first, then ever closer to the middle, at a steady pace of its edges."""
    part = number / (CLIPS[clip] + FADE - 1)
    share = 1 + (1 / CLOSEST - 1) * part
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    across = PICTURE[0] / 2 + (x + 0.5 - WIDTH / 2) * PICTURE[0] / WIDTH * share
    down = PICTURE[1] / 2 + (y + 0.5 - HEIGHT / 2) * PICTURE[1] / HEIGHT * share
    return 16 + 219 * waves(1.7 * clip, across, down) / 255


def drawn(number: int) -> np.ndarray:
    """Luma of a frame of the video."""
    if number < STARTS[1]:
        return drawn_clip(0, number)
    into = number - STARTS[1]
    share = min(1.0, (into + 1) / (FADE + 1))
    return drawn_clip(1, into) * share + (drawn_clip(0, number) * (1 - share) if share < 1 else 0)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / ((one.astype(float) - other) ** 2).mean()))


@pytest.fixture(scope="module")
def shown(studio_in, tmp_path_factory) -> np.ndarray:
    """Luma of the whole video, (frames, height, width)."""
    studio = studio_in(tmp_path_factory.mktemp("golden"))
    studio.size = FrameSize(width=WIDTH, height=HEIGHT)
    clips = [clip_of(studio, number) for number in range(2)]
    files = []
    for number, (clip, first, frames) in enumerate(PIECES):
        before = clips[0] if clip and first < FADE else None
        spec = studio.spec(clips[clip], before, first_frame=first, frames=frames)
        files.append(SegmentFile(path=studio.folder / f"{number}.mp4", frames=frames))
        render_segment(spec, studio.images, files[-1].path, silent)
    video = studio.folder / "video.mp4"
    assemble_video(studio.timeline(clips), files, None, video, silent)
    command = [str(find_program("ffmpeg")), "-v", "error", "-xerror", "-i", video, "-fps_mode", "passthrough"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"], check=True, capture_output=True)
    planes = np.frombuffer(raw.stdout, np.uint8).reshape(-1, WIDTH * HEIGHT * 3 // 2)
    return planes[:, : WIDTH * HEIGHT].reshape(-1, HEIGHT, WIDTH)


def clip_of(studio, number: int) -> PictureClip:
    y, x = np.mgrid[0 : PICTURE[1], 0 : PICTURE[0]]
    grey = waves(1.7 * number, x + 0.5, y + 0.5).round().astype(np.uint8)
    views = (View(zoom_permille=zoom, centre_x_permille=500, centre_y_permille=500) for zoom in (1000, 1280))
    motion = Motion(start=next(views), end=next(views), easing=Easing.LINEAR)
    clip = studio.clip(studio.picture(np.repeat(grey[..., None], 3, 2)), CLIPS[number], fade=FADE * number)
    return clip.model_copy(update={"motion": motion, "motion_frames": CLIPS[number] + FADE})


def test_every_frame_is_there_once_and_in_its_place(shown):
    """Of all that are drawn, each frame is most like its own."""
    assert len(shown) == FRAMES
    small = np.array([drawn(number)[::4, ::4] for number in range(FRAMES)])
    nearest = [int(((small - frame[::4, ::4]) ** 2).mean((1, 2)).argmin()) for frame in shown]
    assert nearest == list(range(FRAMES))


def test_every_frame_shows_what_is_drawn(shown):
    assert min(psnr(frame, drawn(number)) for number, frame in enumerate(shown)) > 39.5


def test_segments_begin_and_end_as_well_as_the_rest(shown):
    """Whatever their length; frames of one segment differ by a decibel, too."""
    found = np.array([psnr(frame, drawn(number)) for number, frame in enumerate(shown)])
    seams = sorted({*FIRSTS, *(first - 1 for first in FIRSTS[1:]), FRAMES - 1})
    assert found[seams].min() > np.delete(found, seams).mean() - 1.5
