"""Content's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from services.content.dependencies import SERVICE, Content
from shared.bus.context import Caller, TaskContext
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import answer, listen, task
from shared.config import Settings
from shared.contracts.envelope import Envelope
from shared.contracts.media import (
    AcceptMedia,
    DownloadPermission,
    MediaAccepted,
    OfferMedia,
    OpenDownload,
    UploadPermission,
)
from shared.contracts.projects import (
    CreateProject,
    DeleteProject,
    GetOutline,
    GetProject,
    ListProjects,
    OutlineView,
    ProjectDeleted,
    ProjectList,
    ProjectView,
    ReviseProject,
)
from shared.contracts.tasks import (
    ComposeMusic,
    GenerateImage,
    ImageGenerated,
    MusicComposed,
    ScriptWritten,
    SynthesizeVoice,
    TaskResult,
    VoiceSynthesized,
    WriteScript,
)


def _content(wiring: Wiring) -> Content:
    return Content(wiring.settings, publisher=wiring.publisher, epoch=wiring.epoch)


def _slots(settings: Settings) -> int:
    return settings.content_slots


class ContentService:
    """Performs script, image, voice and music tasks, and keeps projects."""

    name = SERVICE
    content: Content = Provided(_content)

    @task("content-text", accepts=(WriteScript,), slots=_slots)
    def write(self, command: WriteScript, context: TaskContext) -> ScriptWritten:
        """Write a script."""
        self.content.cancellations.check(context.job_id)
        return self.content.produce.write_script(command, context)

    @task("content-media", accepts=(GenerateImage, SynthesizeVoice, ComposeMusic), slots=_slots)
    def produce(self, command: GenerateImage | SynthesizeVoice | ComposeMusic, context: TaskContext) -> TaskResult:
        """Make a picture, a voice or music."""
        self.content.cancellations.check(context.job_id)
        return self._produce(command, context)

    @listen("content.cancellations")
    def remember_cancelled(self, envelope: Envelope) -> None:
        """A job is being cancelled: its late commands must not be performed."""
        self.content.cancellations.remember(envelope)

    @listen("content.accounts")
    def note_account(self, envelope: Envelope) -> None:
        """Auth says in which state an account is."""
        self.content.accounts.hear(envelope)

    @answer(CreateProject)
    def create_project(self, query: CreateProject, caller: Caller) -> ProjectView:
        """Keep a new project."""
        return self.content.projects.create(caller.account_id, query.draft, query.idempotency_key)

    @answer(ReviseProject)
    def revise_project(self, query: ReviseProject, caller: Caller) -> ProjectView:
        """Add a revision."""
        return self.content.projects.revise(caller.account_id, query.project_id, query.draft)

    @answer(GetProject)
    def get_project(self, query: GetProject, caller: Caller) -> ProjectView:
        """Read one revision."""
        return self.content.projects.get(caller.account_id, query.project_id, query.revision_id)

    @answer(ListProjects)
    def list_projects(self, _query: ListProjects, caller: Caller) -> ProjectList:
        """Read the account's projects."""
        return self.content.projects.list(caller.account_id)

    @answer(DeleteProject)
    def delete_project(self, query: DeleteProject, caller: Caller) -> ProjectDeleted:
        """Delete a project."""
        self.content.projects.delete(caller.account_id, query.project_id)
        return ProjectDeleted(project_id=query.project_id)

    @answer(GetOutline)
    def get_outline(self, query: GetOutline, caller: Caller) -> OutlineView:
        """Read the shape of a revision."""
        outline = self.content.projects.outline(caller.account_id, query.project_id, query.revision_id)
        return OutlineView(outline=outline)

    @answer(OfferMedia)
    def offer_media(self, query: OfferMedia, caller: Caller) -> UploadPermission:
        """Give leave to upload a file."""
        return self.content.remote_media.offer(caller.account_id, query)

    @answer(AcceptMedia)
    def accept_media(self, query: AcceptMedia, caller: Caller) -> MediaAccepted:
        """Take in an uploaded file."""
        return self.content.remote_media.accept(caller.account_id, query)

    @answer(OpenDownload)
    def open_download(self, query: OpenDownload, caller: Caller) -> DownloadPermission:
        """Give leave to read a stored object."""
        return self.content.remote_media.open_download(caller.account_id, query.asset)

    def _produce(
        self, command: GenerateImage | SynthesizeVoice | ComposeMusic, context: TaskContext
    ) -> ImageGenerated | VoiceSynthesized | MusicComposed:
        match command:
            case GenerateImage():
                return self.content.produce.generate_image(command, context)
            case SynthesizeVoice():
                return self.content.produce.synthesize_voice(command, context)
            case ComposeMusic():
                return self.content.produce.compose_music(command, context)
