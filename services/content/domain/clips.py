"""Own video in a draft: how long it is shown, and the slides that stand for intro and outro."""

from __future__ import annotations

from shared.contracts.projects import ProjectDraft
from shared.contracts.revisions import ClipCut, SlideLook, SlideOutline, SlidePart, VoiceMode
from shared.errors import InvalidInputError


def check_cuts(draft: ProjectDraft) -> None:
    """Refuse a draft whose clips begin after their video has ended.

    Raises:
        InvalidInputError: Names the slide and what to change.
    """
    cuts = [(f"slide {number}", slide.look.clip) for number, slide in enumerate(draft.slides, start=1)]
    for place, cut in (("the intro", draft.intro), *cuts, ("the outro", draft.outro)):
        if cut is not None and rest_ms(cut) < 1:
            raise InvalidInputError(
                f"{place} begins {cut.from_ms / 1000:g} s into its video, which has only"
                f" {_length_ms(cut) / 1000:.2f} s; begin earlier"
            )


def rest_ms(cut: ClipCut) -> int:
    """How much of a video is left from where a clip begins [ms]."""
    return _length_ms(cut) - cut.from_ms


def framed(draft: ProjectDraft, slides: tuple[SlideOutline, ...]) -> tuple[SlideOutline, ...]:
    """The author's slides between intro and outro, where these are given and there are slides yet."""
    if not slides:
        return slides
    intro = (_framing(SlidePart.INTRO, draft.intro, slides[0].number),) if draft.intro else ()
    outro = (_framing(SlidePart.OUTRO, draft.outro, slides[-1].number),) if draft.outro else ()
    return (*intro, *slides, *outro)


def framing_titles(draft: ProjectDraft) -> dict[str, str]:
    """Titles of the slides that frame the author's, by their ids: those are the names of the parts."""
    titles = {SlidePart.INTRO: ("Intro", draft.intro), SlidePart.OUTRO: ("Outro", draft.outro)}
    return {part.value: title for part, (title, cut) in titles.items() if cut is not None and draft.slides}


def framing_ms(draft: ProjectDraft) -> int:
    """How long intro and outro are shown together [ms]."""
    return sum(rest_ms(cut) for cut in (draft.intro, draft.outro) if cut is not None)


def _framing(part: SlidePart, cut: ClipCut, number: int) -> SlideOutline:
    return SlideOutline(
        slide_id=part.value,
        number=number,
        part=part,
        image=cut.video.poster,
        voice_mode=VoiceMode.SILENT,
        silent_ms=rest_ms(cut),
        look=SlideLook(clip=cut),
    )


def _length_ms(cut: ClipCut) -> int:
    return int(cut.video.frames * 1000 / cut.video.rate.fraction)
