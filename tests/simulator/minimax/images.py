"""Pictures of MiniMax: image-01, and the newer endpoint that keeps the line busy."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.simulator.answer import Answer, Pause, bytes_answer, comment, event, event_stream, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import pictures
from tests.simulator.minimax.envelope import DAY_S, SUCCESS, request_id, trace

ASPECTS = {
    "1:1": (1024, 1024), "16:9": (1280, 720), "4:3": (1152, 864), "3:2": (1248, 832), "2:3": (832, 1248),
    "3:4": (864, 1152), "9:16": (720, 1280), "21:9": (1344, 576),
}  # fmt: skip


def image(
    *,
    urls: Callable[[list[str]], list[str]] = lambda urls: urls,
    base64_text: Callable[[str], str] = lambda text: text,
    count_as: type = str,
    withheld: int = 0,
) -> Recipe:
    """Pictures of image-01, behind addresses or in base64.

    Args:
        urls: Changes the list of addresses.
        base64_text: Changes the text of each picture.
        count_as: ``str`` or ``int``: both were seen in the counts.
        withheld: So many pictures were held back by the safety filter.
    """

    def recipe(call: Call) -> Answer:
        count = max(0, call.json.get("n", 1) - withheld)
        jpeg = pictures.picture("jpeg", *_image_size(call.json))
        if call.json.get("response_format", "url") == "base64":
            data: dict[str, object] = {"image_base64": [base64_text(base64.b64encode(jpeg).decode())] * count}
        else:
            file = bytes_answer(jpeg, "image/jpeg")
            addresses = [call.publish("picture.jpeg", file, lives_s=DAY_S) for _ in range(count)]
            data = {"image_urls": urls(addresses)}
        counts = {"success_count": count_as(count), "failed_count": count_as(withheld)}
        return json_answer(
            {"id": request_id(call), "data": data, "metadata": counts, "base_resp": SUCCESS}, **trace(call)
        )

    return recipe


def _image_size(wish: dict[str, Any]) -> tuple[int, int]:
    if "aspect_ratio" in wish or "width" not in wish:
        return ASPECTS[wish.get("aspect_ratio", "1:1")]
    return wish["width"], wish["height"]


def h3_image(*, comments: int = 0) -> Recipe:
    """Pictures of the newer endpoint, after so many comments, one every 15 virtual seconds.

    A request that does not ask for a stream waits for as long before its headers.
    """

    def recipe(call: Call) -> Answer:
        jpeg = bytes_answer(pictures.picture("jpeg", *_h3_size(call.json)), "image/jpeg")
        data = [{"url": call.publish("picture.jpeg", jpeg, lives_s=DAY_S)} for _ in range(call.json.get("n", 1))]
        whole = {
            "created": 1,
            "data": data,
            "usage": {"input_tokens": 20, "output_tokens": 8_000, "total_tokens": 8_020},
        }
        if not call.json.get("stream"):
            return json_answer(whole, **trace(call)).delivered(hold_s=15.0 * comments)
        waiting: list[bytes | Pause] = [step for _ in range(comments) for step in (Pause(15), comment())]
        return event_stream([*waiting, event(whole)])

    return recipe


def _h3_size(wish: dict[str, Any]) -> tuple[int, int]:
    if "x" in wish.get("size", ""):
        width, height = wish["size"].split("x")
        return int(width), int(height)
    return 1280, 720
