"""What auth says of accounts and sessions, and what follows from it here."""

from __future__ import annotations

from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.handlers.admission import AUTH
from services.keyvault.handlers.ports import Audit, Store, Unit, UserKeys
from services.keyvault.handlers.shredding import Shredding
from shared.contracts.accounts import (
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountDisabled,
    AccountEnabled,
    AccountFact,
    AccountPurged,
    SessionRevoked,
)
from shared.contracts.envelope import Envelope, read
from shared.errors import UnknownTypeError

CONSUMER = "keyvault.accounts"

_CLOSED_BY: dict[str, type[AccountFact]] = {
    fact.type: fact for fact in (AccountDisabled, AccountDeletionRequested)
}
_OPENED_BY: dict[str, type[AccountFact]] = {fact.type: fact for fact in (AccountEnabled, AccountDeletionCancelled)}
_REASONS = {
    AccountDisabled.type: "disabled",
    AccountEnabled.type: "disabled",
    AccountDeletionRequested.type: "deletion",
    AccountDeletionCancelled.type: "deletion",
}


class Accounts:
    """Hears about accounts; facts may come twice, late and out of order."""

    def __init__(self, store: Store, audit: Audit, shredding: Shredding, user_keys: UserKeys) -> None:
        self._store = store
        self._audit = audit
        self._shredding = shredding
        self._user_keys = user_keys

    def hear(self, envelope: Envelope) -> None:
        """Take in one fact.

        Raises:
            UnknownTypeError: It is none of those that the vault listens to.
        """
        with self._store.transaction() as unit:
            if unit.first_time(CONSUMER, envelope.id):
                self._take_in(unit, envelope)

    def _take_in(self, unit: Unit, envelope: Envelope) -> None:
        if envelope.type == SessionRevoked.type:
            revoked = read(envelope, SessionRevoked)
            unit.accounts.revoke_session(revoked.session_id, by_logout=revoked.by_logout)
        elif envelope.type == AccountPurged.type:
            self._purge(unit, read(envelope, AccountPurged).account_id)
        elif envelope.type in _CLOSED_BY:
            self._close(unit, envelope, read(envelope, _CLOSED_BY[envelope.type]).account_id)
        elif envelope.type in _OPENED_BY:
            self._open(unit, envelope, read(envelope, _OPENED_BY[envelope.type]).account_id)
        else:
            raise UnknownTypeError(f"{envelope.type} is no fact that the vault listens to")

    def _close(self, unit: Unit, envelope: Envelope, account_id: str) -> None:
        reason = _REASONS[envelope.type]
        if unit.accounts.close(account_id, reason, envelope.time):
            self._record(unit, Action.CLOSE_ACCOUNT, account_id, reason)

    def _open(self, unit: Unit, envelope: Envelope, account_id: str) -> None:
        reason = _REASONS[envelope.type]
        if unit.accounts.reopen(account_id, reason, envelope.time):
            self._record(unit, Action.OPEN_ACCOUNT, account_id, reason)

    def _purge(self, unit: Unit, account_id: str) -> None:
        """An account that was never confirmed is gone: nothing of it stays, and it never comes back."""
        self._shredding.destroy(unit, account_id)
        self._user_keys.forget(account_id)
        self._record(unit, Action.SHRED_USER, account_id, "purged")

    def _record(self, unit: Unit, action: Action, account_id: str, reason: str) -> None:
        self._audit.record(
            unit, actor=AUTH, action=action, account_id=account_id, outcome=AuditOutcome.ALLOWED, reason=reason
        )
