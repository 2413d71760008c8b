"""How slides are shown and follow each other: the words of a project file, and what a draft says.

style: {transition: push, crossfade: 0.5}
slides:
  - image: portrait.jpg
    fit: contain               # or: cover
    focus: [0.3, 0.4]          # from the left, from the top
    camera: zoom_in            # or: auto, hold, zoom_out, pan
    transition: {kind: fade, colour: "#FFFFFF", seconds: 0.8}   # or: cut
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from shared.contracts.look import Colour
from shared.contracts.revisions import Camera, Focus, SlideLook, TransitionChoice
from shared.contracts.timeline import Direction, Fit, Rate, TransitionKind
from shared.errors import InvalidInputError

_MOVES = (TransitionKind.SLIDE, TransitionKind.PUSH, TransitionKind.WIPE)
_LONGEST_S = 3.0


def _block(value: Any) -> Any:
    """A kind alone is short for a block."""
    return {"kind": value} if isinstance(value, str) else value


def _colour(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError('write it like "#FFD23F", in quotes')
    return value.upper()


ColourWord = Annotated[Colour, BeforeValidator(_colour)]
"""A colour as authors write it, in capitals or not."""


def _point(value: Any) -> Any:
    """``[0.3, 0.4]`` as thousandths."""
    if isinstance(value, Focus):
        return value
    is_pair = isinstance(value, Sequence) and len(value) == 2 and all(_is_share(part) for part in value)
    if not is_pair:
        raise ValueError("write it like [0.3, 0.4]: how far from the left and from the top, 0 to 1")
    return Focus(x_permille=round(value[0] * 1000), y_permille=round(value[1] * 1000))


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


class TransitionWords(BaseModel):
    """A transition; its length in seconds or in frames, the project's when neither is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: TransitionKind = TransitionKind.CROSSFADE
    seconds: float | None = Field(default=None, gt=0, le=_LONGEST_S)
    frames: int | None = Field(default=None, gt=0)
    direction: Direction | None = None
    colour: ColourWord | None = None

    @model_validator(mode="after")
    def _says_only_what_matters(self) -> Self:
        if self.seconds is not None and self.frames is not None:
            raise ValueError("give its length once, as `seconds` or as `frames`")
        if self.kind is TransitionKind.CUT and (self.seconds or self.frames):
            raise ValueError("a cut has no length; leave `seconds` and `frames` out")
        if self.direction is not None and self.kind not in _MOVES:
            raise ValueError(f"`direction` is for slide, push and wipe; a {self.kind} has none")
        if self.colour is not None and self.kind is not TransitionKind.FADE:
            raise ValueError(f"`colour` is for fade; a {self.kind} has none")
        return self

    def choice(self, rate: Rate, place: str) -> TransitionChoice:
        """What the draft says of it.

        Args:
            rate: Of the video; ``frames`` are counted at it.
            place: What errors call it.
        Raises:
            InvalidInputError: So many frames are too long.
        """
        given = {"direction": self.direction, "colour": self.colour, "length_ms": self._length_ms(rate, place)}
        return TransitionChoice(
            kind=self.kind, **{name: value for name, value in given.items() if value is not None}
        )

    def _length_ms(self, rate: Rate, place: str) -> int | None:
        seconds = self.seconds if self.frames is None else self.frames / float(rate.fraction)
        if seconds is not None and seconds > _LONGEST_S:
            raise InvalidInputError(
                f"{place}, transition: lasts at most {_LONGEST_S:g} seconds; {self.frames} frames are longer"
            )
        return None if seconds is None else round(seconds * 1000)


TransitionEntry = Annotated[TransitionWords, BeforeValidator(_block)]


class PictureWords(BaseModel):
    """How one slide is shown, and how it takes over from the one before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fit: Fit = Fit.COVER
    focus: Annotated[Focus, BeforeValidator(_point)] | None = None
    camera: Camera = Camera.AUTO
    transition: TransitionEntry | None = None

    def picture_look(self, rate: Rate, place: str) -> dict[str, Any]:
        """The fields of :class:`SlideLook` that these words decide; see :meth:`TransitionWords.choice`."""
        return {
            "fit": self.fit,
            "focus": self.focus,
            "camera": self.camera,
            "transition": self.transition and self.transition.choice(rate, place),
        }


def picture_entry(look: SlideLook) -> dict[str, Any]:
    """The words for a look; only what differs from the default."""
    focus, usual = look.focus, SlideLook()
    return {
        "fit": look.fit.value if look.fit is not usual.fit else None,
        "focus": _inline(CommentedSeq([focus.x_permille / 1000, focus.y_permille / 1000])) if focus else None,
        "camera": look.camera.value if look.camera is not usual.camera else None,
        "transition": transition_entry(look.transition) if look.transition else None,
    }


def transition_entry(choice: TransitionChoice) -> Any:
    """The words for a transition; its kind alone where that says all."""
    entry = CommentedMap(kind=choice.kind.value)
    if choice.length_ms and choice.kind is not TransitionKind.CUT:
        entry["seconds"] = choice.length_ms / 1000
    if choice.kind in _MOVES:
        entry["direction"] = choice.direction.value
    if choice.kind is TransitionKind.FADE:
        entry["colour"] = choice.colour
    return _inline(entry) if len(entry) > 1 else choice.kind.value


def _inline(entry: CommentedMap | CommentedSeq) -> Any:
    """Written on one line."""
    entry.fa.set_flow_style()
    return entry
