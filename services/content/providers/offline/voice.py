"""The built-in voice: espeak-ng in a child process, with exact word times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.content.providers.offline.notice import warn_builtin
from services.content.providers.offline.process import run_child
from services.content.providers.offline.speaking.text import is_speakable
from services.content.providers.offline.speaking.voices import timbre_for, voice_for
from services.content.providers.port import GeneratedFile, Speech, VoiceRequest, WordTiming
from shared.errors import TaskFailedError

_BASE_TIMEOUT_S = 30.0
_TIMEOUT_PER_CHARACTER_S = 0.02


class OfflineVoice:
    """Speaks without a key and without a network; a ``take`` changes nothing, it always reads alike.

    Args:
        timeout_s: Kill the engine after this time; None allows 30 s and 20 ms for each character.
    """

    name = "offline_voice"
    version = "1"
    is_builtin = True

    def __init__(self, *, timeout_s: float | None = None) -> None:
        self._timeout_s = timeout_s

    def synthesize(self, request: VoiceRequest, target: Path) -> Speech:
        """Write mono 16-bit WAV at 22,050 Hz to ``target``.

        Raises:
            TaskFailedError: ``content.nothing_to_say``, ``content.unknown_language``, ``content.unknown_voice``,
                ``content.voice_unavailable``, ``content.builtin_too_slow``, ``content.builtin_crashed``.
        """
        if not is_speakable(request.text):
            raise TaskFailedError(
                "the narration has no letter or digit to say; write some words or make the slide silent",
                code="content.nothing_to_say",
                provider=self.name,
            )
        order = _order(request, target)
        warn_builtin("voice", self.name)
        timeout_s = self._timeout_s or _BASE_TIMEOUT_S + _TIMEOUT_PER_CHARACTER_S * len(request.text)
        answer = run_child("voice", order, provider=self.name, timeout_s=timeout_s)
        return _speech(request.text, target, answer)


def _order(request: VoiceRequest, target: Path) -> dict[str, Any]:
    voice = voice_for(request.language)
    return {
        "text": request.text,
        "target": str(target),
        "voice": f"{voice.engine_name}+{timbre_for(request.voice)}",
        "words_per_minute": round(voice.words_per_minute * request.speed),
        "pitch": voice.pitch,
        "pitch_range": voice.pitch_range,
    }


def _speech(text: str, target: Path, answer: dict[str, Any]) -> Speech:
    words = tuple(
        WordTiming(text=text[start:end], start_offset=start, end_offset=end, start_sample=first, end_sample=last)
        for start, end, first, last in answer["words"]
    )
    return Speech(
        file=GeneratedFile(path=target, media_type="audio/wav"),
        sample_rate=answer["sample_rate"],
        samples=answer["samples"],
        words=words,
    )
