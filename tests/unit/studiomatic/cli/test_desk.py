"""What all commands about accounts share: the session that is kept, and proofs of identity."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.config import Settings
from shared.contracts.accounts import AccountState, AccountView, GetAccount, RequestAccepted, Role
from shared.contracts.factors import IssueTicket, Purpose, TicketIssued
from shared.contracts.message import Query
from shared.contracts.refusals import FreshAuthenticationNeededError, SessionInvalidError
from shared.contracts.sessions import Assurance, Reauthenticate, SessionOpened, SessionRenewed
from shared.errors import NotFoundError
from studiomatic.cli import desk as desk_module
from studiomatic.cli.desk import Desk

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def opened(token: str) -> SessionOpened:
    return SessionOpened(
        token=token,
        session_id="session-1",
        account_id="account-1",
        assurance=Assurance.AAL2,
        state=AccountState.ACTIVE,
        idle_until=LATER,
        expires_at=LATER,
    )


ACCOUNT = AccountView(
    account_id="account-1",
    state=AccountState.ACTIVE,
    role=Role.USER,
    name="Ana",
    email="ana@example.org",
    created_at=LATER,
    second_factors=("totp",),
    second_factor_advised=False,
)
TICKET = TicketIssued(ticket="signed", expires_at=LATER)


class Auth:
    """Knows one session, which must prove itself again now and then."""

    def __init__(self) -> None:
        self.token = "a" * 43
        self.fresh = True
        self.asked: list[Any] = []

    def ask(self, query: Any, reply: type[Any]) -> Any:
        self.asked.append(query)
        if query.session != self.token:
            raise SessionInvalidError
        match query:
            case GetAccount():
                return ACCOUNT
            case Reauthenticate():
                self.fresh, self.token = True, "b" * 43
                return SessionRenewed(session=opened(self.token))
            case IssueTicket() if not self.fresh:
                raise FreshAuthenticationNeededError
        return TICKET

    def close(self) -> None:
        pass


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def desk(auth: Auth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(desk_module, "chosen_settings", lambda _bus: Settings(data_dir=tmp_path))
    monkeypatch.setattr(desk_module, "open_services", lambda _settings: auth)
    desk = Desk(bus=None, as_json=True)
    desk.keep(opened(auth.token), "ana@example.org")
    return desk


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def types(queries: list[Query]) -> list[type[Query]]:
    return [type(query) for query in queries]


def test_who_must_prove_himself_again_is_asked_and_then_answered(desk: Desk, auth: Auth, piped) -> None:
    """ASVS 5.0 7.5.1: sensitive actions need fresh authentication."""
    auth.fresh = False
    piped("the password\n123456\n")

    assert desk.ask_signed_in(IssueTicket, TicketIssued, purpose=Purpose.VAULT_WRITE) == TICKET

    assert types(auth.asked) == [IssueTicket, GetAccount, Reauthenticate, IssueTicket]
    proof = auth.asked[2]
    assert (proof.password, proof.totp, proof.recovery_code) == ("the password", "123456", None)
    assert desk.session().token == auth.token, "the renewed session is the one that is kept"


def test_who_is_not_logged_in_is_told_how(desk: Desk, auth: Auth) -> None:
    desk.file.forget()
    with pytest.raises(SessionInvalidError, match="studio account login"):
        desk.ask_signed_in(GetAccount, AccountView)
    assert auth.asked == []


def test_a_session_that_has_ended_is_forgotten(desk: Desk, auth: Auth) -> None:
    auth.token = "c" * 43
    with pytest.raises(SessionInvalidError, match="log in again"):
        desk.ask_signed_in(GetAccount, AccountView)
    assert desk.file.session() is None


def test_a_session_that_another_command_renewed_meanwhile_is_used(desk: Desk, auth: Auth) -> None:
    read = desk.file.session
    auth.token = "c" * 43
    answers = iter([read()])
    desk.file.keep(opened(auth.token), "ana@example.org")
    desk.file.session = lambda: next(answers, None) or read()  # type: ignore[method-assign]

    assert desk.ask_signed_in(GetAccount, AccountView) == ACCOUNT
    assert desk.session().token == auth.token


def test_other_refusals_pass_as_they_are(desk: Desk, auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_query: Query, _reply: type[Any]) -> Any:
        raise NotFoundError

    monkeypatch.setattr(auth, "ask", refuse)
    with pytest.raises(NotFoundError):
        desk.ask_signed_in(GetAccount, RequestAccepted)
    assert desk.file.session() is not None
