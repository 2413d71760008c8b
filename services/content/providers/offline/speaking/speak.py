"""Speaks one narration; the child process's part of the built-in voice."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.speaking.engine import Engine, WordEvent
from services.content.providers.offline.speaking.shaping import levelled, shaped
from services.content.providers.offline.speaking.text import passages, speakable, word_spans
from services.content.providers.offline.speaking.timing import word_ends, word_starts

_TAIL_S = 0.15
_SILENT_LEVEL = 0.004


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Write the WAV file of ``request`` and answer its rate, length and words as [start, end, first, last]."""
    engine = Engine(
        voice=request["voice"],
        words_per_minute=request["words_per_minute"],
        pitch=request["pitch"],
        pitch_range=request["pitch_range"],
    )
    dry, events = _spoken(engine, request["text"])
    sound = _with_tail(_shaped(dry, engine.sample_rate), engine.sample_rate)
    _write(Path(request["target"]), sound, engine.sample_rate)
    spans = word_spans(request["text"])
    starts = word_starts(spans, events, len(sound))
    ends = word_ends(starts, np.concatenate(dry), len(sound), engine.sample_rate)
    words = [[span.start, span.end, a, b] for span, a, b in zip(spans, starts, ends, strict=True)]
    return {"sample_rate": engine.sample_rate, "samples": len(sound), "words": words}


def _spoken(engine: Engine, text: str) -> tuple[list[NDArray[np.float32]], list[WordEvent]]:
    """Dry sound in passages, and events counted from the start of all."""
    ready = speakable(text)
    blocks: list[NDArray[np.float32]] = []
    events: list[WordEvent] = []
    length = 0
    for span in passages(ready):
        block, words = engine.say(ready[span.start : span.end])
        events += [WordEvent(offset=span.start + word.offset, sample=length + word.sample) for word in words]
        blocks.append((block / 32768).astype(np.float32))
        length += len(block)
    return blocks, events


def _shaped(blocks: list[NDArray[np.float32]], sample_rate: int) -> NDArray[np.float32]:
    return np.concatenate([shaped(block, sample_rate) for block in blocks])


def _with_tail(sound: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """End the sound 0.15 s after the last thing heard, with a short fade."""
    tail = round(_TAIL_S * sample_rate)
    heard = np.flatnonzero(np.abs(sound) > _SILENT_LEVEL)
    last = int(heard[-1]) + 1 if len(heard) else 0
    padded = np.concatenate([sound[: last + tail], np.zeros(max(0, last + tail - len(sound)), np.float32)])
    padded[last:] *= np.linspace(1, 0, tail, dtype=np.float32)
    return padded


def _write(target: Path, sound: NDArray[np.float32], sample_rate: int) -> None:
    with target.open("wb") as file, wave.open(file) as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(levelled(sound).tobytes())
