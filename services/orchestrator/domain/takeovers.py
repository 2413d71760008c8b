"""How a slide takes over from the one before: its transition, as the slide or the project has it."""

from __future__ import annotations

from fractions import Fraction

from shared.contracts.revisions import RevisionOutline, SlideLook, TransitionChoice
from shared.contracts.timeline import Transition, TransitionKind

_MOVES = (TransitionKind.SLIDE, TransitionKind.PUSH, TransitionKind.WIPE)


def transition_for(outline: RevisionOutline, look: SlideLook, frames: int, frames_before: int) -> Transition:
    """The transition of a slide; it says only what its kind needs, and takes at most half of either slide.

    Args:
        frames, frames_before: How long the slide and the one before it are shown.
    """
    choice = look.transition or outline.transition
    length = min(_frames_of(outline, _length_ms(outline, choice)), frames // 2, frames_before // 2)
    if choice.kind is TransitionKind.CUT or length == 0:
        return Transition()
    if choice.kind in _MOVES:
        return Transition(kind=choice.kind, frames=length, direction=choice.direction)
    if choice.kind is TransitionKind.FADE:
        return Transition(kind=choice.kind, frames=length, colour=choice.colour)
    return Transition(kind=choice.kind, frames=length)


def usual_frames(outline: RevisionOutline) -> int:
    """How long the project's transitions last, whatever their kind: for so long a camera goes on after its slide.

    That of the next slide does not count, so that a slide stays as it is when another follows it.
    """
    return _frames_of(outline, _length_ms(outline, outline.transition))


def _length_ms(outline: RevisionOutline, choice: TransitionChoice) -> int:
    given = (choice.length_ms, outline.transition.length_ms, outline.crossfade_ms)
    return next(length for length in given if length is not None)


def _frames_of(outline: RevisionOutline, milliseconds: int) -> int:
    return round(outline.rate.fraction * Fraction(milliseconds, 1000))
