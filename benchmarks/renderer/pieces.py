"""The work of a stored job, given to one render child by hand, so that the CPU time of each piece is known."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.renderer.jobs import stored_arguments
from services.renderer.child import RenderChild
from services.renderer.objects import StoredObjects
from services.renderer.template import ChildTemplate
from services.renderer.work import AssembleWork, MixAudioWork, RenderSegmentWork, SegmentFile
from shared.config import Settings
from shared.contracts.references import AssetReference
from shared.contracts.tasks import AssemblyPlan
from shared.contracts.timeline import SegmentSpec, Timeline
from shared.storage.configured import open_configured_store


class Pieces:
    """One child and what it has made; each method answers the CPU seconds that the child took.

    Args:
        data: The data folder of the job.
    """

    def __init__(self, data: Path, job_id: str) -> None:
        self._data, self._job_id = data, job_id
        self._objects = StoredObjects(open_configured_store(Settings(data_dir=data)))
        self._folder = tempfile.TemporaryDirectory()
        self._template = ChildTemplate()
        self._child = RenderChild(self._template)
        self._segments: list[SegmentFile] = []

    def close(self) -> None:
        self._child.kill()
        self._template.close()
        self._folder.cleanup()

    def specs(self) -> list[AssetReference]:
        """The segments of the job, in order."""
        return stored_arguments(self._data, self._job_id, "render", "spec")

    def render(self, references: Sequence[AssetReference]) -> float:
        """Render segments."""
        return sum(self._segment(reference) for reference in references)

    def mix(self) -> float:
        """Mix and encode the sound."""
        (reference,) = stored_arguments(self._data, self._job_id, "audio", "timeline")
        timeline = self._objects.read(reference, Timeline)
        sounds = [voice.audio.asset for voice in timeline.voices]
        if timeline.music is not None:
            sounds.append(timeline.music.audio.asset)
        work = MixAudioWork(
            timeline=self._fetched(reference), sounds=self._all_fetched(sounds), out=self._path("audio.m4a")
        )
        return self._cpu_s(work)

    def assemble(self) -> float:
        """Join everything rendered and mixed so far, and write the hand-over files."""
        (plan,) = stored_arguments(self._data, self._job_id, "assembly", "plan")
        reference = self._objects.read(plan, AssemblyPlan).timeline
        first = self._objects.read(reference, Timeline).pictures[0].image.asset
        self._path("out").mkdir()
        work = AssembleWork(
            timeline=self._fetched(reference),
            segments=tuple(self._segments),
            audio=self._path("audio.m4a"),
            images=self._all_fetched([first]),
            out_folder=self._path("out"),
        )
        return self._cpu_s(work)

    def video_bytes(self) -> int:
        """Size of what was assembled."""
        return self._path("out/video.mp4").stat().st_size

    def _segment(self, reference: AssetReference) -> float:
        spec = self._objects.read(reference, SegmentSpec)
        pictures = [spec.clip.image.asset] + ([spec.before.image.asset] if spec.before else [])
        out = self._path(f"{len(self._segments)}.mp4")
        self._segments.append(SegmentFile(path=out, frames=spec.frames))
        return self._cpu_s(
            RenderSegmentWork(spec=self._fetched(reference), images=self._all_fetched(pictures), out=out)
        )

    def _cpu_s(self, work: Any) -> float:
        process = psutil.Process(self._child.pid)
        before = sum(process.cpu_times()[:2])
        self._child.run(work, on_progress=unwatched, deadline_s=3600, cancelled=threading.Event())
        return float(sum(process.cpu_times()[:2]) - before)

    def _all_fetched(self, assets: Sequence[AssetReference]) -> dict[str, Path]:
        return {asset.sha256: self._fetched(asset) for asset in assets}

    def _fetched(self, asset: AssetReference) -> Path:
        path = self._path(asset.sha256)
        self._objects.fetch(asset, path)
        return path

    def _path(self, name: str) -> Path:
        return Path(self._folder.name) / name


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""
