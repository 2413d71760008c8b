"""The mix task keeps every sound file that is asked for; the assembly hands on those that people want."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.renderer.handlers import Render
from services.renderer.work import AssembleWork, Assembly, AudioMix, MixAudioWork
from shared.bus.context import TaskContext
from shared.contracts.message import Value
from shared.contracts.references import AssetReference
from shared.contracts.tasks import AssembleVideo, AssemblyPlan, AudioMixed, MixAudio
from shared.contracts.timeline import Output, SegmentReference, Timeline

ALL_FILES = ["sound.opus", "sound.mp3", "sound.wav", "stem_voice.wav", "stem_music.wav"]


def reference(name: str) -> AssetReference:
    digest = name.encode().hex().ljust(64, "0")[:64]
    return AssetReference(key=f"accounts/acc/{name}", sha256=digest, size_bytes=1, media_type="audio/wav")


TIMELINE, PLAN, SEGMENT = map(reference, ("timeline", "plan", "segment"))


class Objects:
    """Values by reference, and kept files by key."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.kept: dict[str, AssetReference] = {}

    def read(self, reference: AssetReference, model: type[Value]) -> Value:
        return self.values[reference.sha256]

    def fetch(self, reference: AssetReference, target: Path) -> None:
        target.write_text(reference.key)

    def stored_audio(self, account_id: str, digest: str, name: str) -> AssetReference | None:
        return self.kept.get(f"{digest}/{name}")

    def keep_audio(self, account_id: str, digest: str, path: Path) -> AssetReference:
        assert path.exists()
        return self.kept.setdefault(f"{digest}/{path.name}", reference(path.name))

    def keep_render(self, account_id: str, job_id: str, execution_id: str, path: Path, media_type: str) -> Any:
        assert path.exists()
        return reference(path.name)


@dataclasses.dataclass
class Children:
    """Does what the pipeline would, without pictures or sound; remembers the work."""

    done: list[Any] = dataclasses.field(default_factory=list)

    def engine(self) -> str:
        return "engine"

    def run(self, account_id: str, work: Any, **_: Any) -> Any:
        self.done.append(work)
        if isinstance(work, MixAudioWork):
            for name in ("sound.m4a", *ALL_FILES):
                work.out.with_name(name).write_text("made")
            return AudioMix(samples=1, loudness_lufs=-14.0, true_peak_dbtp=-2.0)
        assert isinstance(work, AssembleWork)
        (work.out_folder / "video.mp4").write_text("made")
        return Assembly(files=("video.mp4",), frames=270, samples=1)


class Probing:
    """Finds nothing worth telling."""

    def probe_video(self, path: Path, *, name: str | None = None) -> Any:
        return dataclasses.make_dataclass("Probe", [])()


class Farm:
    """A renderer on such objects and children."""

    def __init__(self, make_timeline: Callable[..., Timeline]) -> None:
        self.objects, self.children = Objects(), Children()
        self.render = Render(self.objects, self.children, Probing())  # type: ignore[arg-type]
        self._timeline = make_timeline
        self._context = TaskContext(
            account_id="acc",
            job_id="job",
            execution_id="execution",
            envelope=None,
            deadline=datetime(2030, 1, 1, tzinfo=UTC),
            report_progress=lambda done, total: None,
            cancelled=threading.Event(),
        )

    def mix(self, *outputs: Output) -> AudioMixed:
        self.objects.values[TIMELINE.sha256] = self._timeline(outputs=outputs)
        command = MixAudio(task_id="task", attempt=1, deadline_s=60, timeline=TIMELINE)
        return self.render.mix_audio(command, self._context)

    def assemble(self, mixed: AudioMixed) -> list[str]:
        """Names of the files of the job."""
        self.objects.values[PLAN.sha256] = AssemblyPlan(
            timeline=TIMELINE,
            segments=(SegmentReference(asset=SEGMENT, frames=270),),
            audio=mixed.audio,
            sounds=mixed.files,
        )
        command = AssembleVideo(task_id="task", attempt=1, deadline_s=60, plan=PLAN)
        return [file.name for file in self.render.assemble_video(command, self._context).files]


@pytest.fixture
def farm(timeline) -> Farm:
    return Farm(timeline)


def test_a_mix_keeps_what_is_asked_for_and_no_more(farm: Farm) -> None:
    assert farm.mix().files == ()
    everything = farm.mix(*Output)
    assert [file.name for file in everything.files] == ALL_FILES
    assert everything.audio.key.endswith("sound.m4a")


def test_a_mix_that_is_there_is_made_again_only_for_a_file_that_is_not(farm: Farm) -> None:
    farm.mix()
    assert farm.mix().reused
    assert not farm.mix(Output.WAV).reused
    assert farm.mix(Output.WAV).reused
    assert len(farm.children.done) == 2


def test_a_job_has_the_sound_files_that_were_asked_for(farm: Farm) -> None:
    asked = farm.assemble(farm.mix(Output.M4A, Output.MP3, Output.STEMS))
    assert asked == ["video.mp4", "sound.m4a", "sound.mp3", "stem_voice.wav", "stem_music.wav", "probe.json"]
    assert farm.assemble(farm.mix()) == ["video.mp4", "probe.json"]


def test_the_sound_of_webm_reaches_its_maker_and_is_no_file_of_the_job(farm: Farm) -> None:
    files = farm.assemble(farm.mix(Output.WEBM))
    work = farm.children.done[-1]
    assert files == ["video.mp4", "probe.json"]
    assert work.opus.name == "sound.opus"
    assert work.audio.name == "sound.m4a"
