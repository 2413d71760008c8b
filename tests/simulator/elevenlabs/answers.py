"""How ElevenLabs answers: sound as bytes or with its timing, and four shapes of an error."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

from tests.simulator.answer import Answer, bytes_answer, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import sounds, subtitles

#: status or code -> the HTTP status it comes with, its message, and the shape of the body.
ERRORS: dict[str, tuple[int, str, str]] = {
    "invalid_api_key": (401, "Invalid API key", "old"),
    "missing_api_key": (401, "No API key was provided", "new"),
    "needs_authorization": (401, "Neither authorization header nor xi-api-key received", "old"),
    "sign_in_required": (401, "Sign in to use this", "old"),
    "missing_permissions": (
        401,
        "The API key you used is missing the permission user_read to execute this operation.",
        "old",
    ),
    "detected_unusual_activity": (401, "Unusual activity detected. Free Tier usage disabled.", "old"),
    "quota_exceeded": (401, "This request exceeds your quota. You have 0 credits remaining.", "old"),
    "insufficient_credits": (402, "You do not have enough credits.", "new"),
    "only_for_creator+": (403, "This is available only for the Creator tier and above.", "old"),
    "subscription_required": (403, "A subscription is required.", "new"),
    "feature_not_available": (403, "This feature is not available on your plan.", "new"),
    "voice_access_denied": (403, "You have no access to this voice.", "new"),
    "model_access_denied": (403, "You have no access to this model.", "new"),
    "voice_not_found": (404, "A voice with this id was not found.", "new"),
    "model_not_found": (404, "A model with this id was not found.", "new"),
    "max_character_limit_exceeded": (400, "The text is longer than this model allows.", "old"),
    "text_too_long": (400, "The text is too long.", "new"),
    "invalid_output_format": (400, "The output format is not valid.", "old"),
    "language_text_normalization_not_supported": (400, "Not supported for this language.", "old"),
    "bad_prompt": (422, "This prompt breaks our terms.", "old"),
    "bad_composition_plan": (422, "This plan breaks our terms.", "old"),
    "content_policy_violation": (400, "The text breaks our terms.", "new"),
    "too_many_concurrent_requests": (429, "Too many concurrent requests.", "old"),
    "concurrent_limit_exceeded": (429, "Too many concurrent requests.", "new"),
    "rate_limit_exceeded": (429, "Too many requests.", "new"),
    "system_busy": (429, "The system is busy, please try again.", "old"),
    "already_running": (409, "Already running.", "new"),
    "too_early": (425, "Too early.", "new"),
    "internal_error": (500, "An internal error.", "new"),
    "maintenance": (503, "Maintenance.", "new"),
    "service_unavailable": (503, "The service is unavailable.", "new"),
}
_TYPES = {
    401: "authentication_error", 402: "payment_required", 403: "authorization_error", 404: "not_found",
    409: "conflict", 425: "too_early", 429: "rate_limit_error", 500: "internal_error", 503: "service_unavailable",
}  # fmt: skip


def error(
    code: str,
    *,
    status: int | None = None,
    shape: str | None = None,
    message: str | None = None,
    data: dict[str, object] | None = None,
) -> Recipe:
    """An error in one of its shapes.

    Args:
        shape: ``old`` has status and message, ``new`` has type, code and more, ``bare`` is a plain text.
        data: What comes with it, such as a better prompt.
    """
    usual_status, usual_message, usual_shape = ERRORS.get(code, (400, "unheard of", "new"))

    def recipe(call: Call) -> Answer:
        said, http = message or usual_message, status or usual_status
        detail: Any = {"status": code, "message": said}
        if (shape or usual_shape) == "new":
            detail = {
                "type": _TYPES.get(http, "validation_error"),
                "code": code,
                **detail,
                "request_id": _id(call),
                "param": None,
            }
        if shape == "bare":
            detail = said
        if data:
            detail["data"] = data
        return json_answer({"detail": detail}, http, request_id=_id(call))

    return recipe


def echo(call: Call) -> Answer:
    return error("invalid_api_key", message=f"Invalid API key: {call.key}")(call)


def validation_list(call: Call) -> Answer:
    """A list of what is not valid, HTTP 422."""
    fault = {
        "loc": ["body", "voice_settings", "stability"],
        "msg": "ensure this value is at most 1",
        "type": "value_error",
    }
    return json_answer({"detail": [fault]}, 422, request_id=_id(call))


def subscription(count: int = 1_200, *, limit: int = 100_000) -> Recipe:
    def recipe(call: Call) -> Answer:
        resets = int(call.simulator.clock.now().timestamp()) + 20 * 86_400
        facts = {"tier": "creator", "character_count": count, "character_limit": limit, "status": "active"}
        return json_answer({**facts, "next_character_count_reset_unix": resets})

    return recipe


#: Model -> most characters of a request.
MODELS: dict[str, int] = {
    "eleven_v4": 10_000, "eleven_v4_turbo": 10_000, "eleven_v3": 5_000, "eleven_multilingual_v2": 10_000,
    "eleven_flash_v2_5": 40_000, "eleven_flash_v2": 30_000,
}  # fmt: skip
VOICE_ID = "JBFqnCBsd6RMkjVDRZzb"


def models(_: Call) -> Answer:
    return json_answer(
        [
            {
                "model_id": name, "name": name, "can_do_text_to_speech": True,
                "maximum_text_length_per_request": most, "concurrency_group": "flash" if "flash" in name else "standard",
                "model_rates": {"character_cost_multiplier": 0.5 if "flash" in name else 1.0},
                "languages": [{"language_id": "en", "name": "English"}, {"language_id": "de", "name": "German"}],
            }
            for name, most in MODELS.items()
        ]
    )  # fmt: skip


def voices(_: Call) -> Answer:
    voice = {
        "voice_id": VOICE_ID, "name": "George", "category": "premade", "labels": {"accent": "british"},
        "preview_url": None, "available_for_tiers": [],
    }  # fmt: skip
    return json_answer({"voices": [voice], "has_more": False, "total_count": 1, "next_page_token": None})


def speech(*, kind: str | None = None) -> Recipe:
    """The bytes of a narration of one second; ``kind`` is what is delivered, whatever was asked."""

    def recipe(call: Call) -> Answer:
        wanted = call.query.get("output_format", "mp3_44100_128")
        sound, media_type = _sound(wanted) if kind is None else (sounds.sound(kind), sounds.MEDIA_TYPES[kind])
        return _with_costs(call, bytes_answer(sound, media_type), len(call.json["text"]))

    return recipe


def speech_stream(call: Call) -> Answer:
    answer = speech()(call)
    assert isinstance(answer.body, bytes)
    return answer.delivered(chunked=True, piece_bytes=2_000)


def timed_speech(*, aligned: bool = True, normalized: bool = True, uneven: bool = False) -> Recipe:
    """A narration with the time of each character.

    Args:
        aligned, normalized: Whether either timing is there, else null.
        uneven: The three lists have different lengths.
    """

    def recipe(call: Call) -> Answer:
        sound, _ = _sound(call.query.get("output_format", "mp3_44100_128"))
        timing = subtitles.alignment(call.json["text"], sounds.SECONDS)
        if uneven:
            timing["character_end_times_seconds"] = timing["character_end_times_seconds"][:-1]
        whole = {
            "audio_base64": base64.b64encode(sound).decode(),
            "alignment": timing if aligned else None,
            "normalized_alignment": timing if normalized else None,
        }
        return _with_costs(call, json_answer(whole), len(call.json["text"]))

    return recipe


def timed_stream(call: Call) -> Answer:
    """A narration with its timing as two lines of JSON."""
    whole = timed_speech()(call)
    facts = whole.json()
    sound = base64.b64decode(facts["audio_base64"])
    first = {**facts, "audio_base64": base64.b64encode(sound[: len(sound) // 2]).decode()}
    second = {
        "audio_base64": base64.b64encode(sound[len(sound) // 2 :]).decode(),
        "alignment": None,
        "normalized_alignment": None,
    }
    lines = [json.dumps(line).encode() + b"\n" for line in (first, second)]
    return dataclasses.replace(whole, body=lambda: iter(lines)).delivered(chunked=True)


def music(*, delivered: str | None = None) -> Recipe:
    """The bytes of a piece of one second, stereo; ``delivered`` is its format, whatever was asked.

    The format left to the provider is 44.1 kHz from the first model and 48 kHz from the later ones.
    """

    def recipe(call: Call) -> Answer:
        auto = "mp3_44100_128" if call.json.get("model_id", "music_v1") == "music_v1" else "mp3_48000_192"
        asked = call.query.get("output_format", "auto")
        sound, media_type = _sound(delivered or (auto if asked == "auto" else asked), channels=2)
        answer = bytes_answer(sound, media_type, song_id=f"song-{call.number:04}")
        return _with_costs(call, answer, call.json.get("music_length_ms", 10_000) // 66)

    return recipe


def bad_prompt(*, suggestion: str | None, status: int = 422) -> Recipe:
    data: dict[str, object] | None = {"prompt_suggestion": suggestion} if suggestion else None
    return error("bad_prompt", status=status, data=data)


def large(call: Call) -> Answer:
    """50 MB of sound for a narration or a piece of music; other endpoints are as usual."""
    if call.endpoint.name not in ("voice", "voice_stream", "music"):
        return call.usual()
    size, pieces = sounds.long_sound("mp3", 50_000_000)
    shell = bytes_answer(b"", "audio/mpeg", request_id=_id(call))
    return dataclasses.replace(shell, size=size, body=lambda: iter(pieces))


def _sound(wanted: str, channels: int = 1) -> tuple[bytes, str]:
    kind, rate, *bitrate = wanted.split("_")
    if kind in ("ulaw", "alaw"):
        return sounds.sound("pcm", int(rate), 1)[::2], "audio/basic"
    made = sounds.sound(kind, int(rate), channels, int(bitrate[0]) * 1000 if bitrate else 128_000)
    return made, sounds.MEDIA_TYPES[kind]


def _with_costs(call: Call, answer: Answer, cost: int) -> Answer:
    now = call.simulator.limiter.in_flight(f"{call.host} {call.key}", call.endpoint.name)
    limit = call.case.limits.get(call.endpoint.name)
    most = limit.in_flight if limit and limit.in_flight else 5
    return answer.with_headers(
        request_id=_id(call),
        character_cost=str(cost),
        current_concurrent_requests=str(now),
        maximum_concurrent_requests=str(most),
    )


def _id(call: Call) -> str:
    return f"elevenlabs-{call.endpoint.name}-{call.number:04}"
