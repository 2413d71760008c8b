"""OpenAI and servers that speak like it: case -> what a key of that case meets."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulator.case import Case, Recipe, case, table
from tests.simulator.downloads import picture_downloads, refused_address, with_address
from tests.simulator.everywhere import answer_of, delivered, everywhere, large, nothing, usual
from tests.simulator.fixtures import scripts
from tests.simulator.limits import Limit
from tests.simulator.openai.answers import (
    ERRORS,
    chat,
    chat_stream_closed,
    chat_stream_error,
    echo,
    error,
    image,
    models,
)  # fmt: skip
from tests.simulator.openai.answers import (
    large as large_answer,
)


def _throttled(**headers: str) -> Recipe:
    return _with_headers(error("rate_limit_exceeded"), **headers)


def _with_headers(recipe: Recipe, **headers: str) -> Recipe:
    return lambda call: recipe(call).with_headers(**headers)


def _text() -> Iterator[Case]:
    yield case("t1", "a good script", chat=chat())
    yield case("t2", "a fence and a friendly end around the script", chat=chat(scripts.wrapped))
    yield case("t5", "an empty list of choices", chat=chat(fields={"choices": []}))
    yield case("t6", "null content", chat=chat(lambda _: None))
    yield case("t7", "cut at the token limit", chat=chat(scripts.cut_short, finish="length"))
    yield case("t20", "the socket is closed without finish_reason", chat=chat_stream_closed)
    yield case("t20-error", "an error in the middle of a stream", chat=chat_stream_error)
    yield case("t21", "a refusal", chat=chat(lambda _: None, message={"refusal": "I cannot help with that."}))
    yield case("t21-finish", "finish_reason content_filter", chat=chat(lambda _: "", finish="content_filter"))
    yield case("t26", "three scenes too many", chat=chat(change=scripts.with_extra_scenes))
    yield case("t26-missing", "a field is missing", chat=chat(change=scripts.with_a_field_missing))
    yield case("t26-types", "numbers where texts belong", chat=chat(change=scripts.with_wrong_types))
    yield case("t26-10mb", "ten million characters in a field", chat=chat(change=scripts.with_endless_text))


def _codes() -> Iterator[Case]:
    for code, (status, _, message) in ERRORS.items():
        yield case(f"code-{code}", f"HTTP {status} {message}", any=error(code))
    yield case("code-unheard_of", "a code nobody knows, HTTP 400", any=error("unheard_of"))
    for status in (401, 403, 404, 422, 429, 500, 529):
        yield case(f"http-{status}", f"HTTP {status} without a code", any=answer_of({}, status))


def _hints() -> Iterator[Case]:
    down = error("overloaded")
    yield case("retry-no", "503 that says not to try again", any=_with_headers(down, x_should_retry="false"))
    again = _with_headers(error("conflict"), x_should_retry="true")
    yield case("retry-yes", "409 that says to try again, then well", any=[again, usual])
    resets = _throttled(x_ratelimit_reset_requests="2s", x_ratelimit_remaining_requests="0")
    yield case("wait-reset", "429, x-ratelimit-reset-requests: 2s, then well", any=[resets, usual])


def _shared() -> Iterator[Case]:
    yield from _text()
    yield from _codes()
    yield from _hints()
    yield from everywhere(
        unavailable=error("overloaded"),
        overloaded=error("overloaded", status=529),
        throttled=_throttled,
        echo=echo,
        balance=error("insufficient_quota"),
    )
    yield large(large_answer)
    yield case("hold", "every answer comes after an hour of virtual time", any=delivered(hold_s=3600))
    yield case("i23", "pictures in base64", image=image())
    yield case("i13-base64", "a WebP, whatever was asked", image=image("webp"))


def _one_address(variant: str) -> Recipe:
    return image("jpeg", url=lambda call, _: refused_address(call, variant))


OPENAI_CASES = table(
    _shared(),
    case("k1", "the key is valid"),
    case("k7", "the key is not valid", any=error("invalid_api_key")),
    case("t22", "the quota is used up, with Retry-After: 1", any=_with_headers(error("insufficient_quota"), retry_after="1")),
    case("t21-moderation", "the picture is refused", image=error("moderation_blocked")),
    case("limited", "three requests a minute", limits={name: Limit(per_minute=3) for name in ("chat", "image", "voice")}),
)  # fmt: skip

COMPATIBLE_CASES = table(
    _shared(),
    picture_downloads(),
    with_address(_one_address),
    case("k1", "there are models"),
    case("k1-key", "the server was started with a key, this is not it", any=error("invalid_api_key", flat=True)),
    case("k1-none", "a list without models", models=models()),
    case("k1-other", "HTTP 200 of another program", models=answer_of({"status": "ok"})),
    case("t25", "a script without usage", chat=chat(usage=False)),
    case("t25-null", "an error whose code is null", any=error("model_not_found", shown=None)),
    case("t25-number", "an error whose code is a number", any=error("model_not_found", shown=404)),
    case("t25-flat", "an error without the outer object", any=error("model_not_found", shown=404, flat=True)),
    case("t25-text", "an error that is a plain text", any=answer_of({"error": "model 'x' not found"}, 404)),
    case("t25-loading", "HTTP 503 while a model is loading, twice, then well", any=[error("overloaded", shown=503)] * 2 + [usual]),
    case("t25-strict", "unknown fields are refused", any=error("unknown_parameter", shown=400, flat=True)),
    case("i1", "the address of a picture instead of base64", image=image("jpeg", as_address=True)),
    case("no-images", "there are no pictures here", image=nothing(404), voice=nothing(404)),
)  # fmt: skip
