"""Which stored media a draft may refer to: only what its account has handed in or had made."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from services.content.domain.own_videos import videos_of
from shared.contracts.projects import ProjectDraft
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference
from shared.errors import InvalidInputError

IMAGE_TYPE = "image/png"
AUDIO_TYPE = "audio/wav"
VIDEO_TYPE = "video/mp4"
FONT_TYPE = "font/sfnt"
"""RFC 8081, section 4.4.4: TrueType and OpenType alike."""

_WAV_HEADER_BYTES = 44
_WAV_SAMPLE_BYTES = 4
"""The normal form of a sound is WAV with 16 bits and two channels, so its size tells its length."""


_Reference = ImageReference | AudioReference | FontReference | VideoReference


def media_of(draft: ProjectDraft) -> Iterator[tuple[str, _Reference]]:
    """Every reference of a draft, with where it stands."""
    for number, slide in enumerate(draft.slides, start=1):
        if slide.image is not None:
            yield f"the picture of slide {number}", slide.image
        if slide.voice is not None:
            yield f"the voice of slide {number}", slide.voice
    yield from videos_of(draft)
    if draft.music.audio is not None:
        yield "the music", draft.music.audio
    if draft.look.font is not None:
        yield "the font of the titles", draft.look.font
    if draft.look.watermark is not None:
        yield "the logo", draft.look.watermark.image
    if draft.captions.font is not None:
        yield "the font of the captions", draft.captions.font


def check_media(
    draft: ProjectDraft, recorded: Collection[AssetReference], videos: Collection[VideoReference]
) -> None:
    """Refuse a draft that refers to anything but media of its account, or says of them what is not so.

    Args:
        recorded: What the account has, as far as the draft names it.
        videos: What is true of its videos; their bytes do not tell how long they are.
    Raises:
        InvalidInputError: Names the slide; does not tell what is unknown from what is another account's.
    """
    for place, reference in media_of(draft):
        is_known = reference in videos if isinstance(reference, VideoReference) else _is_in_normal_form(reference)
        if reference.asset not in recorded or not is_known:
            raise InvalidInputError(
                f"{place} is not among the media of this account; hand the file in again and use what is answered"
            )


def _is_in_normal_form(reference: ImageReference | AudioReference | FontReference) -> bool:
    asset = reference.asset
    if isinstance(reference, ImageReference):
        return asset.media_type == IMAGE_TYPE
    if isinstance(reference, FontReference):
        return asset.media_type == FONT_TYPE
    length = _WAV_HEADER_BYTES + _WAV_SAMPLE_BYTES * reference.samples
    return asset.media_type == AUDIO_TYPE and asset.size_bytes == length
