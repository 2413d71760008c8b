"""Confirms addresses by the links that were mailed to them."""

from __future__ import annotations

from services.auth.domain.addresses import address_of
from services.auth.domain.records import Account, Link, LinkPurpose, Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.moving import move_to, stay
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import (
    AccountConfirmed,
    AccountState,
    AccountUpdated,
    ClientInfo,
    ConfirmAddress,
    RequestAccepted,
    ResendConfirmation,
)
from shared.contracts.refusals import LinkInvalidError


class Confirmation:
    """Confirms the address of a new account, and a new address of an old one."""

    def __init__(
        self,
        store: AccountStore,
        links: Links,
        letters: Letters,
        events: SecurityEvents,
        throttling: Throttling,
    ) -> None:
        self._store = store
        self._links = links
        self._letters = letters
        self._events = events
        self._throttling = throttling

    def confirm(self, query: ConfirmAddress) -> RequestAccepted:
        """Follow a link; it is good once, for a day, and for the address it was sent to (ASVS 5.0 6.4.1, 6.6.2).

        Raises:
            LinkInvalidError: It is not good, or the account has another address by now.
        """
        with self._store.transaction() as unit:
            link = self._links.redeem(
                unit, query.link, LinkPurpose.CONFIRM_ADDRESS, LinkPurpose.CONFIRM_NEW_ADDRESS
            )
            account = unit.accounts.lock(link.account_id)
            if account is None:
                raise LinkInvalidError()
            if link.purpose is LinkPurpose.CONFIRM_ADDRESS:
                self._confirm_first(unit, account, link, query.client)
            else:
                self._confirm_new(unit, account, link, query.client)
        return RequestAccepted()

    def resend(self, query: ResendConfirmation) -> RequestAccepted:
        """Send the confirmation mail again; the answer is the same for an address that waits for none.

        Raises:
            InvalidInputError: That is no address.
            TooManyAttemptsError: Too many mails to this address, or too many questions from there.
        """
        address = address_of(query.email)
        with self._store.transaction() as unit:
            self._throttling.require(unit, "confirmation", account_key=address.key, client=query.client)
            account = unit.accounts.by_address(address.key)
            if account is not None and account.state is AccountState.UNCONFIRMED:
                self._links.end(unit, account.account_id, LinkPurpose.CONFIRM_ADDRESS)
                self._letters.enqueue(
                    unit,
                    Template.CONFIRM_ADDRESS,
                    account=account,
                    recipient=account.email,
                    link=LinkPurpose.CONFIRM_ADDRESS,
                )
        return RequestAccepted()

    def _confirm_first(self, unit: AccountUnit, account: Account, link: Link, client: ClientInfo) -> None:
        if account.confirmed_at is not None or link.email != account.email:
            raise LinkInvalidError()
        stay(unit, self._links, account.account_id)  # whoever opened the account need not own the mailbox
        self._confirmed(unit, account, client)

    def _confirm_new(self, unit: AccountUnit, account: Account, link: Link, client: ClientInfo) -> None:
        if link.email != account.new_email or account.new_address_key is None:
            raise LinkInvalidError()
        if not move_to(unit, account, email=account.new_email, key=account.new_address_key):
            raise LinkInvalidError()
        self._links.end(
            unit,
            account.account_id,
            LinkPurpose.CONFIRM_ADDRESS,
            LinkPurpose.CONFIRM_NEW_ADDRESS,
            LinkPurpose.RESET_PASSWORD,
        )
        self._events.record(unit, account.account_id, SecurityEvent.ADDRESS_CHANGED, Outcome.SUCCEEDED, client)
        unit.publish(AccountUpdated(account_id=account.account_id, changed=("email",)))
        if account.confirmed_at is None:
            self._confirmed(unit, account, client)

    def _confirmed(self, unit: AccountUnit, account: Account, client: ClientInfo) -> None:
        unconfirmed = account.state is AccountState.UNCONFIRMED
        state = AccountState.ACTIVE if unconfirmed else account.state
        unit.accounts.update(account.account_id, confirmed_at=unit.now, state=state.value)
        self._events.record(unit, account.account_id, SecurityEvent.ADDRESS_CONFIRMED, Outcome.SUCCEEDED, client)
        unit.publish(AccountConfirmed(account_id=account.account_id))
