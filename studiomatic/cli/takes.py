"""Ask for another take: the same words, another picture, reading or piece of music."""

from __future__ import annotations

from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.revisions import MusicMode
from shared.errors import InvalidInputError


def with_new_takes(
    draft: ProjectDraft, slide: int | None, *, image: bool, voice: bool, music: bool
) -> ProjectDraft:
    """The draft with the asked-for takes raised by one.

    Args:
        slide: Number of the slide, from 1, for picture and voice.
    Raises:
        InvalidInputError: Nothing was asked for, or it is the author's own and cannot be made again.
    """
    if not (image or voice or music):
        raise InvalidInputError("say what to make again: --image or --voice with --slide N, or --music")
    slides = list(draft.slides)
    if image or voice:
        index = _index(draft, slide)
        if voice:
            _require_spoken(draft, slides[index], index + 1)
        slides[index] = _slide_with_new_takes(slides[index], index + 1, image=image, voice=voice)
    changes: dict[str, object] = {"slides": tuple(slides)}
    if music:
        if draft.music.mode is not MusicMode.COMPOSED:
            raise InvalidInputError("the music of this project is not composed, so there is no other take of it")
        changes["music"] = draft.music.model_copy(update={"take": draft.music.take + 1})
    return draft.model_copy(update=changes)


def _index(draft: ProjectDraft, slide: int | None) -> int:
    if slide is None or not 1 <= slide <= len(draft.slides):
        raise InvalidInputError(f"say which slide with --slide 1 to {len(draft.slides)}")
    return slide - 1


def _require_spoken(draft: ProjectDraft, slide: SlideDraft, number: int) -> None:
    """Nothing is read where nothing is spoken; another take would be the same video again."""
    if draft.silent:
        raise InvalidInputError(
            "this project is silent, so there is no reading to make again; take `voice: none` out of its project "
            "file to have it spoken"
        )
    if not slide.narration.strip():
        raise InvalidInputError(f"slide {number} has no narration, so there is no reading of it to make again")


def _slide_with_new_takes(slide: SlideDraft, number: int, *, image: bool, voice: bool) -> SlideDraft:
    changes: dict[str, int] = {}
    if image:
        if slide.look.clip is not None:
            raise InvalidInputError(f"slide {number} shows a video of your own, so there is no other take of it")
        if slide.image is not None:
            raise InvalidInputError(f"the picture of slide {number} is your own, so there is no other take of it")
        changes["image_take"] = slide.image_take + 1
    if voice:
        if slide.voice is not None:
            raise InvalidInputError(f"the voice of slide {number} is your own, so there is no other take of it")
        changes["voice_take"] = slide.voice_take + 1
    return slide.model_copy(update=changes)
