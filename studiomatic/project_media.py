"""The files that a project names, and the assets that stand for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared.contracts.projects import ProjectDraft
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.errors import BadMediaError, InvalidInputError

R = TypeVar("R")


class ProjectMedia:
    """Finds the files that a project names, and the assets that an earlier revision was given."""

    def __init__(
        self,
        folder: Path,
        add_image: Callable[[Path], ImageReference],
        add_audio: Callable[[Path], AudioReference],
        earlier: ProjectDraft | None,
    ) -> None:
        self._folder = folder
        self._add_image = add_image
        self._add_audio = add_audio
        slides = earlier.slides if earlier else ()
        sounds = [slide.voice for slide in slides] + ([earlier.music.audio] if earlier else [])
        self._images = {_asset_name(image.asset): image for slide in slides if (image := slide.image)}
        self._sounds = {_asset_name(sound.asset): sound for sound in sounds if sound}

    def image(self, name: str | None, place: str) -> ImageReference | None:
        """The picture that a slide names."""
        if name is None:
            return None
        return self._images.get(name) or _placed(place, self._add_image, self._file(name, place))

    def sound(self, name: str | None, place: str) -> AudioReference | None:
        """The sound that a slide or the music names."""
        if name is None:
            return None
        return self._sounds.get(name) or _placed(place, self._add_audio, self._file(name, place))

    def _file(self, name: str, place: str) -> Path:
        path = (self._folder / name).expanduser()
        if not path.exists():
            raise InvalidInputError(f"{place}: there is no file {name} in {self._folder}")
        return path.resolve()


def _placed(place: str, add: Callable[[Path], R], path: Path) -> R:
    """Hand a file in; should it be refused, say where it was to be used."""
    try:
        return add(path)
    except BadMediaError as error:
        raise BadMediaError(f"{place}: {error.message}") from None


def kept_media(draft: ProjectDraft) -> dict[str, str]:
    """Names for the assets a revision was given, when no files stand for them."""
    given = [slide.image.asset for slide in draft.slides if slide.image]
    given += [slide.voice.asset for slide in draft.slides if slide.voice]
    given += [draft.music.audio.asset] if draft.music.audio else []
    return {asset.sha256: _asset_name(asset) for asset in given}


def _asset_name(asset: AssetReference) -> str:
    return f"asset:{asset.sha256}"
