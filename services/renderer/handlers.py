"""Perform the renderer's tasks: fetch what is needed, let a child do the pixel work, store what it made.

What was rendered before is not rendered again: segments and sound are kept under names that stand for all their
inputs. Of two workers that render the same, the loser reports what the winner stored.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from services.renderer.domain import OPUS, SOUND, media_type_of, sound_files
from services.renderer.keys import audio_key, segment_key
from services.renderer.work import (
    AssembleWork,
    DrawPreviewWork,
    MixAudioWork,
    RenderSegmentWork,
    SegmentFile,
    Work,
)
from shared.bus.context import TaskContext
from shared.contracts.message import Value
from shared.contracts.references import AssetReference
from shared.contracts.tasks import (
    AssembleVideo,
    AssemblyPlan,
    AudioMixed,
    DrawPreview,
    MixAudio,
    PreviewDrawn,
    PreviewPlan,
    RenderFile,
    RenderSegment,
    SegmentRendered,
    VideoAssembled,
)
from shared.contracts.timeline import (
    ClipTail,
    Fit,
    Output,
    PictureClip,
    SegmentReference,
    SegmentSpec,
    Timeline,
    VideoCodec,
)
from shared.errors import NotFoundError, TaskFailedError
from shared.storage.errors import DigestMismatchError
from shared.storage.values import canonical_json

V = TypeVar("V", bound=Value)

Part = tuple[str, AssetReference]
"""What a stored object is to its user, and where it is."""


TIMELINE = "the timeline"
VIDEO = "video.mp4"


class StoredPartError(TaskFailedError):
    """A stored object that a task needs is gone or damaged; trying again does not bring it back."""

    code = "renderer.stored_part"


class Children(Protocol):
    """Processes that do the pixel work."""

    def engine(self) -> str: ...
    def run(
        self,
        account_id: str,
        work: Work[Any],
        *,
        on_progress: Callable[[int, int], None],
        deadline_s: float,
        cancelled: Any,
    ) -> Any: ...


class Objects(Protocol):
    """Stored objects of an account."""

    def read(self, reference: AssetReference, model: type[V]) -> V: ...
    def fetch(self, reference: AssetReference, target: Path) -> None: ...
    def stored_segment(self, account_id: str, digest: str) -> AssetReference | None: ...
    def keep_segment(self, account_id: str, digest: str, path: Path) -> AssetReference: ...
    def stored_audio(self, account_id: str, digest: str, name: str) -> AssetReference | None: ...
    def keep_audio(self, account_id: str, digest: str, path: Path) -> AssetReference: ...
    def keep_render(
        self, account_id: str, job_id: str, execution_id: str, path: Path, media_type: str
    ) -> AssetReference: ...


class VideoProbing(Protocol):
    """Looks at a finished video independently of what made it."""

    def probe_video(self, path: Path, *, name: str | None = None) -> Any: ...


WorkFolder = Callable[[], AbstractContextManager[str]]


class Render:
    """Performs the kinds of task of this service."""

    def __init__(
        self,
        objects: Objects,
        children: Children,
        probing: VideoProbing,
        work_folder: WorkFolder = tempfile.TemporaryDirectory,
    ) -> None:
        self._objects = objects
        self._children = children
        self._probing = probing
        self._work_folder = work_folder

    def render_segment(self, command: RenderSegment, context: TaskContext) -> SegmentRendered:
        """Render one segment, unless it is there."""
        spec = self._read(("the plan of the segment", command.spec), SegmentSpec)
        digest = segment_key(self._children.engine(), canonical_json(spec))
        stored = self._objects.stored_segment(context.account_id, digest)
        reused = stored is not None
        if stored is None:
            stored = self._render(command, spec, digest, context)
        return SegmentRendered(segment=SegmentReference(asset=stored, frames=spec.frames), reused=reused)

    def mix_audio(self, command: MixAudio, context: TaskContext) -> AudioMixed:
        """Mix and encode the sound of a timeline, unless it is there."""
        timeline = self._read((TIMELINE, command.timeline), Timeline)
        names = (SOUND, *sound_files(timeline))
        digests = {name: audio_key(self._children.engine(), timeline, name) for name in names}
        stored = self._stored_sounds(context.account_id, digests)
        if len(stored) == len(names):
            return AudioMixed(**_sound_parts(stored), reused=True)
        with self._work_folder() as folder:
            work = MixAudioWork(
                timeline=self._fetched((TIMELINE, command.timeline), Path(folder) / "timeline.json"),
                sounds=self._fetch_all(_sounds(timeline), Path(folder)),
                out=Path(folder) / SOUND,
            )
            mix = self._run(work, context, command.deadline_s)
            kept = {
                name: self._objects.keep_audio(context.account_id, digest, Path(folder) / name)
                for name, digest in digests.items()
            }
        return AudioMixed(**_sound_parts(kept), loudness_lufs=mix.loudness_lufs, true_peak_dbtp=mix.true_peak_dbtp)

    def assemble_video(self, command: AssembleVideo, context: TaskContext) -> VideoAssembled:
        """Join segments and sound, look at the result with fresh eyes, and store the hand-over files."""
        plan = self._read(("the plan of the assembly", command.plan), AssemblyPlan)
        timeline = self._read((TIMELINE, plan.timeline), Timeline)
        with self._work_folder() as folder:
            out = Path(folder) / "out"
            out.mkdir()
            sounds = self._fetched_sounds(plan, timeline, out)
            assembly = self._run(self._assembly(plan, timeline, Path(folder), out), context, command.deadline_s)
            (out / "probe.json").write_text(json.dumps(self._probes(out, assembly.files), default=str, indent=2))
            files = tuple(self._keep(context, out / name) for name in (*assembly.files, *sounds, "probe.json"))
        return VideoAssembled(files=files, frames=assembly.frames)

    def draw_preview(self, command: DrawPreview, context: TaskContext) -> PreviewDrawn:
        """Draw single frames as a render would show them, and store them."""
        part = ("the plan of the preview", command.plan)
        plan = self._read(part, PreviewPlan)
        with self._work_folder() as folder:
            out = Path(folder) / "out"
            out.mkdir()
            pictures = [
                picture for shot in (*plan.frames, *plan.contact_sheet) for picture in _pictures(shot.spec)
            ]
            work = DrawPreviewWork(
                plan=self._fetched(part, Path(folder) / "plan.json"),
                images=self._fetch_all(pictures, Path(folder)),
                out_folder=out,
            )
            drawn = self._run(work, context, command.deadline_s)
            files = tuple(self._keep(context, out / name) for name in drawn.files)
        return PreviewDrawn(files=files)

    def _render(
        self, command: RenderSegment, spec: SegmentSpec, digest: str, context: TaskContext
    ) -> AssetReference:
        with self._work_folder() as folder:
            target = Path(folder) / "segment.mp4"
            work = RenderSegmentWork(
                spec=self._fetched(("the plan of the segment", command.spec), Path(folder) / "spec.json"),
                images=self._fetch_all(_pictures(spec), Path(folder)),
                out=target,
            )
            self._run(work, context, command.deadline_s)
            return self._objects.keep_segment(context.account_id, digest, target)

    def _assembly(self, plan: AssemblyPlan, timeline: Timeline, folder: Path, out: Path) -> AssembleWork:
        poster = ("the picture of slide 1", timeline.pictures[0].image.asset)
        return AssembleWork(
            timeline=self._fetched((TIMELINE, plan.timeline), folder / "timeline.json"),
            segments=tuple(self._segments(plan.segments, VideoCodec.H264, folder)),
            further_segments={
                codec: tuple(self._segments(segments, codec, folder))
                for codec, segments in plan.further_segments.items()
            },
            audio=out / SOUND if plan.audio else None,
            opus=out / OPUS if (out / OPUS).exists() else None,
            images=self._fetch_all([poster], folder),
            out_folder=out,
        )

    def _probes(self, out: Path, names: Sequence[str]) -> dict[str, Any]:
        """What an independent look at the video found, and below ``outputs`` at its further forms."""
        probes = {
            name: dataclasses.asdict(self._probing.probe_video(out / name))
            for name in names
            if media_type_of(name).startswith("video/")
        }
        return {**probes.pop(VIDEO), "outputs": probes}

    def _fetched_sounds(self, plan: AssemblyPlan, timeline: Timeline, out: Path) -> list[str]:
        """Bring what was mixed; returns the names of the files that the author asked for."""
        if plan.audio is not None:
            self._fetched(("the sound track", plan.audio), out / SOUND)
        for file in plan.sounds:
            self._fetched((f"the sound file {file.name}", file.asset), out / file.name)
        asked = [file.name for file in plan.sounds if file.name != OPUS]
        return [SOUND, *asked] if plan.audio and Output.M4A in timeline.outputs else asked

    def _stored_sounds(self, account_id: str, digests: Mapping[str, str]) -> dict[str, AssetReference]:
        found = {name: self._objects.stored_audio(account_id, digest, name) for name, digest in digests.items()}
        return {name: asset for name, asset in found.items() if asset is not None}

    def _segments(
        self, segments: Sequence[SegmentReference], codec: VideoCodec, folder: Path
    ) -> Iterator[SegmentFile]:
        for number, segment in enumerate(segments, start=1):
            part = (f"segment {number} of {len(segments)} ({codec.value})", segment.asset)
            path = self._fetched(part, folder / f"segment-{codec.value}-{number}.mp4")
            yield SegmentFile(path=path, frames=segment.frames)

    def _run(self, work: Work[Any], context: TaskContext, deadline_s: float) -> Any:
        return self._children.run(
            context.account_id,
            work,
            on_progress=context.progress,
            deadline_s=deadline_s,
            cancelled=context.cancelled,
        )

    def _fetch_all(self, parts: Iterable[Part], folder: Path) -> dict[str, Path]:
        return {
            digest: self._fetched(part, folder / digest)
            for digest, part in {part[1].sha256: part for part in parts}.items()
        }

    def _fetched(self, part: Part, target: Path) -> Path:
        what, asset = part
        with _missing_named(what, asset):
            self._objects.fetch(asset, target)
        return target

    def _read(self, part: Part, model: type[V]) -> V:
        what, reference = part
        with _missing_named(what, reference):
            return self._objects.read(reference, model)

    def _keep(self, context: TaskContext, path: Path) -> RenderFile:
        asset = self._objects.keep_render(
            context.account_id, context.job_id, context.execution_id, path, media_type_of(path.name)
        )
        return RenderFile(name=path.name, asset=asset)


@contextmanager
def _missing_named(what: str, asset: AssetReference) -> Iterator[None]:
    """Say in words what is gone or damaged, and what brings it back."""
    own = "a file of your own comes back when you render the project file again"
    try:
        yield
    except NotFoundError as error:
        raise StoredPartError(
            f"{what} is not stored any more ({asset.key}); resume the job to make it again; {own}"
        ) from error
    except DigestMismatchError as error:
        raise StoredPartError(
            f"{what} is damaged in storage ({asset.key}); delete that object and resume the job to make it again; "
            f"{own}"
        ) from error


def _pictures(spec: SegmentSpec) -> Iterator[Part]:
    yield from _shown("the picture", spec.clip)
    if spec.before is not None:
        yield from _shown("the picture of the slide before", spec.before)
    if spec.look.watermark is not None:
        yield "the logo", spec.look.watermark.image.asset
    if spec.look.font is not None:
        yield "the font of the titles", spec.look.font.asset
    if spec.caption_style.font is not None:
        yield "the font of the captions", spec.caption_style.font.asset


def _shown(what: str, clip: PictureClip | ClipTail) -> Iterator[Part]:
    """The files that a clip shows; the poster of a video only where it makes the backdrop."""
    if clip.moving is not None:
        yield what.replace("picture", "video"), clip.moving.video.asset
    if clip.moving is None or clip.fit is Fit.CONTAIN:
        yield what, clip.image.asset


def _sound_parts(assets: Mapping[str, AssetReference]) -> dict[str, Any]:
    """The fields of a mix: the finished sound, and every other file."""
    files = tuple(RenderFile(name=name, asset=asset) for name, asset in assets.items() if name != SOUND)
    return {"audio": assets[SOUND], "files": files}


def _sounds(timeline: Timeline) -> Iterator[Part]:
    numbers = {
        chapter.slide_id: chapter.slide_number or number
        for number, chapter in enumerate(timeline.chapters, start=1)
    }
    for clip in timeline.voices:
        yield f"the voice of slide {numbers.get(clip.slide_id, '?')}", clip.audio.asset
    for sound in timeline.sounds:
        yield "the sound of a video", sound.audio.asset
    if timeline.music is not None:
        yield "the music", timeline.music.audio.asset
