"""The files that a project names, and the assets that stand for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from shared.contracts.projects import ProjectDraft
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference
from shared.errors import BadMediaError, InvalidInputError

_KEPT = "asset:"

R = TypeVar("R", ImageReference, AudioReference, FontReference, VideoReference)


class HandsIn(Protocol):
    """Takes in media of the author's own, as every client does."""

    def add_image(self, path: Path) -> ImageReference: ...
    def add_audio(self, path: Path) -> AudioReference: ...
    def add_logo(self, path: Path) -> ImageReference: ...
    def add_font(self, path: Path) -> FontReference: ...
    def add_video(self, path: Path) -> VideoReference: ...


class ProjectMedia:
    """Finds the files that a project names, and the assets that an earlier revision was given.

    Args:
        folder: Where relative paths start.
    """

    def __init__(self, folder: Path, desk: HandsIn, earlier: ProjectDraft | None) -> None:
        self._folder = folder
        self._desk = desk
        self._kept = {_asset_name(given.asset): given for given in _given(earlier)} if earlier else {}
        self._fonts: dict[Path, FontReference] = {}

    def image(self, name: str | None, place: str) -> ImageReference | None:
        """The picture that a slide names."""
        return self._reference(name, place, ImageReference, self._desk.add_image)

    def sound(self, name: str | None, place: str) -> AudioReference | None:
        """The sound that a slide or the music names."""
        return self._reference(name, place, AudioReference, self._desk.add_audio)

    def logo(self, name: str | None, place: str) -> ImageReference | None:
        """The picture that a brand's logo names."""
        return self._reference(name, place, ImageReference, self._desk.add_logo)

    def font(self, name: str | None, place: str) -> FontReference | None:
        """The font that a brand names."""
        return self._reference(name, place, FontReference, self._add_font)

    def video(self, name: str, place: str) -> VideoReference:
        """The video that a slide, the intro or the outro names."""
        video = self._reference(name, place, VideoReference, self._desk.add_video)
        assert video is not None  # noqa: S101  # it was named
        return video

    def _add_font(self, path: Path) -> FontReference:
        """Hand a font in; one for titles and captions alike is drawn through only once."""
        if path not in self._fonts:
            self._fonts[path] = self._desk.add_font(path)
        return self._fonts[path]

    def _reference(self, name: str | None, place: str, kind: type[R], add: Callable[[Path], R]) -> R | None:
        if name is None:
            return None
        kept = self._kept.get(name)
        return kept if isinstance(kept, kind) else _placed(place, add, self._file(name, place))

    def _file(self, name: str, place: str) -> Path:
        path = (self._folder / name).expanduser()
        if not path.exists():
            raise InvalidInputError(f"{place}: there is no file {name} in {self._folder}")
        if path.is_dir():
            raise InvalidInputError(f"{place}: {path.name or name} is a folder; give a file")
        return path.resolve()


def is_kept(name: str) -> bool:
    """Whether a name stands for an asset of an earlier revision, not for a file."""
    return name.startswith(_KEPT)


def kept_media(draft: ProjectDraft) -> dict[str, str]:
    """Names for the assets a revision was given, when no files stand for them."""
    return {given.asset.sha256: _asset_name(given.asset) for given in _given(draft)}


def _given(draft: ProjectDraft) -> Iterator[ImageReference | AudioReference | FontReference | VideoReference]:
    """Everything of the author's own that a draft names."""
    for slide in draft.slides:
        yield from (given for given in (slide.image, slide.voice) if given)
        if slide.look.clip:
            yield slide.look.clip.video
    yield from (cut.video for cut in (draft.intro, draft.outro) if cut)
    if draft.music.audio:
        yield draft.music.audio
    if draft.look.watermark:
        yield draft.look.watermark.image
    yield from (font for font in (draft.look.font, draft.captions.font) if font)


def _placed(place: str, add: Callable[[Path], R], path: Path) -> R:
    """Hand a file in; should it be refused, say where it was to be used."""
    try:
        return add(path)
    except BadMediaError as error:
        raise BadMediaError(f"{place}: {error.message}") from None


def _asset_name(asset: AssetReference) -> str:
    return f"{_KEPT}{asset.sha256}"
