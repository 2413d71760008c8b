"""From an author's draft to the outline that the planner needs, and to the titles that are kept apart from it."""

from __future__ import annotations

from services.content.domain.clips import check_cuts, framed, framing_titles, shown_ms
from services.content.domain.sound import check_sound
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference
from shared.contracts.revisions import (
    MusicMode,
    RevisionOutline,
    RevisionTitles,
    SlideLook,
    SlideOutline,
    VoiceMode,
)
from shared.contracts.timeline import SAMPLE_RATE, Output
from shared.errors import InvalidInputError

DEFAULT_SILENT_MS = 4_000
READING_MS_PER_CHARACTER = 60
"""A silent reader takes in about 15 to 17 characters a second (BBC subtitle guidelines)."""
CAPTION_MARGIN_MS = 1_000
"""What is read on a silent slide comes after the slide and goes before it, as captions of a voice do."""

LANGUAGES: dict[str, str] = {
    "en": "English",
    "hi": "Hindi",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
}
"""Languages that a project may be in; what a provider can do beyond them is of no use without a voice."""


def check_draft(draft: ProjectDraft) -> None:
    """Refuse a draft that cannot become a video.

    Raises:
        InvalidInputError: Names the slide and what to change.
    """
    if draft.language not in LANGUAGES:
        known = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
        raise InvalidInputError(f"language {draft.language!r} is not supported; choose one of: {known}")
    if draft.brief is not None and not draft.brief.topic.strip():
        raise InvalidInputError("the topic is empty; say in a few words what the video is about")
    for number, slide in enumerate(draft.slides, start=1):
        _check_slide(draft, slide, number)
    check_cuts(draft)
    check_sound(draft)


def voice_mode(draft: ProjectDraft, slide: SlideDraft) -> VoiceMode:
    """Where the narration of a slide comes from."""
    if draft.silent:
        return VoiceMode.SILENT
    if slide.voice is not None:
        return VoiceMode.GIVEN
    return VoiceMode.SPOKEN if slide.narration.strip() else VoiceMode.SILENT


def build_outline(
    draft: ProjectDraft,
    *,
    project_id: str,
    revision_id: str,
    slide_ids: tuple[str, ...],
    titles: AssetReference,
    words: dict[str, AssetReference],
) -> RevisionOutline:
    """The shape of a revision.

    Args:
        words: Word times of given voices and of what is read on silent slides, by slide id.
    """
    looks = _following_looks(draft)
    return RevisionOutline(
        project_id=project_id,
        revision_id=revision_id,
        titles=titles,
        language=draft.language,
        needs_script=draft.brief is not None,
        slides=framed(
            draft,
            tuple(
                _slide_outline(draft, slide, slide_id, number, words.get(slide_id), looks[number - 1])
                for number, (slide, slide_id) in enumerate(zip(draft.slides, slide_ids, strict=True), start=1)
            ),
        ),
        music_mode=draft.music.mode,
        music=draft.music.audio if draft.music.mode is MusicMode.GIVEN else None,
        music_level_db=draft.music.level_db,
        music_duck_db=draft.music.duck_db,
        loudness_lufs=draft.loudness_lufs,
        rate=draft.rate,
        size=draft.size,
        profile=draft.profile,
        crossfade_ms=draft.crossfade_ms,
        transition=draft.transition,
        caption_style=draft.captions,
        look=draft.look,
        outputs=tuple(output for output in Output if output in draft.outputs),
    )


def captioned_samples(draft: ProjectDraft) -> list[int]:
    """Over how many samples at 48 kHz the words of each slide are spread, when no provider says it: those of a
    given voice, or the time to read a silent slide; none of a voice that must be made."""
    return [
        _captioned_samples(draft, slide, following)
        for slide, following in zip(draft.slides, _following_looks(draft), strict=True)
    ]


def _captioned_samples(draft: ProjectDraft, slide: SlideDraft, following: SlideLook | None) -> int:
    mode = voice_mode(draft, slide)
    if mode is VoiceMode.SILENT:
        return max(0, _silent_ms(draft, slide, following) - CAPTION_MARGIN_MS) * SAMPLE_RATE // 1000
    return slide.voice.samples if mode is VoiceMode.GIVEN and slide.voice else 0


def _following_looks(draft: ProjectDraft) -> list[SlideLook | None]:
    """How what comes after each slide is shown; nothing after the last."""
    shown = [*(slide.look for slide in draft.slides), SlideLook(clip=draft.outro) if draft.outro else None]
    return shown[1:]


def build_titles(draft: ProjectDraft, slide_ids: tuple[str, ...]) -> RevisionTitles:
    """The titles of a revision, by slide id."""
    return RevisionTitles(
        title=draft.title,
        slides={
            **{slide_id: slide.title for slide, slide_id in zip(draft.slides, slide_ids, strict=True)},
            **framing_titles(draft),
        },
        lower_thirds={
            slide_id: slide.lower_third
            for slide, slide_id in zip(draft.slides, slide_ids, strict=True)
            if slide.lower_third is not None
        },
    )


def _check_slide(draft: ProjectDraft, slide: SlideDraft, number: int) -> None:
    lasts = slide.seconds is not None or slide.look.clip is not None
    if not slide.narration.strip() and slide.voice is None and not lasts and not draft.silent:
        raise InvalidInputError(
            f"slide {number} has no text; give it a narration, a voice file, or `seconds` to show it silently"
        )
    if slide.look.title_is_shown and not slide.title.strip():
        raise InvalidInputError(f"slide {number} shows its title but has none; give it a `title`")
    if slide.lower_third is not None and not slide.lower_third.text.strip():
        raise InvalidInputError(f"the lower third of slide {number} names nobody; give it a `name`")
    if slide.image is not None and slide.look.clip is not None:
        raise InvalidInputError(f"slide {number} has both a picture and a video; leave one of them out")
    if slide.image is None and slide.look.clip is None and not image_prompt(slide):
        raise InvalidInputError(
            f"slide {number} has neither a picture nor words to make one from; add `image_prompt`"
        )


def image_prompt(slide: SlideDraft) -> str:
    """What the picture of a slide shows: the author's idea, else the title, else the narration."""
    return slide.image_prompt.strip() or slide.title.strip() or slide.narration.strip()


def _slide_outline(
    draft: ProjectDraft,
    slide: SlideDraft,
    slide_id: str,
    number: int,
    words: AssetReference | None,
    following: SlideLook | None,
) -> SlideOutline:
    mode = voice_mode(draft, slide)
    return SlideOutline(
        slide_id=slide_id,
        number=number,
        image=slide.look.clip.video.poster if slide.look.clip else slide.image,
        voice_mode=mode,
        voice=slide.voice if mode is VoiceMode.GIVEN else None,
        words=words if mode is not VoiceMode.SPOKEN else None,
        silent_ms=_silent_ms(draft, slide, following) if mode is VoiceMode.SILENT else None,
        look=slide.look,
        has_lower_third=slide.lower_third is not None,
    )


def _silent_ms(draft: ProjectDraft, slide: SlideDraft, following: SlideLook | None) -> int:
    if slide.seconds is not None:
        return max(1, round(slide.seconds * 1000))
    if slide.look.clip is not None:
        return shown_ms(draft, slide.look.clip, following)
    return max(DEFAULT_SILENT_MS, len(slide.narration) * READING_MS_PER_CHARACTER)
