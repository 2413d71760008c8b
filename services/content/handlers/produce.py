"""Perform content's tasks: ask a provider, take what it made through the door, store it, answer its reference."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from services.content.domain.ledger import ProviderRequest
from services.content.domain.outline import image_prompt
from services.content.domain.requests import music_seconds, picture_size
from services.content.domain.revision import Revision
from services.content.handlers.ledger import Ledger, Made
from services.content.handlers.ports import Intake, Objects
from services.content.handlers.projects import Projects
from services.content.providers.port import (
    ImageProvider,
    ImageRequest,
    MusicProvider,
    MusicRequest,
    Provider,
    ScriptProvider,
    ScriptRequest,
    Speech,
    VoiceProvider,
    VoiceRequest,
)
from shared.bus.context import TaskContext
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.references import AudioReference, ImageReference
from shared.contracts.tasks import (
    ComposeMusic,
    GenerateImage,
    ImageGenerated,
    MusicComposed,
    ScriptWritten,
    SpokenWord,
    SynthesizeVoice,
    VoiceSynthesized,
    WriteScript,
)
from shared.contracts.timeline import SAMPLE_RATE
from shared.errors import NotFoundError


class MadePicture(Made):
    """A picture."""

    image: ImageReference


class MadeSound(Made):
    """A sound; with word times as the second asset if it is speech."""

    audio: AudioReference


@dataclass(frozen=True, kw_only=True)
class Providers:
    """Whom to ask."""

    script: ScriptProvider
    image: ImageProvider
    voice: VoiceProvider
    music: MusicProvider


WorkFolder = Callable[[], AbstractContextManager[str]]


class Produce:
    """Performs the four kinds of task of this service."""

    def __init__(
        self,
        providers: Providers,
        projects: Projects,
        ledger: Ledger,
        intake: Intake,
        objects: Objects,
        work_folder: WorkFolder = tempfile.TemporaryDirectory,
    ) -> None:
        self._providers = providers
        self._projects = projects
        self._ledger = ledger
        self._intake = intake
        self._objects = objects
        self._work_folder = work_folder

    def write_script(self, command: WriteScript, context: TaskContext) -> ScriptWritten:
        """Write the slides of a brief; makes a revision, once for each brief."""
        brief = self._projects.revision(context.account_id, command.project_id, command.revision_id)
        written = self._projects.written_from(context.account_id, brief)
        if written is not None:
            return ScriptWritten(outline=written.outline, reused=True)
        draft = self._written_draft(brief)
        return ScriptWritten(outline=self._projects.add_written(context.account_id, brief, draft).outline)

    def generate_image(self, command: GenerateImage, context: TaskContext) -> ImageGenerated:
        """Make the picture of one slide."""
        revision, slide = self._slide(context, command.project_id, command.revision_id, command.slide_id)
        width, height = picture_size(revision.draft.size)
        wanted = ImageRequest(prompt=image_prompt(slide)[:2000], width=width, height=height, take=slide.image_take)
        request = _request(
            "image",
            self._providers.image,
            {"prompt": wanted.prompt, "width": width, "height": height},
            wanted.take,
        )

        def make() -> MadePicture:
            with self._work_folder() as folder:
                made = self._providers.image.generate(wanted, Path(folder) / "picture")
                name = f"picture of slide by {self._providers.image.name}"
                image = self._intake.take_image(context.account_id, made.path, name)
                return MadePicture(assets=(image.asset,), image=image)

        result, reused = self._ledger.obtain(context, request, MadePicture, make)
        return ImageGenerated(slide_id=command.slide_id, image=result.image, reused=reused)

    def synthesize_voice(self, command: SynthesizeVoice, context: TaskContext) -> VoiceSynthesized:
        """Speak the narration of one slide and store where its words lie."""
        revision, slide = self._slide(context, command.project_id, command.revision_id, command.slide_id)
        draft = revision.draft
        wanted = VoiceRequest(
            text=slide.narration,
            language=draft.language,
            speed=draft.voice_speed_percent / 100,
            take=slide.voice_take,
        )
        request = _request(
            "voice",
            self._providers.voice,
            {"text": wanted.text, "language": wanted.language, "speed": draft.voice_speed_percent},
            wanted.take,
        )

        def make() -> MadeSound:
            with self._work_folder() as folder:
                speech = self._providers.voice.synthesize(wanted, Path(folder) / "voice.wav")
                name = f"voice by {self._providers.voice.name}"
                audio = self._intake.take_audio(context.account_id, speech.file.path, name)
                words = self._objects.put_value(context.account_id, _spoken_words(speech, audio.samples))
                return MadeSound(assets=(audio.asset, words), audio=audio)

        result, reused = self._ledger.obtain(context, request, MadeSound, make)
        return VoiceSynthesized(
            slide_id=command.slide_id, audio=result.audio, words=result.assets[1], reused=reused
        )

    def compose_music(self, command: ComposeMusic, context: TaskContext) -> MusicComposed:
        """Make the background music of a revision."""
        revision = self._projects.revision(context.account_id, command.project_id, command.revision_id)
        draft = revision.draft
        wanted = MusicRequest(mood=draft.music.mood, duration_s=float(music_seconds(draft)), take=draft.music.take)
        request = _request(
            "music",
            self._providers.music,
            {"mood": wanted.mood, "duration_s": music_seconds(draft)},
            wanted.take,
        )

        def make() -> MadeSound:
            with self._work_folder() as folder:
                made = self._providers.music.compose(wanted, Path(folder) / "music.wav")
                name = f"music by {self._providers.music.name}"
                audio = self._intake.take_audio(context.account_id, made.path, name)
                return MadeSound(assets=(audio.asset,), audio=audio)

        result, reused = self._ledger.obtain(context, request, MadeSound, make)
        return MusicComposed(audio=result.audio, reused=reused)

    def _slide(
        self, context: TaskContext, project_id: str, revision_id: str, slide_id: str
    ) -> tuple[Revision, SlideDraft]:
        revision = self._projects.revision(context.account_id, project_id, revision_id)
        slide = revision.slide(slide_id)
        if slide is None:
            raise NotFoundError(f"revision {revision_id} has no slide {slide_id}")
        return revision, slide

    def _written_draft(self, brief: Revision) -> ProjectDraft:
        wanted = brief.draft.brief
        if wanted is None:
            raise NotFoundError(f"revision {brief.revision_id} has its slides already")
        script = self._providers.script.write(
            ScriptRequest(
                topic=brief.draft.title if wanted.is_text else wanted.topic,
                text=wanted.topic if wanted.is_text else "",
                slides=wanted.slides,
                language=brief.draft.language,
            )
        )
        slides = tuple(
            SlideDraft(title=slide.title[:200], narration=slide.narration, image_prompt=slide.image_prompt[:2000])
            for slide in script.slides
        )
        return brief.draft.model_copy(update={"brief": None, "slides": slides})


def _request(kind: str, provider: Provider, parameters: dict[str, object], take: int) -> ProviderRequest:
    return ProviderRequest(
        kind=kind,
        provider=provider.name,
        provider_version=provider.version,
        parameters=parameters,
        take=take,
    )


def _spoken_words(speech: Speech, samples: int) -> Sequence[SpokenWord]:
    """Word times at 48 kHz, whatever the rate of the provider; none lies outside the normalised sound."""
    words = []
    for word in speech.words:
        start = min(word.start_sample * SAMPLE_RATE // speech.sample_rate, samples - 1)
        end = min(word.end_sample * SAMPLE_RATE // speech.sample_rate, samples)
        words.append(SpokenWord(text=word.text, start_sample=start, end_sample=max(end, start + 1)))
    return words
