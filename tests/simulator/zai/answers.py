"""How Z.ai answers: results of each endpoint, and errors whose code is a string."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from typing import Any

from tests.simulator.answer import Answer, bytes_answer, event, event_stream, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import pictures, scripts, sounds

#: A picture's address is good for thirty days.
ADDRESS_LIVES_S = 30 * 86_400.0
#: error.code -> its message and the HTTP status it comes with.
CODES: dict[str, tuple[str, int]] = {
    "500": ("Internal Server Error", 500),
    "1000": ("Authentication Failed", 401),
    "1001": ("Authentication parameter not received in Header", 401),
    "1002": ("Invalid Authentication Token", 401),
    "1003": ("Authentication Token expired", 401),
    "1004": ("Authentication failed with the provided Authentication Token", 401),
    "1005": ("Authentication failed", 401),
    "1110": ("Your account is currently inactive", 401),
    "1111": ("Your account does not exist", 401),
    "1112": ("Your account has been locked", 401),
    "1113": ("Insufficient balance or no resource package. Please recharge.", 429),
    "1120": ("Unable to successfully access your account. Please try again later.", 500),
    "1121": ("Your account has been locked due to irregular activities", 401),
    "1200": ("API Call Failed", 500),
    "1210": ("Invalid API parameters", 400),
    "1211": ("Unknown Model, please check the model code.", 400),
    "1212": ("The current model does not support this call method", 400),
    "1213": ("The parameter was not received properly", 400),
    "1214": ("The parameter is invalid", 400),
    "1215": ("Two parameters cannot be set simultaneously", 400),
    "1220": ("You do not have permission to access the API", 400),
    "1221": ("The API has been taken offline", 400),
    "1222": ("The API does not exist", 400),
    "1230": ("API call process error", 500),
    "1231": ("You already have a request", 400),
    "1234": ("Network error, please try again later", 500),
    "1261": ("Prompt too long", 400),
    "1300": ("API call blocked by policy", 400),
    "1301": ("System detected potentially unsafe or sensitive content in input or generation.", 400),
    "1302": ("Rate limit reached for requests", 429),
    "1303": ("High frequency usage of this API", 429),
    "1304": ("Daily call limit for this API reached", 429),
    "1305": ("Rate limit triggered by the API", 429),
    "1308": ("Usage limit reached for 5 hour.", 429),
    "1309": ("Your plan has expired", 429),
    "1310": ("Weekly/Monthly limit exhausted.", 429),
    "1311": ("The current plan does not include this model", 429),
    "1312": ("This model is currently experiencing high traffic", 429),
    "1313": ("Your account's usage does not comply with the Fair Usage Policy", 429),
    "1314": ("The plan does not include this", 429),
    "1315": ("The plan does not include this", 429),
    **{str(code): ("Usage limit reached.", 429) for code in range(1316, 1322)},
}
#: Codes whose message tells when the window opens again.
_WINDOWS = ("1308", "1310", *map(str, range(1316, 1322)))
_CHINA = timezone(timedelta(hours=8))


def error(code: str, *, status: int | None = None, message: str | None = None, form: str = "nested") -> Recipe:
    """An error with its code.

    Args:
        form: ``nested`` as documented, ``number`` with a number for a code, ``flat`` without the outer object.
    """
    said, usual_status = CODES.get(code, ("unheard of", 400))

    def recipe(call: Call) -> Answer:
        inner: dict[str, object] = {"code": int(code) if form == "number" else code, "message": message or said}
        if code in _WINDOWS and message is None:
            opens = (call.simulator.clock.now() + timedelta(hours=3)).astimezone(_CHINA)
            inner["message"] = f"{said} Your limit will reset at {opens:%Y-%m-%d %H:%M:%S}"
        whole: dict[str, Any] = inner if form == "flat" else {"error": inner}
        if code in ("1300", "1301"):
            whole["contentFilter"] = [{"level": 1, "role": "user"}]
        return json_answer(whole, status or usual_status)

    return recipe


def echo(call: Call) -> Answer:
    return error("1002", message=f"Invalid Authentication Token: {call.key}")(call)


CHAT_MODELS = (
    "glm-5.3", "glm-5.3-flash", "glm-5.2", "glm-5.1", "glm-5", "glm-5-turbo", "glm-4.7", "glm-4.7-flashx",
    "glm-4.7-flash", "glm-4.6", "glm-4.5", "glm-4.5-air", "glm-4.5-x", "glm-4.5-airx", "glm-4.5-flash",
    "glm-4-32b-0414-128k",
)  # fmt: skip


def models(_: Call) -> Answer:
    listed = [{"id": name, "object": "model", "created": 1, "owned_by": "z-ai"} for name in CHAT_MODELS]
    return json_answer({"object": "list", "data": listed})


def chat(
    content: Callable[[str], str | None] = lambda text: text,
    *,
    change: Callable[[Any], Any] = lambda script: script,
    finish: str = "stop",
    message: dict[str, object] | None = None,
    fields: dict[str, object] | None = None,
) -> Recipe:
    """A chat completion; thinking that was not switched off gives ``reasoning_content``."""

    def recipe(call: Call) -> Answer:
        text = content(scripts.as_text(change(call.simulator.write_script(call.json))))
        if call.json.get("stream"):
            events = [event(chunk) for chunk in _chunks(call, text or "", finish)]
            return event_stream([*events, b"data: [DONE]\n\n"])
        said: dict[str, object] = {"role": "assistant", "content": text}
        if call.json.get("thinking", {}).get("type") != "disabled":
            said["reasoning_content"] = "The user wants a script about rain."
        choice = {"index": 0, "finish_reason": finish, "message": {**said, **(message or {})}}
        return json_answer({**_completion(call, len(text or "")), "choices": [choice], **(fields or {})})

    return recipe


def chat_stream_closed(call: Call) -> Answer:
    """A stream whose socket is closed in the middle; without one, half a body."""
    answer = chat()(call)
    if isinstance(answer.body, bytes):
        return answer.delivered(cut_after=len(answer.body) // 2)
    return event_stream(list(answer.body())[:2], end_chunks=False)


def _chunks(call: Call, text: str, finish: str) -> Iterator[dict[str, object]]:
    size = max(1, len(text) // 4)
    shell = {name: value for name, value in _completion(call, len(text)).items() if name != "usage"}
    for start in range(0, len(text), size):
        yield {
            **shell,
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": text[start : start + size]}}],
        }
    yield {
        **_completion(call, len(text)),
        "choices": [{"index": 0, "finish_reason": finish, "delta": {"content": ""}}],
    }


def _completion(call: Call, characters: int) -> dict[str, object]:
    asked = sum(len(json.dumps(message)) for message in call.json["messages"]) // 4
    given = max(1, characters // 4)
    return {
        "id": _id(call), "request_id": call.json.get("request_id", _id(call)), "model": call.json["model"],
        "created": int(call.simulator.clock.now().timestamp()),
        "usage": {
            "prompt_tokens": asked, "completion_tokens": given, "total_tokens": asked + given,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }  # fmt: skip


def image(url: Callable[[Call, str], str] | None = None, *, filtered: bool = True, listed: bool = True) -> Recipe:
    """One address of a picture.

    Args:
        url: Puts another address in its place.
        filtered: Tell a mild content filter, which is no refusal.
        listed: Whether there is any picture.
    """

    def recipe(call: Call) -> Answer:
        address = _published(call, call.json)
        data = [{"url": url(call, address) if url else address}] if listed else []
        noted = {"content_filter": [{"role": "assistant", "level": 3}]} if filtered else {}
        return json_answer({"created": 1, "data": data, **noted, "id": _id(call), "request_id": _id(call)})

    return recipe


def image_task(call: Call) -> Answer:
    task = f"{len(call.key)}{call.number:010}-{_id(call)}"
    call.simulator.tasks.add("zai", task, request=call.json)
    return json_answer(
        {"id": task, "request_id": _id(call), "model": call.json["model"], "task_status": "PROCESSING"}
    )


def image_state(state: str, *, with_result: bool = True) -> Recipe:
    """How far a picture is: ``PROCESSING``, ``SUCCESS`` or ``FAIL``."""

    def recipe(call: Call) -> Answer:
        task = call.simulator.tasks.find("zai", call.parts["id"])
        whole: dict[str, object] = {"id": call.parts["id"], "request_id": _id(call), "task_status": state}
        if state == "SUCCESS" and with_result and task is not None:
            whole["image_result"] = [{"url": _published(call, task.request)}]
        return json_answer(whole)

    return recipe


def speech(call: Call) -> Answer:
    """A narration of one second at 24 kHz, mono."""
    kind = call.json.get("response_format", "pcm")
    return bytes_answer(sounds.sound(kind, 24_000, 1), sounds.MEDIA_TYPES[kind])


def _published(call: Call, wish: dict[str, Any]) -> str:
    default = "1280x1280" if wish["model"] == "glm-image" else "1024x1024"
    width, height = map(int, wish.get("size", default).split("x"))
    file = bytes_answer(pictures.picture("png", width, height), "image/png")
    return call.publish("picture.png", file, lives_s=ADDRESS_LIVES_S)


def _id(call: Call) -> str:
    return f"zai-{call.endpoint.name}-{call.number:04}"
