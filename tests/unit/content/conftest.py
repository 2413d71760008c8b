"""Content's real use cases on a database and a folder; providers and the media door are played by the test."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.content.handlers.ledger import Ledger
from services.content.handlers.own_media import OwnMedia
from services.content.handlers.produce import Produce, Providers
from services.content.handlers.projects import Projects
from services.content.handlers.remote_media import RemoteMedia
from services.content.objects import StoredObjects
from services.content.providers.port import (
    GeneratedFile,
    ImageRequest,
    MusicRequest,
    Script,
    ScriptRequest,
    ScriptSlide,
    Speech,
    VoiceRequest,
    WordTiming,
)
from services.content.store import ContentStore
from services.content.transfers import StoreTransfers
from shared.bus.context import TaskContext
from shared.clock import FixedClock
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobStarted
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import Rate, VideoReference
from shared.db import open_database
from shared.errors import BadMediaError
from shared.ids import AccountId, ExecutionId, JobId, new_id
from shared.migrate import migrate
from shared.storage import FolderLocation, S3Location, open_store

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
LEASE = timedelta(seconds=0.06)


class Fake:
    """A provider that counts what it is asked."""

    name = "fake"
    version = "1"
    is_builtin = False

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.failure: Exception | None = None

    def _asked(self, request: Any) -> None:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure

    def write(self, request: ScriptRequest) -> Script:
        self._asked(request)
        slides = tuple(
            ScriptSlide(title=f"T{n}", narration=f"Words of slide {n}.", image_prompt=f"picture {n}")
            for n in range(request.slides)
        )
        return Script(title=request.topic, slides=slides)

    def generate(self, request: ImageRequest, target: Path) -> GeneratedFile:
        self._asked(request)
        target.write_text(f"{request.prompt} {request.take}")
        return GeneratedFile(path=target, media_type="image/png")

    def synthesize(self, request: VoiceRequest, target: Path) -> Speech:
        self._asked(request)
        target.write_text(f"{request.text} {request.take}")
        words = (WordTiming(text="Hi", start_offset=0, end_offset=2, start_sample=0, end_sample=20_000),)
        file = GeneratedFile(path=target, media_type="audio/wav")
        return Speech(file=file, sample_rate=24_000, samples=24_000, words=words)

    def compose(self, request: MusicRequest, target: Path) -> GeneratedFile:
        self._asked(request)
        target.write_text(f"{request.mood} {request.duration_s} {request.take}")
        return GeneratedFile(path=target, media_type="audio/wav")


class OpenDoor:
    """Takes any file as it is, unless it says that it is bad."""

    def __init__(self, objects: StoredObjects) -> None:
        self._objects = objects
        self.videos_opened = 0

    def take_image(self, account_id: str, path: Path, name: str) -> ImageReference:
        if path.read_bytes().startswith(b"bad"):
            raise BadMediaError(f"{name} is no picture; save it again")
        return ImageReference(asset=self._objects.put_file(account_id, path, "image/png"), width=10, height=10)

    def take_audio(self, account_id: str, path: Path, name: str) -> AudioReference:
        return AudioReference(asset=self._objects.put_file(account_id, path, "audio/wav"), samples=48_000)

    def take_logo(self, account_id: str, path: Path, name: str) -> ImageReference:
        return self.take_image(account_id, path, name)

    def take_font(self, account_id: str, path: Path, name: str) -> FontReference:
        return FontReference(asset=self._objects.put_file(account_id, path, "font/sfnt"), family="Brand")

    def take_video(self, account_id: str, path: Path, name: str) -> VideoReference:
        """Two seconds at 30 frames/s, with sound; what is made of the file is another file."""
        self.videos_opened += 1
        with tempfile.TemporaryDirectory() as folder:
            parts = [Path(folder) / kind for kind in ("video", "poster", "sound")]
            for part in parts:
                part.write_bytes(part.name.encode() + path.read_bytes())
            parts[2].write_bytes(bytes(44 + 4 * 96_000))
            video, poster, sound = (
                self._objects.put_file(account_id, part, kind)
                for part, kind in zip(parts, ("video/mp4", "image/png", "audio/wav"), strict=True)
            )
        return VideoReference(
            asset=video,
            width=1280,
            height=720,
            rate=Rate(numerator=30),
            frames=60,
            poster=ImageReference(asset=poster, width=1280, height=720),
            audio=AudioReference(asset=sound, samples=96_000),
        )

    def holds(self, asset: AssetReference) -> bool:
        return self._objects.exists(asset)


class Desk:
    """Everything of content, and the fakes behind it."""

    def __init__(self, database_url: str, location: FolderLocation | S3Location) -> None:
        self.clock = FixedClock()
        self.database = open_database(database_url, schema="content")
        migrate(self.database, "content")
        self.store = ContentStore(self.database, self.clock)
        self.object_store = open_store(location)
        objects = StoredObjects(self.object_store)
        self.door = OpenDoor(objects)
        self.own_media = OwnMedia(self.store, self.door)
        self.remote_media = RemoteMedia(self.own_media, StoreTransfers(self.object_store))
        self.projects = Projects(self.store, objects)
        self.fake = Fake()
        self.ledger = Ledger(self.store, objects, self.clock, lease=LEASE)
        providers = Providers(script=self.fake, image=self.fake, voice=self.fake, music=self.fake)
        self.produce = Produce(providers, self.projects, self.ledger, OpenDoor(objects), objects)

    def draft(self, slides: int = 2, **changes: Any) -> ProjectDraft:
        made = tuple(SlideDraft(title=f"T{n}", narration=f"Words {n}.") for n in range(slides))
        return ProjectDraft(title="A project", slides=made).model_copy(update=changes)

    def context(self, account: str = ACCOUNT) -> TaskContext:
        return TaskContext(
            account_id=AccountId(account),
            job_id=JobId(new_id()),
            execution_id=ExecutionId(new_id()),
            envelope=enclose(JobStarted(job_id="j", project_id="p"), source="/t"),
            deadline=self.clock.now() + timedelta(minutes=5),
            report_progress=lambda _done, _total: None,
            cancelled=threading.Event(),
        )


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite here; the same tests run on PostgreSQL in tests/integration."""
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def object_location(tmp_path: Path) -> FolderLocation:
    """A folder here; some tests of tests/integration have a bucket."""
    return FolderLocation(path=tmp_path / "objects")


@pytest.fixture
def desk(database_url: str, object_location: FolderLocation | S3Location) -> Iterator[Desk]:
    desk = Desk(database_url, object_location)
    yield desk
    desk.database.close()
