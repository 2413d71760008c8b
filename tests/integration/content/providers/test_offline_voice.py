"""The built-in voice, with the real engine: sound, word times, refusals."""

from __future__ import annotations

import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.content.providers.offline.process import run_child
from services.content.providers.offline.speaking.voices import LANGUAGES, voice_for
from services.content.providers.offline.voice import OfflineVoice
from services.content.providers.port import Speech, VoiceRequest
from shared.errors import TaskFailedError

NARRATIONS = {
    "en": "Hello 🐝 world. In 1985, Dr. Smith paid $42.50 — that's well-known, isn't it? (Yes) of the a/b.",
    "hi": "नमस्ते दुनिया 🙂, यह 42 एक परीक्षण है। मधुमक्खियाँ फूल कैसे खोजती हैं?",
    "es": "¿Cómo encuentran las abejas 3 flores? ¡Así! «Con 12,5 % de luz», dijo él.",
    "fr": "L'abeille trouve-t-elle les fleurs ? Aujourd'hui, « oui » ; c'est l'été 2024.",
    "de": "Wie finden Bienen z. B. 1.000 Blüten? Schauen wir – ganz genau – nach!",
    "pt": "Como as abelhas encontram as flores? Vamos ver, às 8h30, com atenção: é fácil.",
    "ar": "مرحبا بالعالم 🙂، كيف حالك؟",
}


def speak(text: str, folder: Path, language: str = "en", **wishes: object) -> Speech:
    return OfflineVoice().synthesize(VoiceRequest(text=text, language=language, **wishes), folder / "voice.wav")  # type: ignore[arg-type]


def samples_of(speech: Speech) -> np.ndarray:
    with wave.open(str(speech.file.path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, speech.sample_rate)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768


@pytest.mark.parametrize("language", NARRATIONS)
def test_every_word_has_its_own_interval_in_order(language: str, tmp_path: Path) -> None:
    text = NARRATIONS[language]

    speech = speak(text, tmp_path, language)

    assert "".join("".join(word.text for word in speech.words).split()) == "".join(text.split())
    assert all(word.text == text[word.start_offset : word.end_offset] for word in speech.words)
    assert all(word.start_sample < word.end_sample for word in speech.words)
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(speech.words))
    assert speech.words[-1].end_sample <= speech.samples == len(samples_of(speech))


@pytest.mark.parametrize("language", NARRATIONS)
def test_words_are_heard_in_their_intervals(language: str, tmp_path: Path) -> None:
    speech = speak(NARRATIONS[language], tmp_path, language)
    sound = np.abs(samples_of(speech))

    loud = [sound[word.start_sample : word.end_sample].max() for word in speech.words]

    assert min(loud) > 0.03


def test_the_sound_is_even_not_clipped_and_ends_in_a_short_silence(tmp_path: Path) -> None:
    speech = speak("Bees see blue, violet and yellow well. They hardly see any red.", tmp_path)
    sound = samples_of(speech)
    tail = sound[-round(0.02 * speech.sample_rate) :]

    assert 0.25 < np.abs(sound).max() < 0.95
    assert 0.03 < np.sqrt(np.mean(sound**2)) < 0.2
    assert np.abs(tail).max() < 0.01
    assert 0.1 < (speech.samples - speech.words[-1].end_sample) / speech.sample_rate + 0.1 < 0.4


def test_a_long_narration_is_spoken_to_its_end(tmp_path: Path) -> None:
    text = " ".join(f"This is sentence number {number}, and it is not the last one." for number in range(60))

    speech = speak(text, tmp_path)

    assert len(speech.words) == len(text.split())
    gaps = [after.start_sample - before.start_sample for before, after in pairwise(speech.words)]
    assert max(gaps) < 3 * speech.sample_rate
    assert speech.samples > 150 * speech.sample_rate


def test_speed_shortens_and_lengthens(tmp_path: Path) -> None:
    text = "A bright morning, and one small bee leaves her hive."
    slow, normal, fast = (speak(text, tmp_path, speed=speed).samples for speed in (0.7, 1.0, 1.5))

    assert slow > 1.2 * normal > 1.4 * fast


def test_the_same_request_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    first = speak("Bees fly.", tmp_path).file.path.read_bytes()
    second = speak("Bees fly.", tmp_path).file.path.read_bytes()

    assert first == second


def test_another_voice_sounds_different(tmp_path: Path) -> None:
    male = samples_of(speak("Bees fly.", tmp_path, voice="male"))
    female = samples_of(speak("Bees fly.", tmp_path, voice="female"))

    assert len(male) != len(female) or not np.allclose(male, female)


@pytest.mark.parametrize("text", ["", "  ", "🐝🐝", "…!"])
def test_nothing_to_say_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match="no letter or digit") as refusal:
        speak(text, tmp_path)

    assert refusal.value.code == "content.nothing_to_say"
    assert not (tmp_path / "voice.wav").exists()


def test_an_unknown_language_is_refused_by_name_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match=r"'tlh'.*de.*en.*hi") as refusal:
        speak("Qapla", tmp_path, "tlh")

    assert refusal.value.code == "content.unknown_language"


def test_an_unknown_voice_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match="female, male") as refusal:
        speak("Hello", tmp_path, voice="Bob")

    assert refusal.value.code == "content.unknown_voice"


def test_the_engine_has_every_voice_we_offer() -> None:
    from services.content.providers.offline.speaking.engine import Engine

    for language in sorted(LANGUAGES):
        for variant in ("max", "Annie"):
            Engine(
                voice=f"{voice_for(language).engine_name}+{variant}",
                words_per_minute=160,
                pitch=50,
                pitch_range=50,
            )


def test_a_voice_that_hangs_is_killed_and_named(tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match="did not finish within") as refusal:
        OfflineVoice(timeout_s=0.01).synthesize(VoiceRequest(text="Hello", language="en"), tmp_path / "voice.wav")

    assert refusal.value.code == "content.builtin_too_slow"
    assert refusal.value.retryable


def test_a_voice_that_hangs_is_killed_and_named_in_a_green_thread_as_well(tmp_path: Path) -> None:
    program = f"""
import eventlet
eventlet.monkey_patch()
from pathlib import Path
from services.content.providers.offline.voice import OfflineVoice
from services.content.providers.port import VoiceRequest
from shared.errors import TaskFailedError
try:
    OfflineVoice(timeout_s=0.01).synthesize(VoiceRequest(text="Hello", language="en"), Path({str(tmp_path / "v")!r}))
except TaskFailedError as error:
    print(error.code)
"""
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert outcome.stdout.splitlines()[-1] == "content.builtin_too_slow"


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "voice.wav"
    with pytest.raises(TaskFailedError, match=r"cannot write .*voice\.wav") as refusal:
        OfflineVoice().synthesize(VoiceRequest(text="Hello", language="en"), target)

    assert refusal.value.code == "content.file_not_written"


def test_a_child_that_dies_is_reported_with_its_last_words() -> None:
    with pytest.raises(TaskFailedError, match=r"ended with code 1.*KeyError: 'voice'") as refusal:
        run_child("voice", {"target": "nowhere"}, provider="offline_voice", timeout_s=30)

    assert refusal.value.code == "content.builtin_crashed"


def test_the_child_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    start = subprocess.Popen

    def record(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        seen.append(options["env"])
        return start(*arguments, **options)

    monkeypatch.setenv("STUDIO_SECRET", "planted")
    monkeypatch.setattr(subprocess, "Popen", record)
    speak("Hello", tmp_path)

    assert "planted" not in seen[0].values()
