"""Take in the author's own media: through the door, into the store, into the list of assets."""

from __future__ import annotations

from pathlib import Path

from services.content.handlers.ports import Intake, Store
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference

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
        self._record(account_id, image.asset)
        return image

    def add_audio(self, account_id: str, path: Path, name: str | None = None) -> AudioReference:
        """Take in a sound; takes and raises what `add_image` does."""
        audio = self._intake.take_audio(account_id, path, name or path.name)
        self._record(account_id, audio.asset)
        return audio

    def add_logo(self, account_id: str, path: Path, name: str | None = None) -> ImageReference:
        """Take in a picture that keeps its transparency; takes and raises what `add_image` does."""
        logo = self._intake.take_logo(account_id, path, name or path.name)
        self._record(account_id, logo.asset)
        return logo

    def add_font(self, account_id: str, path: Path, name: str | None = None) -> FontReference:
        """Take in a font; takes and raises what `add_image` does."""
        font = self._intake.take_font(account_id, path, name or path.name)
        self._record(account_id, font.asset)
        return font

    def add_video(self, account_id: str, path: Path, name: str | None = None) -> VideoReference:
        """Take in a video with its sound; takes and raises what `add_image` does."""
        video = self._intake.take_video(account_id, path, name or path.name)
        self._record(account_id, video.asset, video.poster.asset, *([video.audio.asset] if video.audio else []))
        return video

    def _record(self, account_id: str, *assets: AssetReference) -> None:
        with self._store.transaction() as unit:
            for asset in assets:
                unit.add_asset(account_id, asset, _ORIGIN)
