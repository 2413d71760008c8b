"""Writes letters out: words of a language in a layout, as plain text and as HTML of the same words.

The words of each language are in ``letters/<language>.toml``. Values are escaped in HTML, and none comes into a
subject or any other header. A letter names nothing from outside: no picture, no font, no tracking.
"""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.auth.domain.letters import LINK_LIVES, VALUES
from services.auth.domain.records import LinkPurpose
from services.auth.domain.written_mail import LetterToWrite, WrittenMail

PLAIN_COLUMNS = 76
"""Width of plain text; links are never broken."""

_HERE = Path(__file__).parent
_HOUR_S = 3_600
_DETAILS = ("browser", "ip")


class LetterWriter:
    """Writes letters out.

    Args:
        public_url: Where people reach the product; every link starts with it, whatever a request said.
    """

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def write(self, letter: LetterToWrite) -> WrittenMail:
        """The letter as it is sent."""
        words = _words(letter.language)
        subject = words[letter.template.value]["subject"]
        return WrittenMail(
            mail_id=letter.mail_id,
            template=letter.template,
            recipient=letter.recipient,
            language=letter.language,
            subject=subject,
            text=self._written(letter, words, _PLAIN),
            html=self._written(letter, words, _HTML),
            written_at=letter.written_at,
            tries=letter.tries,
        )

    def link(self, purpose: LinkPurpose, token: str) -> str:
        """The address of a link; the token is in the fragment, which no server ever sees (ASVS 5.0 14.2.1)."""
        return f"{self._public_url}/account/{purpose.value}#{token}"

    def _written(self, letter: LetterToWrite, words: Mapping[str, Any], form: _Form) -> str:
        common, own = words["common"], words[letter.template.value]
        values = self._values(letter, common)

        def said(sentence: str) -> str:
            return form.said(sentence, values)

        return form.environment.get_template(form.layout).render(
            language=letter.language,
            subject=own["subject"],
            greeting=said(common["greeting_named" if letter.name else "greeting"]),
            paragraphs=[said(sentence) for sentence in own["paragraphs"]],
            details=_details(letter, common),
            link=self.link(letter.link, letter.token) if letter.link and letter.token else None,
            button=own.get("button"),
            validity=said(_validity(letter.link, common)) if letter.link else None,
            link_hint=common["link_hint"],
            closing=[said(sentence) for sentence in own["closing"]],
            signature=common["signature"],
            footer=said(common["footer"]),
        )

    def _values(self, letter: LetterToWrite, common: Mapping[str, str]) -> dict[str, Any]:
        """Everything that a sentence may mention."""
        optional: dict[str, Any] = dict.fromkeys(VALUES[letter.template])
        return {
            **optional,
            **letter.values,
            "name": letter.name,
            "hours": int(LINK_LIVES[letter.link].total_seconds()) // _HOUR_S if letter.link else None,
            "factor": common.get(letter.values.get("factor", ""), common["second_factor"]),
            "policy_link": f"{self._public_url}/privacy-policy",
        }


@dataclass(frozen=True, kw_only=True)
class _Form:
    """One of the two forms of a letter."""

    environment: Environment
    layout: str

    def said(self, sentence: str, values: Mapping[str, Any]) -> str:
        """A sentence with its values; what is safe in this form stays as it is in the layout."""
        rendered = self.environment.from_string(sentence).render(**values)
        if self.environment.autoescape:
            return Markup(rendered)  # noqa: S704  # it was escaped in the line above
        return textwrap.fill(rendered, PLAIN_COLUMNS, break_long_words=False, break_on_hyphens=False)


def _form(layout: str, *, escape: bool) -> _Form:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "layouts"),
        autoescape=escape,  # noqa: S701  # off for plain text, where nothing is markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return _Form(environment=environment, layout=layout)


def _details(letter: LetterToWrite, common: Mapping[str, str]) -> list[tuple[str, str]]:
    """When and from where, in letters about something that was done."""
    known = [(common[name], letter.values[name]) for name in _DETAILS if letter.values.get(name)]
    if not known:
        return []
    return [(common["when"], f"{letter.happened_at:%Y-%m-%d %H:%M} UTC"), *known]


def _validity(link: LinkPurpose, common: Mapping[str, str]) -> str:
    hours = LINK_LIVES[link].total_seconds() / _HOUR_S
    return common["valid_for_one_hour" if hours == 1 else "valid_for_hours"]


@cache
def _words(language: str) -> Mapping[str, Any]:
    return tomllib.loads((_HERE / "letters" / f"{language}.toml").read_text())


_PLAIN = _form("letter.txt.jinja", escape=False)
_HTML = _form("letter.html.jinja", escape=True)
