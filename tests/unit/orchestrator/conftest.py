"""A farm without a broker: the orchestrator's real use cases on a database, and workers played by the test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from services.orchestrator.domain.kinds import KINDS
from services.orchestrator.handlers.advance import Advance
from services.orchestrator.handlers.attempts import RecordAttempts
from services.orchestrator.handlers.cancel import Cancel
from services.orchestrator.handlers.dispatch import Dispatch
from services.orchestrator.handlers.queries import Queries
from services.orchestrator.handlers.recover import Recover
from services.orchestrator.handlers.submit import Submit
from services.orchestrator.store import JobStore
from services.orchestrator.tables import JOBS, OUTBOX, TASKS
from shared.clock import FixedClock
from shared.contracts.attempts import (
    AttemptDeferred,
    AttemptFact,
    AttemptFailed,
    AttemptProgressed,
    AttemptStarted,
    AttemptSucceeded,
    ErrorInfo,
)
from shared.contracts.envelope import Envelope, decode, enclose, read
from shared.contracts.jobs import JobState, SubmitJob, TaskState
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline, SlideOutline, VoiceMode
from shared.contracts.tasks import (
    AssembleVideo,
    AudioMixed,
    ComposeMusic,
    DrawPreview,
    GenerateImage,
    ImageGenerated,
    MixAudio,
    MusicComposed,
    PreviewDrawn,
    RenderFile,
    RenderSegment,
    ScriptWritten,
    SegmentRendered,
    SpokenWord,
    SynthesizeVoice,
    TaskCommand,
    TaskResult,
    VideoAssembled,
    VoiceSynthesized,
    WriteScript,
)
from shared.contracts.timeline import SegmentReference, SegmentSpec
from shared.db import open_database
from shared.errors import NotFoundError
from shared.ids import new_id
from shared.migrate import migrate

LEASE = timedelta(seconds=60)


def asset(name: str, media_type: str = "image/png", account: str = "acc") -> AssetReference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(
        key=f"accounts/{account}/assets/{sha256}", sha256=sha256, size_bytes=10, media_type=media_type
    )


def image(name: str) -> ImageReference:
    return ImageReference(asset=asset(name), width=2208, height=1242)


def sound(name: str, seconds: float = 3.0) -> AudioReference:
    return AudioReference(asset=asset(name, "audio/wav"), samples=int(seconds * 48_000))


class Objects:
    """Stored objects in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.lost = False

    def put_segment_spec(self, account_id: str, value: Any) -> AssetReference:
        return self._put(account_id, value)

    def put_timeline(self, account_id: str, value: Any) -> AssetReference:
        return self._put(account_id, value)

    def put_words(self, account_id: str, words: tuple[SpokenWord, ...]) -> AssetReference:
        body = json.dumps([word.model_dump() for word in words])
        reference = asset(body, "application/json", account_id)
        self.values[reference.key] = words
        return reference

    def get(self, reference: AssetReference, model: type[Any]) -> Any:
        return self.values[reference.key]

    def get_list(self, reference: AssetReference, model: type[Any]) -> Any:
        if self.lost:
            raise NotFoundError(f"{reference.key} is not stored")
        return self.values[reference.key]

    def _put(self, account_id: str, value: Any) -> AssetReference:
        body = value.model_dump_json()
        reference = asset(body, "application/json", account_id)
        self.values[reference.key] = value
        return reference


class Outlines:
    """Revisions that the test has declared."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], RevisionOutline] = {}

    def outline(self, account_id: str, project_id: str, revision_id: str | None) -> RevisionOutline:
        try:
            return self.known[account_id, project_id]
        except KeyError:
            raise NotFoundError(f"there is no project {project_id}") from None


class Farm:
    """Drives jobs by hand: dispatch, perform, report."""

    def __init__(self, database_url: str) -> None:
        self.clock = FixedClock()
        self.database = open_database(database_url, schema="orchestrator")
        migrate(self.database, "orchestrator")
        self.store = JobStore(self.database, self.clock)
        self.objects = Objects()
        self.outlines = Outlines()
        self.submit = Submit(self.store, self.outlines, self.clock)
        self.dispatch = Dispatch(self.store, self.clock)
        self.attempts = RecordAttempts(self.store, self.clock, lease=LEASE, jitter=lambda: 0.0)
        self.advance = Advance(self.store, self.objects)
        self.cancel = Cancel(self.store)
        self.queries = Queries(self.store)
        self.recover = Recover(self.store, self.attempts, self.advance, self.clock, lease=LEASE)
        self.performed: list[Envelope] = []

    # Jobs

    def project(self, slides: int = 2, account: str = "acc", *, silent: bool = False, **changes: Any) -> str:
        """Declare a revision with spoken or silent slides; returns its project id."""
        voice = {"voice_mode": VoiceMode.SILENT, "silent_ms": 2000} if silent else {}
        outline = RevisionOutline(
            project_id=new_id(),
            revision_id=new_id(),
            slides=tuple(
                SlideOutline(slide_id=f"s{number}", number=number, **voice) for number in range(1, slides + 1)
            ),
        )
        return self._declare(account, {**outline.model_dump(exclude={"project_id", "revision_id"}), **changes})

    def _declare(self, account: str, fields: dict[str, Any]) -> str:
        outline = RevisionOutline.model_validate({"project_id": new_id(), "revision_id": new_id(), **fields})
        self.outlines.known[account, outline.project_id] = outline
        return outline.project_id

    def given_slides(self, slides: int) -> tuple[SlideOutline, ...]:
        """Slides that need nothing made."""
        return tuple(
            SlideOutline(
                slide_id=f"g{n}", number=n, image=image(f"g{n}"), voice_mode=VoiceMode.SILENT, silent_ms=2000
            )
            for n in range(1, slides + 1)
        )

    def job(self, slides: int = 2, account: str = "acc", key: str | None = None, **changes: Any) -> str:
        if "slides_outline" in changes:
            changes["slides"] = changes.pop("slides_outline")
            request = SubmitJob(project_id=self._declare(account, changes), idempotency_key=key or new_id())
            return self.submit.submit(account, request)
        request = SubmitJob(project_id=self.project(slides, account, **changes), idempotency_key=key or new_id())
        return self.submit.submit(account, request)

    def state(self, job_id: str) -> JobState:
        with self.database.reading() as connection:
            return JobState(connection.scalar(select(JOBS.c.state).where(JOBS.c.job_id == job_id)))

    def tasks(self, job_id: str) -> dict[str, TaskState]:
        with self.database.reading() as connection:
            rows = connection.execute(select(TASKS.c.key, TASKS.c.state).where(TASKS.c.job_id == job_id))
            return {key: TaskState(state) for key, state in rows}

    def fact_types(self, job_id: str, account: str = "acc") -> list[str]:
        return [envelope.type for envelope in self.queries.facts(account, job_id, 0, 10_000)]

    def lapse(self) -> int:
        """Let a whole lease pass while the orchestrator looks as often as it does; returns how many were reaped."""
        reaped = 0
        for _ in range(4):
            self.clock.advance(LEASE.total_seconds() / 4 + 0.3)
            reaped += self.recover.reap()
        return reaped

    # Messages

    def commands(self) -> list[tuple[Envelope, TaskCommand]]:
        """Dispatch, and take the commands that were sent since the last call."""
        self.dispatch.dispatch()
        with self.database.transaction() as connection:
            query = select(OUTBOX).where(OUTBOX.c.sent_at.is_(None), OUTBOX.c.exchange == "studio.commands")
            rows = connection.execute(query.order_by(OUTBOX.c.position)).mappings().all()
            connection.execute(
                update(OUTBOX)
                .where(OUTBOX.c.position.in_([row["position"] for row in rows]))
                .values(sent_at=self.clock.now())
            )
        envelopes = [decode(row["body"]) for row in rows]
        return [(envelope, read(envelope, KINDS[envelope.type].command)) for envelope in envelopes]

    def report(self, fact: AttemptFact, command: Envelope) -> Envelope:
        """Hand a worker's fact to the orchestrator, as its listener does."""
        envelope = enclose(fact, source="/studiomatic/test", cause=command, clock=self.clock)
        self.hear(envelope)
        return envelope

    def hear(self, envelope: Envelope) -> None:
        job_id = self.attempts.record(envelope)
        if job_id is not None:
            self.advance.advance(job_id)

    # Workers

    def names(self, command: TaskCommand, execution: str | None = None) -> dict[str, Any]:
        return {
            "task_id": command.task_id,
            "attempt": command.attempt,
            "execution_id": execution or new_id(),
            "worker": "worker@test:1",
        }

    def start(self, envelope: Envelope, command: TaskCommand) -> dict[str, Any]:
        names = self.names(command)
        self.report(AttemptStarted(**names), envelope)
        return names

    def succeed(self, envelope: Envelope, command: TaskCommand, names: dict[str, Any] | None = None) -> Envelope:
        names = names or self.start(envelope, command)
        result = self.result_of(command).model_dump(mode="json")
        return self.report(AttemptSucceeded(**names, result=result, duration_ms=5), envelope)

    def fail(
        self,
        envelope: Envelope,
        command: TaskCommand,
        *,
        retryable: bool = True,
        message: str = "it broke; mend it",
    ) -> Envelope:
        names = self.start(envelope, command)
        error = ErrorInfo(code="test.broken", message=message, retryable=retryable)
        return self.report(AttemptFailed(**names, error=error, duration_ms=5), envelope)

    def defer(self, envelope: Envelope, command: TaskCommand, seconds: float, *, ahead_s: float = 0) -> Envelope:
        """Let a worker, whose clock may be ahead, ask for a pause."""
        names = self.start(envelope, command)
        clock = FixedClock(self.clock.now() + timedelta(seconds=ahead_s))
        until = clock.now() + timedelta(seconds=seconds)
        fact = AttemptDeferred(**names, until=until, limit_key="provider:acc", reason="the provider asks to wait")
        told = enclose(fact, source="/studiomatic/test", cause=envelope, clock=clock)
        self.hear(told)
        return told

    def progress(self, envelope: Envelope, command: TaskCommand) -> Envelope:
        return self.report(AttemptProgressed(**self.names(command), done=1, total=2), envelope)

    def perform_all(self, only: Callable[[TaskCommand], bool] = lambda _: True) -> list[TaskCommand]:
        """Let workers succeed until nothing is dispatched any more."""
        performed: list[TaskCommand] = []
        while batch := [pair for pair in self.commands() if only(pair[1])]:
            for envelope, command in batch:
                self.performed.append(envelope)
                self.succeed(envelope, command)
                performed.append(command)
        return performed

    def result_of(self, command: TaskCommand) -> TaskResult:
        match command:
            case WriteScript():
                outline = RevisionOutline(
                    project_id=command.project_id,
                    revision_id=new_id(),
                    slides=(SlideOutline(slide_id="w1", number=1), SlideOutline(slide_id="w2", number=2)),
                )
                return ScriptWritten(outline=outline)
            case GenerateImage():
                return ImageGenerated(slide_id=command.slide_id, image=image(command.slide_id))
            case SynthesizeVoice():
                words = (SpokenWord(text="Hello", start_sample=0, end_sample=40_000),)
                reference = self.objects.put_words("acc", words)
                return VoiceSynthesized(slide_id=command.slide_id, audio=sound(command.slide_id), words=reference)
            case ComposeMusic():
                return MusicComposed(audio=sound("music", 30.0))
            case RenderSegment():
                spec = self.objects.get(command.spec, SegmentSpec)
                return SegmentRendered(
                    segment=SegmentReference(asset=asset(command.spec.sha256, "video/mp4"), frames=spec.frames)
                )
            case MixAudio():
                return AudioMixed(audio=asset("mix", "audio/mp4"))
            case AssembleVideo():
                video = RenderFile(name="video.mp4", asset=asset("video", "video/mp4"))
                return VideoAssembled(files=(video,), frames=100)
            case DrawPreview():
                return PreviewDrawn(files=(RenderFile(name="frame_1500.png", asset=asset("frame")),))
        raise AssertionError(f"no worker for {command}")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite here; the same tests run on PostgreSQL in tests/integration."""
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def farm(database_url: str) -> Iterator[Farm]:
    farm = Farm(database_url)
    yield farm
    farm.database.close()
