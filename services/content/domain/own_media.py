"""Which stored media a draft may refer to: only what its account has handed in or had made."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from shared.contracts.projects import ProjectDraft
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.errors import InvalidInputError

IMAGE_TYPE = "image/png"
AUDIO_TYPE = "audio/wav"

_WAV_HEADER_BYTES = 44
_WAV_SAMPLE_BYTES = 4
"""The normal form of a sound is WAV with 16 bits and two channels, so its size tells its length."""


def media_of(draft: ProjectDraft) -> Iterator[tuple[str, ImageReference | AudioReference]]:
    """Every reference of a draft, with where it stands."""
    for number, slide in enumerate(draft.slides, start=1):
        if slide.image is not None:
            yield f"the picture of slide {number}", slide.image
        if slide.voice is not None:
            yield f"the voice of slide {number}", slide.voice
    if draft.music.audio is not None:
        yield "the music", draft.music.audio


def check_media(draft: ProjectDraft, recorded: Collection[AssetReference]) -> None:
    """Refuse a draft that refers to anything but media of its account, or says of them what is not so.

    Args:
        recorded: What the account has, as far as the draft names it.
    Raises:
        InvalidInputError: Names the slide; does not tell what is unknown from what is another account's.
    """
    for place, reference in media_of(draft):
        if reference.asset not in recorded or not _is_in_normal_form(reference):
            raise InvalidInputError(
                f"{place} is not among the media of this account; hand the file in again and use what is answered"
            )


def _is_in_normal_form(reference: ImageReference | AudioReference) -> bool:
    asset = reference.asset
    if isinstance(reference, ImageReference):
        return asset.media_type == IMAGE_TYPE
    length = _WAV_HEADER_BYTES + _WAV_SAMPLE_BYTES * reference.samples
    return asset.media_type == AUDIO_TYPE and asset.size_bytes == length
