"""People correct what is kept about them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from services.auth.tables import OUTBOX
from shared.contracts.accounts import GetAccount, UpdateProfile
from shared.contracts.refusals import SessionInvalidError
from shared.errors import InvalidInputError


@pytest.fixture
def session(desk):
    desk.person(company="ACME", country="DE", language="de")
    return desk.log_in()


def update(desk, session, **changes):
    return desk.ask(UpdateProfile(session=session.token, **changes))


def last_fact(desk) -> dict:
    with desk.database.reading() as connection:
        body = connection.scalars(select(OUTBOX.c.body).order_by(OUTBOX.c.position.desc())).first()
    return json.loads(body)


def test_correction_reaches_whoever_keeps_a_copy(desk, session) -> None:
    """Privacy policy, "Your Rights"; GDPR articles 16 and 19. The fact has no personal data in it."""
    view = update(desk, session, name="Augusta Ada King", country="GB")
    assert (view.name, view.company, view.country, view.language) == ("Augusta Ada King", "ACME", "GB", "de")
    fact = last_fact(desk)
    assert fact["type"] == "account.updated.v1"
    assert fact["data"] == {"account_id": session.account_id, "changed": ["country", "name"]}
    assert "Augusta" not in json.dumps(fact)


def test_each_optional_field_can_become_empty_again(desk, session) -> None:
    """Privacy policy, "Account Information"."""
    for field in ("company", "country", "language"):
        view = update(desk, session, cleared=(field,))
        assert getattr(view, field) is None
    assert view.name == "Ada Lovelace"


def test_a_correction_that_changes_nothing_tells_nobody(desk, session) -> None:
    facts = desk.facts()
    update(desk, session, name="Ada Lovelace", country="DE")
    update(desk, session)
    assert desk.facts() == facts


def test_a_field_that_nobody_may_set_is_not_set(desk, session) -> None:
    """ASVS 5.0 15.3.3."""
    view = update(desk, session, role="administrator", state="active", email="eve@example.org", name="Ada")
    assert (view.role, view.email) == ("user", "ada@example.org")
    assert last_fact(desk)["data"]["changed"] == ["name"]


@pytest.mark.parametrize(
    "changes",
    [
        {"cleared": ("name",)},
        {"cleared": ("role",)},
        {"cleared": ("company",), "company": "New"},
        {"country": "XX"},
        {"name": "Ada\r\n"},
        {"company": "\u2066ACME"},
        {"name": "  "},
        {"name": "x" * 201},
        {"language": "german"},
    ],
)
def test_a_correction_that_cannot_be_kept_changes_nothing(desk, session, changes) -> None:
    """ASVS 5.0 2.2.1."""
    before = desk.account("ada@example.org")
    if changes == {"name": "Ada\r\n"}:
        changes = {"name": "Ada\r\nLovelace"}  # white space at the end alone is not worth a refusal
    with pytest.raises(InvalidInputError):
        update(desk, session, **changes)
    assert desk.account("ada@example.org") == before


def test_nobody_without_a_session_sees_or_changes_an_account(desk, session) -> None:
    """ASVS 5.0 8.2.1."""
    for query in (GetAccount(session="x" * 43), UpdateProfile(session="x" * 43, name="Eve")):
        with pytest.raises(SessionInvalidError):
            desk.ask(query)
