"""Fit, focus, camera and transitions in ``project.yaml``: read, written, and mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.revisions import Camera, Focus, SlideLook, TransitionChoice
from shared.contracts.timeline import Direction, Fit, Rate, TransitionKind
from shared.errors import InvalidInputError
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file


class Desk:
    """Takes nothing in, whatever it is offered."""

    def __getattr__(self, name: str):
        def refuse(path: Path) -> None:
            raise AssertionError(f"{path} was opened")

        return refuse


def read(text: str) -> ProjectDraft:
    return to_draft(parse_project_file(text, "p.yaml"), Path(), desk=Desk())


def slide(words: str) -> SlideLook:
    return read(f"slides: [{{narration: x, {words}}}]").slides[0].look


def test_without_a_word_everything_is_as_usual() -> None:
    draft = read("slides: [{narration: x}]")
    assert draft.transition == TransitionChoice(kind=TransitionKind.CROSSFADE)
    assert draft.slides[0].look == SlideLook()


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("push", TransitionChoice(kind=TransitionKind.PUSH)),
        ("cut", TransitionChoice(kind=TransitionKind.CUT)),
        ("{kind: wipe, direction: up}", TransitionChoice(kind=TransitionKind.WIPE, direction=Direction.UP)),
        ("{kind: fade, colour: '#ff8000'}", TransitionChoice(kind=TransitionKind.FADE, colour="#FF8000")),
        ("{kind: zoom, seconds: 0.75}", TransitionChoice(kind=TransitionKind.ZOOM, length_ms=750)),
        ("{seconds: 1}", TransitionChoice(kind=TransitionKind.CROSSFADE, length_ms=1000)),
    ],
)
def test_a_transition_is_named_alone_or_described(words: str, choice: TransitionChoice) -> None:
    assert slide(f"transition: {words}").transition == choice
    assert read(f"style: {{transition: {words}}}\ntopic: x").transition == choice


@pytest.mark.parametrize("fps", ["24", "25", "30", "30000/1001", "60", "120"])
@pytest.mark.parametrize("frames", [1, 7, 12, 45])
def test_a_length_in_frames_comes_back_as_so_many_frames(fps: str, frames: int) -> None:
    draft = read(
        f"style: {{fps: {fps}}}\nslides: [{{narration: x, transition: {{kind: slide, frames: {frames}}}}}]"
    )
    assert round(draft.rate.fraction * draft.slides[0].look.transition.length_ms / 1000) == frames


def test_a_slide_says_how_it_fits_and_what_the_camera_looks_at() -> None:
    look = slide("fit: contain, focus: [0.3, 0.45], camera: zoom_in")
    assert (look.fit, look.camera) == (Fit.CONTAIN, Camera.ZOOM_IN)
    assert look.focus == Focus(x_permille=300, y_permille=450)


@pytest.mark.parametrize("fps", ["23.976", "29.97", "59.94"])
def test_rounded_broadcast_rates_mean_the_exact_ones(fps: str) -> None:
    rate = read(f"style: {{fps: {fps}}}\ntopic: x").rate
    assert rate.denominator == 1001
    assert float(rate.fraction) == pytest.approx(float(fps), abs=1e-3)


def test_looks_survive_being_written_and_read() -> None:
    choices = [
        None,
        TransitionChoice(kind=TransitionKind.CUT),
        TransitionChoice(kind=TransitionKind.CROSSFADE),
        TransitionChoice(kind=TransitionKind.PUSH, direction=Direction.DOWN, length_ms=333),
        TransitionChoice(kind=TransitionKind.FADE, colour="#FFFFFF"),
    ]
    looks = [
        SlideLook(fit=fit, camera=camera, focus=Focus(x_permille=x, y_permille=1), transition=choice)
        for choice, fit, camera, x in zip(
            choices, [*Fit, *Fit, Fit.COVER], Camera, range(0, 1000, 199), strict=False
        )
    ]
    draft = ProjectDraft(
        title="T",
        slides=tuple(SlideDraft(narration="x", look=look) for look in looks),
        transition=TransitionChoice(kind=TransitionKind.WIPE, direction=Direction.UP, length_ms=1250),
        rate=Rate(numerator=30000, denominator=1001),
    )
    assert read(from_draft(draft, project_id="p")) == draft


MISTAKES = {
    "transition: swirl": "slide 1, transition, kind: must be 'cut', 'crossfade', 'fade', 'slide', 'push', 'wipe' or",
    "transition: {kind: push, direction: in}": "slide 1, transition, direction: must be 'left', 'right', 'up' or",
    "transition: {kind: cut, seconds: 1}": "slide 1, transition: a cut has no length",
    "transition: {kind: zoom, direction: up}": "slide 1, transition: `direction` is for slide, push and wipe",
    "transition: {kind: push, colour: '#000000'}": "slide 1, transition: `colour` is for fade",
    "transition: {kind: fade, colour: red}": "slide 1, transition, colour: write it like",
    "transition: {kind: fade, seconds: 9}": "slide 1, transition, seconds: must be at most 3",
    "transition: {kind: fade, frames: 500}": "slide 1, transition: lasts at most 3 seconds",
    "transition: {kind: fade, frames: 5, seconds: 1}": "slide 1, transition: give its length once",
    "transition: 3": "slide 1, transition: must be a block",
    "fit: stretch": "slide 1, fit: must be 'cover' or 'contain'",
    "camera: up": "slide 1, camera: must be 'auto', 'hold', 'zoom_in', 'zoom_out' or 'pan'",
    "focus: middle": "slide 1, focus: write it like [0.3, 0.4]",
    "focus: [30, 40]": "slide 1, focus: write it like [0.3, 0.4]",
    "focus: [0.5]": "slide 1, focus: write it like [0.3, 0.4]",
    "focus: [true, 0.5]": "slide 1, focus: write it like [0.3, 0.4]",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_names_the_slide_and_the_words_there_are(words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        slide(words)
    assert MISTAKES[words] in caught.value.message
