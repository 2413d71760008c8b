"""Tickets and job tokens: what auth signs so that a person can act at another service (`shared.grants`)."""

from __future__ import annotations

import re
from datetime import timedelta

from services.auth.domain.records import Account, Outcome, SecurityEvent
from services.auth.handlers.identity import Identity
from services.auth.handlers.ports import Store
from services.auth.handlers.security_events import SecurityEvents
from shared import grants
from shared.contracts.accounts import AccountState, Role
from shared.contracts.factors import IssueJobToken, IssueTicket, JobTokenIssued, Purpose, TicketIssued
from shared.contracts.grants import JOB_TOKEN_LIFE_S, TICKET_LIFE_S, JobToken, Ticket
from shared.contracts.refusals import NotPermittedError
from shared.contracts.vault import Provider
from shared.errors import InvalidInputError
from shared.ids import new_id
from shared.signing import Signer

AUDIENCE = "keyvault"

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Tickets:
    """Signs what others believe.

    Args:
        signer: Of auth; others refuse tickets and job tokens that anybody else signed.
    """

    def __init__(self, store: Store, identity: Identity, signer: Signer, events: SecurityEvents) -> None:
        self._store = store
        self._identity = identity
        self._signer = signer
        self._events = events

    def issue_ticket(self, query: IssueTicket) -> TicketIssued:
        """Sign for five minutes that this person, in this session, authenticated just now.

        Raises:
            FreshAuthenticationNeededError: Not in the last minutes.
            NotPermittedError: Only administrators may do this, or the account is not confirmed yet.
        """
        role = Role.ADMINISTRATOR if query.purpose is Purpose.VAULT_ADMINISTER else None
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session, fresh=True, role=role)
            _require_active(account)
            ticket = Ticket(
                ticket_id=new_id(),
                account_id=account.account_id,
                session_id=session.session_id,
                audience=AUDIENCE,
                purpose=query.purpose,
                issued_at=unit.now,
                expires_at=unit.now + timedelta(seconds=TICKET_LIFE_S),
            )
            self._events.record(unit, account.account_id, SecurityEvent.TICKET_ISSUED, Outcome.SUCCEEDED, None)
        return TicketIssued(ticket=grants.issue(ticket, self._signer), expires_at=ticket.expires_at)

    def issue_job_token(self, query: IssueJobToken) -> JobTokenIssued:
        """Sign for a day that this job may use this person's keys of these providers.

        Raises:
            NotPermittedError: The account is not confirmed yet.
            InvalidInputError: There is no such provider, or that is no id of a job.
        """
        providers = _providers(query.providers)
        if not _JOB_ID.fullmatch(query.job_id):
            raise InvalidInputError("job_id is no id of a job")
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session)
            _require_active(account)
            token = JobToken(
                token_id=new_id(),
                account_id=account.account_id,
                session_id=session.session_id,
                job_id=query.job_id,
                providers=providers,
                issued_at=unit.now,
                expires_at=unit.now + timedelta(seconds=JOB_TOKEN_LIFE_S),
            )
            self._events.record(unit, account.account_id, SecurityEvent.JOB_TOKEN_ISSUED, Outcome.SUCCEEDED, None)
        return JobTokenIssued(job_token=grants.issue(token, self._signer), expires_at=token.expires_at)


def _require_active(account: Account) -> None:
    if account.state is not AccountState.ACTIVE:
        raise NotPermittedError("confirm your e-mail address first")


def _providers(named: tuple[str, ...]) -> tuple[str, ...]:
    """The named providers, each once, in the order of their names."""
    try:
        return tuple(sorted({Provider(name).value for name in named}))
    except ValueError:
        known = ", ".join(provider.value for provider in Provider)
        raise InvalidInputError(f"there is no such provider; there are {known}") from None
