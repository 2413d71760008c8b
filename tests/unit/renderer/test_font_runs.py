"""Which font draws what: every script by one that has it, emoji as one picture, nothing as an empty box."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from services.renderer.pipeline.faced_words import FacedWord
from services.renderer.pipeline.font_runs import han_language, runs_of
from services.renderer.pipeline.fonts import EMOJI_STRIKE, Face, faces, font_digests

FAMILY, ASTRONAUT = "👨\u200d👩\u200d👧", "👩\u200d🚀"

SCRIPTS = [
    *("Straße", "Ελλάδα", "Пчёлы", "ñ", "Việt"),
    *("मधुमक्खियाँ", "१२३", "क्षत्रिय", "النحلة", "۱۲۳", "דבורים"),
    *("வணக்கம்", "ஸ்ரீ", "สวัสดีครับ", "น้ำผึ้ง"),
    *("蜜蜂看到紫外线", "蜜蜂看見紫外線", "ミツバチは紫外線を見る", "꿀벌은", "「蜂」、", "ｶﾅ"),
    *("🐝", "→", "♪", "★", "∑"),
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_bundled_script_is_drawn_by_one_face(text):
    runs, missing = runs_of(text)
    assert not missing
    assert [run.text for run in runs] == [text]


@pytest.mark.parametrize("text", SCRIPTS)
def test_no_empty_box_is_drawn(text):
    """What a font draws for a character that it lacks is drawn by none of the runs."""
    for run in runs_of(text)[0]:
        font = run.face.at(40)
        box = bytes(font.getmask("\U000f1234"))
        assert any(font.getmask(run.text))
        assert all(bytes(font.getmask(c)) != box or not any(box) for c in run.text if c not in "\u200d")


def test_marks_digits_and_punctuation_stay_with_the_word_they_follow():
    assert [run.face.name for run in runs_of("हैं,")[0]] == ["NotoSansDevanagari-Bold.ttf"]
    assert [run.text for run in runs_of("Bee🐝!")[0]] == ["Bee", "🐝", "!"]


def test_an_emoji_look_that_is_asked_for_is_given():
    assert runs_of("❤\ufe0f")[0][0].face.is_emoji
    assert not runs_of("❤")[0][0].face.is_emoji


@pytest.mark.parametrize(
    "emoji", [FAMILY, ASTRONAUT, "👍🏽", "🇮🇳", "🇩🇪", "3\ufe0f⃣", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
)
def test_a_joined_emoji_is_one_picture(emoji):
    runs, missing = runs_of(f"{emoji}{emoji}")
    assert not missing
    assert len(runs) == 2
    assert all(any(run.face.at(1).getmask(run.text)) for run in runs)
    assert {run.face.at(1).getlength(run.text) for run in runs} == {faces()[-1].at(1).getlength("🐝")}


def test_a_joined_emoji_without_a_picture_is_shown_as_what_comes_nearest():
    assert [run.text for run in runs_of("👩🏽\u200d🚀")[0]] == [ASTRONAUT]
    assert [run.text for run in runs_of("🐝\u200d🚀")[0]] == ["🐝🚀"]


def test_unknown_characters_are_reported_and_invisible_ones_are_not():
    runs, missing = runs_of("ᚠa\u200e\u00ad\ufe0f")
    assert missing == {"ᚠ"}
    assert runs[0].text.startswith("a")


def test_a_joiner_between_letters_is_no_emoji():
    assert runs_of("\u200d🏽\ufe0f") == ([], set())
    assert [run.text for run in runs_of("क्\u200dष")[0]] == ["क्\u200dष"]


def test_an_own_font_is_asked_first_and_the_bundled_ones_have_what_it_lacks():
    own = next(face for face in faces()[1:] if face.has("(") and not face.has("a"))
    assert [run.face for run in runs_of("(")[0]] == [faces()[0]]
    assert [(run.face, run.text) for run in runs_of("(a", own)[0]] == [(own, "("), (faces()[0], "a")]


def with_one_width(face: Face, width: int, path: Path) -> Face:
    """A face with the same letters and space, each of the same width [thousandths of the font size]."""
    font = bytearray(face.path.read_bytes())
    count = int.from_bytes(font[4:6])
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(count))
    starts = {name: start for name, _, start, _ in records}
    units_per_size = int.from_bytes(font[starts[b"head"] + 18 :][:2])
    for number in range(int.from_bytes(font[starts[b"hhea"] + 34 :][:2])):
        struct.pack_into(">H", font, starts[b"hmtx"] + 4 * number, width * units_per_size // 1000)
    path.write_bytes(font)
    return Face(path=path, characters=face.characters)


def test_words_of_an_own_font_are_parted_by_its_own_space(tmp_path):
    own = with_one_width(faces()[0], 600, tmp_path / "one-width.ttf")
    narrow = with_one_width(faces()[0], 0, tmp_path / "no-width.ttf")
    gaps = {
        name: FacedWord(text, is_glued=False, own=face, language=None).gap(100)
        for name, text, face in (
            ("own", "bee", own),
            ("narrow", "bee", narrow),
            ("bundled", "bee", None),
            ("drawn by another", "蜂", own),
        )
    }
    assert gaps == {"own": 60, "narrow": 15, "bundled": 27, "drawn by another": 27}
    assert FacedWord("bee", is_glued=True, own=own, language=None).gap(100) == 0


def test_chinese_characters_have_the_shapes_of_their_language():
    assert (han_language("直角です"), han_language("直角"), han_language("Bee")) == ("ja", "zh-Hans", None)
    [run] = runs_of("骨", language="zh-Hans")[0]
    font = run.face.at(40)
    chinese, japanese = (bytes(font.getmask(run.text, language=code)) for code in (run.language, "ja"))
    assert chinese != japanese


def test_faces_know_what_they_have():
    latin = faces()[0]
    assert all(latin.has(character) for character in "AzÄß€…Ж")
    assert not any(latin.has(character) for character in "मع🐝蜂")


def test_every_font_counts_for_the_name_of_a_segment():
    assert {face.name for face in faces()} < set(font_digests())
    assert faces()[-1].at(7).size == EMOJI_STRIKE


@pytest.mark.parametrize(
    ("whole", "parts"),
    [("क्ष", "क्‌ष"), ("கி", "க ி"), ("لا", "ل\u200cا"), ("ผึ้", "ผ ึ ้")],
)
def test_letters_are_joined_as_their_script_wants(whole, parts):
    """A conjunct, a ligature, a stacked mark take less room than their parts."""
    [run] = runs_of(whole)[0]
    font = run.face.at(64)
    direction = "rtl" if whole == "لا" else "ltr"
    assert font.getlength(whole, direction=direction) < font.getlength(parts, direction=direction)
