"""Which transition a slide gets: its own or the project's, never too long, and nothing else for it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.domain.layout import SlideParts, segment_specs, slide_frames
from services.orchestrator.domain.takeovers import transition_for, usual_frames
from shared.contracts.references import AssetReference, ImageReference, Point
from shared.contracts.revisions import RevisionOutline, SlideLook, TransitionChoice
from shared.contracts.timeline import Direction, Fit, Rate, Transition, TransitionKind

MOVES = (TransitionKind.SLIDE, TransitionKind.PUSH, TransitionKind.WIPE)

choices = st.builds(
    TransitionChoice,
    kind=st.sampled_from(TransitionKind),
    length_ms=st.none() | st.integers(0, 3000),
    direction=st.sampled_from(Direction),
    colour=st.sampled_from(["#000000", "#FFFFFF"]),
)
rates = st.sampled_from([Rate(numerator=24), Rate(numerator=60), Rate(numerator=30_000, denominator=1_001)])


def outline(**fields: Any) -> RevisionOutline:
    return RevisionOutline(project_id="p", revision_id="r", **fields)


def slide(name: str, ms: int = 4_000, **look: Any) -> SlideParts:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    asset = AssetReference(key=f"accounts/a/{sha256}", sha256=sha256, size_bytes=1, media_type="image/png")
    image = ImageReference(asset=asset, width=1600, height=900, interest=Point(x_permille=700, y_permille=500))
    return SlideParts(slide_id=name, image=image, voice=None, words=(), silent_ms=ms, look=SlideLook(**look))


@given(choices, st.none() | choices, rates, st.integers(0, 3000), st.integers(1, 400), st.integers(1, 400))
def test_a_transition_takes_at_most_half_of_either_slide_and_says_only_what_matters(
    usual, own, rate, crossfade_ms, frames, frames_before
) -> None:
    shape = outline(rate=rate, transition=usual, crossfade_ms=crossfade_ms)
    chosen = own or usual
    found = transition_for(shape, SlideLook(transition=own), frames, frames_before)
    lengths = [chosen.length_ms, usual.length_ms, crossfade_ms]
    wanted = round(rate.fraction * next(ms for ms in lengths if ms is not None) / 1000)
    assert found.frames == (
        0 if chosen.kind is TransitionKind.CUT else min(wanted, frames // 2, frames_before // 2)
    )
    assert found.kind is (chosen.kind if found.frames else TransitionKind.CUT)
    if found.kind not in MOVES:
        assert found.direction is Direction.LEFT
    if found.kind is not TransitionKind.FADE:
        assert found.colour == "#000000"


def test_the_slide_that_comes_in_owns_the_transition() -> None:
    shape = outline(transition=TransitionChoice(kind=TransitionKind.WIPE, direction=Direction.UP))
    one, two = slide("one"), slide("two", transition=TransitionChoice(kind=TransitionKind.ZOOM, length_ms=400))
    (first,), (second,), (third,) = (segment_specs(shape, *pair) for pair in ((one, None), (two, one), (one, two)))
    assert first.clip.transition_in == Transition()
    assert second.clip.transition_in == Transition(kind=TransitionKind.ZOOM, frames=12)
    assert third.clip.transition_in == Transition(kind=TransitionKind.WIPE, frames=15, direction=Direction.UP)


def test_changing_how_a_slide_comes_in_changes_its_first_segment_only() -> None:
    def stored(look: dict[str, Any]) -> list[str]:
        slides = [slide("a"), slide("b", 25_000, **look), slide("c")]
        pairs = zip(slides, [None, *slides], strict=False)
        return [spec.model_dump_json() for pair in pairs for spec in segment_specs(outline(), *pair)]

    usual, pushed = stored({}), stored({"transition": TransitionChoice(kind=TransitionKind.PUSH)})
    assert [a == b for a, b in zip(usual, pushed, strict=True)] == [True, False, True, True, True]


def test_a_cut_shows_nothing_of_the_slide_before() -> None:
    cut = slide("b", transition=TransitionChoice(kind=TransitionKind.CUT))
    for before in (slide("a"), slide("other", 9_000)):
        (spec,) = segment_specs(outline(), cut, before)
        assert spec.before is None
        assert spec == segment_specs(outline(), cut, None)[0]


def test_the_clip_before_goes_on_as_it_was_shown() -> None:
    before = slide("a", fit=Fit.CONTAIN)
    (own,) = segment_specs(outline(), before, None)
    (spec,) = segment_specs(outline(), slide("b"), before)
    assert spec.before is not None
    assert spec.before.model_dump() == {
        name: own.clip.model_dump()[name] for name in type(spec.before).model_fields
    }


@pytest.mark.parametrize("kind", [TransitionKind.CROSSFADE, TransitionKind.PUSH])
def test_the_camera_moves_on_while_the_next_slide_comes_in(kind: TransitionKind) -> None:
    shape = outline(transition=TransitionChoice(kind=kind, length_ms=700))
    (spec,) = segment_specs(shape, slide("a"), None)
    assert spec.clip.motion_frames == slide_frames(shape.rate, slide("a")) + usual_frames(shape)
    assert usual_frames(shape) == 21


def test_what_was_guessed_of_a_picture_is_in_its_motion_and_not_in_its_segment() -> None:
    (spec,) = segment_specs(outline(), slide("a"), None)
    assert spec.clip.image.interest is None
    centred = slide("a").image.model_copy(update={"interest": None})
    (other,) = segment_specs(outline(), SlideParts(**{**slide("a").__dict__, "image": centred}), None)
    assert spec.clip.motion != other.clip.motion
