"""Take in the author's own media: through the door, into the store, into the list of assets."""

from __future__ import annotations

from pathlib import Path

from services.content.handlers.ports import Intake, Store
from shared.contracts.references import AudioReference, ImageReference

_ORIGIN = "author"


class OwnMedia:
    """Makes normalised assets of files that an author gives."""

    def __init__(self, store: Store, intake: Intake) -> None:
        self._store = store
        self._intake = intake

    def add_image(self, account_id: str, path: Path, name: str | None = None) -> ImageReference:
        """Take in a picture.

        Args:
            name: What errors call the file; by default the last part of ``path``.
        Raises:
            BadMediaError: Names the file, the reason and the remedy.
        """
        image = self._intake.take_image(account_id, path, name or path.name)
        with self._store.transaction() as unit:
            unit.add_asset(account_id, image.asset, _ORIGIN)
        return image

    def add_audio(self, account_id: str, path: Path, name: str | None = None) -> AudioReference:
        """Take in a sound; takes and raises what `add_image` does."""
        audio = self._intake.take_audio(account_id, path, name or path.name)
        with self._store.transaction() as unit:
            unit.add_asset(account_id, audio.asset, _ORIGIN)
        return audio
