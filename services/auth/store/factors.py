"""Rows of second factors and recovery codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from services.auth.domain.second_factors import Credential, TotpEnrolment
from services.auth.tables import (
    ACCOUNTS,
    RECOVERY_CODES,
    TOTP_ENROLMENTS,
    TOTP_FACTORS,
    WEBAUTHN_CREDENTIALS,
)
from shared.db import insert_if_absent


class FactorRows:
    """Reads and writes second factors and recovery codes."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    # Time-based codes

    def has_totp(self, account_id: str) -> bool:
        """Whether time-based codes are set up."""
        found = select(TOTP_FACTORS.c.record_id).where(TOTP_FACTORS.c.account_id == account_id)
        return self._connection.execute(found).first() is not None

    def set_totp(self, account_id: str, record_id: str) -> None:
        """Time-based codes are set up; the seed of earlier ones is forgotten."""
        self.remove_totp(account_id)
        self._connection.execute(
            insert(TOTP_FACTORS).values(account_id=account_id, record_id=record_id, enabled_at=self._now)
        )

    def remove_totp(self, account_id: str) -> bool:
        """Time-based codes are given up; False when there were none."""
        gone = delete(TOTP_FACTORS).where(TOTP_FACTORS.c.account_id == account_id)
        return self._connection.execute(gone).rowcount == 1

    def set_enrolment(self, enrolment: TotpEnrolment) -> None:
        """A seed waits; an earlier one of the account does not any more."""
        self.end_enrolment(enrolment.account_id)
        self._connection.execute(insert(TOTP_ENROLMENTS).values(**asdict(enrolment)))

    def enrolment(self, account_id: str, enrolment_id: str) -> TotpEnrolment | None:
        """A seed of this account that still waits."""
        found = select(TOTP_ENROLMENTS).where(
            TOTP_ENROLMENTS.c.enrolment_id == enrolment_id,
            TOTP_ENROLMENTS.c.account_id == account_id,
            TOTP_ENROLMENTS.c.expires_at > self._now,
        )
        row = self._connection.execute(found).mappings().one_or_none()
        return TotpEnrolment(**row) if row is not None else None

    def end_enrolment(self, account_id: str) -> None:
        """No seed of the account waits any more."""
        self._connection.execute(delete(TOTP_ENROLMENTS).where(TOTP_ENROLMENTS.c.account_id == account_id))

    def forget_expired_enrolments(self) -> int:
        """Delete what has expired."""
        gone = delete(TOTP_ENROLMENTS).where(TOTP_ENROLMENTS.c.expires_at <= self._now)
        return self._connection.execute(gone).rowcount

    # Passkeys and security keys

    def add_credential(self, credential: Credential) -> bool:
        """Keep a credential; False when it is registered already, with whatever account."""
        return insert_if_absent(self._connection, WEBAUTHN_CREDENTIALS, **asdict(credential))

    def credentials(self, account_id: str) -> tuple[Credential, ...]:
        """The account's credentials, the oldest first."""
        found = (
            select(WEBAUTHN_CREDENTIALS)
            .where(WEBAUTHN_CREDENTIALS.c.account_id == account_id)
            .order_by(WEBAUTHN_CREDENTIALS.c.created_at, WEBAUTHN_CREDENTIALS.c.credential_id)
        )
        return tuple(Credential(**row) for row in self._connection.execute(found).mappings())

    def credential(self, account_id: str, credential_id: str) -> Credential | None:
        """One of the account's credentials."""
        found = select(WEBAUTHN_CREDENTIALS).where(
            WEBAUTHN_CREDENTIALS.c.account_id == account_id,
            WEBAUTHN_CREDENTIALS.c.credential_id == credential_id,
        )
        row = self._connection.execute(found).mappings().one_or_none()
        return Credential(**row) if row is not None else None

    def use_credential(self, used: Credential, sign_count: int) -> bool:
        """Keep the count of a credential as it now is; False when somebody else used it in between."""
        kept = update(WEBAUTHN_CREDENTIALS).where(
            WEBAUTHN_CREDENTIALS.c.credential_id == used.credential_id,
            WEBAUTHN_CREDENTIALS.c.account_id == used.account_id,
            WEBAUTHN_CREDENTIALS.c.sign_count == used.sign_count,
        )
        return self._connection.execute(kept.values(sign_count=sign_count, last_used_at=self._now)).rowcount == 1

    def remove_credential(self, account_id: str, credential_id: str) -> bool:
        """Give up a credential; False when the account has none such."""
        gone = delete(WEBAUTHN_CREDENTIALS).where(
            WEBAUTHN_CREDENTIALS.c.account_id == account_id,
            WEBAUTHN_CREDENTIALS.c.credential_id == credential_id,
        )
        return self._connection.execute(gone).rowcount == 1

    # Recovery codes

    def set_recovery_codes(self, account_id: str, hashes: Iterable[str]) -> None:
        """These are the account's recovery codes; earlier ones are dead."""
        self._connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.account_id == account_id))
        rows = [{"account_id": account_id, "code_hash": hash_, "created_at": self._now} for hash_ in hashes]
        if rows:
            self._connection.execute(insert(RECOVERY_CODES), rows)

    def use_recovery_code(self, account_id: str, code_hash: str) -> bool:
        """Use up a code; of any number of callers exactly one gets True."""
        used = update(RECOVERY_CODES).where(
            RECOVERY_CODES.c.account_id == account_id,
            RECOVERY_CODES.c.code_hash == code_hash,
            RECOVERY_CODES.c.used_at.is_(None),
        )
        return self._connection.execute(used.values(used_at=self._now)).rowcount == 1

    def recovery_codes_left(self, account_id: str) -> int:
        """How many codes are not used yet."""
        left = select(func.count()).where(
            RECOVERY_CODES.c.account_id == account_id, RECOVERY_CODES.c.used_at.is_(None)
        )
        return self._connection.execute(left).scalar_one()

    # All of them

    def remove_all(self, account_id: str) -> bool:
        """Take off every second factor, with codes and enrolments; False when there was none."""
        gone = delete(WEBAUTHN_CREDENTIALS).where(WEBAUTHN_CREDENTIALS.c.account_id == account_id)
        had_passkeys = self._connection.execute(gone).rowcount > 0
        had_totp = self.remove_totp(account_id)
        self.end_enrolment(account_id)
        self.set_recovery_codes(account_id, ())
        return had_passkeys or had_totp

    def due_for_removal(self, limit: int) -> tuple[str, ...]:
        """Accounts whose lost second factors are to be taken off by now."""
        due = select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.factors_removed_at <= self._now)
        return tuple(self._connection.execute(due.order_by(ACCOUNTS.c.factors_removed_at).limit(limit)).scalars())
