"""The database goes away: a retryable error, nothing half done, and nothing to mend when it is back."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from sqlalchemy import Connection, event, make_url

from shared.contracts import vault
from shared.errors import DatabaseUnavailableError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
SECRET = b"sk-test-1234567890-secret"


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


def test_whoever_asks_while_the_database_is_away_may_ask_again(desk, postgres) -> None:
    key = desk.put()
    seed = desk.confirmed_seed()
    desk.opened(key.record_id)
    put = vault.PutKey(ticket=desk.ticket(), provider="zai", sealed_secret=desk.boxed(SECRET))
    code = desk.code(seed)
    with postgres.stopped():
        for ask in (
            lambda: desk.ask(put),
            lambda: desk.check(code),
            lambda: desk.listed(),
            lambda: desk.opened(key.record_id),  # what is remembered of a user key opens nothing by itself
            lambda: desk.shred(),
            lambda: desk.vault.rewrapping.rewrap_some(),
        ):
            with pytest.raises(DatabaseUnavailableError) as error:
                ask()
            assert error.value.retryable
            assert "sk-" not in str(error.value)

    assert desk.listed() == (key,)
    desk.ask(put)
    assert desk.check(code)
    assert desk.opened(key.record_id) == SECRET


@pytest.mark.parametrize("change", ["put", "replace", "shred", "code"])
def test_a_connection_that_breaks_in_the_middle_leaves_nothing_half_done(
    desk, postgres_url: str, change: str
) -> None:
    """Broken before each statement in turn; asked again, everything goes through."""
    for step in range(1, 100):
        account = f"01a20e67-f96c-7495-a999-0000000001{step:02}"
        key = desk.put(account=account)
        seed = desk.confirmed_seed(account)
        desk.clock.advance(61)
        ask = {
            "put": lambda a=account: desk.put(b"sk-another-secret-0000", account=a),
            "replace": lambda a=account, k=key: desk.replace(k.record_id, b"sk-another-secret-0000", a),
            "shred": lambda a=account: desk.shred(a),
            "code": lambda a=account, s=seed: desk.check(desk.code(s), a),
        }[change]
        if not _broken(desk, postgres_url, step, ask):
            assert step > 5
            return
        assert desk.listed(account) == (key,)
        assert desk.opened(key.record_id, account) == SECRET
        assert ask()
    pytest.fail("it never came through")


def _broken(desk, url: str, step: int, ask: Any) -> bool:
    """Whether it failed because its connection ended before the n-th statement."""
    left = [step]

    def end(connection: Connection, *_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            _terminate(url, connection.connection.driver_connection.info.backend_pid)

    engine = desk.database._connections.engine
    event.listen(engine, "before_cursor_execute", end)
    try:
        ask()
    except DatabaseUnavailableError:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", end)
    return False


def _terminate(url: str, backend: int) -> None:
    parts = make_url(url)
    connection = psycopg2.connect(
        host=parts.query.get("host", parts.host),
        port=parts.port,
        user=parts.username,
        password=parts.password,
        dbname=parts.database,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (backend,))
    connection.close()
