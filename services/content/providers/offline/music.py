"""The built-in composer: a piece in the wanted mood, exactly as long as asked for, from arithmetic alone."""

from __future__ import annotations

from pathlib import Path

from services.content.providers.offline.notice import warn_builtin
from services.content.providers.offline.process import run_child
from services.content.providers.port import GeneratedFile, MusicRequest

_BASE_TIMEOUT_S = 60.0
_TIMEOUT_PER_SECOND_S = 1.0


class OfflineMusic:
    """Composes without a key and without a network; equal requests give equal bytes."""

    name = "offline_music"
    version = "1"
    is_builtin = True

    def compose(self, request: MusicRequest, target: Path) -> GeneratedFile:
        """Write 48 kHz stereo 16-bit WAV of exactly ``request.duration_s`` (to the nearest sample) to ``target``.

        Raises:
            TaskFailedError: ``content.file_not_written``, ``content.builtin_too_slow`` or
                ``content.builtin_crashed``.
        """
        warn_builtin("music", self.name)
        order = {
            "mood": request.mood,
            "duration_s": request.duration_s,
            "take": request.take,
            "target": str(target),
        }
        timeout_s = _BASE_TIMEOUT_S + _TIMEOUT_PER_SECOND_S * request.duration_s
        run_child("music", order, provider=self.name, timeout_s=timeout_s)
        return GeneratedFile(path=target, media_type="audio/wav")
