"""Take in the author's own media: through the door, into the store, into the list of assets."""

from __future__ import annotations

from pathlib import Path

from services.content.domain.own_videos import assets_of, made_of, stated_by
from services.content.handlers.ports import Intake, Store
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference
from shared.storage import fingerprint_of

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
        """Take in a video with its sound; takes and raises what `add_image` does.

        It takes minutes what takes others seconds, so the same file, or what was made of it, is not opened again.
        """
        sha256 = fingerprint_of(path).sha256
        known = self._known_video(account_id, sha256)
        return known or self._new_video(account_id, path, sha256, name or path.name)

    def _known_video(self, account_id: str, sha256: str) -> VideoReference | None:
        with self._store.reading() as unit:
            entries = [unit.ledger_entry(account_id, asked(sha256).digest) for asked in (made_of, stated_by)]
        videos = (VideoReference.model_validate(entry.result) for entry in entries if entry and entry.result)
        return next((video for video in videos if all(map(self._intake.holds, assets_of(video)))), None)

    def _new_video(self, account_id: str, path: Path, sha256: str, name: str) -> VideoReference:
        video = self._intake.take_video(account_id, path, name)
        self._record(account_id, *assets_of(video))
        with self._store.transaction() as unit:
            for request in (made_of(sha256), stated_by(video.asset.sha256)):
                unit.remember(account_id, request, video.model_dump(mode="json"))
        return video

    def _record(self, account_id: str, *assets: AssetReference) -> None:
        with self._store.transaction() as unit:
            for asset in assets:
                unit.add_asset(account_id, asset, _ORIGIN)
