"""Composes one piece; the child process's part of the built-in composer."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

from services.content.providers.offline.composing.arrange import arrange
from services.content.providers.offline.composing.instruments import RATE
from services.content.providers.offline.composing.mix import mixed
from services.content.providers.offline.composing.moods import mood_named
from services.content.providers.offline.seeds import generator


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Write the WAV file of ``request`` to its target and answer its length in samples."""
    mood = mood_named(request["mood"])
    chance = generator("music", request["mood"], request["take"])
    notes = arrange(mood, request["duration_s"], chance)
    samples = mixed(notes, request["duration_s"], mood.brightness)
    with Path(request["target"]).open("wb") as file, wave.open(file) as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return {"samples": len(samples)}
