"""Tickets and job tokens: what auth signs for other services to believe."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared import grants
from shared.contracts.accounts import AccountState, Role
from shared.contracts.factors import IssueJobToken, IssueTicket, Purpose
from shared.contracts.grants import Grant, JobToken, Ticket
from shared.contracts.refusals import FreshAuthenticationNeededError, NotPermittedError, SessionInvalidError
from shared.errors import InvalidInputError
from shared.ids import new_id


def ticket(desk, person, purpose: Purpose = Purpose.VAULT_WRITE) -> str:
    return desk.tickets.issue_ticket(IssueTicket(session=person.session, purpose=purpose)).ticket


def job_token(desk, person, providers=("openai",), job_id: str | None = None) -> str:
    return desk.tickets.issue_job_token(
        IssueJobToken(session=person.session, job_id=job_id or new_id(), providers=providers)
    ).job_token


def test_a_ticket_says_who_may_do_what_at_keyvault_for_five_minutes(desk) -> None:
    """ASVS 5.0 9.2.1 to 9.2.4: life, kind and audience are part of what is signed."""
    person = desk.person()
    text = ticket(desk, person)
    said = grants.check(text, Ticket, desk.pins, desk.clock)
    assert (said.account_id, said.session_id) == (person.account_id, person.session_id)
    assert (said.audience, said.purpose) == ("keyvault", Purpose.VAULT_WRITE)
    assert said.expires_at - said.issued_at == timedelta(minutes=5)
    desk.clock.advance(5 * 60)
    with pytest.raises(grants.StatementInvalidError):
        grants.check(text, Ticket, desk.pins, desk.clock)


def test_a_ticket_passes_for_nothing_else(desk) -> None:
    """ASVS 5.0 9.2.2."""
    person = desk.person()
    for kind in (JobToken, Grant):
        with pytest.raises(grants.StatementInvalidError):
            grants.check(ticket(desk, person), kind, desk.pins, desk.clock)
    with pytest.raises(grants.StatementInvalidError):
        grants.check(job_token(desk, person), Ticket, desk.pins, desk.clock)


def test_a_ticket_needs_a_fresh_proof_of_identity(desk) -> None:
    """ASVS 5.0 7.5.3: writing provider keys is sensitive."""
    person = desk.person()
    desk.clock.advance(5 * 60)
    with pytest.raises(FreshAuthenticationNeededError):
        ticket(desk, person)


def test_only_administrators_administer_the_vault(desk) -> None:
    """ASVS 5.0 8.2.1."""
    with pytest.raises(NotPermittedError):
        ticket(desk, desk.person(), Purpose.VAULT_ADMINISTER)
    administrator = desk.person(role=Role.ADMINISTRATOR)
    said = grants.check(ticket(desk, administrator, Purpose.VAULT_ADMINISTER), Ticket, desk.pins, desk.clock)
    assert said.purpose is Purpose.VAULT_ADMINISTER


def test_a_job_token_is_for_one_job_and_named_providers_and_a_day_at_most(desk) -> None:
    """ASVS 5.0 9.2.1 to 9.2.4."""
    person, job = desk.person(), new_id()
    said = grants.check(job_token(desk, person, ("zai", "openai", "zai"), job), JobToken, desk.pins, desk.clock)
    assert (said.account_id, said.session_id, said.job_id) == (person.account_id, person.session_id, job)
    assert said.providers == ("openai", "zai")
    assert said.expires_at - said.issued_at <= timedelta(hours=24)


def test_a_job_token_needs_no_fresh_proof_but_a_live_session(desk) -> None:
    """People start jobs all day."""
    person = desk.person()
    desk.clock.advance(3_600)
    job_token(desk, person)
    desk.clock.advance(31 * 24 * 3_600)
    with pytest.raises(SessionInvalidError):
        job_token(desk, person)


@pytest.mark.parametrize("state", [AccountState.UNCONFIRMED, AccountState.DELETION_REQUESTED])
def test_accounts_that_are_not_active_get_neither(desk, state: AccountState) -> None:
    """ASVS 5.0 8.2.1; who is not confirmed creates no projects, who is leaving does nothing more."""
    person = desk.person(state=state, confirmed_at=None)
    with pytest.raises(NotPermittedError):
        ticket(desk, person)
    with pytest.raises(NotPermittedError):
        job_token(desk, person)


def test_disabled_accounts_get_neither(desk) -> None:
    """ASVS 5.0 7.4.2."""
    person = desk.person(state=AccountState.DISABLED)
    with pytest.raises(SessionInvalidError):
        ticket(desk, person)
    with pytest.raises(SessionInvalidError):
        job_token(desk, person)


@pytest.mark.parametrize("providers", [("openai", "nobody"), ("",), ("OPENAI",), ("openai\n",)])
def test_unknown_providers_are_refused(desk, providers: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError):
        job_token(desk, desk.person(), providers)


@pytest.mark.parametrize("job_id", ["a b", "a\n", "ä", "../x", "a" * 64 + "\x1b"])
def test_what_is_no_id_of_a_job_is_refused(desk, job_id: str) -> None:
    with pytest.raises(InvalidInputError):
        job_token(desk, desk.person(), job_id=job_id)


def test_issuing_is_a_security_event(desk) -> None:
    """ASVS 5.0 16.3.1."""
    person = desk.person()
    ticket(desk, person)
    job_token(desk, person)
    assert desk.events(person) == [("ticket_issued", "succeeded"), ("job_token_issued", "succeeded")]
