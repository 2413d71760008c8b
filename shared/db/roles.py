"""One PostgreSQL role per service, which owns the service's schema and cannot look into any other.

Run once by an administrator, before the service's first migration.
"""

from __future__ import annotations

from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection, text

from shared.db.failures import unavailability_reported


def create_service_role(administrator: Connection, *, service: str, role: str, password: str) -> None:
    """Make the role and schema of ``service``, or give the existing role a new password.

    Afterwards the role may create tables in its own schema and nowhere else.

    Args:
        administrator: A transaction of a superuser in the database of all services.
        password: Reaches the server as SCRAM-SHA-256 verifier only, so that no server log can hold it.
    """
    name = _quoted(administrator, role)
    schema = _quoted(administrator, service)
    verifier = encrypt_password(password, role, administrator.connection.driver_connection, "scram-sha-256")
    with unavailability_reported(writing=True):
        _create_if_missing(administrator, role)
        administrator.exec_driver_sql(
            f"ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '{verifier}'"
        )
        administrator.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {name}")
        administrator.exec_driver_sql(f"ALTER SCHEMA {schema} OWNER TO {name}")
        # Before PostgreSQL 15 everybody may make tables in there.
        administrator.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        administrator.exec_driver_sql(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")


def _create_if_missing(administrator: Connection, role: str) -> None:
    known = administrator.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    if known.first() is None:
        administrator.exec_driver_sql(f"CREATE ROLE {_quoted(administrator, role)}")


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
