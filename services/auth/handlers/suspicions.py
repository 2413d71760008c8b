"""Tells owners of accounts what looks as if somebody else were at work (ASVS 5.0 6.3.5)."""

from __future__ import annotations

from datetime import timedelta

from services.auth.domain.browsers import from_where
from services.auth.domain.records import Account, Template
from services.auth.domain.throttle import MANY_FAILURES
from services.auth.domain.tokens import token_hash
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.letters import Letters
from shared.contracts.accounts import ClientInfo

_ONCE_A_DAY = "auth.many_failures"
_WATCHED = timedelta(days=1)


class Suspicions:
    """Writes letters about logins that may not be the owner's."""

    def __init__(self, store: AccountStore, letters: Letters) -> None:
        self._store = store
        self._letters = letters

    def tell_of_new_device(self, unit: AccountUnit, account: Account, client: ClientInfo) -> None:
        """Somebody logs in on a device that is not known; the very first one is no surprise."""
        hashed = token_hash(client.device or "")
        if unit.sessions.knows_device(account.account_id, hashed):
            return
        if unit.sessions.has_devices(account.account_id):
            self._letters.enqueue(
                unit,
                Template.NEW_DEVICE,
                account=account,
                recipient=account.email,
                values=from_where(client),
            )

    def tell_of_failures(self, unit: AccountUnit, account: Account) -> None:
        """Many logins failed; said at most once a day, so that nobody can flood a mailbox."""
        if unit.first_time(_ONCE_A_DAY, f"{account.account_id}.{unit.now:%Y-%m-%d}"):
            self._letters.enqueue(unit, Template.MANY_FAILURES, account=account, recipient=account.email)

    def look_for_failures(self) -> int:
        """Find accounts at which many logins failed; done now and then, because a failing login that wrote to
        somebody would take longer than one at an account that does not exist.

        Returns:
            0: there is never more to do at once.
        """
        with self._store.transaction() as unit:
            for account_id in unit.events.with_many_failures(unit.now - _WATCHED, MANY_FAILURES):
                account = unit.accounts.get(account_id)
                if account is not None:
                    self.tell_of_failures(unit, account)
        return 0
