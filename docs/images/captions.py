"""Draws ``captions.jpg``: the caption styles, frames of other aspects, and the scripts that bundled fonts know.

python docs/images/captions.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.painting.paint import work
from services.renderer.pipeline.captions import Captions
from services.renderer.pipeline.planes import new_frame, planes_of
from shared.contracts.timeline import CaptionStyle, CaptionWord, Cue, FrameSize, Rate
from studiomatic.project_captions import named_styles

TEXT = "Bees see ultraviolet light that we never notice in flowers"
SHORT_TEXT = "Bees see light that we never notice"
SCRIPTS = (
    *("Straße, Việt Nam, Ελλάδα, Пчёлы", "मधुमक्खियाँ पराबैंगनी प्रकाश देखती हैं।"),
    *("ترى النحلة ضوءًا في 2024 عبر Google Maps", "הדבורים רואות אור אולטרה סגול"),
    *("தேனீக்கள் புற ஊதா ஒளி ஸ்ரீ", "ผึ้งมองเห็นแสงอัลตราไวโอเลต น้ำผึ้ง"),
    *("蜜蜂能看到我们看不到的紫外线，直角骨", "ミツバチは紫外線を見る、直角骨。"),
    *("꿀벌은 자외선을 봅니다", "👍🏽 👩‍🚀 👨‍👩‍👧 🇮🇳 🇩🇪 3️⃣ ❤️‍🔥 🏳️‍🌈 → ★"),
)
FRAMES_EACH = 8
BAR = 68

Picture = NDArray[np.uint8]


def main() -> None:
    styles = named_styles()
    wide = FrameSize(width=640, height=360)
    scenes = [
        painted(prompt, wide)
        for prompt in ("meadow at dawn", "forest", "ocean at night", "desert", "city", "hive")
    ]
    rows = [
        np.hstack([captioned(scene, TEXT, style) for scene, style in pairs])
        for pairs in halves(list(zip(scenes, styles.values(), strict=True)))
    ]
    looks = [styles["classic"], styles["karaoke"]]
    lines = [captioned(scenes[n % 6], text, looks[n % 2])[-BAR - 22 : -22] for n, text in enumerate(SCRIPTS)]
    tall = [
        captioned(painted(prompt, FrameSize(width=width, height=BAR * len(SCRIPTS))), SHORT_TEXT, styles[name])
        for width, prompt, name in (
            (382, "hive", "pop"),
            (544, "meadow at dawn", "bold"),
            (354, "ocean", "karaoke"),
        )
    ]
    sheet = np.vstack([*rows, np.hstack([np.vstack(lines), *tall])])
    smaller = cv2.resize(sheet, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(Path(__file__).with_name("captions.jpg")), smaller, [cv2.IMWRITE_JPEG_QUALITY, 80])


def painted(prompt: str, size: FrameSize) -> Picture:
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        request = {"prompt": prompt, "style": "", "take": 1, "width": size.width, "height": size.height}
        work(request | {"target": file.name})
        return np.asarray(cv2.imread(file.name), np.uint8)


def halves(items: list[tuple[Picture, CaptionStyle]]) -> list[list[tuple[Picture, CaptionStyle]]]:
    return [items[: len(items) // 2], items[len(items) // 2 :]]


def captioned(picture: Picture, text: str, style: CaptionStyle) -> Picture:
    """The picture with a caption in the middle of its time."""
    height, width = picture.shape[:2]
    frame = new_frame(width, height)
    source = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(
        format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
    )
    for plane, values in zip(planes_of(frame), planes_of(source), strict=True):
        plane[:] = values
    cue = cue_of(text)
    size = FrameSize(width=width, height=height)
    Captions([cue], style, size, Rate(numerator=30), {}).blend(planes_of(frame), cue.end_frame // 2 + 3)
    return frame.reformat(format="bgr24", src_colorspace="ITU709", src_color_range="MPEG").to_ndarray()


def cue_of(text: str) -> Cue:
    words = tuple(
        CaptionWord(text=word, start_frame=n * FRAMES_EACH, end_frame=(n + 1) * FRAMES_EACH)
        for n, word in enumerate(text.split())
    )
    return Cue(start_frame=0, end_frame=words[-1].end_frame, text=text, words=words)


if __name__ == "__main__":
    main()
