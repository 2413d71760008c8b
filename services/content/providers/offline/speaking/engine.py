"""The espeak-ng library through ctypes; loaded in the child process only.

espeak-ng is licensed under GPL-3 and comes as the wheel ``espeakng_loader``; we link nothing of it into our own
processes. Structures and numbers are those of its public header ``speak_lib.h``, version 1.52.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from shared.errors import TaskFailedError

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_POS_CHARACTER = 1
_CHARS_UTF8_AND_END_PAUSE = 0x1001
_EVENT_LIST_TERMINATED = 0
_EVENT_WORD = 1
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}
_OK = 0


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, kw_only=True)
class WordEvent:
    """The engine begins the word at character ``offset`` (from 0) with ``sample``."""

    offset: int
    sample: int


class Engine:
    """One initialised engine; one voice at a time, not thread-safe.

    Args:
        voice: Language and variant, e.g. ``en-us+max``.
        words_per_minute: 80 to 450.
        pitch, pitch_range: 0 to 100.
    Raises:
        TaskFailedError: ``content.voice_unavailable``: the library cannot start or lacks the voice.
    """

    def __init__(self, *, voice: str, words_per_minute: int, pitch: int, pitch_range: int) -> None:
        self._library = _load()
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate: int = self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
        if self.sample_rate <= 0 or self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise _unavailable(f"it lacks the voice {voice}")
        for name, value in (("rate", words_per_minute), ("pitch", pitch), ("range", pitch_range)):
            self._library.espeak_SetParameter(_PARAMETERS[name], value, 0)
        self._blocks: list[NDArray[np.int16]] = []
        self._words: list[WordEvent] = []
        self._callback = _Callback(self._receive)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str) -> tuple[NDArray[np.int16], list[WordEvent]]:
        """Speak ``text``; mono samples and the words in the order they are spoken."""
        self._blocks, self._words = [], []
        raw = text.encode() + b"\0"
        answer = self._library.espeak_Synth(
            raw, len(raw), 0, _POS_CHARACTER, 0, _CHARS_UTF8_AND_END_PAUSE, None, None
        )
        if answer != _OK or self._library.espeak_Synchronize() != _OK:
            raise _unavailable(f"it answered {answer}")
        sound = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)
        return sound, self._words

    def _receive(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self._blocks.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._words.append(WordEvent(offset=event.text_position - 1, sample=event.sample))
            index += 1
        return 0


def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise _unavailable(str(error)) from error
    library.espeak_Synth.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.POINTER(ctypes.c_uint),
        ctypes.c_void_p,
    ]
    return library


def _unavailable(reason: str) -> TaskFailedError:
    return TaskFailedError(
        f"the built-in voice cannot speak: {reason}. Install the package espeakng-loader again, "
        "or use another voice provider",
        code="content.voice_unavailable",
    )
