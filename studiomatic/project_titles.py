"""Titles and lower thirds of slides: the words of a project file, and what a draft says.

slides:
  - title: A map of scent
    show_title: true           # laid over the picture for some seconds
    lower_third: {name: Dr. Amelia Hartwood, detail: Behavioural ecologist}   # or a name alone
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.contracts.projects import SlideDraft
from shared.contracts.revisions import LowerThird


def _block(value: Any) -> Any:
    """A name alone is short for a block."""
    return {"name": value} if isinstance(value, str) else value


class LowerThirdWords(BaseModel):
    """Who is named on a slide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    detail: str = Field(default="", max_length=200)


class TitleWords(BaseModel):
    """What is written over a slide."""

    show_title: bool = False
    lower_third: Annotated[LowerThirdWords, BeforeValidator(_block)] | None = None

    def named(self) -> LowerThird | None:
        """What the draft says of the lower third."""
        if self.lower_third is None:
            return None
        return LowerThird(text=self.lower_third.name, detail=self.lower_third.detail)


def titles_entry(slide: SlideDraft) -> dict[str, Any]:
    """The words for what is written over a slide; only what differs from the default."""
    third = slide.lower_third
    entry: Any = third and ({"name": third.text, "detail": third.detail} if third.detail else third.text)
    return {"show_title": slide.look.title_is_shown or None, "lower_third": entry}
