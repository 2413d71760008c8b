"""Accounts are opened with three things, and nobody learns who has one."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from services.auth.tables import ACCOUNTS, PASSWORDS
from shared.contracts.accounts import AccountView, RegisterAccount, RequestAccepted
from shared.contracts.refusals import PasswordRefusedError, TooManyAttemptsError
from shared.errors import InvalidInputError


def test_register_with_name_e_mail_and_password_only(desk, password) -> None:
    """Privacy policy, "Account Information"; ASVS 5.0 11.4.2."""
    assert desk.register() == RequestAccepted()
    account = desk.account("ada@example.org")
    assert (account.name, account.email, account.state) == ("Ada Lovelace", "Ada@example.org", "unconfirmed")
    assert (account.company, account.country, account.language) == (None, None, None)
    assert desk.facts() == ["account.registered"]
    assert desk.told() == [("confirm_address", "Ada@example.org")]
    with desk.database.reading() as connection:
        stored = connection.scalar(select(PASSWORDS.c.phc))
    assert stored.startswith("$argon2id$v=19$")
    assert password not in desk.everything()


def test_two_people_with_the_same_password_have_different_hashes(desk) -> None:
    """ASVS 5.0 11.4.2."""
    desk.register("ada@example.org")
    desk.register("bob@example.org")
    with desk.database.reading() as connection:
        assert len(set(connection.scalars(select(PASSWORDS.c.phc)))) == 2


def test_company_country_and_language_may_be_given(desk) -> None:
    """Privacy policy, "Account Information"."""
    desk.register(company="Analytical  Engines", country="GB", language="de")
    account = desk.account("ada@example.org")
    assert (account.company, account.country, account.language) == ("Analytical  Engines", "GB", "de")
    assert desk.deliver()[0].language == "de"


def test_a_field_that_nobody_asked_for_is_not_stored(desk) -> None:
    """ASVS 5.0 15.3.3: role, state and the like cannot be assigned from outside."""
    desk.register(role="administrator", state="active", confirmed_at="2020-01-01", account_id="mine")
    account = desk.account("ada@example.org")
    assert (account.role, account.state, account.confirmed_at) == ("user", "unconfirmed", None)
    assert account.account_id != "mine"


def test_registering_an_existing_address_gives_the_same_answer_and_its_owner_a_mail(desk) -> None:
    """ASVS 5.0 6.3.8."""
    before = desk.person("ada@example.org")
    facts, stored = desk.facts(), desk.rows()["accounts"]
    answers = [desk.register("new@example.org", name="Eve"), desk.register("ADA@Example.ORG", name="Eve")]
    assert answers[0] == answers[1]
    assert desk.account("ada@example.org") == before
    assert desk.told()[-1] == ("address_already_registered", "ada@example.org")
    assert desk.rows()["accounts"] == stored + 1
    assert desk.facts() == [*facts, "account.registered"]
    assert desk.events(before)[-1] == ("registered", "failed")


def test_registering_an_existing_address_costs_the_same_hash_and_as_many_statements(desk) -> None:
    """ASVS 5.0 6.3.8: the same time class. The hash is what takes long; statements differ by a few."""
    desk.person("ada@example.org")
    desk.hasher.calls.clear()
    taken = desk.statements(lambda: desk.register("ada@example.org"))
    assert desk.hasher.calls == ["hash"]
    desk.hasher.calls.clear()
    free = desk.statements(lambda: desk.register("bob@example.org"))
    assert desk.hasher.calls == ["hash"]
    assert abs(taken - free) <= 3


def test_a_stranger_cannot_change_the_password_of_an_account_that_waits_for_confirmation(desk, password) -> None:
    """ASVS 5.0 6.3.8 and 2.3.x: who registers again changes nothing, confirmed or not."""
    desk.register("ada@example.org")
    desk.register("ada@example.org", password="another long password of mine")
    assert desk.log_in("ada@example.org", password).state == "unconfirmed"


def test_a_refused_password_stores_nothing(desk) -> None:
    before = desk.rows()
    with pytest.raises(PasswordRefusedError):
        desk.register(password="too short")
    assert desk.rows() == before


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "Ada\nBcc: x@example.org"}, "name"),
        ({"name": "Ada\x1b[31m"}, "name"),
        ({"name": "Ada\u202egnp.exe"}, "name"),
        ({"name": " \u200d "}, "name"),
        ({"company": "ACME\tCorp"}, "company"),
        ({"company": "   "}, "company"),
        ({"name": "Ada\ue000"}, "name"),
        ({"country": "XX"}, "country"),
        ({"email": "ada@example.org\r\nBcc: x@example.org"}, "e-mail"),
        ({"accepts_policy": "none"}, "accepts_policy"),
        ({"birth_date": date(2031, 1, 1)}, "birth_date"),
        ({"birth_date": date(1890, 1, 1)}, "birth_date"),
    ],
)
def test_bad_input_is_refused_with_the_name_of_the_field_and_stores_nothing(desk, changes, named: str) -> None:
    """ASVS 5.0 2.2.1."""
    before = desk.rows()
    with pytest.raises(InvalidInputError, match=named) as refused:
        desk.register(**changes)
    assert "Bcc" not in refused.value.message
    assert desk.rows() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"company": "x" * 201},
        {"email": "x"},
        {"email": "x" * 255},
        {"password": "x" * 4_097},
        {"country": "Germany"},
        {"language": "English"},
        {"name": "a\0b"},
    ],
)
def test_what_is_too_long_or_too_short_does_not_even_become_a_message(client, changes) -> None:
    """ASVS 5.0 2.2.1."""
    values = {
        "name": "Ada",
        "email": "ada@example.org",
        "password": "x" * 20,
        "birth_date": date(1990, 1, 1),
        "client": client,
    }
    with pytest.raises(InvalidInputError):
        RegisterAccount(**{**values, **changes})


def test_a_name_in_hindi_keeps_its_joiners(desk) -> None:
    desk.register(name="क्\u200dष")
    assert desk.account("ada@example.org").name == "क्\u200dष"


def test_registration_is_throttled_by_network_and_by_address(desk) -> None:
    """ASVS 5.0 6.3.1."""
    for _ in range(3):
        desk.register("ada@example.org")
    with pytest.raises(TooManyAttemptsError, match="try again in"):
        desk.register("ada@example.org")
    desk.register("bob@example.org")
    with pytest.raises(TooManyAttemptsError):  # noqa: PT012  # which of them is slowed down is not the point
        for number in range(30):
            desk.register(f"person{number}@example.org")


def test_there_are_no_accounts_from_the_start(desk) -> None:
    """ASVS 5.0 6.3.2."""
    assert desk.rows()["accounts"] == 0


def test_an_owner_sees_only_allowed_fields(desk) -> None:
    """ASVS 5.0 15.3.1."""
    desk.person()
    shown = desk.view(desk.log_in())
    assert set(AccountView.model_fields) == {
        "account_id",
        "state",
        "role",
        "name",
        "email",
        "new_email",
        "company",
        "country",
        "language",
        "created_at",
        "second_factors",
        "second_factor_advised",
        "policy_to_acknowledge",
    }
    assert shown.second_factor_advised
    assert shown.email == "ada@example.org"


def test_of_a_birth_date_only_the_day_of_the_check_is_kept(desk) -> None:
    """Privacy policy, "Children's Privacy"; GDPR article 5(1)(c)."""
    desk.register(birth_date=date(1983, 7, 19))
    assert "1983" not in desk.everything()
    with desk.database.reading() as connection:
        assert connection.scalar(select(ACCOUNTS.c.old_enough_checked_at)) == desk.clock.now()
