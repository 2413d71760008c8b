"""Scripts from an author's text: the author's words stay, the slides are even, titles are short."""

from __future__ import annotations

import pytest

from services.content.providers.offline.script import OfflineScript
from services.content.providers.port import Script, ScriptRequest
from shared.errors import InvalidInputError

ARTICLE = """\
Bees see the world in colours of their own. They see blue and violet well, but hardly any red.
Dr. Smith measured it in 1914, with cards of grey and blue.

In ultraviolet light, flowers show signs! Who would have thought? "They glow," he wrote. The lines lead to the
nectar, and the bee follows them at 3.5 metres per second."""


def write(text: str, slides: int, topic: str = "") -> Script:
    return OfflineScript().write(ScriptRequest(topic=topic, text=text, slides=slides, language="en"))


@pytest.mark.parametrize("slides", [1, 2, 3, 5, 8, 12, 40])
def test_every_word_is_kept_in_order_whatever_the_number_of_slides(slides: int) -> None:
    script = write(ARTICLE, slides)

    assert len(script.slides) == slides
    assert " ".join(slide.narration for slide in script.slides).split() == ARTICLE.split()


def test_slides_end_with_sentences() -> None:
    assert all(slide.narration[-1] in '.!?"' for slide in write(ARTICLE, 4).slides)


@pytest.mark.parametrize(
    "first",
    [
        "The long report about all those bees was written by Dr. Smith and by nobody else in the whole world.",
        "They keep bees and wasps and ants etc. and they grow many flowers of all kinds in the large garden.",
    ],
)
def test_a_sentence_is_not_cut_after_an_abbreviation(first: str) -> None:
    assert [slide.narration for slide in write(f"{first} Yes.", 2).slides] == [first, "Yes."]


def test_slides_are_about_equally_long() -> None:
    text = " ".join(f"Sentence number {number} is neither long nor short." for number in range(60))

    lengths = [len(slide.narration) for slide in write(text, 10).slides]

    assert max(lengths) < 1.3 * min(lengths)


def test_titles_are_short_and_come_from_the_text() -> None:
    for slide in write(ARTICLE, 5).slides:
        assert 0 < len(slide.title) <= 49
        assert slide.title.rstrip("…") in slide.narration


def test_headings_and_lists_become_sentences_without_markup() -> None:
    text = "# Bees\nThey fly.\n\n- One **bold** point\n- See [this](https://example.org/a) at 5*3*2\n2. Third"

    spoken = write(text, 1).slides[0].narration

    assert spoken == "Bees. They fly. One bold point. See this at 5*3*2. Third."


def test_a_hindi_text_is_cut_at_its_own_full_stop() -> None:
    script = write("मधुमक्खी उड़ती है। वह फूल खोजती है। फिर लौट आती है।", 3)

    assert [slide.narration for slide in script.slides] == [
        "मधुमक्खी उड़ती है।",
        "वह फूल खोजती है।",
        "फिर लौट आती है।",
    ]


def test_the_given_topic_is_the_title() -> None:
    assert write(ARTICLE, 3, topic="My bees").title == "My bees"


def test_more_slides_than_words_are_refused_with_the_number_of_words() -> None:
    with pytest.raises(InvalidInputError, match="3 words, too few for 4 slides"):
        write("Only three words", 4)
