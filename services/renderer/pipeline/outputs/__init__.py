"""What is made beside the video when its author asks for it: one row for each output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.renderer.pipeline.outputs.animations import write_gif, write_webp
from services.renderer.pipeline.outputs.hls import write_hls
from services.renderer.pipeline.outputs.material import Heartbeat, Material
from services.renderer.pipeline.outputs.renditions import write_hevc, write_webm
from services.renderer.pipeline.outputs.sprite import write_sprite
from shared.contracts.timeline import Output

MAKERS: dict[Output, Callable[[Material, Path, Heartbeat], tuple[str, ...]]] = {
    Output.HEVC: write_hevc,
    Output.WEBM: write_webm,
    Output.HLS: write_hls,
    Output.GIF: write_gif,
    Output.WEBP: write_webp,
    Output.SPRITE: write_sprite,
}
"""Who makes an output from a finished video; each writes files into a folder and returns their names."""


def write_outputs(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Make what the timeline asks for; returns the names of the files.

    Raises:
        BadAssemblyError: An output does not hold what the video holds.
        BadSegmentError: A segment of a further codec does not hold its frames.
    """
    wanted = [output for output in MAKERS if output in material.timeline.outputs]
    return tuple(name for output in wanted for name in MAKERS[output](material, folder, heartbeat))
