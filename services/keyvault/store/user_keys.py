"""Rows of user keys, wrapped by the keyring."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, func, select, update

from services.keyvault.domain.records import UserKey
from services.keyvault.tables import USER_KEYS
from shared.db import insert_if_absent

_K = USER_KEYS.c


class UserKeyRows:
    """Reads and writes wrapped user keys."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def newest(self, account_id: str) -> UserKey | None:
        """The key under which the account's secrets are sealed now."""
        query = _keys().where(_K.account_id == account_id).order_by(_K.version.desc()).limit(1)
        return _key_or_none(self._connection.execute(query).first())

    def get(self, account_id: str, version: int) -> UserKey | None:
        """One version of an account's key."""
        query = _keys().where(_K.account_id == account_id, _K.version == version)
        return _key_or_none(self._connection.execute(query).first())

    def pseudonym(self, account_id: str) -> str | None:
        """How the audit names the account; None before its first secret, and for ever after it was shredded."""
        query = select(_K.pseudonym).where(_K.account_id == account_id).limit(1)
        pseudonym: str | None = self._connection.scalar(query)
        return pseudonym

    def add(self, key: UserKey) -> bool:
        """Keep a new key; False if the account has that version."""
        return insert_if_absent(
            self._connection,
            USER_KEYS,
            account_id=key.account_id,
            version=key.version,
            wrapped=key.wrapped,
            keyring_version=key.keyring_version,
            pseudonym=key.pseudonym,
            created_at=key.created_at,
        )

    def rewrap(self, key: UserKey, wrapped: bytes, keyring_version: int) -> bool:
        """Put another wrapping in the place of exactly the one in ``key``; False if it is not there any more."""
        statement = (
            update(USER_KEYS)
            .where(
                _K.account_id == key.account_id,
                _K.version == key.version,
                _K.keyring_version == key.keyring_version,
                _K.wrapped == key.wrapped,
            )
            .values(wrapped=wrapped, keyring_version=keyring_version)
        )
        return self._connection.execute(statement).rowcount == 1

    def not_under(self, keyring_version: int, after: str, limit: int) -> tuple[UserKey, ...]:
        """The next keys by account that another version wraps."""
        query = (
            _keys()
            .where(_K.keyring_version != keyring_version, _K.account_id > after)
            .order_by(_K.account_id, _K.version)
            .limit(limit)
        )
        return tuple(map(_key, self._connection.execute(query)))

    def superseded(self, limit: int) -> tuple[UserKey, ...]:
        """Keys that have a newer version; their records are to be sealed anew."""
        newer = USER_KEYS.alias()
        query = (
            _keys()
            .where(
                exists().where(newer.c.account_id == _K.account_id, newer.c.version > _K.version),
            )
            .order_by(_K.account_id, _K.version)
            .limit(limit)
        )
        return tuple(map(_key, self._connection.execute(query)))

    def remove(self, account_id: str, version: int) -> None:
        """Destroy one version."""
        self._connection.execute(delete(USER_KEYS).where(_K.account_id == account_id, _K.version == version))

    def remove_all(self, account_id: str) -> int:
        """Destroy every version: what was sealed under them is unreadable."""
        return self._connection.execute(delete(USER_KEYS).where(_K.account_id == account_id)).rowcount

    def count_by_keyring_version(self) -> dict[int, int]:
        """How many keys each version of the keyring wraps."""
        query = select(_K.keyring_version, func.count().label("wrapped_keys")).group_by(_K.keyring_version)
        return {row.keyring_version: row.wrapped_keys for row in self._connection.execute(query)}


def _keys() -> Select[Any]:
    return select(USER_KEYS)


def _key_or_none(row: Row[Any] | None) -> UserKey | None:
    return None if row is None else _key(row)


def _key(row: Row[Any]) -> UserKey:
    return UserKey(
        account_id=row.account_id,
        version=row.version,
        wrapped=bytes(row.wrapped),
        keyring_version=row.keyring_version,
        pseudonym=row.pseudonym,
        created_at=row.created_at,
    )
