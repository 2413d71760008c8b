"""The first administrator: nobody is one from the start, a token that is printed once makes one (ASVS 6.3.2).

Whoever can read what auth prints when it starts runs the farm.
"""

from __future__ import annotations

from services.auth.domain.addresses import address_of
from services.auth.domain.lives import ADMINISTRATION_OFFERED_FOR
from services.auth.domain.records import Outcome, SecurityEvent
from services.auth.domain.tokens import new_token, token_hash
from services.auth.handlers.account_ports import AccountStore
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import AccountState, ClientInfo, MakeFirstAdministrator, RequestAccepted, Role
from shared.contracts.refusals import AccessRefusedError
from shared.errors import InvalidInputError

_KIND = "first_administrator"
_ANYWHERE = ClientInfo(ip="::")
"""Tokens are tried by all together, from wherever they are."""


class FirstAdministrator:
    """Offers administration once, and gives it to whoever has the token."""

    def __init__(self, store: AccountStore, throttling: Throttling, events: SecurityEvents) -> None:
        self._store = store
        self._throttling = throttling
        self._events = events

    def offer(self) -> str | None:
        """A token to print, at the first start and while nobody used an earlier one within a day.

        Returns:
            None when there is an administrator, or a token that is still good.
        """
        token = new_token()
        with self._store.transaction() as unit:
            if unit.accounts.has_administrator():
                return None
            offered = unit.accounts.offer_administration(
                token_hash(token), issued_before=unit.now - ADMINISTRATION_OFFERED_FOR
            )
        return token if offered else None

    def make(self, query: MakeFirstAdministrator) -> RequestAccepted:
        """Make an account with a confirmed address an administrator.

        Raises:
            AccessRefusedError: The token is wrong, too old, or was used.
            InvalidInputError: The token is good, but no active account has this address; the token stays good.
            TooManyAttemptsError: Too many wrong tokens.
        """
        address = address_of(query.email)
        with self._store.transaction() as unit:
            self._throttling.require(unit, _KIND, account_key=None, client=_ANYWHERE)
        with self._store.transaction() as unit:
            if not unit.accounts.take_administration(
                token_hash(query.token), issued_after=unit.now - ADMINISTRATION_OFFERED_FOR
            ):
                raise AccessRefusedError()
            found = unit.accounts.by_address(address.key)
            account = unit.accounts.lock(found.account_id) if found else None
            if account is None or account.state is not AccountState.ACTIVE:
                raise InvalidInputError("no account with a confirmed address has this one; confirm it first")
            unit.accounts.update(account.account_id, role=Role.ADMINISTRATOR.value)
            self._events.record(
                unit, account.account_id, SecurityEvent.MADE_ADMINISTRATOR, Outcome.SUCCEEDED, None
            )
            self._throttling.succeeded(unit, _KIND, account_key=None, client=_ANYWHERE)
        return RequestAccepted()
