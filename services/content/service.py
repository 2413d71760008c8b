"""Content's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from services.content.dependencies import SERVICE, Content
from shared.bus.context import TaskContext
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import listen, task
from shared.config import Settings
from shared.contracts.envelope import Envelope
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
