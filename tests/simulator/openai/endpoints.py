"""What OpenAI, and a server that speaks like it, can be asked; what a request must look like."""

from __future__ import annotations

from tests.simulator.answer import Answer
from tests.simulator.auth import bearer
from tests.simulator.case import Call, Endpoint, Recipe, Vendor
from tests.simulator.openai import answers
from tests.simulator.openai.cases import COMPATIBLE_CASES, OPENAI_CASES
from tests.simulator.rules import Anything, Flag, ListOf, Real, Rule, Shape, Text, Whole, one_of

BASE_PATH = "/v1"
#: Image models that are gone, and any name that is none of the family.
_IMAGE_MODELS = Text(pattern=r"gpt-image-(1-mini|1\.5|2|2\.[5-9][\w.-]*)")
_SPEECH_MODELS = one_of("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
LOCAL_MODELS = ("qwen3:8b", "llama3.2:3b")
_ANY_MODEL = Text(least=1)

MESSAGE = Shape({"role": one_of("system", "developer", "user", "assistant"), "content": Text(least=1)})
_SCHEMA = Shape(
    {"name": Text(pattern=r"[a-zA-Z0-9_-]{1,64}"), "schema": Anything()}, {"strict": Flag(), "description": Text()}
)
_FORMAT = Shape({"type": one_of("text", "json_object", "json_schema")}, {"json_schema": _SCHEMA})
_CHAT: dict[str, Rule] = {
    "response_format": _FORMAT,
    "temperature": Real(0, 2),
    "top_p": Real(0, 1),
    "seed": Whole(),
    "stream": Flag(),
    "stream_options": Shape({}, {"include_usage": Flag()}),
}
_MESSAGES = ListOf(MESSAGE, least=1)
CHAT = Shape(
    {"model": Text(pattern=r"(?!dall-e|tts-|gpt-image)[\w.:-]+"), "messages": _MESSAGES},
    {
        **_CHAT,
        "max_completion_tokens": Whole(1),
        "reasoning_effort": one_of("none", "minimal", "low", "medium", "high"),
    },
)
LOCAL_CHAT = Shape({"model": _ANY_MODEL, "messages": _MESSAGES}, {**_CHAT, "max_tokens": Whole(1)})
_IMAGE: dict[str, Rule] = {
    "n": Whole(1, 10),
    "size": Text(pattern=r"auto|\d{2,4}x\d{2,4}"),
    "quality": one_of("low", "medium", "high", "auto"),
    "output_format": one_of("png", "webp", "jpeg"),
}
IMAGE = Shape({"model": _IMAGE_MODELS, "prompt": Text(least=1)}, _IMAGE)
LOCAL_IMAGE = Shape({"model": _ANY_MODEL, "prompt": Text(least=1)}, _IMAGE)
_SPEECH: dict[str, Rule] = {
    "response_format": one_of("mp3", "opus", "aac", "flac", "wav", "pcm"),
    "speed": Real(0.25, 4),
}
SPEECH = Shape({"model": _SPEECH_MODELS, "input": Text(least=1, most=4_096), "voice": Text(least=1)}, _SPEECH)
LOCAL_SPEECH = Shape({"model": _ANY_MODEL, "input": Text(least=1, most=4_096), "voice": Text(least=1)}, _SPEECH)


def _limited(call: Call, _: str) -> Answer:
    return answers.error("rate_limit_exceeded")(call).with_headers(x_ratelimit_reset_requests="6s")


def _endpoints(
    chat: Shape, image: Shape, speech: Shape, models: tuple[str, ...], usual_image: Recipe
) -> tuple[Endpoint, ...]:
    return (
        Endpoint(name="models", method="GET", path=BASE_PATH + "/models", usual=answers.models(*models)),
        Endpoint(
            name="chat", method="POST", path=BASE_PATH + "/chat/completions", body=chat, usual=answers.chat()
        ),
        Endpoint(
            name="image", method="POST", path=BASE_PATH + "/images/generations", body=image, usual=usual_image
        ),
        Endpoint(
            name="voice", method="POST", path=BASE_PATH + "/audio/speech", body=speech, usual=answers.speech()
        ),
    )


OPENAI = Vendor(
    name="openai",
    base_path=BASE_PATH,
    auth=bearer(),
    unknown_key=answers.error("invalid_api_key"),
    limited=_limited,
    cases=OPENAI_CASES,
    endpoints=_endpoints(CHAT, IMAGE, SPEECH, answers.CHAT_MODELS, answers.image()),
)
COMPATIBLE = Vendor(
    name="compatible",
    base_path=BASE_PATH,
    auth=bearer(may_be_missing=True),
    unknown_key=answers.error("invalid_api_key"),
    key_may_be_missing=True,
    limited=_limited,
    cases=COMPATIBLE_CASES,
    endpoints=_endpoints(
        LOCAL_CHAT, LOCAL_IMAGE, LOCAL_SPEECH, LOCAL_MODELS, answers.image("jpeg", as_address=True)
    ),
)
