"""Plan what has become possible: segments of finished slides, then the mix, then the assembly.

Runs after every success and may run at any time: it looks at what is stored and adds only what is missing.
Specs are stored as objects before the transaction that plans their tasks; an object nobody uses harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from services.orchestrator.domain.layout import SlideParts, SlideTiming, build_timeline, frame_spec, segment_specs
from services.orchestrator.domain.plan import (
    PlannedTask,
    has_sound,
    image_task,
    segment_codecs,
    segment_task,
    segment_task_key,
)
from services.orchestrator.domain.previews import Place, frame_places, sheet_places
from services.orchestrator.domain.records import JobRecord, TaskRecord
from services.orchestrator.domain.titles import SlideTexts
from services.orchestrator.handlers.ending import fail_job_at
from services.orchestrator.handlers.ports import Objects, Store, Unit
from shared.contracts.attempts import ErrorInfo
from shared.contracts.jobs import JobState, PreviewRequest, Stage, TaskState
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import MusicMode, RevisionTitles, SlideOutline, VoiceMode
from shared.contracts.tasks import (
    AssemblyPlan,
    AudioMixed,
    ImageGenerated,
    MusicComposed,
    PreviewPlan,
    PreviewShot,
    SegmentRendered,
    SpokenWord,
    VoiceSynthesized,
)
from shared.contracts.timeline import SegmentReference, VideoCodec
from shared.errors import InfrastructureError, StudiomaticError


class StoredPartError(StudiomaticError):
    """A stored part of the project that the plan needs cannot be read.

    Attributes:
        code: That of the cause.
        slide_number: Whose part it is, if it is one slide's.
    """

    def __init__(self, part: str, cause: StudiomaticError, slide_number: int | None = None) -> None:
        super().__init__(
            f"{part} cannot be read ({cause.message}); resume the job to make it again; what belongs to a file "
            "of your own comes back when you render the project file again"
        )
        self.code = cause.code  # type: ignore[misc]  # an instance is more exact than its class
        self.slide_number = slide_number


@dataclass(frozen=True, kw_only=True)
class _Snapshot:
    """One look at a job and its tasks, by key."""

    job: JobRecord
    tasks: Mapping[str, TaskRecord]

    def result_of(self, key: str) -> object | None:
        task = self.tasks.get(key)
        return task.read_result() if task and task.state is TaskState.SUCCEEDED else None

    def segments_of(self, slide: SlideOutline, codec: VideoCodec = VideoCodec.H264) -> list[TaskRecord]:
        """Segment tasks of a slide in one codec, in order."""
        found = [task for task in self.tasks.values() if task.key == segment_task_key(slide, task.part, codec)]
        return sorted(found, key=lambda task: task.part)

    def rendered(self, codec: VideoCodec) -> tuple[SegmentReference, ...] | None:
        """All segments of the video in one codec, in order; None until the last is rendered."""
        tasks = [task for slide in self.job.outline.slides for task in self.segments_of(slide, codec)]
        if any(task.state is not TaskState.SUCCEEDED for task in tasks):
            return None
        results = [task.read_result() for task in tasks]
        return tuple(result.segment for result in results if isinstance(result, SegmentRendered))


class Advance:
    """Adds the tasks that have become possible."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self._objects = objects

    def advance(self, job_id: str) -> None:
        """Bring the plan of a job up to date; safe to repeat. A job that cannot be planned fails."""
        snapshot = self._look(job_id)
        if snapshot is None or snapshot.job.outline.needs_script:
            return
        try:
            self._grow(snapshot)
        except InfrastructureError:
            raise
        except StudiomaticError as error:
            self._fail(snapshot.job, error)

    def advance_unplanned(self) -> int:
        """Plan the queued jobs that need no content task; returns how many there were."""
        with self._store.reading() as unit:
            unplanned = unit.unplanned_job_ids()
        for job_id in unplanned:
            self.advance(job_id)
        return len(unplanned)

    def _grow(self, snapshot: _Snapshot) -> None:
        if snapshot.job.preview is not None:
            self._grow_preview(snapshot, snapshot.job.preview)
            return
        segments = self._new_segments(snapshot)
        if segments:
            self._add(snapshot.job, segments)
            snapshot = self._look(snapshot.job.job_id) or snapshot
        self._release_mix(snapshot)
        self._release_assembly(snapshot)

    def _grow_preview(self, snapshot: _Snapshot, preview: PreviewRequest) -> None:
        """Ask for the pictures that are to be seen, then have them drawn."""
        outline, task = snapshot.job.outline, snapshot.tasks["preview"]
        if task.state is not TaskState.WAITING or not all(_has_voice(snapshot, slide) for slide in outline.slides):
            return
        timings = [self._timing(snapshot, slide) for slide in outline.slides]
        frames = frame_places(outline, timings, preview)
        sheet = sheet_places(outline, timings, preview)
        seen = [
            outline.slides[index] for index in sorted({i for place in (*frames, *sheet) for i in place.slides})
        ]
        missing = [slide for slide in seen if not _has_image(snapshot, slide)]
        if missing:
            self._add(snapshot.job, [made for slide in missing if (made := image_task(outline, slide))])
            return
        plan = PreviewPlan(
            frames=tuple(self._shot(snapshot, place) for place in frames),
            contact_sheet=tuple(self._shot(snapshot, place) for place in sheet),
        )
        reference = self._objects.put_timeline(snapshot.job.account_id, plan)
        self._release(snapshot.job, task, {"plan": reference.model_dump(mode="json")})

    def _shot(self, snapshot: _Snapshot, place: Place) -> PreviewShot:
        slides = snapshot.job.outline.slides
        before = self._parts(snapshot, slides[place.slide - 1]) if place.shows_before else None
        parts = self._parts(snapshot, slides[place.slide])
        return PreviewShot(
            slide_number=slides[place.slide].author_number,
            at_ms=place.at_ms,
            spec=frame_spec(snapshot.job.outline, parts, before, place.frame),
        )

    def _fail(self, job: JobRecord, error: StudiomaticError) -> None:
        slide_number = error.slide_number if isinstance(error, StoredPartError) else None
        with self._store.transaction() as unit:
            current = unit.job(job.job_id)
            if current is not None and not current.state.is_terminal:
                info = ErrorInfo(code=error.code, message=error.message)
                fail_job_at(unit, current, Stage.RENDER, slide_number, info)

    def _look(self, job_id: str) -> _Snapshot | None:
        with self._store.reading() as unit:
            job = unit.job(job_id)
            if job is None or job.state not in (JobState.QUEUED, JobState.RUNNING):
                return None
            return _Snapshot(job=job, tasks={task.key: task for task in unit.tasks(job_id)})

    def _add(self, job: JobRecord, planned: Sequence[PlannedTask]) -> None:
        with self._store.transaction() as unit:
            if _still_active(unit, job):
                unit.add_tasks(job, planned)

    def _new_segments(self, snapshot: _Snapshot) -> list[PlannedTask]:
        planned: list[PlannedTask] = []
        before: SlideOutline | None = None
        for slide in snapshot.job.outline.slides:
            if not snapshot.segments_of(slide):
                planned += self._segments(snapshot, slide, before)
            before = slide
        return planned

    def _segments(
        self, snapshot: _Snapshot, slide: SlideOutline, before: SlideOutline | None
    ) -> list[PlannedTask]:
        if not _is_ready(snapshot, slide) or (before is not None and not _is_ready(snapshot, before)):
            return []
        specs = segment_specs(
            snapshot.job.outline,
            self._parts(snapshot, slide),
            self._parts(snapshot, before) if before else None,
        )
        account_id = snapshot.job.account_id
        return [
            segment_task(
                slide,
                part,
                codec,
                self._objects.put_segment_spec(account_id, spec.model_copy(update={"codec": codec})),
            )
            for codec in segment_codecs(snapshot.job.outline)
            for part, spec in enumerate(specs)
        ]

    def _timing(self, snapshot: _Snapshot, slide: SlideOutline) -> SlideTiming:
        voice, _ = _voice(snapshot, slide)
        return SlideTiming(
            slide_id=slide.slide_id, voice=voice, words=(), silent_ms=slide.silent_ms, look=slide.look
        )

    def _parts(self, snapshot: _Snapshot, slide: SlideOutline) -> SlideParts:
        voice, words = _voice(snapshot, slide)
        return SlideParts(
            slide_id=slide.slide_id,
            image=_image(snapshot, slide),
            voice=voice,
            words=self._words(slide, words) if words else (),
            silent_ms=slide.silent_ms,
            look=slide.look,
            number=slide.author_number,
            texts=self._texts(snapshot, slide),
        )

    def _words(self, slide: SlideOutline, reference: AssetReference) -> tuple[SpokenWord, ...]:
        with _named(f"the word times of slide {slide.number}", slide.number):
            return self._objects.get_list(reference, SpokenWord)

    def _texts(self, snapshot: _Snapshot, slide: SlideOutline) -> SlideTexts:
        if not slide.look.title_is_shown and not slide.has_lower_third:
            return SlideTexts()
        titles = self._titles(snapshot.job.outline.titles)
        return SlideTexts(
            title=titles.slides.get(slide.slide_id, "") if slide.look.title_is_shown else "",
            lower_third=titles.lower_thirds.get(slide.slide_id),
        )

    def _titles(self, reference: AssetReference | None) -> RevisionTitles:
        if reference is None:
            return RevisionTitles(title="", slides={})
        with _named("the list of titles"):
            return self._objects.get(reference, RevisionTitles)

    def _release_mix(self, snapshot: _Snapshot) -> None:
        mix = snapshot.tasks.get("mix")
        if mix and mix.state is TaskState.WAITING and _all_parts_ready(snapshot):
            timeline = self._store_timeline(snapshot)
            self._release(snapshot.job, mix, {"timeline": timeline.model_dump(mode="json")})

    def _release_assembly(self, snapshot: _Snapshot) -> None:
        assemble = snapshot.tasks.get("assemble")
        if assemble is None or assemble.state is not TaskState.WAITING or not _all_parts_ready(snapshot):
            return
        mixed = snapshot.result_of("mix")
        segments = {codec: snapshot.rendered(codec) for codec in segment_codecs(snapshot.job.outline)}
        if None in segments.values() or (has_sound(snapshot.job.outline) and mixed is None):
            return
        plan = AssemblyPlan(
            timeline=self._store_timeline(snapshot),
            segments=segments.pop(VideoCodec.H264),
            further_segments=segments,
            audio=mixed.audio if isinstance(mixed, AudioMixed) else None,
            sounds=mixed.files if isinstance(mixed, AudioMixed) else (),
        )
        reference = self._objects.put_timeline(snapshot.job.account_id, plan)
        self._release(snapshot.job, assemble, {"plan": reference.model_dump(mode="json")})

    def _store_timeline(self, snapshot: _Snapshot) -> AssetReference:
        outline = snapshot.job.outline
        slides = [self._parts(snapshot, slide) for slide in outline.slides]
        timeline = build_timeline(outline, slides, self._titles(outline.titles), _music(snapshot))
        return self._objects.put_timeline(snapshot.job.account_id, timeline)

    def _release(self, job: JobRecord, task: TaskRecord, arguments: dict[str, object]) -> None:
        with self._store.transaction() as unit:
            if not _still_active(unit, job):
                return
            current = unit.task(task.task_id)  # under the job's lock: another process may have released it
            if current and current.state is TaskState.WAITING:
                unit.change_task(current, TaskState.READY, "all it needs is there", arguments=arguments)


@contextmanager
def _named(part: str, slide_number: int | None = None) -> Iterator[None]:
    """Say which part could not be read; a store that is away is waited for instead."""
    try:
        yield
    except InfrastructureError:
        raise
    except StudiomaticError as error:
        raise StoredPartError(part, error, slide_number) from error


def _still_active(unit: Unit, job: JobRecord) -> bool:
    """Whether the job still wants tasks; locks it, so that a cancel cannot come in between."""
    current = unit.job(job.job_id)
    return current is not None and current.state in (JobState.QUEUED, JobState.RUNNING)


def _is_ready(snapshot: _Snapshot, slide: SlideOutline) -> bool:
    return _has_voice(snapshot, slide) and _has_image(snapshot, slide)


def _has_image(snapshot: _Snapshot, slide: SlideOutline) -> bool:
    return slide.image is not None or snapshot.result_of(f"image/{slide.slide_id}") is not None


def _has_voice(snapshot: _Snapshot, slide: SlideOutline) -> bool:
    return slide.voice_mode is not VoiceMode.SPOKEN or snapshot.result_of(f"voice/{slide.slide_id}") is not None


def _all_parts_ready(snapshot: _Snapshot) -> bool:
    music_ready = (
        snapshot.job.outline.music_mode is not MusicMode.COMPOSED or snapshot.result_of("music") is not None
    )
    return music_ready and all(_is_ready(snapshot, slide) for slide in snapshot.job.outline.slides)


def _image(snapshot: _Snapshot, slide: SlideOutline) -> ImageReference:
    if slide.image is not None:
        return slide.image
    result = snapshot.result_of(f"image/{slide.slide_id}")
    assert isinstance(result, ImageGenerated)  # noqa: S101  # _is_ready was asked before
    return result.image


def _voice(snapshot: _Snapshot, slide: SlideOutline) -> tuple[AudioReference | None, AssetReference | None]:
    if slide.voice_mode is not VoiceMode.SPOKEN:
        return slide.voice, slide.words
    result = snapshot.result_of(f"voice/{slide.slide_id}")
    return (result.audio, result.words) if isinstance(result, VoiceSynthesized) else (None, None)


def _music(snapshot: _Snapshot) -> AudioReference | None:
    result = snapshot.result_of("music")
    return result.audio if isinstance(result, MusicComposed) else snapshot.job.outline.music
