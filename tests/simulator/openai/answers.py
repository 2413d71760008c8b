"""How OpenAI and the servers that speak like it answer."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.simulator.answer import Answer, bytes_answer, event, event_stream, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import pictures, scripts, sounds

#: error.code -> the HTTP status, type and message it comes with.
ERRORS: dict[str, tuple[int, str, str]] = {
    "invalid_api_key": (401, "invalid_request_error", "Incorrect API key provided."),
    "unsupported_country_region_territory": (
        403,
        "request_forbidden",
        "Country, region, or territory not supported.",
    ),
    "model_not_found": (404, "invalid_request_error", "The model does not exist or you do not have access to it."),
    "context_length_exceeded": (400, "invalid_request_error", "The context is longer than this model allows."),
    "unknown_parameter": (400, "invalid_request_error", "Unknown parameter."),
    "moderation_blocked": (400, "image_generation_user_error", "Your request was rejected by the safety system."),
    "content_policy_violation": (400, "invalid_request_error", "Your request was rejected by the safety system."),
    "rate_limit_exceeded": (429, "requests", "Rate limit reached."),
    "insufficient_quota": (429, "insufficient_quota", "You exceeded your current quota."),
    "credit_balance_exhausted": (429, "insufficient_quota", "Your credit balance is used up."),
    "project_spend_limit_exceeded": (429, "insufficient_quota", "The project's spend limit is reached."),
    "organization_usage_limit_exceeded": (429, "insufficient_quota", "The organization's limit is reached."),
    "server_error": (500, "server_error", "The server had an error."),
    "bad_gateway": (502, "server_error", "Bad gateway."),
    "slow_down": (503, "server_error", "Slow down."),
    "overloaded": (503, "server_error", "The engine is currently overloaded."),
    "gateway_timeout": (504, "server_error", "Gateway timeout."),
    "request_timeout": (408, "server_error", "Request timeout."),
    "conflict": (409, "invalid_request_error", "Conflict."),
}


def error(
    code: str, *, status: int | None = None, message: str | None = None, shown: object = "", flat: bool = False
) -> Recipe:
    """An error object.

    Args:
        shown: What stands in ``code``, when that is not the name: a number or null.
        flat: The old form of vLLM, without an outer object.
    """
    usual_status, kind, usual_message = ERRORS.get(code, (400, "invalid_request_error", "unheard of"))

    def recipe(call: Call) -> Answer:
        inner = {
            "message": message or usual_message,
            "type": kind,
            "param": None,
            "code": code if shown == "" else shown,
        }
        whole = {"object": "error", **inner} if flat else {"error": inner}
        return json_answer(whole, status or usual_status, x_request_id=_id(call))

    return recipe


def echo(call: Call) -> Answer:
    return error("invalid_api_key", message=f"Incorrect API key provided: {call.key}. Check it on the web site.")(
        call
    )


#: Models that a client may ask for; the page of the vendor lists more every month.
CHAT_MODELS = (
    "gpt-5.1",
    "gpt-5.1-mini",
    "gpt-5",
    "gpt-5-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4o",
    "gpt-4o-mini",
)


def models(*names: str) -> Recipe:
    listed = [{"id": name, "object": "model", "created": 1, "owned_by": "library"} for name in names]
    return lambda call: json_answer({"object": "list", "data": listed}, x_request_id=_id(call))


def chat(
    content: Callable[[str], str | None] = lambda text: text,
    *,
    change: Callable[[Any], Any] = lambda script: script,
    finish: str = "stop",
    message: dict[str, object] | None = None,
    fields: dict[str, object] | None = None,
    usage: bool = True,
) -> Recipe:
    """A chat completion; without ``usage`` as self-hosted servers may answer."""

    def recipe(call: Call) -> Answer:
        text = content(scripts.as_text(change(call.simulator.write_script(call.json))))
        if call.json.get("stream"):
            events = [event(chunk) for chunk in _chunks(call, text or "", finish)]
            return event_stream([*events, b"data: [DONE]\n\n"])
        said = {"role": "assistant", "content": text, "refusal": None, **(message or {})}
        choice = {"index": 0, "finish_reason": finish, "logprobs": None, "message": said}
        whole = {
            **_completion(call),
            "choices": [choice],
            **({"usage": _usage(call, text or "")} if usage else {}),
        }
        return json_answer({**whole, **(fields or {})}, x_request_id=_id(call))

    return recipe


def chat_stream_closed(call: Call) -> Answer:
    """A stream whose socket is closed in the middle; without one, half a body."""
    answer = chat()(call)
    if isinstance(answer.body, bytes):
        return answer.delivered(cut_after=len(answer.body) // 2)
    return event_stream(list(answer.body())[:2], end_chunks=False)


def chat_stream_error(call: Call) -> Answer:
    """An error object in the middle of a stream, under HTTP 200; without a stream, HTTP 500."""
    answer = chat()(call)
    failure = error("server_error")(call)
    if isinstance(answer.body, bytes):
        return failure
    return event_stream([*list(answer.body())[:2], event(failure.json())])


def _chunks(call: Call, text: str, finish: str) -> Iterator[dict[str, object]]:
    shell = {**_completion(call), "object": "chat.completion.chunk"}
    size = max(1, len(text) // 4)
    for start in range(0, len(text), size):
        yield {
            **shell,
            "choices": [{"index": 0, "delta": {"content": text[start : start + size]}, "finish_reason": None}],
        }
    yield {**shell, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if call.json.get("stream_options", {}).get("include_usage"):
        yield {**shell, "choices": [], "usage": _usage(call, text)}


def _completion(call: Call) -> dict[str, object]:
    created = int(call.simulator.clock.now().timestamp())
    return {"id": _id(call), "object": "chat.completion", "created": created, "model": call.json["model"]}


def _usage(call: Call, text: str) -> dict[str, int]:
    asked = sum(len(json.dumps(message)) for message in call.json["messages"]) // 4
    given = max(1, len(text) // 4)
    return {"prompt_tokens": asked, "completion_tokens": given, "total_tokens": asked + given}


def image(
    kind: str | None = None, *, as_address: bool = False, url: Callable[[Call, str], str] | None = None
) -> Recipe:
    """Pictures in base64, or behind addresses as other vendors' servers may do.

    Args:
        kind: What is delivered, whatever was asked.
        url: Puts another address in its place.
    """

    def recipe(call: Call) -> Answer:
        wanted = kind or call.json.get("output_format", "png")
        size = call.json.get("size", "auto")
        width, height = map(int, size.split("x")) if size != "auto" else (1024, 1024)
        made = pictures.picture(wanted, width, height)
        count = call.json.get("n", 1)
        if as_address or url:
            file = bytes_answer(made, pictures.MEDIA_TYPES[wanted])
            addresses = [call.publish(f"picture.{wanted}", file, lives_s=3_600.0) for _ in range(count)]
            data = [{"url": url(call, address) if url else address} for address in addresses]
        else:
            data = [{"b64_json": base64.b64encode(made).decode()}] * count
        usage = {"input_tokens": 20, "output_tokens": 1_056, "total_tokens": 1_076}
        return json_answer({"created": 1, "data": data, "usage": usage}, x_request_id=_id(call))

    return recipe


def speech(kind: str | None = None) -> Recipe:
    """A narration of one second; pcm is 24 kHz mono. ``kind`` is what is delivered, whatever was asked."""

    def recipe(call: Call) -> Answer:
        wanted = kind or call.json.get("response_format", "mp3")
        rate = {"pcm": 24_000, "opus": 48_000}.get(wanted, 44_100)
        return bytes_answer(sounds.sound(wanted, rate, 1), sounds.MEDIA_TYPES[wanted], x_request_id=_id(call))

    return recipe


def large(call: Call) -> Answer:
    """50 MB of sound for a narration; other endpoints are as usual."""
    if call.endpoint.name != "voice":
        return call.usual()
    size, pieces = sounds.long_sound("mp3", 50_000_000)
    return dataclasses.replace(bytes_answer(b"", "audio/mpeg"), size=size, body=lambda: iter(pieces))


def _id(call: Call) -> str:
    return f"req-{call.vendor.name}-{call.endpoint.name}-{call.number:04}"
