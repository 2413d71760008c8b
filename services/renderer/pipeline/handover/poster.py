"""The picture that stands for the video before it plays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.planes import new_frame
from shared.contracts.timeline import SegmentSpec, Timeline, Transition

_JPEG_QUALITY = 90


def write_poster(timeline: Timeline, images: Mapping[str, Path], path: Path) -> None:
    """Write the middle frame of the first clip, without its caption, as JPEG; a video is shown by its poster.

    Raises:
        BadAssetError: The picture of the first clip is missing or not what its reference says.
    """
    clip = timeline.pictures[0].model_copy(
        update={"cues": (), "titles": (), "transition_in": Transition(), "moving": None}
    )
    spec = SegmentSpec(
        rate=timeline.rate,
        size=timeline.size,
        profile=timeline.profile,
        caption_style=timeline.caption_style,
        clip=clip,
        first_frame=0,
        frames=clip.frames,
    )
    frame = new_frame(timeline.size.width, timeline.size.height)
    SegmentComposer(spec, images).compose(clip.frames // 2, frame)
    rgb = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    Image.fromarray(rgb).save(path, "JPEG", quality=_JPEG_QUALITY, optimize=True)
