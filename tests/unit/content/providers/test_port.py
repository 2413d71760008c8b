"""Requests refuse what no provider could do, and say which limit was passed."""

from __future__ import annotations

import pytest

from services.content.providers.port import ImageRequest, MusicRequest, ScriptRequest, VoiceRequest
from shared.errors import InvalidInputError


def test_an_empty_topic_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="topic is empty"):
        ScriptRequest(topic=" \n", slides=5, language="en")


@pytest.mark.parametrize("slides", [0, -1, 101, 500])
def test_a_number_of_slides_outside_1_to_100_is_refused_with_the_limit(slides: int) -> None:
    with pytest.raises(InvalidInputError, match=f"^{slides} slides .* 1 to 100"):
        ScriptRequest(topic="bees", slides=slides, language="en")


def test_a_hundred_thousand_characters_are_refused_with_the_limit() -> None:
    with pytest.raises(InvalidInputError, match="100,000 characters; at most 50,000"):
        ScriptRequest(text="a" * 100_000, slides=5, language="en")
    with pytest.raises(InvalidInputError, match="100,000 characters; at most 300"):
        ScriptRequest(topic="a" * 100_000, slides=5, language="en")
    with pytest.raises(InvalidInputError, match="100,000 characters; at most 10,000"):
        VoiceRequest(text="a" * 100_000, language="en")


@pytest.mark.parametrize(("width", "height"), [(0, 100), (100, 30_000)])
def test_a_picture_too_small_or_too_large_is_refused(width: int, height: int) -> None:
    with pytest.raises(InvalidInputError, match="16 to 4096"):
        ImageRequest(prompt="bees", width=width, height=height)


@pytest.mark.parametrize("speed", [0.1, 3.0])
def test_a_speed_nobody_could_follow_is_refused(speed: float) -> None:
    with pytest.raises(InvalidInputError, match=r"0\.5 to 2\.0"):
        VoiceRequest(text="bees", language="en", speed=speed)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 100_000.0, float("nan")])
def test_music_without_a_sensible_length_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInputError, match="at most 300 s"):
        MusicRequest(mood="calm", duration_s=seconds)
