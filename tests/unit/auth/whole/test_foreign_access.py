"""Every call of auth with a session that is none, and nobody reaches what is somebody else's (threat 1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from services.auth.domain.records import LinkPurpose
from services.auth.handlers.links import Links
from services.auth.tables import METADATA
from shared.contracts import accounts, factors, sessions
from shared.contracts.accounts import SessionQuery
from shared.contracts.message import Query
from shared.contracts.refusals import (
    ChallengeEndedError,
    CodeInvalidError,
    LinkInvalidError,
    NotPermittedError,
    SessionInvalidError,
)
from shared.contracts.registry import queries_of
from shared.errors import NotFoundError
from shared.ids import new_id
from shared.sealing import SealingKey

SESSION_QUERIES = tuple(query for query in queries_of("auth") if issubclass(query, SessionQuery))
OTHER = "bob@example.org"


def arguments(query: type[Query], client: Any, password: str) -> dict[str, Any]:
    """What a call of somebody who is logged in says, but for the session; nothing in it is at fault."""
    values = {
        accounts.ChangeAddress: {"email": "new@example.org", "client": client},
        accounts.UpdateProfile: {"name": "Ada King"},
        accounts.PublishPolicy: {
            "policy_version": "2",
            "text": "Be kind.",
            "effective_on": date(2030, 2, 1),
            "material": False,
        },
        accounts.AcceptPolicy: {"policy_version": "1"},
        accounts.DisableAccount: {"email": OTHER},
        accounts.EnableAccount: {"email": OTHER},
        accounts.RecordUsage: {"page": "/projects", "client": client},
        sessions.Reauthenticate: {"password": password, "client": client},
        sessions.RevokeAllSessions: {"email": OTHER},
        sessions.ChangePassword: {
            "current_password": password,
            "new_password": "another four walruses",
            "client": client,
        },
        factors.BeginTotp: {"reply_key": SealingKey.one_time().public},
        factors.EnableTotp: {"enrolment_id": new_id(), "code": "123456", "client": client},
        factors.EnableWebauthn: {"enrolment_id": "x" * 43, "credential": "{}", "client": client},
        factors.RemoveWebauthn: {"credential_id": "x", "client": client},
        factors.IssueTicket: {"purpose": factors.Purpose.VAULT_WRITE},
        factors.IssueJobToken: {"job_id": new_id(), "providers": ("openai",)},
    }
    return values.get(query, {"client": client} if "client" in query.model_fields else {})


@pytest.fixture(scope="module")
def walked(make_whole):
    """One desk for all calls of this file that change nothing."""
    return make_whole()


@pytest.fixture(scope="module")
def dead_tokens(walked, client) -> dict[str, str]:
    """What somebody may send instead of a session."""
    person = walked.with_totp(walked.person())
    other = walked.person(OTHER)
    expired = walked.person("cid@example.org")
    walked.clock.advance(31 * 24 * 3_600)
    ended = walked.log_in(OTHER).session
    walked.ask(sessions.LogOut(session=ended.token))
    renewed = walked.log_in(OTHER).session
    walked.ask(sessions.Reauthenticate(session=renewed.token, password=walked.password, client=client))
    with walked.auth_desk.store.transaction() as unit:
        link = Links().issue(unit, other.account_id, LinkPurpose.RESET_PASSWORD, other.email)
    return {
        "garbage": "x",
        "as long as one": "x" * 43,
        "in no alphabet": "ä\u202e\U0001f600",
        "expired": expired.session.token,
        "logged out": ended.token,
        "replaced by a newer one": renewed.token,
        "a challenge": walked.log_in().challenge,
        "a link": link,
        "a device": ended.device,
        "the id of a session": walked.log_in(OTHER).session.session_id,
        "the id of an account": person.account_id,
    }


@pytest.mark.parametrize("query", SESSION_QUERIES, ids=lambda query: query.__name__)
def test_whatever_is_no_live_session_opens_nothing(walked, dead_tokens, client, query) -> None:
    """ASVS 5.0 7.2.1 and 7.4.1; also for calls that are added later."""
    for kind, token in dead_tokens.items():
        asked = query(session=token, **arguments(query, client, walked.password))
        if query is sessions.LogOut:
            walked.ask(asked)  # ending what has ended changes nothing
            continue
        with pytest.raises(SessionInvalidError):
            pytest.fail(f"{kind} was answered: {type(walked.ask(asked)).__name__}")


@pytest.mark.parametrize("query", SESSION_QUERIES, ids=lambda query: query.__name__)
def test_no_call_is_answered_without_a_session(client, password, query) -> None:
    """ASVS 5.0 8.2.1."""
    with pytest.raises(Exception, match="session"):
        query(**arguments(query, client, password))


def rows_of(desk, account_id: str) -> dict[str, set[str]]:
    """All that auth keeps of an account."""
    with desk.databases["auth"].reading() as connection:
        return {
            table.name: {
                repr(tuple(row))
                for row in connection.execute(select(table).where(table.c.account_id == account_id))
            }
            for table in METADATA.sorted_tables
            if "account_id" in table.c
        }


def test_nobody_reaches_what_belongs_to_somebody_else(desk, client, password) -> None:
    """ASVS 5.0 8.2.2 and 8.3.1: ids of others are unknown ids."""
    ada, bob = desk.person(), desk.person(OTHER)
    seed = SealingKey.one_time()
    enrolment = desk.ask(factors.BeginTotp(session=bob.session.token, reply_key=seed.public)).enrolment_id
    passkey = desk.ask(factors.BeginWebauthn(session=bob.session.token)).enrolment_id
    before = rows_of(desk, bob.account_id)
    mine = ada.session.token
    attempts: dict[Callable[[], Any], type[Exception]] = {
        lambda: desk.ask(sessions.RevokeSession(session=mine, session_id=bob.session.session_id)): NotFoundError,
        lambda: desk.ask(
            factors.EnableTotp(session=mine, enrolment_id=enrolment, code="123456", client=client)
        ): NotFoundError,
        lambda: desk.ask(
            factors.EnableWebauthn(session=mine, enrolment_id=passkey, credential="{}", client=client)
        ): ChallengeEndedError,
        lambda: desk.ask(
            factors.RemoveWebauthn(session=mine, credential_id="x" * 43, client=client)
        ): NotFoundError,
        lambda: desk.ask(sessions.RevokeAllSessions(session=mine, email=OTHER)): NotPermittedError,
        lambda: desk.ask(accounts.DisableAccount(session=mine, email=OTHER)): NotPermittedError,
        lambda: desk.ask(accounts.EnableAccount(session=mine, email=OTHER)): NotPermittedError,
        lambda: desk.ask(
            accounts.PublishPolicy(session=mine, **arguments(accounts.PublishPolicy, client, password))
        ): NotPermittedError,
        lambda: desk.ask(
            factors.IssueTicket(session=mine, purpose=factors.Purpose.VAULT_ADMINISTER)
        ): NotPermittedError,
    }
    for attempt, refusal in attempts.items():
        with pytest.raises(refusal):
            attempt()
    desk.ask(sessions.RevokeSession(session=mine))
    assert rows_of(desk, bob.account_id) == before
    assert desk.ask(accounts.GetAccount(session=bob.session.token)).email == OTHER


def test_every_id_that_a_call_takes_is_in_the_walk_above() -> None:
    """Who adds a call with an id of something adds it there."""
    taken = {
        (query.__name__, name)
        for query in SESSION_QUERIES
        for name in query.model_fields
        if name.endswith("_id") and name != "job_id"
    }
    assert taken == {
        ("RevokeSession", "session_id"),
        ("EnableTotp", "enrolment_id"),
        ("EnableWebauthn", "enrolment_id"),
        ("RemoveWebauthn", "credential_id"),
    }


def test_lists_show_ones_own_only(desk) -> None:
    """ASVS 5.0 8.2.2."""
    ada, bob = desk.person(), desk.with_totp(desk.person(OTHER))
    mine = ada.session.token
    listed = desk.ask(sessions.ListSessions(session=mine)).sessions
    assert [session.session_id for session in listed] == [ada.session.session_id]
    assert not desk.ask(factors.ListFactors(session=mine)).totp
    events = desk.ask(sessions.ListSecurityEvents(session=mine, limit=500)).events
    assert "factor_added" not in {event.kind for event in events}
    shown = desk.ask(accounts.GetAccount(session=mine)).model_dump_json()
    assert bob.account_id not in shown
    assert OTHER not in shown


def test_a_code_or_a_link_of_one_account_does_nothing_at_another(desk, client) -> None:
    """ASVS 5.0 6.6.2."""
    ada, bob = desk.with_totp(desk.person()), desk.with_totp(desk.person(OTHER))
    challenge = desk.log_in(OTHER).challenge
    with pytest.raises(CodeInvalidError):
        desk.ask(sessions.PassChallenge(challenge=challenge, totp=desk.code(ada), client=client))
    with pytest.raises(CodeInvalidError):
        desk.ask(sessions.PassChallenge(challenge=challenge, recovery_code=ada.recovery_codes[0], client=client))
    assert desk.ask(factors.ListFactors(session=bob.session.token)).recovery_codes_left == 10


LINK_QUERIES = {
    accounts.ConfirmAddress: (LinkPurpose.CONFIRM_ADDRESS, LinkPurpose.CONFIRM_NEW_ADDRESS),
    accounts.RevertAddressChange: (LinkPurpose.REVERT_ADDRESS_CHANGE,),
    sessions.ResetPassword: (LinkPurpose.RESET_PASSWORD,),
    factors.CancelFactorRemoval: (LinkPurpose.CANCEL_FACTOR_REMOVAL,),
}


def test_every_call_with_a_link_is_in_the_walk_below() -> None:
    assert set(LINK_QUERIES) == {query for query in queries_of("auth") if "link" in query.model_fields}


@pytest.mark.parametrize("query", LINK_QUERIES, ids=lambda query: query.__name__)
def test_a_link_is_good_for_its_own_purpose_and_for_a_while(walked, client, query) -> None:
    """ASVS 5.0 6.6.2 and 6.4.1: garbage, foreign purposes and old links are refused alike."""
    email = f"{query.__name__}@example.org".lower()
    person = walked.person(email)
    rest = {"new_password": "another four walruses"} if "new_password" in query.model_fields else {}
    tokens = ["x", "x" * 43, person.session.token]
    with walked.auth_desk.store.transaction() as unit:
        for purpose in LinkPurpose:
            token = Links().issue(unit, person.account_id, purpose, email)
            if purpose not in LINK_QUERIES[query]:
                tokens.append(token)
        old = Links().issue(unit, person.account_id, LINK_QUERIES[query][0], email)
    for token in tokens:
        with pytest.raises(LinkInvalidError):
            walked.ask(query(link=token, client=client, **rest))
    walked.clock.advance(72 * 3_600)
    with pytest.raises(LinkInvalidError):
        walked.ask(query(link=old, client=client, **rest))
