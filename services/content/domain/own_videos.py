"""What is known of an author's videos: none is opened twice, and no draft can say of one what is not so."""

from __future__ import annotations

from collections.abc import Iterator

from services.content.domain.ledger import ProviderRequest
from shared.contracts.projects import ProjectDraft
from shared.contracts.references import AssetReference
from shared.contracts.timeline import VideoReference

FORM = "1"
"""Raised when videos are normalised in another way, so that files that are known are opened again."""

_AUTHOR = "author"


def made_of(sha256: str) -> ProviderRequest:
    """Where it is kept what was made of a file with this digest."""
    return _request("own_video", FORM, sha256)


def stated_by(sha256: str) -> ProviderRequest:
    """Where it is kept what is true of the normalised video with this digest, for ever."""
    return _request("normal_video", "1", sha256)


def assets_of(video: VideoReference) -> list[AssetReference]:
    """The stored objects that a video consists of."""
    return [video.asset, video.poster.asset, *([video.audio.asset] if video.audio else [])]


def videos_of(draft: ProjectDraft) -> Iterator[tuple[str, VideoReference]]:
    """Every video of a draft, with where it stands."""
    cuts = [
        (f"the video of slide {number}", slide.look.clip) for number, slide in enumerate(draft.slides, start=1)
    ]
    for place, cut in (("the intro", draft.intro), *cuts, ("the outro", draft.outro)):
        if cut is not None:
            yield place, cut.video


def _request(kind: str, version: str, sha256: str) -> ProviderRequest:
    return ProviderRequest(
        kind=kind, provider=_AUTHOR, provider_version=version, parameters={"sha256": sha256}, take=1
    )
