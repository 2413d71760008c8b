"""What MiniMax can be asked, and what a request must look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tests.simulator.answer import Answer
from tests.simulator.auth import bearer
from tests.simulator.case import Call, Endpoint, Vendor
from tests.simulator.minimax import account, chat, errors, images, music, shapes, voice, voice_tasks
from tests.simulator.minimax.cases import CASES
from tests.simulator.rules import Text

_ID = Text(pattern=r"\d{1,20}")
_PAUSE = re.compile(r"<#(.*?)#>")
_PAUSE_LEAST_S, _PAUSE_MOST_S = 0.01, 99.99


def _chat_faults(call: Call) -> Iterator[str]:
    if call.json.get("thinking", {}).get("type") == "disabled" and call.json["model"] != "MiniMax-M3":
        yield f"{call.json['model']} cannot have its thinking disabled; only MiniMax-M3 can"
    if "max_tokens" in call.json and "max_completion_tokens" in call.json:
        yield "max_tokens and max_completion_tokens exclude each other"


def _image_faults(call: Call) -> Iterator[str]:
    if ("width" in call.json) != ("height" in call.json):
        yield "width and height must come together"


def _h3_faults(call: Call) -> Iterator[str]:
    if call.json.get("stream") and call.json.get("response_format", "url") != "url":
        yield "a stream can only bring addresses"
    ratio = call.json.get("aspect_ratio", "auto")
    if ratio != "auto":
        wide, high = map(int, ratio.split(":"))
        if not high or not 1 / 3 <= wide / high <= 3:
            yield f"aspect_ratio {ratio} is not between 1:3 and 3:1"


def _voice_faults(call: Call) -> Iterator[str]:
    wish = call.json
    streams = wish.get("stream", False)
    yield from _text_faults(wish["text"])
    if streams and wish.get("output_format") == "url":
        yield "a stream can only bring hex"
    if streams and wish.get("audio_setting", {}).get("format") == "wav":
        yield "a stream cannot be wav"
    if wish.get("subtitle_type") == "word_streaming" and not streams:
        yield "subtitle_type word_streaming needs a stream"
    yield from _emotion_faults(call)


def _voice_task_faults(call: Call) -> Iterator[str]:
    if ("text" in call.json) == ("text_file_id" in call.json):
        yield "either text or text_file_id, and not both"
    yield from _text_faults(call.json.get("text", ""))
    yield from _emotion_faults(call)


def _emotion_faults(call: Call) -> Iterator[str]:
    emotion = call.json["voice_setting"].get("emotion")
    if emotion in ("fluent", "whisper") and not call.json["model"].startswith("speech-2.6"):
        yield f"emotion {emotion} exists only on the 2.6 models"


def _text_faults(text: str) -> Iterator[str]:
    controls = {one for one in text if unicodedata.category(one) == "Cc" and one not in "\n\r\t"}
    if controls:
        yield f"the text has control characters: {sorted(controls)}"
    for mark in _PAUSE.finditer(text):
        if not _is_pause(mark[1]):
            yield f"the pause mark {mark[0]} is not between {_PAUSE_LEAST_S} and {_PAUSE_MOST_S} s"
        if not text[: mark.start()].strip() or not text[mark.end() :].strip():
            yield f"the pause mark {mark[0]} is not between spoken text"
    if re.search(r"#>\s*<#", text):
        yield "two pause marks follow each other without spoken text"


def _is_pause(seconds: str) -> bool:
    return (
        bool(re.fullmatch(r"\d{1,2}(\.\d{1,2})?", seconds)) and _PAUSE_LEAST_S <= float(seconds) <= _PAUSE_MOST_S
    )


def _music_faults(call: Call) -> Iterator[str]:
    wish = call.json
    if wish.get("is_instrumental"):
        if not wish.get("prompt", "").strip():
            yield "an instrumental needs a prompt"
        if "lyrics" in wish:
            yield "an instrumental has no lyrics"
    elif "lyrics" not in wish and not wish.get("lyrics_optimizer"):
        yield "lyrics are needed unless it is an instrumental"
    if wish.get("stream") and wish.get("output_format") == "url":
        yield "a stream can only bring hex"


def _known_task(call: Call) -> Iterator[str]:
    if call.simulator.tasks.find("minimax", call.query["task_id"]) is None:
        yield f"task {call.query['task_id']} was never given out"


def _known_file(call: Call) -> Iterator[str]:
    if call.simulator.tasks.of_file("minimax", call.query["file_id"]) is None:
        yield f"file {call.query['file_id']} was never given out"


def _voice_task_going_on(call: Call) -> Answer:
    """Processing the first time, then ready."""
    return voice_tasks.voice_task_state("Processing" if call.number == 1 else "Success")(call)


def _limited(call: Call, what: str) -> Answer:
    return errors.coded(1002 if what == "rate" else 1041)(call)


MINIMAX = Vendor(
    name="minimax",
    base_path="",
    auth=bearer(),
    unknown_key=errors.coded(2049),
    wrong_region=errors.coded(2049),
    limited=_limited,
    cases=CASES,
    endpoints=(
        Endpoint(name="models", method="GET", path="/v1/models", usual=account.models),
        Endpoint(name="balance", method="GET", path="/account/query_balance", usual=account.balance("98.00"), style="native"),
        Endpoint(name="plan", method="GET", path="/v1/token_plan/remains", usual=account.plan_remains, style="native"),
        Endpoint(name="voices", method="POST", path="/v1/get_voice", body=shapes.GET_VOICE, usual=account.voices, style="native"),
        Endpoint(
            name="chat", method="POST", path="/v1/chat/completions", body=shapes.CHAT, check=_chat_faults, usual=chat.chat()
        ),
        Endpoint(
            name="image", method="POST", path="/v1/image_generation", body=shapes.IMAGE, check=_image_faults,
            usual=images.image(), style="native",
        ),
        Endpoint(
            name="h3_image", method="POST", path="/v1/images/generations", body=shapes.H3_IMAGE, check=_h3_faults,
            usual=images.h3_image(),
        ),
        Endpoint(
            name="voice", method="POST", path="/v1/t2a_v2", body=shapes.VOICE, check=_voice_faults, usual=voice.voice(),
            style="native",
        ),
        Endpoint(
            name="voice_task", method="POST", path="/v1/t2a_async_v2", body=shapes.VOICE_TASK, check=_voice_task_faults,
            usual=voice_tasks.voice_task, style="native",
        ),
        Endpoint(
            name="voice_poll", method="GET", path="/v1/query/t2a_async_query_v2", query={"task_id": _ID},
            needed=("task_id",), resource="task_id", check=_known_task, usual=_voice_task_going_on, style="native",
        ),
        Endpoint(
            name="voice_file", method="GET", path="/v1/files/retrieve", query={"file_id": _ID}, needed=("file_id",),
            resource="file_id", check=_known_file, usual=voice_tasks.voice_archive(), style="native",
        ),
        Endpoint(
            name="music", method="POST", path="/v1/music_generation", body=shapes.MUSIC, check=_music_faults,
            usual=music.music(), style="native",
        ),
    ),
)  # fmt: skip
