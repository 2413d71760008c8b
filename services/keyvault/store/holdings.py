"""What a delivery needs to know of an account and its keys, in one look: each question to a server costs time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, String, and_, bindparam, exists, func, literal, select

from services.keyvault.domain.grants import Holding
from services.keyvault.domain.records import RecordPurpose, UserKey
from services.keyvault.store.records import record_of
from services.keyvault.tables import CLOSED_ACCOUNTS, RECORDS, REVOKED_SESSIONS, SHREDDED, USER_KEYS

_R, _K = RECORDS.c, USER_KEYS.c
_ACCOUNT = bindparam("account_id", type_=String())
_PROVIDER = bindparam("provider", type_=String())
_RECORD = bindparam("record_id", type_=String())
_SESSION = bindparam("session_id", type_=String())


class HoldingRows:
    """Reads them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def look(self, account_id: str, session_id: str, provider: str, record_id: str | None) -> Holding:
        """How the account stands, and one of its provider keys.

        Args:
            session_id: In which the job was started.
            record_id: None: the one of that provider that was put or replaced last.
        """
        words = {"account_id": account_id, "session_id": session_id, "provider": provider, "record_id": record_id}
        row = self._connection.execute(_NEWEST if record_id is None else _NAMED, words).one()
        record = None if row.record_id is None else record_of(row)
        key = None
        if record is not None and row.key_wrapped is not None:
            key = UserKey(
                account_id=record.account_id,
                version=record.user_key_version,
                wrapped=bytes(row.key_wrapped),
                keyring_version=row.key_keyring_version,
                pseudonym=row.key_pseudonym,
                created_at=row.key_created_at,
            )
        return Holding(
            shredded=bool(row.shredded),
            closed=bool(row.closed),
            jobs_stopped=bool(row.jobs_stopped),
            subject=row.subject,
            record=record,
            key=key,
        )


def _statement(which: Any) -> Select[Any]:
    """Always one row; without columns of a record where there is none."""
    revoked, closed = REVOKED_SESSIONS.c, CLOSED_ACCOUNTS.c
    one = select(literal(1).label("one")).subquery("one")
    key = and_(_K.account_id == _R.account_id, _K.version == _R.user_key_version)
    named = USER_KEYS.alias("named")
    return select(
        exists().where(SHREDDED.c.account_id == _ACCOUNT).label("shredded"),
        exists().where(closed.account_id == _ACCOUNT, closed.closed).label("closed"),
        exists().where(revoked.session_id == _SESSION, revoked.by_logout.is_(False)).label("jobs_stopped"),
        select(named.c.pseudonym)
        .where(named.c.account_id == _ACCOUNT)
        .limit(1)
        .scalar_subquery()
        .label("subject"),
        *RECORDS.columns,
        *(column.label(f"key_{column.name}") for column in USER_KEYS.columns),
    ).select_from(one.outerjoin(RECORDS, which).outerjoin(USER_KEYS, key))


_OF_ACCOUNT = and_(_R.account_id == _ACCOUNT, _R.purpose == RecordPurpose.PROVIDER_KEY)
_OTHERS = RECORDS.alias("others")
_NEWEST = _statement(
    _R.record_id
    == select(_OTHERS.c.record_id)
    .where(
        _OTHERS.c.account_id == _ACCOUNT,
        _OTHERS.c.purpose == RecordPurpose.PROVIDER_KEY,
        _OTHERS.c.provider == _PROVIDER,
    )
    .order_by(func.coalesce(_OTHERS.c.replaced_at, _OTHERS.c.created_at).desc(), _OTHERS.c.record_id.desc())
    .limit(1)
    .scalar_subquery()
)
_NAMED = _statement(and_(_R.record_id == _RECORD, _OF_ACCOUNT))
