"""A stored part that is gone or damaged ends the task with what it was, where it was and how it comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.renderer.handlers import Render, StoredPartError
from shared.bus.context import TaskContext
from shared.contracts.look import Look, Watermark
from shared.contracts.message import Value
from shared.contracts.references import AssetReference, FontReference, ImageReference
from shared.contracts.tasks import AssembleVideo, AssemblyPlan, MixAudio, RenderSegment
from shared.contracts.timeline import CaptionStyle, ClipTail, SegmentReference, SegmentSpec
from shared.errors import NotFoundError, StorageUnavailableError, StudiomaticError
from shared.storage.errors import DigestMismatchError


class Objects:
    """Values by reference; ``trouble`` strikes when the object of that digest is fetched or read."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.digest = ""
        self.trouble: StudiomaticError = NotFoundError()

    def read(self, reference: AssetReference, model: type[Value]) -> Value:
        self._strike(reference)
        return self.values[reference.sha256]

    def fetch(self, reference: AssetReference, target: Path) -> None:
        self._strike(reference)

    def stored_segment(self, account_id: str, digest: str) -> None:
        return None

    def stored_audio(self, account_id: str, digest: str, name: str) -> None:
        return None

    def _strike(self, reference: AssetReference) -> None:
        if reference.sha256 == self.digest:
            raise self.trouble


class Idle:
    """Children that must not be asked to work."""

    def engine(self) -> str:
        return "engine"

    def run(self, *_: Any, **__: Any) -> None:
        raise AssertionError("there is nothing to work on")


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def render(objects: Objects) -> Render:
    return Render(objects, Idle(), probing=None)  # type: ignore[arg-type]


@pytest.fixture
def context() -> TaskContext:
    return TaskContext(
        account_id="acc",
        job_id="job",
        execution_id="execution",
        envelope=None,
        deadline=datetime(2030, 1, 1, tzinfo=UTC),
        report_progress=lambda done, total: None,
        cancelled=threading.Event(),
    )


def reference(name: str) -> AssetReference:
    digest = name.encode().hex().ljust(64, "0")[:64]
    return AssetReference(key=f"accounts/acc/{name}", sha256=digest, size_bytes=1, media_type="application/json")


SPEC, TIMELINE, PLAN, SOUND, SEGMENT = map(reference, ("spec", "timeline", "plan", "sound", "segment"))
LOGO, TITLE_FONT, CAPTION_FONT = map(reference, ("logo", "title font", "caption font"))


@pytest.fixture
def tasks(objects: Objects, render: Render, context: TaskContext, timeline) -> dict[str, Callable[[], object]]:
    """The three kinds of task on a timeline of three slides."""
    made = timeline()
    first, second = made.pictures[:2]
    objects.values[TIMELINE.sha256] = made
    objects.values[SPEC.sha256] = SegmentSpec(
        rate=made.rate,
        size=made.size,
        profile=made.profile,
        caption_style=CaptionStyle(font=FontReference(asset=CAPTION_FONT, family="C")),
        look=Look(
            font=FontReference(asset=TITLE_FONT, family="T"),
            watermark=Watermark(image=ImageReference(asset=LOGO, width=64, height=64)),
        ),
        clip=second,
        before=ClipTail(
            image=first.image, frames=first.frames, motion_frames=first.motion_frames, motion=first.motion
        ),
        first_frame=0,
        frames=second.frames,
    )
    objects.values[PLAN.sha256] = AssemblyPlan(
        timeline=TIMELINE,
        segments=(
            SegmentReference(asset=SPEC, frames=90),
            SegmentReference(asset=SEGMENT, frames=180),
        ),
        audio=SOUND,
    )
    common: dict[str, Any] = {"task_id": "task", "attempt": 1, "deadline_s": 60}
    return {
        "segment": lambda: render.render_segment(RenderSegment(**common, spec=SPEC), context),
        "mix": lambda: render.mix_audio(MixAudio(**common, timeline=TIMELINE), context),
        "assembly": lambda: render.assemble_video(AssembleVideo(**common, plan=PLAN), context),
    }


@pytest.mark.parametrize(
    ("task", "lost", "name"),
    [
        ("segment", lambda made: SPEC, "the plan of the segment"),
        ("segment", lambda made: made.pictures[1].image.asset, "the picture is"),
        ("segment", lambda made: made.pictures[0].image.asset, "the picture of the slide before"),
        ("segment", lambda made: LOGO, "the logo"),
        ("segment", lambda made: TITLE_FONT, "the font of the titles"),
        ("segment", lambda made: CAPTION_FONT, "the font of the captions"),
        ("mix", lambda made: TIMELINE, "the timeline"),
        ("mix", lambda made: made.voices[1].audio.asset, "the voice of slide 2"),
        ("mix", lambda made: made.music.audio.asset, "the music"),
        ("assembly", lambda made: PLAN, "the plan of the assembly"),
        ("assembly", lambda made: SEGMENT, "segment 2 of 2"),
        ("assembly", lambda made: SOUND, "the sound track"),
        ("assembly", lambda made: made.pictures[0].image.asset, "the picture of slide 1"),
    ],
)
def test_what_is_gone_is_named_with_its_key_and_its_remedy(
    tasks, objects, timeline, task: str, lost: Callable[[Any], AssetReference], name: str
) -> None:
    gone = lost(timeline())
    objects.digest = gone.sha256
    with pytest.raises(StoredPartError) as caught:
        tasks[task]()
    assert (caught.value.code, caught.value.retryable) == ("renderer.stored_part", False)
    assert name in caught.value.message
    assert gone.key in caught.value.message
    assert "resume the job" in caught.value.message


def test_what_is_damaged_must_be_deleted_before_it_is_made_again(tasks, objects) -> None:
    objects.digest, objects.trouble = SOUND.sha256, DigestMismatchError()
    with pytest.raises(StoredPartError, match=r"damaged.*delete that object and resume"):
        tasks["assembly"]()


def test_a_store_that_is_away_is_no_lost_part(tasks, objects) -> None:
    objects.digest, objects.trouble = SOUND.sha256, StorageUnavailableError()
    with pytest.raises(StorageUnavailableError):
        tasks["assembly"]()
