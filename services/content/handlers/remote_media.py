"""Media of clients elsewhere: uploaded and fetched past the bus, opened behind the same door as any other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.content.handlers.own_media import OwnMedia
from services.content.handlers.ports import Transfers
from shared.contracts.media import (
    AcceptMedia,
    DownloadPermission,
    MediaAccepted,
    MediaKind,
    OfferMedia,
    UploadPermission,
)
from shared.contracts.references import AssetReference
from shared.errors import BadMediaError, InfrastructureError

MAX_WORKING = 4
"""Files that a process takes in at a time; each may cost a child of the sandbox's whole memory limit."""
MAX_WAITING = 8
"""Files that may wait for their turn. Both together leave some of the calls that a process answers at a time, so
that uploads never keep short questions waiting."""


class RemoteMedia:
    """Gives leave to upload and download, and takes in what was uploaded."""

    def __init__(self, own_media: OwnMedia, transfers: Transfers) -> None:
        self._own_media = own_media
        self._transfers = transfers
        self._places = threading.BoundedSemaphore(MAX_WORKING + MAX_WAITING)
        self._turns = threading.BoundedSemaphore(MAX_WORKING)

    def offer(self, account_id: str, offer: OfferMedia) -> UploadPermission:
        """Give leave to upload exactly the offered bytes.

        Raises:
            ConfigurationError: The objects are in a folder, which no client elsewhere can reach.
        """
        return self._transfers.permit_upload(account_id, offer)

    def accept(self, account_id: str, upload: AcceptMedia) -> MediaAccepted:
        """Make a normalised asset of an upload; the upload is gone then, also when it was found bad.

        Raises:
            NotFoundError: It is not there.
            InvalidInputError: It is not what was announced.
            BadMediaError: Names the file, the reason and the remedy.
            InfrastructureError: Too many wait already.
        """
        try:
            with self._turn(), self._transfers.fetched(account_id, upload) as path:
                accepted = self._take(account_id, upload, path)
        except BadMediaError:
            self._transfers.discard(account_id, upload.sha256)
            raise
        self._transfers.discard(account_id, upload.sha256)
        return accepted

    def open_download(self, account_id: str, asset: AssetReference) -> DownloadPermission:
        """Give leave to read one stored object of the account.

        Raises:
            NotFoundError: It is not stored, is another account's, or is a raw upload; never told apart.
            ConfigurationError: The objects are in a folder, which no client elsewhere can reach.
        """
        return self._transfers.permit_download(account_id, asset)

    def _take(self, account_id: str, upload: AcceptMedia, path: Path) -> MediaAccepted:
        match upload.media_kind:
            case MediaKind.IMAGE:
                return MediaAccepted(image=self._own_media.add_image(account_id, path, upload.name))
            case MediaKind.AUDIO:
                return MediaAccepted(audio=self._own_media.add_audio(account_id, path, upload.name))
            case MediaKind.LOGO:
                return MediaAccepted(image=self._own_media.add_logo(account_id, path, upload.name))
            case MediaKind.FONT:
                return MediaAccepted(font=self._own_media.add_font(account_id, path, upload.name))
            case MediaKind.VIDEO:
                return MediaAccepted(video=self._own_media.add_video(account_id, path, upload.name))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold one of few places, and wait there until it is this call's turn."""
        if not self._places.acquire(blocking=False):
            raise InfrastructureError("too many files are being taken in here; send this call again in a moment")
        try:
            with self._turns:
                yield
        finally:
            self._places.release()
