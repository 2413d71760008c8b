"""Bad text in every field of every call of auth and keyvault: refused with a clear error, never a crash.

The calls and their fields come from the registry, so that a new one is walked, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.contracts import accounts, factors, sessions, vault
from shared.contracts.message import Query, Reply
from shared.contracts.registry import queries_of
from shared.errors import InvalidInputError, StudiomaticError
from shared.ids import new_id
from shared.sealing import SealingKey

AUTH, KEYVAULT = queries_of("auth"), queries_of("keyvault")

ODD_TEXTS = (
    "\x1b[31mred\x07",
    "line\r\nSet-Cookie: a=b",
    "\x7f\x85\u2028\u2029",
    "\u202egnp.exe\u200b\ufeff",
    "' OR 1=1; --",
    "{{7*7}}${7*7}%s%n",
    "../../etc/passwd",
    "\U0001f469\u200d\U0001f680" * 5,
    "\ud7ff\U0010ffff\ue000",
    " ",
)
"""Controls, separators, directions, markup, paths: some of them are fine in some fields; none may break anything."""

SHOWN_TO_PEOPLE = {
    ("RegisterAccount", "name"),
    ("RegisterAccount", "company"),
    ("UpdateProfile", "name"),
    ("UpdateProfile", "company"),
    ("EnableWebauthn", "label"),
    ("PutKey", "label"),
}
"""Lines that are stored and shown: no control character may get in."""


@dataclass(frozen=True)
class Place:
    """A field of text in a call."""

    query: type[Query]
    path: tuple[str, ...]
    field: FieldInfo
    listed: bool  # in a list of texts

    def __str__(self) -> str:
        return f"{self.query.__name__}.{'.'.join(self.path)}"

    def limit(self, name: str) -> int | None:
        found = (getattr(part, name, None) for part in self.field.metadata)
        return next((limit for limit in found if limit is not None), None)

    @property
    def pattern(self) -> str | None:
        found = (getattr(part, "pattern", None) for part in self.field.metadata)
        return next((pattern for pattern in found if pattern is not None), None)

    def put(self, arguments: dict[str, Any], text: str) -> dict[str, Any]:
        """The arguments with this text in this place."""
        value: Any = (text,) if self.listed else text
        outer, *inner = self.path
        if inner:
            value = {**arguments[outer].model_dump(), inner[0]: value}
        return {**arguments, outer: value}


def places(query: type[Query]) -> Iterator[Place]:
    """All fields of text of a call, those of its parts, too."""
    for name, field in query.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        if str in kinds:
            yield Place(query, (name,), field, listed="tuple" in str(field.annotation))
        for part in kinds:
            if issubclass(part, BaseModel) and part is accounts.ClientInfo:
                yield from (
                    Place(query, (name, inner), inner_field, listed=False)
                    for inner, inner_field in part.model_fields.items()
                )


PLACES = tuple(place for query in AUTH + KEYVAULT for place in places(query))


class Walk:
    """Calls that nothing is wrong with, for one bad text at a time."""

    def __init__(self, desk: Any, client: Any) -> None:
        self.desk = desk
        self.client = client
        self.person = desk.person()
        self._addresses = itertools.count(1)

    def arguments(self, query: type[Query]) -> dict[str, Any]:
        ticket = factors.Purpose.VAULT_ADMINISTER if "Rotate" in query.__name__ else factors.Purpose.VAULT_WRITE
        values: dict[str, Any] = {
            "session": self.person.session.token,
            "client": self.client.model_copy(update={"ip": f"198.51.100.{next(self._addresses) % 250}"}),
            "name": "Ada",
            "email": "new@example.org",
            "password": self.desk.password,
            "current_password": self.desk.password,
            "new_password": "another four walruses",
            "birth_date": date(1990, 5, 17),
            "link": "x" * 43,
            "token": "x" * 43,
            "challenge": "x" * 43,
            "policy_version": "1",
            "text": "Be kind.",
            "effective_on": date(2030, 2, 1),
            "material": False,
            "page": "/projects",
            "totp": None,
            "recovery_code": None,
            "webauthn": None,
            "enrolment_id": new_id(),
            "credential": "{}",
            "credential_id": "x",
            "code": "123456",
            "purpose": ticket,
            "job_id": new_id(),
            "providers": ("openai",),
            "reply_key": SealingKey.one_time().public,
            "ticket": "x",
            "grant": "x",
            "provider": vault.Provider.ZAI,
            "sealed_secret": "A" * 64,
            "record_id": new_id(),
            "request_id": "0" * 32,
            "requested_at": datetime(2030, 1, 1, tzinfo=UTC),
        }
        return {name: values[name] for name in query.model_fields if name in values}

    def ask(self, query: Query) -> Reply:
        """Ask whoever answers it, as the one who may ask."""
        if query.type.startswith("auth."):
            reply: Reply = self.desk.ask(query)
            return reply
        if isinstance(query, vault.NewTotp | vault.ConfirmTotp | vault.CheckTotp | vault.RemoveTotp):
            signer = "auth"
        elif isinstance(query, vault.DeliverKey):
            signer = "content"
        else:
            signer = "gdpr" if isinstance(query, vault.ShredUser | vault.ExportKeyMetadata) else "edge"
        answered: Reply = self.desk.ask_vault(query, self.person.account_id, signer)
        return answered


@pytest.fixture(scope="module")
def walk(make_whole, client) -> Walk:
    return Walk(make_whole(), client)


def of_query(places: tuple[Place, ...]) -> Any:
    return pytest.mark.parametrize("place", places, ids=str)


@of_query(tuple(place for place in PLACES if place.path[0] != "client" or place.query is sessions.LogIn))
def test_a_text_that_cannot_be_stored_is_refused_at_the_door(walk, place: Place) -> None:
    """ASVS 5.0 2.2.1; U+0000 and halves of surrogate pairs, at both ends and alone."""
    arguments = walk.arguments(place.query)
    for text in ("\0", "a\0", "\0" * 43, "\ud800", "abc\udfff"):
        with pytest.raises(InvalidInputError) as refused:
            place.query(**place.put(arguments, text))
        assert text not in str(refused.value)


@of_query(tuple(place for place in PLACES if not place.listed and place.pattern is None))
def test_every_text_has_a_longest_length(walk, place: Place) -> None:
    """ASVS 5.0 2.2.1."""
    limit = place.limit("max_length")
    assert limit is not None, f"{place} may be as long as anybody likes"
    with pytest.raises(InvalidInputError):
        place.query(**place.put(walk.arguments(place.query), "a" * (limit + 1)))


@of_query(tuple(place for place in PLACES if place.limit("min_length") and not place.listed))
def test_a_text_that_is_too_short_is_refused(walk, place: Place) -> None:
    """ASVS 5.0 2.2.1."""
    shortest = place.limit("min_length") or 0
    with pytest.raises(InvalidInputError):
        place.query(**place.put(walk.arguments(place.query), "a" * (shortest - 1)))


@of_query(tuple(place for place in PLACES if place.path[0] != "client"))
def test_an_odd_text_is_answered_or_refused_and_breaks_nothing(walk, place: Place) -> None:
    """ASVS 5.0 2.2.1 and 16.5.1: whatever comes back is one of our own errors, and does not repeat the text."""
    shortest = place.limit("min_length") or 0
    for odd in ODD_TEXTS:
        text = odd if len(odd) >= shortest else (odd * shortest)[: place.limit("max_length")]
        said = outcome(walk, place, text)
        assert len(text) < 4 or text not in said


def outcome(walk: Walk, place: Place, text: str) -> str:
    """What the call was refused with; empty when it was answered. Any other exception is a crash."""
    try:
        walk.ask(place.query(**place.put(walk.arguments(place.query), text)))
    except StudiomaticError as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\nb", "a\u2028b", "\u202ea", "a\ue000"])
@of_query(tuple(place for place in PLACES if (place.query.__name__, place.path[-1]) in SHOWN_TO_PEOPLE))
def test_what_people_read_holds_no_control_character(walk, place: Place, text: str) -> None:
    """ASVS 5.0 2.2.1: nobody writes into somebody's terminal, or hides what a line says."""
    with pytest.raises(InvalidInputError):
        walk.ask(place.query(**place.put(walk.arguments(place.query), text)))


@pytest.mark.parametrize("ip", ["", "1", "192.0.2.7\n", "<b>", "localhost", "1" * 46, "fe80::1%eth0; ls"])
def test_where_somebody_comes_from_is_an_address(ip: str) -> None:
    """It is stored and shown."""
    with pytest.raises(InvalidInputError):
        sessions.LogIn(email="a", password="b", client={"ip": ip})  # type: ignore[arg-type]


def test_every_call_is_walked() -> None:
    """All but those that take no text."""
    without_text = {query.__name__ for query in AUTH + KEYVAULT} - {place.query.__name__ for place in PLACES}
    assert without_text == {"RemoveTotp", "ShredUser", "ExportKeyMetadata"}
