"""Chat completions of MiniMax, whole and as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulator.answer import Answer, event, event_stream, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import scripts
from tests.simulator.minimax.envelope import request_id, trace


def chat(
    content: Callable[[str], str | None] = lambda text: text,
    *,
    change: Callable[[Any], Any] = lambda script: script,
    finish: str = "stop",
    message: dict[str, object] | None = None,
    fields: dict[str, object] | None = None,
) -> Recipe:
    """A chat completion with a script.

    Args:
        content: Changes the text of the script, or puts something in its place.
        change: Changes the script before it becomes text.
        finish: ``finish_reason``.
        message, fields: Put over the fields of the message, of the whole answer.
    """

    def recipe(call: Call) -> Answer:
        text = content(scripts.as_text(change(call.simulator.write_script(call.json))))
        if call.json.get("stream"):
            return event_stream([event(chunk) for chunk in _chunks(call, text or "", finish)])
        said = {"role": "assistant", "name": "MiniMax AI", "content": text, "audio_content": "", **(message or {})}
        whole = _completion(call, [{"index": 0, "finish_reason": finish, "message": said}], len(text or ""))
        return json_answer({**whole, **(fields or {})}, **trace(call))

    return recipe


def chat_stream_closed(call: Call) -> Answer:
    """A stream whose socket is closed in the middle, before any ``finish_reason``; without one, half a body."""
    answer = chat()(call)
    if isinstance(answer.body, bytes):
        return answer.delivered(cut_after=len(answer.body) // 2)
    return event_stream(list(answer.body())[:2], end_chunks=False)


def _chunks(call: Call, text: str, finish: str) -> Iterator[dict[str, object]]:
    size = max(1, len(text) // 4)
    for start in range(0, len(text), size):
        choice = {"index": 0, "delta": {"role": "assistant", "content": text[start : start + size]}}
        yield {
            "id": request_id(call),
            "object": "chat.completion.chunk",
            "model": call.json["model"],
            "choices": [choice],
        }
    last = _completion(call, [{"index": 0, "delta": {}, "finish_reason": finish}], len(text))
    if not call.json.get("stream_options", {}).get("include_usage"):
        last.pop("usage")
    yield {**last, "object": "chat.completion.chunk"}


def _completion(call: Call, choices: list[dict[str, Any]], characters: int) -> dict[str, object]:
    asked = sum(len(str(message["content"])) for message in call.json["messages"])
    given = max(1, characters // 4)
    return {
        "id": request_id(call), "object": "chat.completion", "created": int(call.simulator.clock.now().timestamp()),
        "model": call.json["model"], "choices": choices,
        "usage": {
            "prompt_tokens": asked // 4, "completion_tokens": given, "total_tokens": asked // 4 + given,
            "total_characters": 0, "completion_tokens_details": {"reasoning_tokens": 0},
            "prompt_tokens_details": {"cached_tokens": 0},
        },
        "input_sensitive": False, "output_sensitive": False, "base_resp": {"status_code": 0, "status_msg": ""},
    }  # fmt: skip
