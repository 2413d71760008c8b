"""From a project file to its sound files and to a timeline that an editor can open."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import av
import opentimelineio as otio
import pytest

from services.renderer.pipeline.sound.files import read_sound

PROJECT = """
title: Sound
style: {size: 192x128, profile: draft, crossfade: 0.2}
music: {mood: calm, level: -14, duck: -3}
sound: {loudness: -16}
outputs: [m4a, mp3, wav, stems]
slides:
  - {image: PICTURE, narration: One. , pause: 1.5}
  - {image_prompt: a meadow, narration: Two and three.}
"""


@pytest.fixture(scope="module")
def project_text(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Writes that project beside a picture."""

    def write(picture: Path) -> Path:
        path = picture.with_name("project.yaml")
        path.write_text(PROJECT.replace("PICTURE", picture.name))
        return path

    return write


def test_a_spoken_video_comes_with_its_sounds_and_all_that_an_editor_needs(
    studio, picture, project_text, independent_loudness
) -> None:
    outcome = studio.run("render", str(project_text(picture("own.png"))), "--media", "--out", "out", "--json")

    assert outcome.code == 0, outcome.err
    out = studio.folder / "out"
    for name in ("sound.m4a", "sound.mp3", "sound.wav", "video.mp4"):
        lufs, true_peak = independent_loudness(read_sound(out / name))
        assert lufs == pytest.approx(-16, abs=0.3), name
        assert true_peak <= -1, name
    assert {path.name for path in out.glob("stem_*")} == {"stem_voice.wav", "stem_music.wav"}

    edit = otio.adapters.read_from_file(str(out / "timeline.otio"))
    with av.open(str(out / "video.mp4")) as video:
        assert edit.tracks[0].duration() == otio.opentime.RationalTime(video.streams.video[0].frames, 30)
    media = {out / clip.media_reference.target_url for clip in edit.find_clips()}
    assert {path.suffix for path in media} == {".png", ".wav"}
    for path in media:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    assert media == set((out / "media").iterdir())

    again = studio.run("render", str(out / "project.yaml"), "--out", "again", "--json")

    assert again.code == 0, again.err
    assert (studio.folder / "again" / "sound.wav").read_bytes() == (out / "sound.wav").read_bytes()
    assert not (studio.folder / "again" / "media" / next(iter(media)).name).exists()
    assert "pause: 1.5" in (out / "project.yaml").read_text()
