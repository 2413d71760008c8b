"""ElevenLabs: case -> what a key of that case meets."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulator.case import Case, Recipe, case, table
from tests.simulator.elevenlabs.answers import (
    ERRORS,
    bad_prompt,
    echo,
    error,
    music,
    speech,
    subscription,
    timed_speech,
    validation_list,
)  # fmt: skip
from tests.simulator.elevenlabs.answers import (
    large as large_answer,
)
from tests.simulator.everywhere import delivered, everywhere, large, usual
from tests.simulator.limits import Limit

#: Calls under way at once on the Starter tier.
PUBLISHED_LIMITS = {
    name: Limit(in_flight=3) for name in ("voice", "voice_stream", "voice_timed", "voice_timed_stream")
} | {"music": Limit(in_flight=2)}
SUGGESTION = "A calm piano piece with soft strings, without words."


def _throttled(**headers: str) -> Recipe:
    return lambda call: error("rate_limit_exceeded")(call).with_headers(**headers)


def _permission(name: str) -> Recipe:
    return error("missing_permissions", message=f"The API key you used is missing the permission {name}.")


KEYS = (
    case("k6", "real, without the permission user_read", subscription=_permission("user_read")),
    case("k6-narrow", "real, without any permission", subscription=_permission("user_read"), models=_permission("models_read"), voice=_permission("text_to_speech")),
    case("k7", "the key is not valid", any=error("invalid_api_key")),
    case("k5", "valid, no credits left", subscription=subscription(100_000), voice=error("quota_exceeded"), voice_timed=error("quota_exceeded")),
)  # fmt: skip

_BUSY = error("too_many_concurrent_requests")
VOICE = (
    case("v10", "a WAV, whatever was asked", voice=speech(kind="wav")),
    case("v22", "a good narration with its timing", voice_timed=timed_speech()),
    case("v23", "no timing", voice_timed=timed_speech(aligned=False)),
    case("v23-neither", "neither timing", voice_timed=timed_speech(aligned=False, normalized=False)),
    case("v23-uneven", "the lists of the timing differ in length", voice_timed=timed_speech(uneven=True)),
    case("v25", "the quota is used up, HTTP 401", any=error("quota_exceeded")),
    case("v26", "not enough credits, HTTP 402", any=error("insufficient_credits")),
    case("v27", "unusual activity, HTTP 401", any=error("detected_unusual_activity")),
    case("v28", "too many at once, then well", any=[_BUSY, usual]),
    case("v28-limit", "two at once, above that refused", limits={name: Limit(in_flight=2) for name in PUBLISHED_LIMITS}),
    case("v29", "the system is busy, always", any=error("system_busy")),
    case("v31", "a list of what is not valid", any=validation_list),
    case("v31-text", "a plain text of what is not valid", any=error("invalid", status=422, shape="bare", message="Voice settings are wrong")),
    case("v16", "no such voice", any=error("voice_not_found")),
    case("v16-old", "no such voice, the old form, HTTP 400", any=error("voice_not_found", status=400, shape="old")),
)  # fmt: skip


MUSIC = (
    case("m6", "48 kHz stereo, whatever was asked", music=music(delivered="mp3_48000_192")),
    case("m7", "the prompt is refused, with a better one", music=bad_prompt(suggestion=SUGGESTION)),
    case("m7-400", "the same, HTTP 400", music=bad_prompt(suggestion=SUGGESTION, status=400)),
    case("m7-harmful", "the prompt is refused, without a better one", music=bad_prompt(suggestion=None)),
    case("m7-plan", "the plan is refused, with a better one", music=error("bad_composition_plan", data={"composition_plan_suggestion": {"chunks": []}})),
    case("m8", "not on the free tier, HTTP 403", music=error("subscription_required")),
    case("m8-402", "not on the free tier, HTTP 402", music=error("insufficient_credits")),
    case("m9", "everything is well; the simulator checks the request"),
)  # fmt: skip


def _codes() -> Iterator[Case]:
    for code, (status, message, shape) in ERRORS.items():
        yield case(f"code-{code}", f"HTTP {status} {message}", any=error(code))
        other = "old" if shape == "new" else "new"
        yield case(f"code-{code}-{other}", f"the same in the {other} form", any=error(code, shape=other))
    yield case("code-unheard_of", "a code nobody knows, HTTP 400", any=error("unheard_of"))


CASES = table(
    KEYS,
    VOICE,
    MUSIC,
    everywhere(
        unavailable=error("service_unavailable"),
        overloaded=error("service_unavailable", status=529),
        throttled=_throttled,
        echo=echo,
        balance=error("quota_exceeded"),
    ),
    _codes(),
    large(large_answer),
    case("limited", "the published limits of a key", limits=PUBLISHED_LIMITS),
    case("hold", "every answer comes after an hour of virtual time", any=delivered(hold_s=3600)),
)
