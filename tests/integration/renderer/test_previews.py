"""A preview shows exactly what a render would show, before the encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.planes import new_frame
from services.renderer.pipeline.preview import CONTACT_SHEET, draw_preview
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.tasks import PreviewPlan, PreviewShot
from shared.contracts.timeline import FrameSize, SegmentSpec


@pytest.fixture
def spec(studio: Any) -> SegmentSpec:
    first, second = (studio.clip(studio.scenery(seed), 30, fade=fade) for seed, fade in ((1, 0), (2, 10)))
    return studio.spec(second, first, size=FrameSize(width=320, height=180))


def shot(spec: SegmentSpec, frame: int, number: int | None = 2) -> PreviewShot:
    alone = spec.model_copy(update={"first_frame": frame, "frames": 1})
    return PreviewShot(slide_number=number, at_ms=frame * 1000 // 30, spec=alone)


def drawn(studio: Any, plan: PreviewPlan) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    names = draw_preview(
        plan, studio.images, studio.folder, lambda done, total: progress.append((done, total)), StillCache()
    )
    return names, progress


@pytest.mark.parametrize("frame", [4, 20], ids=["in the transition", "behind it"])
def test_a_frame_is_that_of_the_render(studio: Any, spec: SegmentSpec, frame: int) -> None:
    names, _ = drawn(studio, PreviewPlan(frames=(shot(spec, frame),)))
    rendered = new_frame(320, 180)
    SegmentComposer(spec, studio.images).compose(frame, rendered)
    expected = rendered.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    assert names == (f"frame_{frame * 1000 // 30}.png",)
    assert np.array_equal(np.asarray(Image.open(studio.folder / names[0])), expected)


def test_the_sheet_shows_every_slide_in_reading_order(studio: Any) -> None:
    greys = [40, 120, 200, 90, 160]
    size = FrameSize(width=320, height=180)
    shots = [
        shot(studio.spec(studio.clip(studio.picture(np.full((180, 320, 3), grey, np.uint8)), 2), size=size), 0, n)
        for n, grey in enumerate(greys, 1)
    ]
    names, progress = drawn(studio, PreviewPlan(contact_sheet=tuple(shots)))
    sheet = np.asarray(Image.open(studio.folder / CONTACT_SHEET).convert("L")).astype(int)
    centres = [(16 + 135 + row * 326, 16 + 240 + column * 496) for row in range(2) for column in range(3)]
    seen = [int(sheet[y, x]) for y, x in centres[: len(greys)]]
    assert names == (CONTACT_SHEET,)
    assert np.abs(np.array(seen) - greys).max() <= 3
    assert progress == [(done, 5) for done in range(1, 6)]


def test_the_same_place_asked_for_twice_is_one_file(studio: Any, spec: SegmentSpec) -> None:
    names, _ = drawn(studio, PreviewPlan(frames=(shot(spec, 4), shot(spec, 4))))
    assert len(names) == 1
