"""A service's role works in its own schema and sees no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from shared.db import Database, open_database
from shared.db.roles import create_service_role


@pytest.fixture
def administrator(postgres_url: str) -> Iterator[Engine]:
    """The superuser; roles belong to the whole server, so they are dropped afterwards."""
    engine = create_engine(postgres_url)
    yield engine
    with engine.begin() as connection:
        for service in ("alpha", "beta"):
            connection.execute(text(f"DROP OWNED BY test_{service}"))
            connection.execute(text(f"DROP ROLE test_{service}"))
    engine.dispose()


@pytest.fixture
def services(administrator: Engine, postgres_url: str) -> Iterator[dict[str, Database]]:
    opened = {}
    for service in ("alpha", "beta"):
        with administrator.begin() as connection:
            create_service_role(
                connection, service=service, role=f"test_{service}", password=f"{service}'s \\ word"
            )
        url = make_url(postgres_url).set(username=f"test_{service}", password=f"{service}'s \\ word")
        opened[service] = open_database(url.render_as_string(hide_password=False), schema=service)
    yield opened
    for database in opened.values():
        database.close()


def test_a_role_makes_tables_in_its_own_schema(services: dict[str, Database]) -> None:
    with services["alpha"].changing_schema() as connection:
        connection.execute(text("CREATE TABLE secrets (value text)"))
        owner = connection.execute(text("SELECT tableowner FROM pg_tables WHERE schemaname = 'alpha'")).scalar()
    assert owner == "test_alpha"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM alpha.secrets",
        "INSERT INTO alpha.secrets VALUES ('x')",
        "CREATE TABLE alpha.intruder (value text)",
        "CREATE TABLE public.shared (value text)",
        "CREATE SCHEMA gamma",
        "GRANT USAGE ON SCHEMA alpha TO test_beta",
    ],
)
def test_a_role_can_do_nothing_in_another_schema(services: dict[str, Database], statement: str) -> None:
    with services["alpha"].changing_schema() as connection:
        connection.execute(text("CREATE TABLE secrets (value text)"))
    with pytest.raises(ProgrammingError, match="permission denied"), services["beta"].transaction() as connection:
        connection.execute(text(statement))


def test_making_a_role_again_only_changes_its_password(
    services: dict[str, Database], administrator: Engine, postgres_url: str
) -> None:
    with services["alpha"].changing_schema() as connection:
        connection.execute(text("CREATE TABLE secrets (value text)"))
    with administrator.begin() as connection:
        create_service_role(connection, service="alpha", role="test_alpha", password="new")
    url = make_url(postgres_url).set(username="test_alpha", password="new")
    again = open_database(url.render_as_string(hide_password=False), schema="alpha")
    with again.reading() as connection:
        assert connection.execute(text("SELECT * FROM secrets")).all() == []
    again.close()
