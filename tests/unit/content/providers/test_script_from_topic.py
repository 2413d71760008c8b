"""Scripts from a topic: any number of slides, six languages, the same answer to the same topic."""

from __future__ import annotations

import pytest

from services.content.providers.offline.script import OfflineScript
from services.content.providers.offline.scripts.phrases import LANGUAGES, phrases_of
from services.content.providers.port import Script, ScriptRequest
from shared.errors import TaskFailedError


def write(topic: str, slides: int, language: str = "en") -> Script:
    return OfflineScript().write(ScriptRequest(topic=topic, slides=slides, language=language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slides", [1, 2, 6, 100])
def test_every_language_gives_exactly_the_slides_asked_for(language: str, slides: int) -> None:
    script = write("Vulcan", slides, language)

    assert len(script.slides) == slides
    assert len({slide.narration for slide in script.slides}) == slides
    assert all(slide.title and slide.narration and slide.image_prompt for slide in script.slides)
    assert "{" not in str(script)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_the_same_ways_to_look_at_a_topic(language: str) -> None:
    keys = [lens.key for lens in phrases_of(language).lenses]

    assert keys == [lens.key for lens in phrases_of("en").lenses]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_narration_takes_between_five_and_fifteen_seconds_to_say(language: str) -> None:
    lengths = [len(slide.narration.split()) for slide in write("Vulcan", 30, language).slides]

    assert min(lengths) >= 15
    assert max(lengths) <= 38


def test_the_same_topic_gives_the_same_script_and_another_topic_another() -> None:
    assert write("Volcanoes", 6) == write("Volcanoes", 6)
    assert write("Volcanoes", 6).slides[1:] != write("Glaciers", 6).slides[1:]


def test_the_topic_is_the_title_and_is_said_at_the_start() -> None:
    script = write("  How   volcanoes work. ", 3)

    assert script.title == "How volcanoes work"
    assert "How volcanoes work" in script.slides[0].narration


@pytest.mark.parametrize(
    ("topic", "language"),
    [("Why is the sky blue?", "en"), ("Pourquoi pleut-il ?", "fr"), ("बारिश क्यों होती है?", "hi")],
)
def test_a_topic_that_is_a_question_does_not_double_the_punctuation(topic: str, language: str) -> None:
    for slides in range(2, 12):
        text = " ".join(slide.narration for slide in write(topic, slides, language).slides)
        assert "??" not in text
        assert "? ?" not in text
        assert "?." not in text
        assert "?।" not in text


@pytest.mark.parametrize("topic", ["🐝🌼", "مرحبا بالعالم", "A\u202eB", "x" * 300])
def test_emoji_and_right_to_left_topics_are_written_about(topic: str) -> None:
    script = write(topic, 4)

    assert script.title == topic
    assert len(script.slides) == 4


@pytest.mark.parametrize(
    ("topic", "language", "fact"),
    [
        ("How bees find flowers", "en", "ultraviolet"),
        ("Wie Bienen Blüten finden", "de", "Ultraviolett"),
        ("Cómo encuentran las abejas las flores", "es", "ultravioleta"),
        ("Comment les abeilles trouvent les fleurs", "fr", "ultraviolet"),
        ("Como as abelhas encontram as flores", "pt", "ultravioleta"),
        ("मधुमक्खियाँ फूल कैसे खोजती हैं", "hi", "पराबैंगनी"),
    ],
)
def test_what_is_known_about_a_subject_is_told(topic: str, language: str, fact: str) -> None:
    script = write(topic, 7, language)

    assert any(fact in slide.narration for slide in script.slides)
    assert script.slides[-1].narration != write("Vulcan", 7, language).slides[-1].narration


def test_a_known_subject_is_filled_up_with_questions_before_it_closes() -> None:
    short, long = write("Bees and flowers", 7), write("Bees and flowers", 10)

    assert long.slides[:6] == short.slides[:6]
    assert long.slides[-1] == short.slides[-1]
    assert len({slide.title for slide in long.slides}) == 10


def test_a_language_that_cannot_be_written_is_refused_by_name_with_those_that_can() -> None:
    with pytest.raises(TaskFailedError, match=r"'xx'.*en, hi, es, fr, de, pt") as refusal:
        write("Bees", 3, "xx")

    assert refusal.value.code == "content.unknown_language"
    assert not refusal.value.retryable


def test_a_region_is_understood() -> None:
    assert write("Vulcan", 3, "pt-BR").slides[0].title == "Vulcan"
