"""Own video in a draft: how long it is shown, and the slides that stand for intro and outro."""

from __future__ import annotations

from shared.contracts.projects import ProjectDraft
from shared.contracts.revisions import ClipCut, SlideLook, SlideOutline, SlidePart, VoiceMode
from shared.contracts.timeline import TransitionKind
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


def shown_ms(draft: ProjectDraft, cut: ClipCut, following: SlideLook | None) -> int:
    """How long a clip is shown to its end [ms]: what is seen of it while the next slide takes over does not count.

    Args:
        following: How the next slide is shown; None after the last.
    """
    rest = rest_ms(cut)
    seen_under = 0 if following is None else _transition_ms(draft, following)
    return rest - seen_under if rest > 2 * seen_under else rest


def _transition_ms(draft: ProjectDraft, look: SlideLook) -> int:
    choice = look.transition or draft.transition
    if choice.kind is TransitionKind.CUT:
        return 0
    given = (choice.length_ms, draft.transition.length_ms, draft.crossfade_ms)
    return next(length for length in given if length is not None)


def rest_ms(cut: ClipCut) -> int:
    """How much of a video is left from where a clip begins [ms]."""
    return _length_ms(cut) - cut.from_ms


def framed(draft: ProjectDraft, slides: tuple[SlideOutline, ...]) -> tuple[SlideOutline, ...]:
    """The author's slides between intro and outro, where these are given and there are slides yet."""
    if not slides:
        return slides
    framing = {
        SlidePart.INTRO: (draft.intro, slides[0], slides[0].look),
        SlidePart.OUTRO: (draft.outro, slides[-1], None),
    }
    intro, outro = (
        (_framing(part, cut, neighbour.number, shown_ms(draft, cut, following)),) if cut else ()
        for part, (cut, neighbour, following) in framing.items()
    )
    return (*intro, *slides, *outro)


def framing_titles(draft: ProjectDraft) -> dict[str, str]:
    """Titles of the slides that frame the author's, by their ids: those are the names of the parts."""
    titles = {SlidePart.INTRO: ("Intro", draft.intro), SlidePart.OUTRO: ("Outro", draft.outro)}
    return {part.value: title for part, (title, cut) in titles.items() if cut is not None and draft.slides}


def framing_ms(draft: ProjectDraft) -> int:
    """How long intro and outro are shown together [ms]."""
    return sum(rest_ms(cut) for cut in (draft.intro, draft.outro) if cut is not None)


def _framing(part: SlidePart, cut: ClipCut, number: int, silent_ms: int) -> SlideOutline:
    return SlideOutline(
        slide_id=part.value,
        number=number,
        part=part,
        image=cut.video.poster,
        voice_mode=VoiceMode.SILENT,
        silent_ms=silent_ms,
        look=SlideLook(clip=cut),
    )


def _length_ms(cut: ClipCut) -> int:
    return int(cut.video.frames * 1000 / cut.video.rate.fraction)
