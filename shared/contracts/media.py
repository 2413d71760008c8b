"""Calls by which a client elsewhere hands in media of its own and brings stored objects home.

Bodies never travel on the bus. The client offers a file by its digest, puts it where the permission says, and has
it accepted: content then opens it in its sandbox and answers a reference to the normalised asset.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.message import Query, Reply
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference, Sha256
from shared.contracts.timeline import VideoReference

MAX_UPLOAD_BYTES = 512 * 1024**2
"""Largest file an author can hand in [bytes]."""


class MediaKind(StrEnum):
    """What an author's file is to be used as."""

    IMAGE = "image"  # a slide's picture
    AUDIO = "audio"  # a narration or music
    LOGO = "logo"  # a picture that keeps its transparency
    FONT = "font"  # what titles and captions are set in
    VIDEO = "video"  # a clip that a slide shows, with its sound


class OfferMedia(Query):
    """Ask for leave to upload one file. Asking twice changes nothing."""

    type = "content.offer_media.v1"
    sha256: Sha256
    size_bytes: int = Field(ge=1, le=MAX_UPLOAD_BYTES)


class UploadPermission(Reply):
    """Leave to PUT exactly the offered bytes: send the headers exactly as they are, before it expires."""

    type = "content.upload_permission.v1"
    url: str
    headers: dict[str, str]


class AcceptMedia(Query):
    """Take in an uploaded file as picture or sound; the upload itself is then deleted.

    ``not_found`` means that the upload is not there, be it that it was accepted before: offer it again.
    """

    type = "content.accept_media.v1"
    media_kind: MediaKind
    sha256: Sha256
    size_bytes: int = Field(ge=1, le=MAX_UPLOAD_BYTES)
    name: str = Field(min_length=1, max_length=255, description="What errors call the file")


class MediaAccepted(Reply):
    """The normalised asset that a draft may refer to; exactly one of its kinds. A logo is an image."""

    type = "content.media_accepted.v1"
    image: ImageReference | None = None
    audio: AudioReference | None = None
    font: FontReference | None = None
    video: VideoReference | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(given is not None for given in (self.image, self.audio, self.font, self.video)) != 1:
            raise ValueError("exactly one of image, audio, font and video is given")
        return self


class OpenDownload(Query):
    """Ask for leave to read one stored object of the account."""

    type = "content.open_download.v1"
    asset: AssetReference


class DownloadPermission(Reply):
    """Leave to GET the object for a while, without any credential."""

    type = "content.download_permission.v1"
    url: str
