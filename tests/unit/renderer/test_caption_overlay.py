"""A highlighted word is redrawn alone, and nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.caption_layout import lay_out
from services.renderer.pipeline.caption_overlay import Overlay
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionStyle, FrameSize

FRAME = FrameSize(width=640, height=360)
TEXTS = ["Bees fly, by 🐝 colour", "if W j", "नमस्ते दुनिया यह", "مرحبا بكم في الحديقة", "One\u00a0two " * 9]


def blended(overlay: Overlay) -> list[bytes]:
    """A noisy frame with the overlay on it."""
    random = np.random.default_rng(1)
    shapes = [(FRAME.height, FRAME.width), *[(FRAME.height // 2, FRAME.width // 2)] * 2]
    planes = Planes(*(random.integers(16, 236, shape, np.uint8) for shape in shapes))
    overlay.blend(planes)
    return [plane.tobytes() for plane in planes]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("permille", [46, 83])
def test_redrawing_one_word_equals_drawing_the_whole_caption(text, permille):
    layout = lay_out(text.split(), CaptionStyle(size_permille=permille), FRAME)
    plain = Canvas(layout)
    plain.draw_all("#FFFFFF")
    base = Overlay.of(plain, layout.x, layout.y)
    for word in layout.words:
        canvas = plain.copy()
        box = canvas.fill(word, "#FFD23F")
        redrawn = base if box is None else base.redrawn(canvas, box)
        assert blended(redrawn) == blended(Overlay.of(canvas, layout.x, layout.y))
        assert box is None or blended(redrawn) != blended(base)
