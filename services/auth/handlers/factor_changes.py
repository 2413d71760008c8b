"""What follows when a second factor is added or given up, of whatever kind it is."""

from __future__ import annotations

from services.auth.domain.browsers import from_where
from services.auth.domain.records import Account, Outcome, SecurityEvent, Session, Template
from services.auth.domain.recovery_codes import code_hash, new_codes
from services.auth.handlers.account_ports import AccountUnit
from services.auth.handlers.letters import Letters
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import SessionInvalidError
from shared.contracts.sessions import Factor


def locked_account(unit: AccountUnit, account_id: str) -> Account:
    """The account, which nobody else changes until the transaction ends.

    Raises:
        SessionInvalidError: It was purged meanwhile.
    """
    account = unit.accounts.lock(account_id)
    if account is None:
        raise SessionInvalidError
    return account


class FactorChanges:
    """Recovery codes, sessions, events and letters around second factors."""

    def __init__(
        self,
        second_factors: SecondFactors,
        *,
        sessions: Sessions,
        events: SecurityEvents,
        letters: Letters,
    ) -> None:
        self._second_factors = second_factors
        self._sessions = sessions
        self._events = events
        self._letters = letters

    def is_first(self, unit: AccountUnit, account: Account) -> bool:
        """Whether the account has no second factor yet. Asked while the account is locked, before one is added."""
        return not self._second_factors.configured(unit, account.account_id)

    def added(
        self,
        unit: AccountUnit,
        account: Account,
        session: Session,
        factor: Factor,
        client: ClientInfo,
        *,
        first: bool,
    ) -> tuple[str, ...]:
        """A second factor is set up; the first one brings recovery codes, and ends what was opened without it.

        Returns:
            The recovery codes, shown once; none unless it is the first factor.
        """
        codes: tuple[str, ...] = ()
        if first:
            codes = self.renew_codes(unit, account)
            self._sessions.end_all(unit, account.account_id, but=session.session_id)
        self._second_factors.stop_removal(unit, account, client)
        self._events.record(unit, account.account_id, SecurityEvent.FACTOR_ADDED, Outcome.SUCCEEDED, client)
        self._tell(unit, account, Template.FACTOR_ADDED, factor, client)
        return codes

    def removed(
        self, unit: AccountUnit, account: Account, session: Session, factor: Factor, client: ClientInfo
    ) -> None:
        """A second factor is given up; with the last one go the recovery codes and all other sessions."""
        if not self._second_factors.configured(unit, account.account_id):
            unit.factors.set_recovery_codes(account.account_id, ())
            self._second_factors.stop_removal(unit, account, client)
            self._sessions.end_all(unit, account.account_id, but=session.session_id)
        unit.challenges.end_all(account.account_id)
        self._events.record(unit, account.account_id, SecurityEvent.FACTOR_REMOVED, Outcome.SUCCEEDED, client)
        self._tell(unit, account, Template.FACTOR_REMOVED, factor, client)

    def renew_codes(self, unit: AccountUnit, account: Account) -> tuple[str, ...]:
        """Ten new recovery codes; earlier ones are dead."""
        codes = new_codes()
        unit.factors.set_recovery_codes(account.account_id, map(code_hash, codes))
        return codes

    def _tell(
        self, unit: AccountUnit, account: Account, template: Template, factor: Factor, client: ClientInfo
    ) -> None:
        self._letters.enqueue(
            unit,
            template,
            account=account,
            recipient=account.email,
            values={"factor": factor.value, **from_where(client)},
        )
