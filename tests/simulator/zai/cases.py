"""Z.ai: case -> what a key of that case meets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tests.simulator.answer import Answer, bytes_answer
from tests.simulator.case import Call, Case, Recipe, case, table
from tests.simulator.downloads import picture_downloads, refused_address, with_address
from tests.simulator.everywhere import answer_of, delivered, everywhere, large, nothing, usual
from tests.simulator.fixtures import scripts, sounds
from tests.simulator.limits import Limit
from tests.simulator.zai.answers import CODES, chat, chat_stream_closed, echo, error, image, image_state

#: Few requests at once are let through for each model.
PUBLISHED_LIMITS = {"chat": Limit(in_flight=2), "image": Limit(in_flight=2)}


def _throttled(**headers: str) -> Recipe:
    return lambda call: error("1302")(call).with_headers(**headers)


KEYS = (
    case("k8", "the key is not valid", any=error("1000")),
    case("k8-bare", "HTTP 401 without a code", any=answer_of({}, 401)),
    case("k8-no-list", "there is no list of models; a chat of one token tells", models=nothing(404)),
)

TEXT = (
    case("t1", "a good script", chat=chat()),
    case("t2", "a thought, a fence and a friendly end around the script", chat=chat(scripts.wrapped)),
    case("t3", "a thought that never ends", chat=chat(lambda _: scripts.unclosed_thought())),
    case("t5", "an empty list of choices", chat=chat(fields={"choices": []})),
    case("t6", "empty content, the reasoning is filled", chat=chat(lambda _: "", message={"reasoning_content": "hm"})),
    case("t7", "cut at the token limit", chat=chat(scripts.cut_short, finish="length")),
    case("t12", "finish_reason sensitive", chat=chat(lambda _: "", finish="sensitive")),
    case("t12-1301", "blocked, HTTP 400", chat=error("1301")),
    case("t12-200", "blocked, HTTP 200", chat=error("1301", status=200)),
    case("t13", "no balance, HTTP 429", chat=error("1113"), image=error("1113")),
    case("t13-number", "no balance, the code is a number", chat=error("1113", form="number")),
    case("t13-flat", "no balance, without the outer object", chat=error("1113", form="flat")),
    case("t14", "1302 twice, then a script", chat=[error("1302"), error("1302"), usual]),
    case("t17", "finish_reason network_error", chat=chat(lambda _: "", finish="network_error")),
    case("t17-window", "finish_reason model_context_window_exceeded", chat=chat(lambda _: "", finish="model_context_window_exceeded")),
    case("t20", "the socket is closed without finish_reason", chat=chat_stream_closed),
    case("t26", "three scenes too many", chat=chat(change=scripts.with_extra_scenes)),
    case("t26-missing", "a field is missing", chat=chat(change=scripts.with_a_field_missing)),
    case("t26-types", "numbers where texts belong", chat=chat(change=scripts.with_wrong_types)),
    case("t26-10mb", "ten million characters in a field", chat=chat(change=scripts.with_endless_text)),
)  # fmt: skip


def _one_address(variant: str) -> Recipe:
    return image(lambda call, _: refused_address(call, variant))


IMAGE = (
    case("i1", "the address of a picture", image=image()),
    case("i5", "no picture at all", image=image(listed=False)),
    case("i19", "an address and a mild content filter", image=image()),
    case("i21", "SUCCESS without a picture", image_poll=[*[image_state("PROCESSING")] * 3, image_state("SUCCESS", with_result=False)]),
    case("i21-good", "PROCESSING three times, then a picture", image_poll=[*[image_state("PROCESSING")] * 3, image_state("SUCCESS")]),
    case("i21-fail", "PROCESSING, then FAIL", image_poll=[image_state("PROCESSING"), image_state("FAIL")]),
    case("i22", "PROCESSING for ever", image_poll=image_state("PROCESSING")),
)  # fmt: skip

VOICE = (
    case("v36", "there is no speech here", voice=nothing(404)),
    case("v36-json", "there is no speech here, with a code", voice=error("1222", status=404)),
)


def _large(call: Call) -> Answer:
    """50 MB of sound for a narration; other endpoints are as usual."""
    if call.endpoint.name != "voice":
        return call.usual()
    second = sounds.sound("pcm", 24_000, 1)
    times = 50_000_000 // len(second)
    shell = bytes_answer(b"", "audio/pcm")
    return dataclasses.replace(shell, size=times * len(second), body=lambda: (second for _ in range(times)))


def _codes() -> Iterator[Case]:
    for code, (message, status) in CODES.items():
        yield case(f"code-{code}", f"{code} {message}, HTTP {status}", any=error(code))
    yield case("code-1999", "a code nobody knows, HTTP 400", any=error("1999"))
    for status in (401, 429, 434, 435, 500):
        yield case(f"http-{status}", f"HTTP {status} without a code", any=answer_of({}, status))


CASES = table(
    KEYS,
    TEXT,
    IMAGE,
    VOICE,
    picture_downloads(),
    with_address(_one_address),
    everywhere(
        unavailable=error("1234", status=503),
        overloaded=error("1305", status=529),
        throttled=_throttled,
        echo=echo,
        balance=error("1113"),
    ),
    _codes(),
    large(_large),
    case("limited", "the published limits of a key", limits=PUBLISHED_LIMITS),
    case("coding-plan", "a plan key: works only on the coding host", chat=error("1113"), image=error("1113")),
    case("hold", "every answer comes after an hour of virtual time", any=delivered(hold_s=3600)),
)
