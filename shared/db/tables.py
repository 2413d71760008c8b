"""Column types and naming rules that every service's tables use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.errors import StudiomaticError

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Both databases name constraints alike, so that a migration can drop one by name."""

_TEXT_LENGTH = len("2030-01-01T00:00:00.000000Z")


def new_metadata() -> MetaData:
    """Make the collection for one service's tables."""
    return MetaData(naming_convention=NAMING_CONVENTION)


class NaiveDateTimeError(StudiomaticError, DontWrapMixin):
    """A time without zone has no meaning between machines; take times from shared.clock."""

    code = "naive_datetime"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in, UTC-aware datetimes out, microsecond resolution.

    ``timestamptz`` on PostgreSQL, fixed-width RFC 3339 text on SQLite, which sorts and compares as text.

    Raises:
        NaiveDateTimeError: A naive datetime was to be stored or compared.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(_TEXT_LENGTH))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveDateTimeError()
        moment = value.astimezone(UTC)
        if dialect.name == "sqlite":
            return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value; ``jsonb`` on PostgreSQL, text on SQLite. None is SQL NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = JSONB if dialect.name == "postgresql" else JSON
        return dialect.type_descriptor(kind(none_as_null=True))
