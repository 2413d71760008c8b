"""Who may ask for what: the service that signed a call, and auth's ticket for calls of people."""

from __future__ import annotations

from services.keyvault.handlers.decisions import RefusedError
from services.keyvault.handlers.ports import Unit
from shared.bus.context import Caller
from shared.clock import Clock
from shared.contracts.factors import Purpose
from shared.contracts.grants import Ticket
from shared.contracts.vault import PLATFORM_ACCOUNT
from shared.grants import StatementInvalidError, check
from shared.signing import Verifier

AUDIENCE = "keyvault"
EDGE = "edge"
AUTH = "auth"
GDPR = "gdpr"


class Admission:
    """Refuses whoever may not ask."""

    def __init__(self, pins: Verifier, clock: Clock) -> None:
        self._pins = pins
        self._clock = clock

    def require_signer(self, caller: Caller, service: str) -> None:
        """Raises RefusedError unless this service signed the call."""
        if caller.signer != service:
            raise RefusedError("other_actor")
        if not caller.account_id:
            raise RefusedError("no_account")

    def require_owner(self, unit: Unit, caller: Caller, ticket: str, *, once: bool) -> None:
        """Raises RefusedError unless the ticket lets this person change keys of this account.

        Args:
            once: The ticket is used up by it, so that nobody can send the same call again.
        """
        if caller.account_id == PLATFORM_ACCOUNT:
            self.require_administrator(unit, caller, ticket, once=once)
            return
        read = self._ticket(unit, caller, ticket, Purpose.VAULT_WRITE, once=once)
        if read.account_id != caller.account_id:
            raise RefusedError("other_account")

    def require_administrator(self, unit: Unit, caller: Caller, ticket: str, *, once: bool) -> None:
        """Raises RefusedError unless the ticket lets this person operate the vault."""
        self._ticket(unit, caller, ticket, Purpose.VAULT_ADMINISTER, once=once)

    def require_open(self, unit: Unit, account_id: str) -> None:
        """Raises RefusedError for accounts in whose name nothing is done: disabled, being deleted, shredded."""
        self.require_not_shredded(unit, account_id)
        if unit.accounts.is_closed(account_id):
            raise RefusedError("account_closed")

    def require_not_shredded(self, unit: Unit, account_id: str) -> None:
        """Raises RefusedError for an account whose key was destroyed."""
        if unit.accounts.is_shredded(account_id):
            raise RefusedError("account_shredded")

    def _ticket(self, unit: Unit, caller: Caller, text: str, purpose: Purpose, *, once: bool) -> Ticket:
        self.require_signer(caller, EDGE)
        try:
            ticket = check(text, Ticket, self._pins, self._clock)
        except StatementInvalidError as error:
            raise RefusedError(f"ticket_{error.reason}") from None
        if ticket.audience != AUDIENCE:
            raise RefusedError("other_audience")
        if ticket.purpose is not purpose:
            raise RefusedError("other_purpose")
        if unit.accounts.is_revoked(ticket.session_id):
            raise RefusedError("session_revoked")
        if unit.accounts.is_closed(ticket.account_id):
            raise RefusedError("account_closed")
        if once and not unit.replays.first_seen(f"ticket:{ticket.ticket_id}"):
            raise RefusedError("replay")
        return ticket
