"""Projects: what an author writes, and the calls that keep it.

A draft is the whole of one revision as the author gives it. Own media are handed over first and appear here as
references to normalised assets.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.look import Look
from shared.contracts.message import Query, Reply, Value
from shared.contracts.references import AudioReference, ImageReference
from shared.contracts.revisions import (
    ClipCut,
    LowerThird,
    MusicMode,
    RevisionOutline,
    SlideLook,
    TransitionChoice,
)
from shared.contracts.timeline import CaptionStyle, EncodingProfile, FrameSize, Output, Rate

MAX_SLIDES = 100
MAX_NARRATION_CHARACTERS = 5_000
MAX_TOPIC_CHARACTERS = 20_000


class Brief(Value):
    """What a script is to be written from: a topic in a few words, or the author's own text."""

    topic: str = Field(min_length=1, max_length=MAX_TOPIC_CHARACTERS)
    slides: int = Field(ge=1, le=MAX_SLIDES)
    is_text: bool = Field(default=False, description="The topic is a text to be cut into slides, not a subject")


class SlideDraft(Value):
    """One slide as the author wrote it. A ``take`` is raised to ask for another picture or reading."""

    title: str = Field(default="", max_length=200)
    narration: str = Field(default="", max_length=MAX_NARRATION_CHARACTERS)
    image_prompt: str = Field(default="", max_length=2_000)
    image: ImageReference | None = None
    image_take: int = Field(default=1, ge=1, le=10_000)
    voice: AudioReference | None = None
    voice_take: int = Field(default=1, ge=1, le=10_000)
    seconds: float | None = Field(default=None, gt=0, le=600, description="How long to show it when silent")
    look: SlideLook = SlideLook()
    lower_third: LowerThird | None = None


class MusicDraft(Value):
    """The background music the author wants."""

    mode: MusicMode = MusicMode.COMPOSED
    mood: str = Field(default="calm", max_length=40)
    take: int = Field(default=1, ge=1, le=10_000)
    audio: AudioReference | None = None
    level_db: float | None = Field(default=None, ge=-40, le=6, description="Against the voice; absent: as usual")
    duck_db: float = Field(default=-6.0, ge=-40, le=0, description="Further, while somebody speaks")

    @model_validator(mode="after")
    def _given_music_is_there(self) -> Self:
        if (self.mode is MusicMode.GIVEN) != (self.audio is not None):
            raise ValueError("music that is given needs its sound, any other music has none")
        return self


class ProjectDraft(Value):
    """One revision of a project as the author gives it: a brief to write from, or slides."""

    title: str = Field(min_length=1, max_length=200)
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$")
    brief: Brief | None = None
    slides: tuple[SlideDraft, ...] = Field(default=(), max_length=MAX_SLIDES)
    silent: bool = Field(default=False, description="No narration is spoken; slides are shown for their time")
    voice_speed_percent: int = Field(default=100, ge=50, le=200)
    music: MusicDraft = MusicDraft()
    size: FrameSize = FrameSize(width=1920, height=1080)
    rate: Rate = Rate(numerator=30)
    profile: EncodingProfile = EncodingProfile.STANDARD
    crossfade_ms: int = Field(default=500, ge=0, le=3000, description="Length of transitions of every kind")
    transition: TransitionChoice = TransitionChoice()
    captions: CaptionStyle = CaptionStyle()
    look: Look = Look()
    intro: ClipCut | None = Field(default=None, description="Own video before the first slide")
    outro: ClipCut | None = Field(default=None, description="Own video after the last slide")
    loudness_lufs: float = Field(default=-14.0, ge=-31, le=-9)
    outputs: tuple[Output, ...] = ()

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if bool(self.slides) == (self.brief is not None):
            raise ValueError("give either a brief to write from, or at least one slide")
        return self


class CreateProject(Query):
    """Keep a new project with its first revision. The same key and draft give the same project, once."""

    type = "content.create_project.v1"
    draft: ProjectDraft
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)


class ReviseProject(Query):
    """Add a revision to a project; the earlier ones stay as they are."""

    type = "content.revise_project.v1"
    project_id: str
    draft: ProjectDraft


class GetProject(Query):
    """Read one revision of a project, the newest by default."""

    type = "content.get_project.v1"
    project_id: str
    revision_id: str | None = None


class ListProjects(Query):
    """Read the account's projects."""

    type = "content.list_projects.v1"


class DeleteProject(Query):
    """Delete a project with its revisions; its renders stay until their jobs are deleted."""

    type = "content.delete_project.v1"
    project_id: str


class GetOutline(Query):
    """Read the shape of a revision, as the planner needs it."""

    type = "content.get_outline.v1"
    project_id: str
    revision_id: str | None = None


class OutlineView(Reply):
    """The shape of a revision."""

    type = "content.outline_view.v1"
    outline: RevisionOutline


class ProjectView(Reply):
    """One revision of a project as its owner sees it."""

    type = "content.project_view.v1"
    project_id: str
    revision_id: str
    revision_number: int = Field(ge=1)
    created_at: datetime
    revised_at: datetime
    slide_ids: tuple[str, ...] = ()
    draft: ProjectDraft


class ProjectSummary(Value):
    """One line of a list of projects."""

    project_id: str
    title: str
    revisions: int = Field(ge=1)
    revised_at: datetime


class ProjectList(Reply):
    """Projects, the newest change first."""

    type = "content.project_list.v1"
    projects: tuple[ProjectSummary, ...]


class ProjectDeleted(Reply):
    """The project is gone."""

    type = "content.project_deleted.v1"
    project_id: str
