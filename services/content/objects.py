"""Content's adapters to stored objects and to the door for outside media."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from services.content.domain.own_media import AUDIO_TYPE, FONT_TYPE, IMAGE_TYPE, VIDEO_TYPE
from shared.contracts.message import Value
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference, Point
from shared.contracts.timeline import Rate, VideoReference
from shared.errors import NotFoundError
from shared.ids import AccountId
from shared.media.sandbox import MediaSandbox
from shared.storage import ObjectStore
from shared.storage.keys import asset_key
from shared.storage.values import put_asset, put_value

LOGO_MOST_SIDE = 2_048
"""Longest side of a logo [px]: twice what half the shorter side of the largest video needs."""


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
        interest = Point(x_permille=image.interest[0], y_permille=image.interest[1]) if image.interest else None
        return ImageReference(asset=asset, width=image.width, height=image.height, interest=interest)

    def take_logo(self, account_id: str, path: Path, name: str) -> ImageReference:
        """Normalise and store a picture that keeps its transparency; raises like `take_image`."""
        with tempfile.TemporaryDirectory(prefix="studio-intake-") as folder:
            target = Path(folder) / "logo.png"
            logo = self._sandbox.normalise_image(path, target, name=name, max_side=LOGO_MOST_SIDE, background=None)
            asset = self._objects.put_file(account_id, target, IMAGE_TYPE)
        return ImageReference(asset=asset, width=logo.width, height=logo.height)

    def take_font(self, account_id: str, path: Path, name: str) -> FontReference:
        """Check, normalise and store a font; raises like `take_image`."""
        with tempfile.TemporaryDirectory(prefix="studio-intake-") as folder:
            target = Path(folder) / "font"
            font = self._sandbox.normalise_font(path, target, name=name)
            asset = self._objects.put_file(account_id, target, FONT_TYPE)
        return FontReference(asset=asset, family=font.family)

    def take_video(self, account_id: str, path: Path, name: str) -> VideoReference:
        """Normalise and store a video, its sound, and a picture that stands for it; raises like `take_image`."""
        with tempfile.TemporaryDirectory(prefix="studio-intake-") as folder:
            target = Path(folder) / "video.mp4"
            made = self._sandbox.normalise_video(path, target, name=name)
            return VideoReference(
                asset=self._objects.put_file(account_id, target, VIDEO_TYPE),
                width=made.width,
                height=made.height,
                rate=Rate(numerator=made.rate.numerator, denominator=made.rate.denominator),
                frames=made.frames,
                poster=self._poster(account_id, target, name),
                audio=self._clip_sound(account_id, target, name) if made.sound_samples else None,
            )

    def holds(self, asset: AssetReference) -> bool:
        """Whether something that was taken in is still stored."""
        return self._objects.exists(asset)

    def take_audio(self, account_id: str, path: Path, name: str) -> AudioReference:
        """Normalise and store a sound; raises like `take_image`."""
        with tempfile.TemporaryDirectory(prefix="studio-intake-") as folder:
            target = Path(folder) / "audio.wav"
            audio = self._sandbox.normalise_audio(path, target, name=name)
            asset = self._objects.put_file(account_id, target, AUDIO_TYPE)
        return AudioReference(asset=asset, samples=audio.samples)

    def _poster(self, account_id: str, video: Path, name: str) -> ImageReference:
        target = video.with_name("poster.png")
        poster = self._sandbox.write_poster(video, target, name=name)
        asset = self._objects.put_file(account_id, target, IMAGE_TYPE)
        return ImageReference(asset=asset, width=poster.width, height=poster.height)

    def _clip_sound(self, account_id: str, video: Path, name: str) -> AudioReference:
        target = video.with_name("audio.wav")
        audio = self._sandbox.normalise_audio(video, target, name=name)
        asset = self._objects.put_file(account_id, target, AUDIO_TYPE)
        return AudioReference(asset=asset, samples=audio.samples)
