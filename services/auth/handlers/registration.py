"""Opens accounts, and never says whether an address has one."""

from __future__ import annotations

from datetime import datetime

from services.auth.domain.addresses import Address, address_of
from services.auth.domain.policies import HowAccepted
from services.auth.domain.profiles import Profile
from services.auth.domain.records import Account, LinkPurpose, Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.age_gate import AgeGate
from services.auth.handlers.letters import Letters
from services.auth.handlers.password_checks import PasswordChecks, PasswordHashing
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import (
    AccountRegistered,
    AccountState,
    ClientInfo,
    RegisterAccount,
    RequestAccepted,
    Role,
)
from shared.errors import InvalidInputError
from shared.ids import new_id


class Registration:
    """Opens accounts."""

    def __init__(
        self,
        store: AccountStore,
        age_gate: AgeGate,
        throttling: Throttling,
        checks: PasswordChecks,
        hashing: PasswordHashing,
        events: SecurityEvents,
        letters: Letters,
    ) -> None:
        self._store = store
        self._age_gate = age_gate
        self._throttling = throttling
        self._checks = checks
        self._hashing = hashing
        self._events = events
        self._letters = letters

    def register(self, query: RegisterAccount) -> RequestAccepted:
        """Open an account whose address is to be confirmed.

        An address that has an account gets a mail instead: answer, password hash and order of work are the same
        (ASVS 5.0 6.3.8), and nothing of that account changes, confirmed or not.

        Raises:
            InvalidInputError: A field cannot be kept; names it.
            NotOldEnoughError: Too young; nothing at all was stored.
            PasswordRefusedError: The password is not accepted; says why.
            TooManyAttemptsError: Too many registrations from there, or of this address.
        """
        address = address_of(query.email)
        profile = Profile.checked(
            name=query.name, company=query.company, country=query.country, language=query.language
        )
        self._age_gate.require_old_enough(query.birth_date, address.key, query.client)
        self._checks.require_acceptable(query.password, name=profile.name, email=address.shown)
        self._admit(query, address)
        phc, pepper_version = self._hashing.hashed(query.password)
        with self._store.transaction() as unit:
            account = _new_account(profile, address, unit.now)
            if unit.accounts.add(account):
                unit.passwords.set(account.account_id, phc, pepper_version)
                self._welcome(unit, account, query)
            else:
                self._tell_owner(unit, address, query.client)
        return RequestAccepted()

    def _admit(self, query: RegisterAccount, address: Address) -> None:
        """Count the attempt before the costly hash."""
        with self._store.transaction() as unit:
            if query.accepts_policy is not None and unit.policies.get(query.accepts_policy) is None:
                raise InvalidInputError("accepts_policy names no version of the policy; read the newest one")
            self._throttling.require(unit, "registration", account_key=address.key, client=query.client)

    def _welcome(self, unit: AccountUnit, account: Account, query: RegisterAccount) -> None:
        if query.accepts_policy is not None:
            unit.policies.accept(account.account_id, query.accepts_policy, HowAccepted.REGISTRATION)
        self._events.record(unit, account.account_id, SecurityEvent.REGISTERED, Outcome.SUCCEEDED, query.client)
        self._letters.enqueue(
            unit,
            Template.CONFIRM_ADDRESS,
            account=account,
            recipient=account.email,
            link=LinkPurpose.CONFIRM_ADDRESS,
        )
        unit.publish(AccountRegistered(account_id=account.account_id))

    def _tell_owner(self, unit: AccountUnit, address: Address, client: ClientInfo) -> None:
        """Somebody, perhaps the owner, wanted an account with his address."""
        owner = unit.accounts.by_address(address.key)
        if owner is None:  # purged between the two statements; the newcomer tries again
            return
        self._events.record(unit, owner.account_id, SecurityEvent.REGISTERED, Outcome.FAILED, client)
        self._letters.enqueue(unit, Template.ADDRESS_ALREADY_REGISTERED, account=owner, recipient=owner.email)


def _new_account(profile: Profile, address: Address, now: datetime) -> Account:
    return Account(
        account_id=new_id(),
        state=AccountState.UNCONFIRMED,
        role=Role.USER,
        name=profile.name,
        email=address.shown,
        address_key=address.key,
        company=profile.company,
        country=profile.country,
        language=profile.language,
        created_at=now,
        confirmed_at=None,
        deletion_requested_at=None,
        factors_removed_at=None,
    )
