"""The built-in painter: a scene that fits the prompt, painted by arithmetic in a child process."""

from __future__ import annotations

from pathlib import Path

from services.content.providers.offline.notice import warn_builtin
from services.content.providers.offline.process import run_child
from services.content.providers.port import GeneratedFile, ImageRequest

_TIMEOUT_S = 120.0


class OfflineImage:
    """Paints without a key and without a network; equal requests give equal bytes."""

    name = "offline_image"
    version = "1"
    is_builtin = True

    def generate(self, request: ImageRequest, target: Path) -> GeneratedFile:
        """Write a JPEG of exactly the wanted size to ``target``.

        Raises:
            TaskFailedError: ``content.file_not_written``, ``content.builtin_too_slow`` or
                ``content.builtin_crashed``.
        """
        warn_builtin("image", self.name)
        order = {
            "prompt": request.prompt,
            "style": request.style,
            "width": request.width,
            "height": request.height,
            "take": request.take,
            "target": str(target),
        }
        answer = run_child("image", order, provider=self.name, timeout_s=_TIMEOUT_S)
        return GeneratedFile(path=target, media_type=answer["media_type"])
