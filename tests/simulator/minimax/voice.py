"""Narrations of MiniMax: hex or an address, whole or as a stream, with a file of timing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from tests.simulator.answer import Answer, bytes_answer, event, event_stream, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import sounds, subtitles
from tests.simulator.minimax.envelope import DAY_S, SUCCESS, request_id, trace
from tests.simulator.minimax.errors import CODES, business


def voice(
    *,
    audio: Callable[[bytes], str] | None = None,
    kind: str | None = None,
    rate: int | None = None,
    channels: int | None = None,
    facts: dict[str, object] | None = None,
    split_words: bool = False,
    data: Callable[[dict[str, object]], dict[str, object] | None] = lambda data: data,
) -> Recipe:
    """A narration of one second.

    Args:
        audio: Makes ``data.audio`` of the bytes; usually hex, or an address.
        kind, rate, channels: What is really delivered, whatever was asked.
        facts: Put over ``extra_info``.
        split_words: Long words of the timing file come in pieces.
        data: Changes ``data``.
    """

    def recipe(call: Call) -> Answer:
        wish = {
            "format": "mp3",
            "sample_rate": 32_000,
            "channel": 1,
            "bitrate": 128_000,
            **call.json.get("audio_setting", {}),
        }
        wish |= {name: value for name, value in (("sample_rate", rate), ("channel", channels)) if value}
        sound = _sound(kind or wish["format"], wish)
        if call.json.get("stream"):
            return event_stream(_voice_events(call, sound))
        inside: dict[str, object] = {"audio": (audio or hex_or_address(call, wish["format"]))(sound), "status": 2}
        if call.json.get("subtitle_enable"):
            inside["subtitle_file"] = _subtitles(call, split_words)
        info = {**_voice_facts(call, sound, wish), **(facts or {})}
        whole = {"data": data(inside), "extra_info": info, "trace_id": request_id(call), "base_resp": SUCCESS}
        return json_answer(whole, **trace(call))

    return recipe


def voice_stream(*, fail_at: int | None = None, code: int = 1039, aggregated: bool = False) -> Recipe:
    """A narration as events; ``fail_at`` = the number of the event that tells a failure instead.

    Args:
        aggregated: The last event repeats the whole sound even though it was asked not to.
    """

    def recipe(call: Call) -> Answer:
        if not call.json.get("stream"):
            return business(code, data=None)(call) if fail_at else voice()(call)
        wish = {
            "format": "mp3",
            "sample_rate": 32_000,
            "channel": 1,
            "bitrate": 128_000,
            **call.json.get("audio_setting", {}),
        }
        events = _voice_events(call, _sound(wish["format"], wish), aggregated=aggregated)
        if fail_at:
            said = {"status_code": code, "status_msg": CODES[code][0]}
            events = [
                *events[: fail_at - 1],
                event({"data": None, "trace_id": request_id(call), "base_resp": said}),
            ]
        return event_stream(events)

    return recipe


def _voice_events(call: Call, sound: bytes, aggregated: bool = False) -> list[bytes]:
    """Pieces with status 1, then one with status 2, which repeats the whole unless it is asked not to."""
    size = max(1, len(sound) // 4)
    pieces = [sound[start : start + size].hex() for start in range(0, len(sound), size)]
    is_excluded = call.json.get("stream_options", {}).get("exclude_aggregated_audio") and not aggregated
    info = _voice_facts(call, sound, call.json.get("audio_setting", {}))
    events = [
        {"data": {"audio": piece, "status": 1}, "trace_id": request_id(call), "base_resp": SUCCESS}
        for piece in pieces
    ]
    last = {"audio": "" if is_excluded else sound.hex(), "status": 2}
    return [
        event(one)
        for one in [
            *events,
            {"data": last, "extra_info": info, "trace_id": request_id(call), "base_resp": SUCCESS},
        ]
    ]


def _sound(kind: str, wish: dict[str, Any]) -> bytes:
    if kind == "opus":
        return sounds.sound("opus", 48_000, wish["channel"])
    if kind in ("pcmu_raw", "pcmu_wav"):
        kind = "pcm" if kind == "pcmu_raw" else "wav"
    return sounds.sound(kind, wish["sample_rate"], wish["channel"], wish.get("bitrate", 128_000))


def hex_or_address(call: Call, kind: str) -> Callable[[bytes], str]:
    if call.json.get("output_format", "hex") == "hex":
        return bytes.hex
    media_type = sounds.MEDIA_TYPES.get(kind, "application/octet-stream")
    return lambda sound: call.publish(f"speech.{kind}", bytes_answer(sound, media_type), lives_s=DAY_S)


def _subtitles(call: Call, split_words: bool) -> str:
    words = call.json.get("subtitle_type", "sentence") != "sentence"
    timing = subtitles.timing_file(call.json["text"], sounds.SECONDS * 1000, words=words, split_words=split_words)
    return call.publish("subtitles.json", json_answer(timing), lives_s=DAY_S, kind="subtitles")


def _voice_facts(call: Call, sound: bytes, wish: dict[str, Any]) -> dict[str, object]:
    text = call.json.get("text", "")
    return {
        "audio_length": int(sounds.SECONDS * 1000), "audio_sample_rate": wish.get("sample_rate", 32_000),
        "audio_size": len(sound), "bitrate": wish.get("bitrate", 128_000), "word_count": len(text.split()),
        "invisible_character_ratio": 0, "usage_characters": billed_characters(text),
        "audio_format": wish.get("format", "mp3"), "audio_channel": wish.get("channel", 1),
    }  # fmt: skip


def billed_characters(text: str) -> int:
    """A Chinese character counts as two, everything else as one."""
    return sum(2 if unicodedata.name(one, "").startswith("CJK UNIFIED IDEOGRAPH") else 1 for one in text)
