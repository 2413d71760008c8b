"""Rows of challenges of logins and passkeys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from services.auth.domain.challenges import CHALLENGE_TRIES, Challenge, ChallengePurpose
from services.auth.tables import CHALLENGES

_COLUMNS = (
    CHALLENGES.c.token_hash,
    CHALLENGES.c.account_id,
    CHALLENGES.c.purpose,
    CHALLENGES.c.session_id,
    CHALLENGES.c.webauthn_challenge,
    CHALLENGES.c.tries,
    CHALLENGES.c.expires_at,
)


class ChallengeRows:
    """Reads and writes challenges of logins and passkeys."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, challenge: Challenge) -> None:
        """Keep a new challenge; what has expired of the account goes."""
        self._connection.execute(
            delete(CHALLENGES).where(
                CHALLENGES.c.account_id == challenge.account_id, CHALLENGES.c.expires_at <= self._now
            )
        )
        self._connection.execute(
            insert(CHALLENGES).values(
                token_hash=challenge.token_hash,
                account_id=challenge.account_id,
                purpose=challenge.purpose.value,
                session_id=challenge.session_id,
                webauthn_challenge=challenge.webauthn_challenge,
                tries=challenge.tries,
                created_at=self._now,
                expires_at=challenge.expires_at,
            )
        )

    def get(self, token_hash: str) -> Challenge | None:
        """A challenge that can still be answered."""
        found = select(*_COLUMNS).where(CHALLENGES.c.token_hash == token_hash, *self._answerable())
        row = self._connection.execute(found).mappings().one_or_none()
        return Challenge(**{**row, "purpose": ChallengePurpose(row["purpose"])}) if row is not None else None

    def of_session(self, session_id: str, purpose: ChallengePurpose) -> Challenge | None:
        """The challenge of a session that can still be answered."""
        found = select(*_COLUMNS).where(
            CHALLENGES.c.session_id == session_id, CHALLENGES.c.purpose == purpose.value, *self._answerable()
        )
        row = self._connection.execute(found.order_by(CHALLENGES.c.created_at.desc()).limit(1)).mappings().first()
        return Challenge(**{**row, "purpose": purpose}) if row is not None else None

    def take_try(self, token_hash: str) -> bool:
        """Use up one of its answers; False when there was none left, or it has ended."""
        taken = update(CHALLENGES).where(CHALLENGES.c.token_hash == token_hash, *self._answerable())
        return self._connection.execute(taken.values(tries=CHALLENGES.c.tries + 1)).rowcount == 1

    def give_back_try(self, token_hash: str) -> None:
        """The answer could not be looked at."""
        given = update(CHALLENGES).where(CHALLENGES.c.token_hash == token_hash, CHALLENGES.c.tries > 0)
        self._connection.execute(given.values(tries=CHALLENGES.c.tries - 1))

    def end(self, token_hash: str) -> bool:
        """End a challenge; of any number of callers exactly one gets True."""
        gone = delete(CHALLENGES).where(CHALLENGES.c.token_hash == token_hash)
        return self._connection.execute(gone).rowcount == 1

    def end_all(self, account_id: str, *, session_id: str | None = None) -> None:
        """End an account's challenges, or only those of one of its sessions."""
        gone = delete(CHALLENGES).where(CHALLENGES.c.account_id == account_id)
        if session_id is not None:
            gone = gone.where(CHALLENGES.c.session_id == session_id)
        self._connection.execute(gone)

    def forget_expired(self) -> int:
        """Delete what has expired."""
        return self._connection.execute(delete(CHALLENGES).where(CHALLENGES.c.expires_at <= self._now)).rowcount

    def _answerable(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return CHALLENGES.c.expires_at > self._now, CHALLENGES.c.tries < CHALLENGE_TRIES
