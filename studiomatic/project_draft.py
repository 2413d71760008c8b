"""From a project file to the draft that content keeps, and back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from shared.contracts.projects import Brief, ProjectDraft, SlideDraft
from shared.contracts.revisions import SlideLook
from shared.contracts.timeline import Rate
from shared.errors import InvalidInputError
from studiomatic.brand_kit import brand_entry, brand_kit
from studiomatic.project_captions import caption_entry
from studiomatic.project_file import ProjectFile, Slide, Voice
from studiomatic.project_media import HandsIn, ProjectMedia
from studiomatic.project_picture import picture_entry, transition_entry
from studiomatic.project_problems import checked
from studiomatic.project_sound import music_draft, music_entry, sound_entry
from studiomatic.project_titles import titles_entry
from studiomatic.project_video import framing_entry, is_narrated, video_entry


def to_draft(
    file: ProjectFile,
    folder: Path,
    *,
    desk: HandsIn,
    earlier: ProjectDraft | None = None,
) -> ProjectDraft:
    """Hand in the media that a project file names, and make its draft.

    Args:
        folder: Where relative paths start.
        desk: Takes the files in; a client.
        earlier: The revision that was edited; media it was given may be named as ``asset:SHA256``.
    Raises:
        InvalidInputError: A file is missing; names the slide.
        BadMediaError: A file cannot be used; names it.
    """
    media = ProjectMedia(folder, desk, earlier)
    brand = brand_kit(file.brand, folder)
    intro, outro = file.intro or brand.intro, file.outro or brand.outro
    brief = None
    if file.topic is not None or file.text is not None:
        topic = file.topic if file.topic is not None else file.text or ""
        if not topic.strip():
            raise InvalidInputError("the topic is empty; say in a few words what the video is about")
        brief = checked(Brief, {"topic": topic, "slides": file.slide_count or 6, "is_text": file.text is not None})
    values = {
        "title": file.title or _title_of(brief),
        "language": file.language,
        "brief": brief,
        "slides": tuple(
            _slide_draft(slide, f"slide {number}", media, file.style.fps)
            for number, slide in enumerate(file.slides, start=1)
        ),
        "silent": file.voice == "none",
        "voice_speed_percent": round(file.voice.speed * 100) if isinstance(file.voice, Voice) else 100,
        "music": music_draft(file.music, media),
        "loudness_lufs": file.sound.loudness,
        "size": file.style.size,
        "rate": file.style.fps,
        "profile": file.style.profile,
        "crossfade_ms": round(file.style.crossfade * 1000),
        "transition": file.style.transition.choice(file.style.fps, "style"),
        "look": brand.look(media),
        "captions": brand.captions_under(file.style.captions).caption_style(media),
        "outputs": file.outputs,
        "intro": intro.cut("intro", media) if intro else None,
        "outro": outro.cut("outro", media) if outro else None,
    }
    return checked(ProjectDraft, values)


def from_draft(draft: ProjectDraft, *, project_id: str, media: dict[str, str] | None = None) -> str:
    """Write a draft as a project file.

    Args:
        media: SHA-256 of each given asset to its path beside the file.
    """
    media = media or {}
    data: dict[str, Any] = {"project": project_id, "title": draft.title, "language": draft.language}
    data["style"] = {
        "size": f"{draft.size.width}x{draft.size.height}",
        "fps": str(draft.rate.fraction) if draft.rate.denominator > 1 else draft.rate.numerator,
        "profile": draft.profile.value,
        "crossfade": draft.crossfade_ms / 1000,
        "transition": transition_entry(draft.transition),
        "captions": caption_entry(draft.captions, media),
    }
    if brand := brand_entry(draft.look, media):
        data["brand"] = brand
    data["voice"] = "none" if draft.silent else {"speed": draft.voice_speed_percent / 100}
    data["music"] = music_entry(draft.music, media)
    if sound := sound_entry(draft):
        data["sound"] = sound
    if draft.outputs:
        data["outputs"] = [output.value for output in draft.outputs]
    data |= framing_entry(draft, media)
    if draft.brief is not None:
        data["text" if draft.brief.is_text else "topic"] = draft.brief.topic
        data["slide_count"] = draft.brief.slides
    else:
        data["slides"] = [_slide_entry(slide, media) for slide in draft.slides]
    yaml = YAML()
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _slide_draft(slide: Slide, place: str, media: ProjectMedia, rate: Rate) -> SlideDraft:
    return SlideDraft(
        title=slide.title,
        narration=slide.narration,
        image_prompt=slide.image_prompt,
        image=media.image(slide.image, place),
        image_take=slide.image_take,
        voice=media.sound(slide.voice, place),
        voice_take=slide.voice_take,
        seconds=slide.seconds,
        lower_third=slide.named(),
        look=SlideLook(
            **slide.picture_look(rate, place),
            title_is_shown=slide.show_title,
            pause_ms=round(slide.pause * 1000),
            clip=slide.clip(place, media, is_narrated=is_narrated(slide.narration, slide.voice)),
        ),
    )


def _slide_entry(slide: SlideDraft, media: dict[str, str]) -> dict[str, Any]:
    """Only what differs from the default, in the order an author reads it."""
    entry: dict[str, Any] = {
        "title": slide.title,
        **titles_entry(slide),
        "narration": slide.narration,
        "image": media.get(slide.image.asset.sha256) if slide.image else None,
        **video_entry(slide, media),
        "image_prompt": slide.image_prompt,
        "image_take": slide.image_take if slide.image_take > 1 else None,
        "voice": media.get(slide.voice.asset.sha256) if slide.voice else None,
        "voice_take": slide.voice_take if slide.voice_take > 1 else None,
        "seconds": slide.seconds,
        "pause": slide.look.pause_ms / 1000 if slide.look.pause_ms else None,
        **picture_entry(slide.look),
    }
    return {name: value for name, value in entry.items() if value not in (None, "")}


def _title_of(brief: Brief | None) -> str:
    if brief is None:
        return "Untitled"
    first_line = brief.topic.strip().splitlines()[0]
    return first_line if len(first_line) <= 80 else f"{first_line[:79]}…"
