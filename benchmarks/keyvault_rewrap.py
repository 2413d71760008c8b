"""Rewrap 100,000 user keys to a new version of the keyring: how fast, and that memory stays flat.

The keys are real ones in an SQLite file; the audit is left out, a rewrap writes one row at its end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from benchmarks.figure import Figure
from services.keyvault.crypto.keyring_files import FileKeyring, add_version, make_keyring
from services.keyvault.crypto.user_keys import KeyringUserKeys
from services.keyvault.handlers.rotation import Rewrapping
from services.keyvault.store import KeyvaultStore
from services.keyvault.tables import USER_KEYS
from shared.clock import SystemClock
from shared.db import Database, open_database
from shared.migrate import migrate

KEYS = 100_000
WARM_AFTER = 20_000
"""By then caches and the database's page cache have grown to what they need."""


class NoAudit:
    """Takes every row."""

    def record(self, unit: object, **row: object) -> None:
        pass


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = _measured(Path(folder))
    for figure in figures:
        print(figure)
    return 0 if all(figure.kept for figure in figures) else 1


def _measured(folder: Path) -> list[Figure]:
    keyring_file = folder / "keyring.json"
    make_keyring(keyring_file)
    database = open_database(f"sqlite:///{folder}", schema="keyvault")
    migrate(database, "keyvault")
    store = KeyvaultStore(database, SystemClock())
    keyring = FileKeyring(keyring_file)
    user_keys = KeyringUserKeys(keyring, SystemClock())
    _fill(database, user_keys)
    version = add_version(keyring_file)
    keyring.reload()
    with store.transaction() as unit:
        unit.keyring.begin_rewrap(version)

    rewrapping = Rewrapping(store, NoAudit(), user_keys)
    warm, most, batches = 0, 0, 0
    started = time.monotonic()
    while rewrapping.rewrap_some():
        batches += 1
        if batches % 50 == 0:
            most = max(most, _resident_bytes())
            warm = warm or (_resident_bytes() if _rewrapped(store, version) >= WARM_AFTER else 0)
    took = time.monotonic() - started
    assert _rewrapped(store, version) == KEYS
    database.close()
    return [
        Figure(name=f"user keys rewrapped of {KEYS:,}", value=KEYS / took, unit="/s", least=300),
        Figure(name="memory grown meanwhile", value=max(0, most - warm) / 2**20, unit=" MiB", most=8),
    ]


def _fill(database: Database, user_keys: KeyringUserKeys) -> None:
    now = SystemClock().now()
    for first in range(0, KEYS, 1_000):
        made = [user_keys.make(f"account-{number:06}", 1, now) for number in range(first, first + 1_000)]
        with database.transaction() as connection:
            connection.execute(insert(USER_KEYS), [vars(key) for key in made])


def _rewrapped(store: KeyvaultStore, version: int) -> int:
    with store.reading() as unit:
        return unit.user_keys.count_by_keyring_version().get(version, 0)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    sys.exit(main())
