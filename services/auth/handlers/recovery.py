"""Recovery codes made anew, and the list of what an account has."""

from __future__ import annotations

from services.auth.domain.browsers import from_where
from services.auth.domain.records import Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore
from services.auth.handlers.factor_changes import FactorChanges, locked_account
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import SecurityEvents
from shared.contracts.factors import (
    FactorList,
    ListFactors,
    RecoveryCodes,
    RegenerateRecoveryCodes,
    WebauthnCredential,
)
from shared.errors import ConflictError


class Recovery:
    """The use cases of recovery codes, and the overview of second factors."""

    def __init__(
        self,
        store: AccountStore,
        identity: Identity,
        second_factors: SecondFactors,
        changes: FactorChanges,
        *,
        events: SecurityEvents,
        letters: Letters,
    ) -> None:
        self._store = store
        self._identity = identity
        self._second_factors = second_factors
        self._changes = changes
        self._events = events
        self._letters = letters

    def regenerate(self, query: RegenerateRecoveryCodes) -> RecoveryCodes:
        """Make ten new codes; the old ones are dead.

        Raises:
            ConflictError: There is no second factor that they could stand in for.
        """
        with self._store.transaction() as unit:
            _, account = self._identity.require(unit, query.session, fresh=True)
            account = locked_account(unit, account.account_id)
            if not self._second_factors.configured(unit, account.account_id):
                raise ConflictError("recovery codes come with a second factor; set one up first")
            codes = self._changes.renew_codes(unit, account)
            self._events.record(
                unit,
                account.account_id,
                SecurityEvent.RECOVERY_CODES_RENEWED,
                Outcome.SUCCEEDED,
                query.client,
            )
            self._letters.enqueue(
                unit,
                Template.RECOVERY_CODES_RENEWED,
                account=account,
                recipient=account.email,
                values=from_where(query.client),
            )
        return RecoveryCodes(codes=codes)

    def list(self, query: ListFactors) -> FactorList:
        """Which second factors are set up; nothing with which one could pass."""
        with self._store.transaction() as unit:
            _, account = self._identity.require(unit, query.session)
            keys = unit.factors.credentials(account.account_id)
            return FactorList(
                totp=unit.factors.has_totp(account.account_id),
                webauthn=tuple(
                    WebauthnCredential(
                        credential_id=key.credential_id,
                        label=key.label,
                        created_at=key.created_at,
                        last_used_at=key.last_used_at,
                    )
                    for key in keys
                ),
                recovery_codes_left=unit.factors.recovery_codes_left(account.account_id),
            )
