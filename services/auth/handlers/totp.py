"""Time-based codes (RFC 6238): set up with a first right code, given up with a fresh proof of identity.

The seed is made and kept by keyvault and sealed to the person's one-time key: auth passes on what it cannot read
(ASVS 5.0 6.5.3). Keyvault is asked outside of transactions.
"""

from __future__ import annotations

from services.auth.domain.records import Account, Session
from services.auth.domain.second_factors import TOTP_ENROLMENT_LIFE, TotpEnrolment, totp_digits
from services.auth.handlers.account_ports import AccountStore
from services.auth.handlers.factor_changes import FactorChanges, locked_account
from services.auth.handlers.identity import Identity
from services.auth.handlers.second_factors import THROTTLED_AS
from services.auth.handlers.throttling import Throttling
from services.auth.handlers.vault_port import Vault
from shared.contracts.factors import BeginTotp, DisableTotp, EnableTotp, FactorEnabled, FactorRemoved, TotpBegun
from shared.contracts.refusals import CodeInvalidError, TooManyAttemptsError
from shared.contracts.sessions import Factor
from shared.errors import InfrastructureError, NotFoundError

ISSUER = "Studiomatic"


class Totp:
    """The use cases of time-based codes."""

    def __init__(
        self, store: AccountStore, identity: Identity, vault: Vault, changes: FactorChanges, throttling: Throttling
    ) -> None:
        self._store = store
        self._identity = identity
        self._vault = vault
        self._changes = changes
        self._throttling = throttling

    def begin(self, query: BeginTotp) -> TotpBegun:
        """Have a seed made; it waits ten minutes for its first code, and only the newest does."""
        with self._store.transaction() as unit:
            _, account = self._identity.require(unit, query.session, fresh=True)
        made = self._vault.new_totp(account.account_id, query.reply_key)
        with self._store.transaction() as unit:
            enrolment = TotpEnrolment(
                enrolment_id=made.record_id,  # to which the box of the seed is bound
                account_id=account.account_id,
                record_id=made.record_id,
                expires_at=min(made.expires_at, unit.now + TOTP_ENROLMENT_LIFE),
            )
            locked_account(unit, account.account_id)
            unit.factors.set_enrolment(enrolment)
        return TotpBegun(
            enrolment_id=enrolment.enrolment_id,
            sealed_seed=made.sealed_seed,
            issuer=ISSUER,
            account_label=account.email,
            expires_at=enrolment.expires_at,
        )

    def enable(self, query: EnableTotp) -> FactorEnabled:
        """Check the first code; only then are codes asked for at logins.

        Raises:
            NotFoundError: No such seed waits, or not any more; begin again.
            CodeInvalidError: The seed still waits for a right code.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session)
            enrolment = unit.factors.enrolment(account.account_id, query.enrolment_id)
            if enrolment is None:
                raise NotFoundError("no seed waits for a code, or not any more; begin again")
            self._throttling.require(unit, THROTTLED_AS, account_key=account.address_key, client=query.client)
        if not self._is_first_code(enrolment, account, query):
            raise CodeInvalidError
        return self._enabled(query, session, account, enrolment)

    def disable(self, query: DisableTotp) -> FactorRemoved:
        """Give codes up; giving up none changes nothing. While keyvault is away they stay."""
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session, fresh=True)
        self._vault.remove_totp(account.account_id)
        with self._store.transaction() as unit:
            account = locked_account(unit, account.account_id)
            unit.factors.end_enrolment(account.account_id)
            if unit.factors.remove_totp(account.account_id):
                self._changes.removed(unit, account, session, Factor.TOTP, query.client)
        return FactorRemoved()

    def _is_first_code(self, enrolment: TotpEnrolment, account: Account, query: EnableTotp) -> bool:
        digits = totp_digits(query.code)
        try:
            return digits is not None and self._vault.confirm_totp(account.account_id, enrolment.record_id, digits)
        except (InfrastructureError, TooManyAttemptsError):
            with self._store.transaction() as unit:
                self._throttling.withdrawn(
                    unit, THROTTLED_AS, account_key=account.address_key, client=query.client
                )
            raise

    def _enabled(
        self, query: EnableTotp, session: Session, account: Account, enrolment: TotpEnrolment
    ) -> FactorEnabled:
        with self._store.transaction() as unit:
            account = locked_account(unit, account.account_id)
            if unit.factors.enrolment(account.account_id, enrolment.enrolment_id) is None:
                raise NotFoundError("the seed was set aside meanwhile; begin again")
            first = self._changes.is_first(unit, account)
            unit.factors.end_enrolment(account.account_id)
            unit.factors.set_totp(account.account_id, enrolment.record_id)
            self._throttling.succeeded(unit, THROTTLED_AS, account_key=account.address_key, client=query.client)
            codes = self._changes.added(unit, account, session, Factor.TOTP, query.client, first=first)
        return FactorEnabled(recovery_codes=codes)
