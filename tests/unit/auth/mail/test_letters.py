"""Every letter in every language: complete, readable in both forms, and harmless."""

from __future__ import annotations

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

import services.auth.mail.writing as writing
from services.auth.domain.letters import LANGUAGES, LINK_LIVES, VALUES
from services.auth.domain.records import LinkPurpose, Template
from services.auth.mail.messages import Sender, message_of

TOKEN = "t" * 43
EVERY_LETTER = [(template, language) for template in Template for language in LANGUAGES]
LETTERS = Path(writing.__file__).parent / "letters"
ALLOWED = {"html", "head", "meta", "title", "body", "table", "tr", "td", "h1", "p", "a", "br"}
DEVANAGARI = re.compile(r"[\u0900-\u097f]")


class Elements(HTMLParser):
    """What an HTML page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize(("template", "language"), EVERY_LETTER)
def test_a_letter_is_complete_in_both_forms(write, links, examples, template: Template, language: str) -> None:
    """Privacy policy, "How We Use Your Data": transactional e-mails."""
    mail = write(template, language)
    page = Elements(mail.html)
    assert page.open == []
    assert mail.subject == mail.subject.strip() != ""
    for form in (mail.subject, mail.text, mail.html):
        assert not re.search(r"\{\{|\}\}|\{%|None|Undefined", form)
    assert mail.subject in page.words
    assert "Ada" in mail.text
    assert "Ada" in page.words
    for name in VALUES[template] - {"factor"}:
        assert examples[name] in mail.text
    words = " ".join(page.words.split())
    for sentence in re.split(r"\n\n", mail.text):
        if "#" not in sentence and not sentence.startswith(("  ", "-- ")):
            assert " ".join(sentence.split()) in words
    assert (template in links) == (f"#{TOKEN}" in mail.text)


@pytest.mark.parametrize(("template", "language"), EVERY_LETTER)
def test_a_letter_names_nothing_from_outside_and_tracks_nobody(write, template: Template, language: str) -> None:
    """Privacy policy, "Cookies": no tracking. ASVS 5.0 14.2.1: a token is in the fragment only."""
    mail = write(template, language)
    page = Elements(mail.html)
    assert {tag for tag, _ in page.tags} <= ALLOWED
    for tag, attributes in page.tags:
        assert not set(attributes) & {"src", "background", "srcset", "onclick"}
        assert "url(" not in (attributes.get("style") or "")
        if tag == "a":
            assert re.fullmatch(rf"https://studio\.example/account/\w+#{TOKEN}", attributes["href"] or "")
    for url in re.findall(r"https?://[^\s<\"]+", mail.text):
        assert url.startswith("https://studio.example/")
        assert TOKEN not in url.partition("#")[0]
        assert "?" not in url


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_letter_and_the_same_parts(language: str) -> None:
    english = tomllib.loads((LETTERS / "en.toml").read_text())
    other = tomllib.loads((LETTERS / f"{language}.toml").read_text())
    assert set(other) == {"common", *Template}
    for name, parts in english.items():
        assert set(other[name]) == set(parts)
        mentioned = [sorted(set(re.findall(r"\{\{ (\w+)", str(words[name])))) for words in (english, other)]
        assert mentioned[0] == mentioned[1]


def test_letters_in_hindi_are_in_hindi(write) -> None:
    assert all(DEVANAGARI.search(write(template, "hi").subject) for template in Template)


@pytest.mark.parametrize("template", list(Template))
def test_what_a_letter_may_mention_is_optional(write, template: Template) -> None:
    values = {"policy_version": "2"} if template is Template.POLICY_CHANGED else {}
    values |= {"new_email": "x@example.org"} if template is Template.ADDRESS_CHANGE_REQUESTED else {}
    mail = write(template, values=values, name=None)
    assert "None" not in mail.text + mail.html
    assert mail.text.startswith("Hello,\n")


def test_words_of_a_person_are_words_and_no_markup(write) -> None:
    """ASVS 5.0 1.2.1."""
    evil = '<img src=x onerror=alert(1)> {{ 7*7 }} & "quotes"'
    mail = write(Template.NEW_DEVICE, name=evil, values={"browser": evil, "ip": evil})
    assert "<img" not in mail.html
    assert Elements(mail.html).words.count(evil) == 3
    assert evil in mail.text.replace("\n", " ")
    assert "49" not in mail.text + mail.html


def test_a_link_lives_as_long_as_the_letter_says(write) -> None:
    """ASVS 5.0 6.4.1."""
    assert "for 24 hours" in write(Template.CONFIRM_ADDRESS).text
    assert "for one hour" in write(Template.RESET_PASSWORD).text
    assert "for 72 hours" in write(Template.ADDRESS_CHANGE_REQUESTED).text
    assert LINK_LIVES[LinkPurpose.RESET_PASSWORD].total_seconds() == 3_600


def test_a_link_is_never_broken_by_the_encoding_of_a_message(write) -> None:
    """RFC 5322 section 2.1.1."""
    link = f"https://studio.example/account/confirm_address#{TOKEN}"
    for language in LANGUAGES:
        mail = write(Template.CONFIRM_ADDRESS, language)
        for eight_bit in (False, True):
            message = message_of(mail, Sender("Studio <no-reply@studio.example>"), eight_bit=eight_bit)
            raw = message.as_bytes()
            assert max(len(line) for line in raw.splitlines()) <= 998
            for part in ("plain", "html"):
                body = message.get_body((part,))
                assert body is not None
                assert link in body.get_content()
    english = message_of(
        write(Template.CONFIRM_ADDRESS), Sender("Studio <no-reply@studio.example>"), eight_bit=False
    )
    assert link in english.as_string()  # readable without any decoding


def test_when_and_from_where_is_said_of_what_was_done(write) -> None:
    text = write(Template.NEW_DEVICE).text
    for detail in ("2030-01-01 12:30 UTC", "Firefox", "192.0.2.7"):
        assert detail in text
