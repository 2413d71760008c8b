"""Shows accounts to their owners, and corrects what they say about themselves."""

from __future__ import annotations

from services.auth.domain.profiles import CLEARABLE, Profile
from services.auth.domain.records import Account
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.identity import Identity
from services.auth.handlers.second_factors import SecondFactors
from shared.contracts.accounts import AccountUpdated, AccountView, GetAccount, UpdateProfile
from shared.contracts.refusals import SessionInvalidError
from shared.contracts.sessions import Factor
from shared.errors import InvalidInputError


class Accounts:
    """An account as its owner sees it."""

    def __init__(self, factors: SecondFactors) -> None:
        self._factors = factors

    def view(self, unit: AccountUnit, account: Account) -> AccountView:
        """What an owner sees; no hash, no key and no token (ASVS 5.0 15.3.1)."""
        configured = self._factors.configured(unit, account.account_id)
        factors = tuple(factor.value for factor in configured if factor is not Factor.RECOVERY_CODE)
        return AccountView(
            account_id=account.account_id,
            state=account.state,
            role=account.role,
            name=account.name,
            email=account.email,
            new_email=account.new_email,
            company=account.company,
            country=account.country,
            language=account.language,
            created_at=account.created_at,
            second_factors=factors,
            second_factor_advised=not factors,
            policy_to_acknowledge=unit.policies.to_acknowledge(account.account_id),
        )


class ProfileDesk:
    """Reads and corrects one's own account."""

    def __init__(self, store: AccountStore, identity: Identity, accounts: Accounts) -> None:
        self._store = store
        self._identity = identity
        self._accounts = accounts

    def get(self, query: GetAccount) -> AccountView:
        """One's own account."""
        with self._store.transaction() as unit:
            _, account = self._identity.require(unit, query.session)
            return self._accounts.view(unit, account)

    def update(self, query: UpdateProfile) -> AccountView:
        """Correct profile data (GDPR article 16); whoever keeps a copy hears of it.

        Raises:
            InvalidInputError: A field cannot be kept, cannot be empty, or is both set and cleared.
        """
        _require_clearable(query)
        with self._store.transaction() as unit:
            session, _ = self._identity.require(unit, query.session)
            account = unit.accounts.lock(session.account_id)
            if account is None:
                raise SessionInvalidError()
            before = Profile(
                name=account.name,
                company=account.company,
                country=account.country,
                language=account.language,
            )
            if changes := _corrected(before, query).changed_from(before):
                unit.accounts.update(account.account_id, **changes)
                unit.publish(AccountUpdated(account_id=account.account_id, changed=tuple(sorted(changes))))
            after = unit.accounts.get(account.account_id)
            return self._accounts.view(unit, after or account)


def _corrected(before: Profile, query: UpdateProfile) -> Profile:
    named = {
        field: value
        for field in ("name", *CLEARABLE)
        if (value := getattr(query, field)) is not None or field in query.cleared
    }
    return Profile.checked(
        name=named.get("name", before.name),
        company=named.get("company", before.company),
        country=named.get("country", before.country),
        language=named.get("language", before.language),
    )


def _require_clearable(query: UpdateProfile) -> None:
    if set(query.cleared) - set(CLEARABLE):
        raise InvalidInputError(f"cleared may name {', '.join(CLEARABLE)} and nothing else")
    if both := [field for field in query.cleared if getattr(query, field) is not None]:
        raise InvalidInputError(f"{both[0]} is both set and cleared; do one of them")
