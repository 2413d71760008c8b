"""Content's adapters to stored objects and to the door for outside media."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from services.content.domain.own_media import AUDIO_TYPE, IMAGE_TYPE
from shared.contracts.message import Value
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.errors import NotFoundError
from shared.ids import AccountId
from shared.media.sandbox import MediaSandbox
from shared.storage import ObjectStore
from shared.storage.keys import asset_key
from shared.storage.values import put_asset, put_value


class StoredObjects:
    """Keeps values and files as assets of an account."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put_value(self, account_id: str, value: Value | Sequence[Value]) -> AssetReference:
        return put_value(self._store, AccountId(account_id), asset_key, value)

    def put_file(self, account_id: str, path: Path, media_type: str) -> AssetReference:
        return put_asset(self._store, AccountId(account_id), path, media_type)

    def exists(self, asset: AssetReference) -> bool:
        """Whether the object is still stored."""
        try:
            self._store.head(asset.key)
        except NotFoundError:
            return False
        return True


class MediaIntake:
    """Takes outside media in: normalised by the sandboxed child, then stored."""

    def __init__(self, sandbox: MediaSandbox, objects: StoredObjects) -> None:
        self._sandbox = sandbox
        self._objects = objects

    def take_image(self, account_id: str, path: Path, name: str) -> ImageReference:
        """Normalise and store a picture.

        Raises:
            BadMediaError: Names the file, the reason and the remedy.
        """
        with tempfile.TemporaryDirectory(prefix="studio-intake-") as folder:
            target = Path(folder) / "image.png"
            image = self._sandbox.normalise_image(path, target, name=name)
            asset = self._objects.put_file(account_id, target, IMAGE_TYPE)
        return ImageReference(asset=asset, width=image.width, height=image.height)

    def take_audio(self, account_id: str, path: Path, name: str) -> AudioReference:
        """Normalise and store a sound; raises like `take_image`."""
        with tempfile.TemporaryDirectory(prefix="studio-intake-") as folder:
            target = Path(folder) / "audio.wav"
            audio = self._sandbox.normalise_audio(path, target, name=name)
            asset = self._objects.put_file(account_id, target, AUDIO_TYPE)
        return AudioReference(asset=asset, samples=audio.samples)
