"""The built-in script writer: shapes a topic into questions worth asking, or an author's text into slides."""

from __future__ import annotations

from services.content.providers.offline.notice import warn_builtin
from services.content.providers.offline.scripts.author import script_of_text
from services.content.providers.offline.scripts.phrases import LANGUAGES, phrases_of
from services.content.providers.offline.scripts.topic import script_about
from services.content.providers.port import Script, ScriptRequest


class OfflineScript:
    """Writes without a key and without a network; it knows no facts and invents none. ``tone`` changes nothing."""

    name = "offline_script"
    version = "1"
    is_builtin = True
    languages = LANGUAGES

    def write(self, request: ScriptRequest) -> Script:
        """Write exactly ``request.slides`` slides.

        Raises:
            InvalidInputError: The given text has fewer words than slides are wanted.
            TaskFailedError: ``content.unknown_language``.
        """
        phrases = phrases_of(request.language)
        warn_builtin("script", self.name)
        if request.text.strip():
            return script_of_text(request.text, request.slides, request.topic)
        return script_about(request.topic, request.slides, phrases, request.language)
