"""Changes the address of an account, in the sight of both addresses."""

from __future__ import annotations

from services.auth.domain.addresses import Address, address_of
from services.auth.domain.browsers import from_where
from services.auth.domain.records import Account, LinkPurpose, Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.moving import move_to
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import (
    AccountUpdated,
    ChangeAddress,
    ClientInfo,
    RequestAccepted,
    RevertAddressChange,
)
from shared.contracts.refusals import LinkInvalidError
from shared.errors import InvalidInputError


class AddressChange:
    """Asks for another address, and takes it back."""

    def __init__(
        self,
        store: AccountStore,
        identity: Identity,
        links: Links,
        letters: Letters,
        sessions: Sessions,
        events: SecurityEvents,
        throttling: Throttling,
    ) -> None:
        self._store = store
        self._identity = identity
        self._links = links
        self._letters = letters
        self._sessions = sessions
        self._events = events
        self._throttling = throttling

    def change(self, query: ChangeAddress) -> RequestAccepted:
        """Ask for another address; it is the address once the link that is mailed there was followed.

        The old address is told, with a link that takes the change back for 72 hours (ASVS 5.0 6.3.7, 7.5.1). The
        answer is the same when the new address has an account; then its owner is told, and nothing else happens.

        Raises:
            SessionInvalidError, FreshAuthenticationNeededError: See `Identity.require`.
            InvalidInputError: That is no address, or is the account's already.
            TooManyAttemptsError: Too many mails to this address, or from there.
        """
        address = address_of(query.email)
        with self._store.transaction() as unit:
            _, account = self._identity.require(unit, query.session, fresh=True)
            if address.key == account.address_key:
                raise InvalidInputError("this is the account's address already")
            self._throttling.require(unit, "confirmation", account_key=address.key, client=query.client)
            unit.accounts.update(account.account_id, new_email=address.shown, new_address_key=address.key)
            self._links.end(unit, account.account_id, LinkPurpose.CONFIRM_NEW_ADDRESS)
            self._write_to_new(unit, account, address)
            self._write_to_old(unit, account, address, query.client)
            self._events.record(
                unit,
                account.account_id,
                SecurityEvent.ADDRESS_CHANGE_REQUESTED,
                Outcome.SUCCEEDED,
                query.client,
            )
        return RequestAccepted()

    def revert(self, query: RevertAddressChange) -> RequestAccepted:
        """Follow the link in the mail to the old address: it is the address again, and all sessions end.

        Links back to addresses that came later end with it. Those to earlier ones stay good: else a thief who
        moves the account twice could follow his own and take the owner's away.

        Raises:
            LinkInvalidError: It is not good, or the address belongs to another account by now.
        """
        with self._store.transaction() as unit:
            link = self._links.redeem(unit, query.link, LinkPurpose.REVERT_ADDRESS_CHANGE)
            account = unit.accounts.lock(link.account_id)
            if account is None or not move_to(unit, account, email=link.email, key=address_of(link.email).key):
                raise LinkInvalidError()
            self._links.end(unit, account.account_id, LinkPurpose.CONFIRM_NEW_ADDRESS, LinkPurpose.RESET_PASSWORD)
            self._links.end(
                unit, account.account_id, LinkPurpose.REVERT_ADDRESS_CHANGE, issued_since=link.issued_at
            )
            self._sessions.end_all(unit, account.account_id)
            self._events.record(
                unit, account.account_id, SecurityEvent.ADDRESS_REVERTED, Outcome.SUCCEEDED, query.client
            )
            if link.email != account.email:
                unit.publish(AccountUpdated(account_id=account.account_id, changed=("email",)))
        return RequestAccepted()

    def _write_to_new(self, unit: AccountUnit, account: Account, address: Address) -> None:
        """A link, unless the address is that of somebody who confirmed it."""
        owner = unit.accounts.by_address(address.key)
        if owner is not None and owner.confirmed_at is not None:
            self._letters.enqueue(unit, Template.ADDRESS_ALREADY_REGISTERED, account=owner, recipient=owner.email)
            return
        self._letters.enqueue(
            unit,
            Template.CONFIRM_NEW_ADDRESS,
            account=account,
            recipient=address.shown,
            link=LinkPurpose.CONFIRM_NEW_ADDRESS,
        )

    def _write_to_old(self, unit: AccountUnit, account: Account, address: Address, client: ClientInfo) -> None:
        """The link back goes only to an address that was confirmed: another may be a stranger's."""
        if account.confirmed_at is None:
            return
        self._letters.enqueue(
            unit,
            Template.ADDRESS_CHANGE_REQUESTED,
            account=account,
            recipient=account.email,
            values={"new_email": address.shown, **from_where(client)},
            link=LinkPurpose.REVERT_ADDRESS_CHANGE,
        )
