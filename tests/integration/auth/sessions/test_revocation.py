"""A revoked session opens nothing anywhere: auth and keyvault as processes of their own, on a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.local.rabbitmq import RabbitMQ
from services.auth.domain.records import Account
from services.auth.handlers.password_checks import PasswordHashing, Peppers
from services.auth.hashing import RECOMMENDED, Argon2Hasher
from services.auth.store import AuthStore
from services.keyvault.crypto.keyring_files import make_keyring
from shared.bus.definitions import definitions, hash_password
from shared.bus.rpc import RpcClient
from shared.bus.topology import TOPOLOGY
from shared.clock import SystemClock
from shared.contracts.accounts import AccountState, ClientInfo, Role
from shared.contracts.factors import IssueTicket, Purpose, TicketIssued
from shared.contracts.refusals import SessionInvalidError, VaultDeniedError
from shared.contracts.sessions import (
    CheckSession,
    LoggedOut,
    LogIn,
    LoginAnswer,
    LogOut,
    SessionChecked,
    SessionOpened,
)
from shared.contracts.vault import GetRewrapStatus, RewrapStatus
from shared.db import open_database
from shared.errors import InfrastructureError
from shared.ids import AccountId, new_id
from shared.service_keys import ServiceKeys, ensure_keys

ROOT = Path(__file__).parents[4]
VHOST = "revocation"
SERVICES = ("auth", "keyvault", "edge", "gdpr", "orchestrator", "content", "renderer")
CLIENT = ClientInfo(ip="192.0.2.7")
EMAIL, PASSWORD = "root@example.org", "thirteen plums on ice"
PROMISED_S = 5.0


class Town:
    """Auth and keyvault at work, and an edge in front of them."""

    def __init__(self, urls: dict[str, str], database_url: str, folder: Path) -> None:
        self._folder = folder
        self.keys: ServiceKeys = ensure_keys(folder / "keys", SERVICES)
        make_keyring(folder / "keyring.json")
        self.edge = RpcClient(urls["edge"], user="edge", keys=self.keys)
        self._processes = [self._run(name, urls[name], database_url, folder) for name in ("auth", "keyvault")]
        self.database_url = database_url

    def _run(self, name: str, url: str, database_url: str, folder: Path) -> subprocess.Popen[bytes]:
        with (folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "services", name],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "STUDIO_DATA_DIR": str(folder / name),
                    "STUDIO_BUS_URL": url,
                    "STUDIO_DATABASE_URL": database_url,
                    "STUDIO_S3_BUCKET": "none",
                    "STUDIO_S3_ACCESS_KEY": "none",
                    "STUDIO_S3_SECRET_KEY": "none",
                    "STUDIO_SIGNING_KEY_FILE": str(folder / "keys" / f"{name}.pem"),
                    "STUDIO_SIGNING_PINS_FILE": str(folder / "keys" / "pins.json"),
                    "STUDIO_KEYRING_FILE": str(folder / "keyring.json"),
                },
            )

    def said(self, service: str) -> str:
        """What a service wrote into its log."""
        return (self._folder / f"{service}.log").read_text()

    def answers(self) -> bool:
        """Whether both services are up; none of them died."""
        assert all(process.poll() is None for process in self._processes)
        try:
            self.edge.call("auth", LogIn(email="nobody", password="nothing at all", client=CLIENT), LoginAnswer)
        except InfrastructureError:
            return False
        except Exception:  # noqa: BLE001  # refused, so it is there
            return True
        return False

    def add_administrator(self) -> Account:
        database = open_database(self.database_url, schema="auth")
        store = AuthStore(database, SystemClock())
        hashing = PasswordHashing(Argon2Hasher(RECOMMENDED), Peppers(), offload=lambda call: call(), at_a_time=1)
        with store.transaction() as unit:
            account = Account(
                account_id=new_id(),
                state=AccountState.ACTIVE,
                role=Role.ADMINISTRATOR,
                name="Root",
                email=EMAIL,
                address_key=EMAIL,
                company=None,
                country=None,
                language=None,
                created_at=unit.now,
                confirmed_at=unit.now,
                deletion_requested_at=None,
                factors_removed_at=None,
            )
            unit.accounts.add(account)
        phc, version = hashing.hashed(PASSWORD)
        with store.transaction() as unit:
            unit.passwords.set(account.account_id, phc, version)
        database.close()
        return account

    def log_in(self) -> SessionOpened:
        answer = self.edge.call("auth", LogIn(email=EMAIL, password=PASSWORD, client=CLIENT), LoginAnswer)
        assert answer.session is not None
        return answer.session

    def ticket(self, session: SessionOpened) -> str:
        query = IssueTicket(session=session.token, purpose=Purpose.VAULT_ADMINISTER)
        return self.edge.call("auth", query, TicketIssued).ticket

    def vault_opens(self, account: Account, ticket: str) -> bool:
        query = GetRewrapStatus(ticket=ticket)
        try:
            self.edge.call("keyvault", query, RewrapStatus, account_id=AccountId(account.account_id))
        except VaultDeniedError:
            return False
        return True

    def close(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def town(rabbitmq: RabbitMQ, postgres_module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    hashes = {rights.user: hash_password(f"{rights.user}-password") for rights in TOPOLOGY.rights}
    address = urlsplit(rabbitmq.add_vhost(VHOST))
    rabbitmq.import_definitions(json.dumps(definitions(TOPOLOGY, vhost=VHOST, password_hashes=hashes)))
    urls = {user: f"amqp://{user}:{user}-password@{address.hostname}:{address.port}/{VHOST}" for user in hashes}
    town = Town(urls, postgres_module_url, tmp_path_factory.mktemp("town"))
    yield town
    town.close()
    rabbitmq.delete_vhost(VHOST)


def test_a_revoked_session_opens_nothing_in_other_services_within_five_seconds(
    town: Town, eventually: Callable[..., Any]
) -> None:
    """Behaviour 26. ASVS 5.0 7.4.2: the ticket of a session is worth nothing at keyvault once the session ended."""
    eventually(town.answers, within_s=120)
    account = town.add_administrator()
    session = town.log_in()
    assert town.edge.call("auth", CheckSession(session=session.token, client=CLIENT), SessionChecked)
    ticket = town.ticket(session)
    eventually(lambda: town.vault_opens(account, ticket), within_s=120)

    town.edge.call("auth", LogOut(session=session.token), LoggedOut)
    revoked = time.monotonic()
    eventually(lambda: not town.vault_opens(account, ticket), within_s=60)
    assert time.monotonic() - revoked < PROMISED_S
    with pytest.raises(SessionInvalidError):
        town.edge.call("auth", CheckSession(session=session.token, client=CLIENT), SessionChecked)


def test_a_farm_without_a_pepper_says_so(town: Town, eventually: Callable[..., Any]) -> None:
    """NIST SP 800-63B-4 3.1.1.2: an additional keyed hash should be there."""
    eventually(lambda: "passwords_without_pepper" in town.said("auth"), within_s=120)
    assert PASSWORD not in town.said("auth")
