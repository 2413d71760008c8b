"""The painter picks the scene and the light that the words of a prompt ask for, in six languages."""

from __future__ import annotations

import pytest

from services.content.providers.offline.painting.choice import choose
from services.content.providers.offline.painting.colour import hexed
from services.content.providers.offline.painting.palettes import Hour
from services.content.providers.offline.seeds import generator


def scene(prompt: str, style: str = "") -> str:
    return choose(prompt, style, generator(prompt)).scene


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A quiet forest path", "forest"),
        ("Volcanoes and other mountains", "mountains"),
        ("waves of the ocean", "ocean"),
        ("a coral reef with fish", "underwater"),
        ("city skyline", "city"),
        ("camels in the desert", "desert"),
        ("The planets of our galaxy", "space"),
        ("aurora in the arctic winter", "aurora"),
        ("an old oak tree", "tree"),
        ("hot air balloons in the sky", "heaven"),
        ("honeycomb and honey", "hive"),
        ("ultraviolet nectar guides of a flower", "nectar"),
        ("rose petals, close up", "blossom"),
        ("a meadow in spring", "meadow"),
        ("El fondo del mar: peces y corales", "underwater"),
        ("La ville et ses rues", "city"),
        ("Unterwasserwelt und Korallenriff", "underwater"),
        ("Wie die Sterne im Weltall entstehen", "space"),
        ("A vida na floresta", "forest"),
        ("रेगिस्तान में ऊँट", "desert"),
        ("समुद्र की लहरें", "ocean"),
    ],
)
def test_the_words_of_a_prompt_decide_the_scene(prompt: str, expected: str) -> None:
    assert scene(prompt) == expected


def test_the_subject_counts_more_than_what_follows_the_semicolon() -> None:
    assert scene("The deep ocean; a city skyline") == "ocean"


def test_a_subject_without_a_picture_takes_what_follows() -> None:
    assert scene("Quarterly figures; mountains at dawn") == "mountains"


@pytest.mark.parametrize("prompt", ["zzz", "", "🐝", "مرحبا"])
def test_anything_else_becomes_flowing_shapes(prompt: str) -> None:
    assert scene(prompt) == "abstract"


@pytest.mark.parametrize(
    ("prompt", "hour"),
    [
        ("mountains at night", Hour.NIGHT),
        ("Berge bei Sonnenaufgang", Hour.DAWN),
        ("playa al atardecer", Hour.GOLDEN),
    ],
)
def test_the_light_is_the_one_asked_for(prompt: str, hour: Hour) -> None:
    assert choose(prompt, "", generator(1)).hour is hour


def test_the_style_can_ask_for_the_light() -> None:
    assert choose("mountains", "night", generator(1)).hour is Hour.NIGHT


def test_bees_appear_only_where_they_are_asked_for() -> None:
    assert choose("bees in a meadow", "", generator(1)).with_bees
    assert not choose("a meadow, as it has been", "", generator(1)).with_bees
    assert choose("the waggle dance on honeycomb", "", generator(1)).with_dance


@pytest.mark.parametrize("prompt", ["a purple blossom", "una flor morada", "eine violette Blüte", "बैंगनी फूल"])
def test_a_blossom_has_the_colour_asked_for(prompt: str) -> None:
    assert choose(prompt, "", generator(1)).blossoms == (hexed("#8f5cf0"),)


def test_what_stands_before_the_first_comma_counts_more() -> None:
    assert scene("a sunny meadow with wild flowers at dawn, a beehive under a tree") == "meadow"


def test_words_are_not_found_inside_other_words() -> None:
    assert scene("What has been seen") == "abstract"
