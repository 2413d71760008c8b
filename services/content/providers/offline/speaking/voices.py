"""Which voice speaks which language, and how fast and how high."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import TaskFailedError


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Settings of the speech engine for one language.

    Args:
        engine_name: File name of the language in the engine's data (its voice names do not take variants).
        words_per_minute: Speaking rate at speed 1.0.
        pitch, pitch_range: 0 to 100, the engine's scale; 50 is its default for both.
    """

    engine_name: str
    words_per_minute: int = 155
    pitch: int = 46
    pitch_range: int = 58


DEFAULT_TIMBRE = "male"
TIMBRES = {"male": "max", "female": "Annie"}
"""Names a request may give as its voice, and the engine's variant behind each."""

_TUNED = {
    "en": Voice(engine_name="en-us", words_per_minute=158, pitch_range=62),
    "en-gb": Voice(engine_name="en", words_per_minute=158, pitch_range=62),
    "hi": Voice(engine_name="hi", words_per_minute=148, pitch=48),
    "es": Voice(engine_name="es", words_per_minute=160, pitch_range=60),
    "es-mx": Voice(engine_name="es-419", words_per_minute=160, pitch_range=60),
    "fr": Voice(engine_name="fr", words_per_minute=155),
    "de": Voice(engine_name="de", words_per_minute=150, pitch_range=60),
    "pt": Voice(engine_name="pt-br", words_per_minute=158, pitch_range=60),
    "pt-pt": Voice(engine_name="pt", words_per_minute=158),
    "no": Voice(engine_name="nb"),
}
_PLAIN = [
    "af",
    "ar",
    "bg",
    "bn",
    "bs",
    "ca",
    "cs",
    "cy",
    "da",
    "el",
    "eo",
    "et",
    "eu",
    "fa",
    "fi",
    "ga",
    "gu",
    "he",
    "hr",
    "hu",
    "hy",
    "id",
    "is",
    "it",
    "ka",
    "kk",
    "kn",
    "ko",
    "lt",
    "lv",
    "mk",
    "ml",
    "mr",
    "ms",
    "nb",
    "ne",
    "nl",
    "pa",
    "pl",
    "ro",
    "ru",
    "sk",
    "sl",
    "sq",
    "sr",
    "sv",
    "sw",
    "ta",
    "te",
    "tr",
    "uk",
    "ur",
    "uz",
    "vi",
]
_VOICES = {**{code: Voice(engine_name=code) for code in _PLAIN}, **_TUNED}

LANGUAGES = frozenset(code for code in _VOICES if "-" not in code)


def voice_for(language: str) -> Voice:
    """The voice of a language; a region that has none of its own gets the language's.

    Raises:
        TaskFailedError: ``content.unknown_language``; the message lists what can be spoken.
    """
    tag = language.strip().lower().replace("_", "-")
    voice = _VOICES.get(tag) or _VOICES.get(tag.split("-")[0])
    if voice is None:
        raise TaskFailedError(
            f"the built-in voice does not speak {language!r}; it speaks {', '.join(sorted(LANGUAGES))}. "
            "Choose one of these, give your own recording, or use another voice provider",
            code="content.unknown_language",
        )
    return voice


def timbre_for(name: str | None) -> str:
    """The engine's variant for a requested voice name.

    Raises:
        TaskFailedError: ``content.unknown_voice``; the message lists the names.
    """
    variant = TIMBRES.get((name or DEFAULT_TIMBRE).lower())
    if variant is None:
        raise TaskFailedError(
            f"the built-in voice has no {name!r}; choose one of {', '.join(sorted(TIMBRES))}",
            code="content.unknown_voice",
        )
    return variant
