"""What ElevenLabs can be asked, and what a request must look like."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulator.answer import Answer
from tests.simulator.auth import header
from tests.simulator.case import Call, Endpoint, Recipe, Vendor
from tests.simulator.elevenlabs import answers
from tests.simulator.elevenlabs.cases import CASES
from tests.simulator.rules import Flag, ListOf, Real, Shape, Text, Whole, one_of

FORMATS = (
    "mp3_22050_32", "mp3_24000_48", "mp3_44100_32", "mp3_44100_64", "mp3_44100_96", "mp3_44100_128", "mp3_44100_192",
    *(f"{kind}_{rate}" for kind in ("pcm", "wav") for rate in (8000, 16000, 22050, 24000, 32000, 44100, 48000)),
    *(f"opus_48000_{rate}" for rate in (32, 64, 96, 128, 192)), "ulaw_8000", "alaw_8000",
)  # fmt: skip
MUSIC_FORMATS = (*FORMATS, "mp3_48000_192", "auto")
_SHARE = Real(0, 1)
VOICE = Shape(
    {"text": Text(least=1), "model_id": one_of(*answers.MODELS)},
    {
        "language_code": Text(pattern="[a-z]{2}"),
        "seed": Whole(0, 4_294_967_295),
        "voice_settings": Shape(
            {},
            {
                "stability": _SHARE,
                "similarity_boost": _SHARE,
                "style": _SHARE,
                "use_speaker_boost": Flag(),
                "speed": Real(above=0),
            },
        ),
        "previous_text": Text(),
        "next_text": Text(),
        "previous_request_ids": ListOf(Text(least=1), most=3),
        "apply_text_normalization": one_of("auto", "on", "off"),
    },
)
_STYLES = ListOf(Text(least=1))
_SECTION = Shape(
    {
        "section_name": Text(least=1),
        "positive_local_styles": _STYLES,
        "negative_local_styles": _STYLES,
        "duration_ms": Whole(1),
        "lines": ListOf(Text()),
    }
)
_CHUNK = Shape({"text": Text(), "duration_ms": Whole(1), "positive_styles": _STYLES}, {"negative_styles": _STYLES})
_PLAN_V1 = Shape(
    {"positive_global_styles": _STYLES, "negative_global_styles": _STYLES, "sections": ListOf(_SECTION, least=1)}
)
_PLAN_V2 = Shape({"chunks": ListOf(_CHUNK, least=1)})
_PLAN = Shape({}, {**_PLAN_V1.required, **_PLAN_V2.required})
MUSIC = Shape(
    {},
    {
        "prompt": Text(least=1, most=4_100),
        "composition_plan": _PLAN,
        "music_length_ms": Whole(3_000, 600_000),
        "model_id": one_of("music_v1", "music_v2", "music_v2_5"),
        "force_instrumental": Flag(),
        "seed": Whole(0, 4_294_967_295),
    },
)
_STITCHING = ("previous_text", "next_text", "previous_request_ids")


def _voice_faults(call: Call) -> Iterator[str]:
    wish, model = call.json, call.json["model_id"]
    if len(wish["text"]) > answers.MODELS[model]:
        yield f"the text has {len(wish['text'])} characters; {model} takes {answers.MODELS[model]}"
    if "language_code" in wish and model == "eleven_multilingual_v2":
        yield f"{model} takes no language_code"
    extra = set(wish.get("voice_settings", {})) - {"stability", "similarity_boost"}
    if model.startswith("eleven_v4") and extra:
        yield f"{model} takes only stability and similarity_boost, not {', '.join(sorted(extra))}"
    if model == "eleven_v3" and any(name in wish for name in _STITCHING):
        yield f"{model} cannot stitch requests together"
    voice = call.parts["voice_id"]
    if len(voice) != 20 or not voice.isalnum():
        yield f"the voice id {voice!r} does not have 20 letters and digits"


def _music_faults(call: Call) -> Iterator[str]:
    wish = call.json
    if ("prompt" in wish) == ("composition_plan" in wish):
        yield "either prompt or composition_plan, and not both"
    for name, only in (
        ("music_length_ms", "prompt"),
        ("force_instrumental", "prompt"),
        ("seed", "composition_plan"),
    ):
        if name in wish and only not in wish:
            yield f"{name} goes only with {only}"
    if "composition_plan" in wish:
        plan = _PLAN_V1 if wish.get("model_id", "music_v1") == "music_v1" else _PLAN_V2
        yield from plan.faults(wish["composition_plan"], "body.composition_plan")


def _limited(call: Call, what: str) -> Answer:
    return answers.error("too_many_concurrent_requests" if what == "concurrency" else "rate_limit_exceeded")(call)


_FORMAT = {"output_format": one_of(*FORMATS)}
_MUSIC_FORMAT = {"output_format": one_of(*MUSIC_FORMATS)}
_VOICES = {"page_size": Text(pattern=r"[1-9]\d?|100"), "search": Text(), "next_page_token": Text()}


def _speech(name: str, tail: str, usual: Recipe) -> Endpoint:
    return Endpoint(
        name=name, method="POST", path="/v1/text-to-speech/{voice_id}" + tail, body=VOICE, query=_FORMAT,
        check=_voice_faults, usual=usual,
    )  # fmt: skip


ELEVENLABS = Vendor(
    name="elevenlabs",
    base_path="",
    auth=header("xi-api-key"),
    unknown_key=answers.error("invalid_api_key"),
    limited=_limited,
    cases=CASES,
    endpoints=(
        Endpoint(name="subscription", method="GET", path="/v1/user/subscription", usual=answers.subscription()),
        Endpoint(name="models", method="GET", path="/v1/models", usual=answers.models),
        Endpoint(name="voices", method="GET", path="/v2/voices", query=_VOICES, usual=answers.voices),
        _speech("voice", "", answers.speech()),
        _speech("voice_stream", "/stream", answers.speech_stream),
        _speech("voice_timed", "/with-timestamps", answers.timed_speech()),
        _speech("voice_timed_stream", "/stream/with-timestamps", answers.timed_stream),
        Endpoint(
            name="music", method="POST", path="/v1/music", body=MUSIC, query=_MUSIC_FORMAT, check=_music_faults,
            usual=answers.music(),
        ),
    ),
)  # fmt: skip
