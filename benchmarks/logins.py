"""What a login costs, and whether its time tells who has an account: ``python -m benchmarks.logins``.

Auth's use cases on PostgreSQL with the cost of production; logins at an account with a wrong password and at none
take turns, so that whatever else the machine does meets both alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete

from benchmarks.figure import Figure
from deploy.local.postgres import PostgreSQL
from deploy.local.run_folder import RunFolder
from services.auth.dependencies import AuthDesk
from services.auth.domain.records import Account
from services.auth.hashing import Argon2Hasher
from services.auth.tables import THROTTLES
from shared.clock import SystemClock
from shared.config import Settings
from shared.contracts.accounts import AccountState, ClientInfo, RequestAccepted, Role
from shared.contracts.message import Query
from shared.contracts.refusals import CredentialsInvalidError
from shared.contracts.sessions import LogIn, RequestPasswordReset
from shared.db import Database, open_database
from shared.errors import BrokerUnavailableError
from shared.ids import new_id
from shared.migrate import migrate
from shared.signing import Signer, key_id

ROUNDS = 200
WARM_UP = 10
CLIENT = ClientInfo(ip="192.0.2.7", user_agent="Firefox/140.0")
KNOWN, UNKNOWN = "ada@example.org", "bob@example.org"
PASSWORD, WRONG = "thirteen plums on ice", "seventeen pears on fire"


class TimedHasher(Argon2Hasher):
    """Argon2id as in production; adds up how long it takes."""

    spent_s = 0.0

    def fits(self, phc: str, data: bytes) -> bool:
        """Whether ``phc`` was made of ``data``."""
        start = time.perf_counter()
        try:
            return super().fits(phc, data)
        finally:
            self.spent_s += time.perf_counter() - start


def main() -> int:
    """Measure and print; returns 1 if a promise is broken."""
    postgres = PostgreSQL(RunFolder(Path(__file__).parent.parent / ".run"))
    try:
        postgres.start()
        database = open_database(postgres.create_database("bench_logins"), schema="auth")
        migrate(database, "auth")
        with tempfile.TemporaryDirectory() as folder:
            figures = list(measure(database, Path(folder)))
        database.close()
    finally:
        postgres.stop()
    for figure in figures:
        print(figure)
    return 0 if all(figure.kept for figure in figures) else 1


def measure(database: Database, folder: Path) -> Iterator[Figure]:
    """All figures, one after the other."""
    hasher = TimedHasher()
    desk = a_desk(database, folder, hasher)
    wrong, unknown = side_by_side(
        database,
        desk,
        LogIn(email=KNOWN, password=WRONG, client=CLIENT),
        LogIn(email=UNKNOWN, password=WRONG, client=CLIENT),
    )
    yield Figure(name="login with a wrong password, median", value=wrong * 1000, unit=" ms", least=0)
    yield Figure(name="unknown user / wrong password", value=unknown / wrong, most=1.05, least=0.95)
    with_account, without = side_by_side(
        database,
        desk,
        RequestPasswordReset(email=KNOWN, client=CLIENT),
        RequestPasswordReset(email=UNKNOWN, client=CLIENT),
    )
    yield Figure(name="reset of no account / of an account", value=without / with_account, most=1.05, least=0.95)
    hasher.spent_s, total_s = 0.0, 0.0
    right = LogIn(email=KNOWN, password=PASSWORD, client=CLIENT)
    for _ in range(ROUNDS):
        total_s += time_of(database, desk, right)
    yield Figure(name="share of Argon2id in a login", value=hasher.spent_s / total_s, least=0.8)


def side_by_side(database: Database, desk: AuthDesk, one: Query, other: Query) -> tuple[float, float]:
    """Medians of two calls that take turns, in seconds; who is first changes each time."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for number in range(WARM_UP + ROUNDS):
        for which in (number % 2, 1 - number % 2):
            spent = time_of(database, desk, (one, other)[which])
            if number >= WARM_UP:
                times[which].append(spent)
    return statistics.median(times[0]), statistics.median(times[1])


def time_of(database: Database, desk: AuthDesk, query: Query) -> float:
    """How long one call takes, with no failures before it."""
    with database.transaction() as connection:
        connection.execute(delete(THROTTLES))
    start = time.perf_counter()
    with suppress(CredentialsInvalidError):
        answer = desk.answer(query)
        assert isinstance(answer, RequestAccepted) or getattr(answer, "session", None)
    return time.perf_counter() - start


def a_desk(database: Database, folder: Path, hasher: TimedHasher) -> AuthDesk:
    """Auth with one account."""
    key = Ed25519PrivateKey.generate()
    clock = SystemClock()
    desk = AuthDesk(
        database,
        Settings(data_dir=folder),
        signer=Signer(key_id=key_id("auth", key.public_key()), private_key=key),
        ask=no_vault,
        clock=clock,
        hasher=hasher,
    )
    account = Account(
        account_id=new_id(),
        state=AccountState.ACTIVE,
        role=Role.USER,
        name="Ada",
        email=KNOWN,
        address_key=KNOWN,
        company=None,
        country=None,
        language=None,
        created_at=clock.now(),
        confirmed_at=clock.now(),
        deletion_requested_at=None,
        factors_removed_at=None,
    )
    with desk.store.transaction() as unit:
        unit.accounts.add(account)
        unit.passwords.set(account.account_id, hasher.hash(PASSWORD.encode()), 0)
    return desk


def no_vault(*_: Any) -> Any:
    """No second factor is set up here."""
    raise BrokerUnavailableError


if __name__ == "__main__":
    sys.exit(main())
