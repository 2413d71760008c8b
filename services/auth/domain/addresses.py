"""E-mail addresses: which are accepted, and when two spellings are one address.

Sources: RFC 5321 and 5322 for the form; Unicode Technical Standard 39, section 5, for scripts that must not be
mixed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from shared.contracts.accounts import EMAIL_MAX_CHARACTERS
from shared.errors import InvalidInputError

_NO_SCRIPT = frozenset({"COMBINING", "VARIATION"})
"""First words in the names of characters that go with letters of any script."""

_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
"""UTS 39, section 5.2, "highly restrictive": Japanese, Korean and Chinese, each with Latin letters."""

_LOOK_LATIN = frozenset("асԁеһіјӏорԛѕԝхуъьҽпгѵѡ" + "αικνρυωηοτ")
"""Cyrillic and Greek letters that pass for Latin ones."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address that can be written to.

    Attributes:
        shown: As its owner wrote it, with its domain in readable form.
        key: The same for every spelling of the address.
    """

    shown: str
    key: str


def address_of(text: str) -> Address:
    """Read an address that somebody wrote.

    Upper and lower case make no difference, and neither do the two spellings of an international domain.

    Raises:
        InvalidInputError: It is no address, or could be taken for another one; says why and never shows it.
    """
    try:
        found = validate_email(
            unicodedata.normalize("NFKC", text.strip()),
            check_deliverability=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise InvalidInputError(f"this is no e-mail address: {_without_quotes(str(error))}") from None
    _require_one_reading(found.local_part, found.domain)
    shown = f"{found.local_part}@{found.domain}"
    key = f"{unicodedata.normalize('NFKC', found.local_part.lower())}@{found.ascii_domain.lower()}"
    if max(len(shown), len(key)) > EMAIL_MAX_CHARACTERS:
        raise InvalidInputError(f"this e-mail address is longer than {EMAIL_MAX_CHARACTERS} characters")
    return Address(shown=shown, key=key)


def _require_one_reading(local_part: str, domain: str) -> None:
    """Refuse letters of one script that are there to be taken for those of another."""
    labels = domain.split(".")
    for part in (local_part, *labels):
        if not _may_be_together(_scripts(part)):
            raise InvalidInputError(
                "this e-mail address mixes letters of different alphabets, so that it could pass for another one;"
                " write it in one alphabet"
            )
    if labels[-1].isascii() and any(_passes_for_latin(part) for part in (local_part, *labels)):
        raise InvalidInputError(
            "this e-mail address has letters that look like Latin ones and are not; write it with Latin letters"
        )


def _scripts(part: str) -> frozenset[str]:
    """Scripts of the letters in a part; the name of a character begins with that of its script."""
    names = {
        unicodedata.name(sign, "UNNAMED").split()[0] for sign in part if unicodedata.category(sign)[0] in "LM"
    }
    return frozenset(names - _NO_SCRIPT)


def _may_be_together(scripts: frozenset[str]) -> bool:
    return len(scripts) <= 1 or any(scripts <= together for together in _WRITTEN_TOGETHER)


def _passes_for_latin(part: str) -> bool:
    letters = [sign for sign in part.lower() if sign.isalpha()]
    return bool(letters) and all(sign in _LOOK_LATIN for sign in letters)


def _without_quotes(reason: str) -> str:
    """The validator's words; it quotes characters, never the address."""
    return reason[:1].lower() + reason[1:].rstrip(".")
