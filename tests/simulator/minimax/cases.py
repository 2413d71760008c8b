"""MiniMax: case -> what a key of that case meets."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from tests.simulator.answer import Answer, json_answer
from tests.simulator.case import Call, Case, Recipe, case, table
from tests.simulator.downloads import picture_downloads, refused_address, with_address
from tests.simulator.everywhere import delivered, everywhere, half, large, nothing, usual
from tests.simulator.fixtures import archives, scripts, sounds
from tests.simulator.limits import Limit
from tests.simulator.minimax.account import balance
from tests.simulator.minimax.chat import chat, chat_stream_closed
from tests.simulator.minimax.errors import CODES, business, coded, echo, refused, typed, usage_window
from tests.simulator.minimax.images import h3_image, image
from tests.simulator.minimax.music import music
from tests.simulator.minimax.voice import voice, voice_stream
from tests.simulator.minimax.voice_tasks import large_tar, tar_answer, voice_archive, voice_task_state

#: Requests a minute and connections of a key, as the vendor publishes them.
PUBLISHED_LIMITS = {
    "chat": Limit(per_minute=200),
    "image": Limit(per_minute=10),
    "voice": Limit(per_minute=60),
    "music": Limit(per_minute=120, in_flight=20),
}
NOT_OPEN = 2153  # no published code: what a closed endpoint answers is not known


def _with_headers(recipe: Recipe, **headers: str) -> Recipe:
    return lambda call: recipe(call).with_headers(**headers)


def _throttled(**headers: str) -> Recipe:
    return _with_headers(refused(1002), **headers)


KEYS = (
    case("k1", "the key is valid"),
    case("k2", "the key belongs to the China host", region="china"),
    case("k3", "the key belongs to no host", region="none"),
    case("k4", "HTTP 200 with 1004, whatever is asked", any=business(1004)),
    case(
        "k5",
        "valid, the balance is 0.00",
        balance=balance("0.00"),
        chat=refused(1008),
        voice=business(1008, data=None),
    ),
    case("k5-owed", "valid, money is owed", balance=balance("-3.20"), chat=refused(1008)),
)

TEXT = (
    case("t1", "a good script", chat=chat()),
    case("t2", "a thought, a fence and a friendly end around the script", chat=chat(scripts.wrapped)),
    case("t3", "a thought that never ends", chat=chat(lambda _: scripts.unclosed_thought())),
    case("t5", "an empty list of choices", chat=chat(fields={"choices": []})),
    case("t5-null", "null instead of choices", chat=chat(fields={"choices": None})),
    case(
        "t6",
        "empty content, the reasoning is filled",
        chat=chat(lambda _: "", message={"reasoning_content": "hm"}),
    ),
    case(
        "t6-null",
        "null content, the reasoning is filled",
        chat=chat(lambda _: None, message={"reasoning_content": "hm"}),
    ),
    case("t7", "cut at the token limit", chat=chat(scripts.cut_short, finish="length")),
    case("t8", "no balance, HTTP 200", chat=business(1008, choices=None)),
    case("t9", "no balance, HTTP 429", chat=refused(1008, status=429, kind="rate_limit_error")),
    case("t9-402", "no balance, HTTP 402", chat=refused(1008, status=402)),
    case("t9-500", "no balance, HTTP 500", chat=refused(1008, status=500, kind="server_error")),
    case("t10", "the plan's window is used up, with the time it opens", chat=usage_window()),
    case("t10-local", "the same, the time without a zone", chat=usage_window("")),
    case("t11", "the output is sensitive, status 0", chat=chat(fields={"output_sensitive": True})),
    case("t11-input", "the input is sensitive, status 0", chat=chat(fields={"input_sensitive": True})),
    case("t11-finish", "finish_reason content_filter", chat=chat(finish="content_filter")),
    case("t20", "the socket is closed without finish_reason", chat=chat_stream_closed),
    case("t26", "three scenes too many", chat=chat(change=scripts.with_extra_scenes)),
    case("t26-missing", "a field is missing", chat=chat(change=scripts.with_a_field_missing)),
    case("t26-types", "numbers where texts belong", chat=chat(change=scripts.with_wrong_types)),
    case("t26-10mb", "ten million characters in a field", chat=chat(change=scripts.with_endless_text)),
    case(
        "t26-prose", "a friendly text without JSON", chat=chat(lambda _: "I would rather talk about the weather.")
    ),
)


def _without_urls(urls: list[str]) -> list[str]:
    return urls[:0]


def _in_lines(text: str) -> str:
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76))


def _one_address(variant: str) -> Recipe:
    return lambda call: image(urls=lambda _: [refused_address(call, variant)])(call)


IMAGE = (
    case("i1", "the address of a JPEG", image=image()),
    case("i2", "base64 in lines", image=image(base64_text=_in_lines)),
    case(
        "i2-data", "base64 as a data URL", image=image(base64_text=lambda text: f"data:image/jpeg;base64,{text}")
    ),
    case("i2-cut", "base64 that ends too early", image=image(base64_text=lambda text: text[: len(text) // 2 | 1])),
    case("i3", "the counts are strings", image=image(count_as=str)),
    case("i3-int", "the counts are integers", image=image(count_as=int)),
    case("i5", "no picture, status 0", image=image(urls=_without_urls, withheld=1)),
    case("i5-some", "one picture fewer than asked", image=image(withheld=1)),
    case("i6", "the prompt is sensitive", image=business(1026)),
    case("i18", "ten pictures a minute, above that 1002", limits={"image": Limit(per_minute=10)}),
    case("i24", "a minute of comments, then the picture", h3_image=h3_image(comments=4)),
    case("i25", "the connection is lost once the request was sent", h3_image=delivered(reset_before_headers=True)),
    case("i25-closed", "the connection is closed once the request was sent", h3_image=delivered(cut_after=0)),
)


def _no_data(_: dict[str, object]) -> None:
    return None


def _empty(_: bytes) -> str:
    return ""


def _third(text: bytes) -> str:
    return text.hex()[:-101]


VOICE = (
    case("v1", "hex of a good narration", voice=voice()),
    case("v4", "an address where hex may be; ask for it", voice=voice()),
    case("v6", "data is null, status 0", voice=voice(data=_no_data)),
    case("v7", "the audio is empty", voice=voice(audio=_empty)),
    case("v7-odd", "hex with an odd number of digits", voice=voice(audio=_third)),
    case("v7-not-hex", "letters that are not hex", voice=voice(audio=lambda sound: "zz" + sound.hex()[2:])),
    case("v8", "audio_size is 0, the audio is good", voice=voice(facts={"audio_size": 0})),
    case("v9", "stereo at 32 kHz, whatever was asked", voice=voice(rate=32_000, channels=2)),
    case("v10", "a WAV, whatever was asked", voice=voice(kind="wav")),
    case("v10-flac", "a FLAC, whatever was asked", voice=voice(kind="flac")),
    case("v12", "words in pieces in the timing file", voice=voice(split_words=True)),
    case("v12-gone", "the timing file is not there", subtitles=nothing(404)),
    case("v12-html", "the timing file is a web page", subtitles=lambda _: Answer(body=b"<html></html>")),
    case("v12-missing", "no address of a timing file", voice=voice(data=lambda data: {**data, "subtitle_file": ""})),
    case("v15", "1039 in the third event", voice=voice_stream(fail_at=3)),
    case("v15-whole", "the last event repeats the whole sound, asked or not", voice=voice_stream(aggregated=True)),
    case("v16", "no such voice", voice=coded(20132)),
    case("v16-access", "no access to this voice", voice=coded(2042)),
    case("v17", "everything is well; give a long text"),
    case("v18", "everything is well; the simulator checks the text"),
    case("v19", "Processing, Success, a tar", voice_poll=[voice_task_state("Processing"), voice_task_state("Success")]),
    case("v19-hostile", "a tar with names that climb out", voice_file=voice_archive(lambda sound, timing: tar_answer(archives.hostile_archive(sound, timing)))),
    case("v19-large", "a tar of 4 GiB", voice_file=voice_archive(large_tar(4 << 30))),
    case("v19-cut", "a tar that ends at half", download=lambda call: call.usual().delivered(cut_after=half(call.usual()))),
    case("v19-not-tar", "a web page instead of a tar", download=lambda _: Answer(body=b"<html></html>")),
    case("v19-no-sound", "a tar without sound", voice_file=voice_archive(lambda *_: tar_answer(archives.archive({"readme.txt": b"-"})))),
    case("v19-forever", "Processing for ever", voice_poll=voice_task_state("Processing")),
    case("v20", "the task expired", voice_poll=voice_task_state("Expired")),
    case("v20-failed", "the task failed", voice_poll=voice_task_state("Failed")),
)  # fmt: skip

MUSIC = (
    case("m1", "hex of a good piece, 44.1 kHz stereo", music=music()),
    case("m2", "an unknown code: closed to this account", music=business(NOT_OPEN, "service not available")),
    case("m3", "not in the plan", music=business(2061)),
    case("m5", "the answer comes after 300 virtual seconds", music=delivered(hold_s=300)),
)


def _large(call: Call) -> Answer:
    """Hex of 25 MB of sound in a JSON of 50 MB; other endpoints are as usual."""
    if call.endpoint.name not in ("voice", "music"):
        return call.usual()
    size, pieces = sounds.long_sound("mp3", 25_000_000)
    second = pieces[0].hex().encode()
    shell = json_answer({**call.usual().json(), "data": {"audio": "@", "status": 2}})
    assert isinstance(shell.body, bytes)
    head, tail = shell.body.split(b"@")
    whole = dataclasses.replace(shell, size=2 * size + len(head) + len(tail))
    return dataclasses.replace(whole, body=lambda: iter([head, *[second] * len(pieces), tail]))


def _codes() -> Iterator[Case]:
    for code, (message, _, __) in CODES.items():
        yield case(f"code-{code}", f"{code} {message}", any=coded(code))
    yield case("code-9999", "a code nobody knows, HTTP 200", any=business(9999, "unheard of"))
    kinds = {
        "authorized_error": 401, "insufficient_balance_error": 402, "rate_limit_error": 429,
        "unprocessable_entity_error": 422, "bad_request_error": 400, "invalid_request_error": 413,
        "overloaded_error": 529, "server_error": 500,
    }  # fmt: skip
    for kind, status in kinds.items():
        yield case(f"type-{kind}", f"HTTP {status} {kind} without a code", any=typed(kind, "no code here", status))


CASES = table(
    KEYS,
    TEXT,
    IMAGE,
    VOICE,
    MUSIC,
    picture_downloads(),
    with_address(_one_address),
    everywhere(
        unavailable=typed("overloaded_error", "the server cluster is under high load", 503),
        overloaded=typed("overloaded_error", "the server is overloaded", 529),
        throttled=_throttled,
        echo=echo,
        balance=coded(1008),
    ),
    _codes(),
    large(_large),
    case("limited", "the published limits of a key", limits=PUBLISHED_LIMITS),
    case("one-at-a-time", "a second request at the same time is refused", limits={name: Limit(in_flight=1) for name in PUBLISHED_LIMITS}),
    case("hold", "every answer comes after an hour of virtual time", any=delivered(hold_s=3600)),
    case("stuck", "the first answer never comes", any=[delivered(hold_s=math.inf), usual]),
)  # fmt: skip
