"""A brand kit: fonts, colours, logo, captions, intro and outro of all videos of a brand, in a file of their own.

brand: brand.yaml              # or such a block in the project file itself

font: fonts/Brand-Bold.ttf     # or: {titles: one.ttf, captions: another.otf}
colours: {text: "#FFFFFF", accent: "#FFD23F", panel: "#101418", highlight: "#FFD23F"}
logo: {image: logo.png, corner: top_right, size: 140, margin: 45, opacity: 0.85}   # or: logo.png
captions: bold                 # what `style: {captions: ...}` takes
intro: intro.mp4               # what the project's own `intro` and `outro` take
outro: outro.mp4

Paths are relative to the file they stand in. What the project says itself comes before what its kit says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from shared.contracts.look import Corner, Look, Watermark
from shared.errors import InvalidInputError
from studiomatic.project_captions import CaptionEntry, CaptionWords
from studiomatic.project_media import ProjectMedia, is_kept
from studiomatic.project_picture import ColourWord
from studiomatic.project_problems import problems_in, yaml_problem
from studiomatic.project_video import ClipEntry

MAX_KIT_BYTES = 256 * 1024

T = TypeVar("T")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _fonts(value: Any) -> Any:
    """One font alone is for titles and captions."""
    return {"titles": value, "captions": value} if isinstance(value, str) else value


def _logo(value: Any) -> Any:
    """A picture alone is short for a block."""
    return {"image": value} if isinstance(value, str) else value


class Fonts(_Part):
    """Font files of the brand's own."""

    titles: str | None = None
    captions: str | None = None


class Colours(_Part):
    """Colours of titles and lower thirds, and of the word that is spoken."""

    text: ColourWord = Look().text_colour
    accent: ColourWord = Look().accent_colour
    panel: ColourWord = Look().panel_colour
    highlight: ColourWord | None = None


class LogoWords(_Part):
    """A logo on every frame; size and margin in thousandths of the frame's shorter side."""

    image: str
    corner: Corner = Corner.TOP_RIGHT
    size: int = Field(default=140, ge=20, le=500, description="Width")
    margin: int = Field(default=45, ge=0, le=250)
    opacity: float = Field(default=0.85, ge=0.05, le=1)


class BrandWords(_Part):
    """The whole kit; all of it may be left out."""

    font: Annotated[Fonts, BeforeValidator(_fonts)] = Fonts()
    colours: Colours = Colours()
    logo: Annotated[LogoWords, BeforeValidator(_logo)] | None = None
    captions: CaptionEntry = CaptionWords()
    intro: ClipEntry | None = None
    outro: ClipEntry | None = None

    def look(self, media: ProjectMedia) -> Look:
        """What the draft says of fonts, colours and logo.

        Raises:
            InvalidInputError: A file is missing.
            BadMediaError: A file cannot be used; names it.
        """
        return Look(
            font=media.font(self.font.titles, "brand, font"),
            text_colour=self.colours.text,
            accent_colour=self.colours.accent,
            panel_colour=self.colours.panel,
            watermark=self._watermark(media),
        )

    def captions_under(self, own: CaptionWords) -> CaptionWords:
        """The kit's captions with what the project says itself on top."""
        kit = {"font": self.font.captions, "highlight_colour": self.colours.highlight}
        said = {name: value for name, value in kit.items() if value is not None}
        for words in (self.captions, own):
            said |= words.model_dump(exclude_unset=True)
        return CaptionWords.model_validate(said)

    def _watermark(self, media: ProjectMedia) -> Watermark | None:
        image = media.logo(self.logo.image, "brand, logo") if self.logo else None
        if self.logo is None or image is None:
            return None
        return Watermark(
            image=image,
            corner=self.logo.corner,
            width_permille=self.logo.size,
            margin_permille=self.logo.margin,
            opacity_permille=round(self.logo.opacity * 1000),
        )


def _form(value: Any) -> str | None:
    if isinstance(value, dict | BrandWords):
        return "BrandWords"
    return "str" if isinstance(value, str) and value else None


BrandEntry = Annotated[
    Annotated[BrandWords, Tag("BrandWords")] | Annotated[str, Tag("str")],
    Discriminator(
        _form,
        custom_error_type="form",
        custom_error_message="write the path of a brand kit, or a block like {logo: logo.png}",
    ),
]


def brand_kit(entry: str | BrandWords | None, folder: Path) -> BrandWords:
    """The kit that a project names, or has itself; its paths are whole when it is a file of its own.

    Args:
        folder: Where the project's relative paths start.
    Raises:
        InvalidInputError: Names the file, the place and the remedy.
    """
    if entry is None or isinstance(entry, BrandWords):
        return entry or BrandWords()
    path = (folder / entry).expanduser()
    try:
        if path.stat().st_size > MAX_KIT_BYTES:
            raise InvalidInputError(f"{path.name} has over {MAX_KIT_BYTES // 1024} KiB; is it a brand kit?")
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return _with_whole_paths(BrandWords.model_validate(data or {}), path.parent.resolve())
    except OSError as error:
        raise InvalidInputError(f"brand: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"brand: {path.name} is not UTF-8 text") from None
    except YAMLError as error:
        raise InvalidInputError(f"{path.name} is not YAML: {yaml_problem(error)}") from None
    except ValidationError as error:
        raise InvalidInputError(f"{path.name}: {problems_in(error)}") from None


def brand_entry(look: Look, media: dict[str, str]) -> dict[str, Any]:
    """The words for a look; only what differs from the default."""
    mark = look.watermark
    logo = mark and {
        "image": media.get(mark.image.asset.sha256),
        "corner": mark.corner.value,
        "size": mark.width_permille,
        "margin": mark.margin_permille,
        "opacity": mark.opacity_permille / 1000,
    }
    colours = {
        name: colour
        for name, colour, usual in (
            ("text", look.text_colour, Look().text_colour),
            ("accent", look.accent_colour, Look().accent_colour),
            ("panel", look.panel_colour, Look().panel_colour),
        )
        if colour != usual
    }
    font = look.font and {"titles": media.get(look.font.asset.sha256)}
    entry = {"font": font, "colours": colours or None, "logo": logo}
    return {name: value for name, value in entry.items() if value is not None}


def _with_whole_paths(kit: BrandWords, folder: Path) -> BrandWords:
    """The same kit with paths that start at the root, so that they mean the same beside another file."""
    return kit.model_copy(
        update={
            "font": kit.font.model_copy(update=_whole(kit.font, ("titles", "captions"), folder)),
            "logo": _if_any(kit.logo, lambda logo: logo.model_copy(update=_whole(logo, ("image",), folder))),
            "captions": kit.captions.model_copy(update=_whole(kit.captions, ("font",), folder)),
            "intro": _if_any(kit.intro, lambda clip: clip.model_copy(update=_whole(clip, ("video",), folder))),
            "outro": _if_any(kit.outro, lambda clip: clip.model_copy(update=_whole(clip, ("video",), folder))),
        }
    )


def _whole(words: BaseModel, names: tuple[str, ...], folder: Path) -> dict[str, str]:
    given = {name: getattr(words, name) for name in names}
    return {
        name: path if is_kept(path) else str(folder / Path(path).expanduser())
        for name, path in given.items()
        if path
    }


def _if_any(value: T | None, change: Callable[[T], T]) -> T | None:
    return None if value is None else change(value)
