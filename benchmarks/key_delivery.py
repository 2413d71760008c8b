"""What a sealed delivery costs, against a plain call in the same run: ``python -m benchmarks.key_delivery``.

A delivery is everything between a worker that wants a key and the key in his hands: one-time key, signed question,
grant and job token checked, one committed transaction with its audit row on PostgreSQL, the record opened, sealed,
the answer signed, checked and opened.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.bus_messages import PAYLOAD, Said, Say
from benchmarks.bus_messages import TOPOLOGY as ECHO
from benchmarks.figure import Figure
from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.run_folder import RunFolder
from services.keyvault.keyring_source import make_keyring
from services.orchestrator.grants import Grants
from shared import sealing
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.rpc import RpcClient
from shared.bus.topology import TOPOLOGY
from shared.clock import SystemClock
from shared.contracts.factors import Purpose
from shared.contracts.grants import JobToken, Ticket
from shared.contracts.vault import KeyDelivered, KeyView, Provider, PutKey
from shared.grants import issue
from shared.ids import AccountId, new_id
from shared.key_delivery import KeyRequest
from shared.service_keys import ServiceKeys, ensure_keys

ROOT = Path(__file__).parent.parent
ACCOUNTS = 8
ROUNDS = 40
"""Of each account; under its limit of 60 a minute."""
SECRET = b"sk-benchmark-0123456789-0123456789-0123456789"
CLOCK = SystemClock()


def main() -> int:
    """Measure and print; returns 1 if the promise is broken."""
    run = RunFolder(ROOT / ".run")
    broker, postgres = RabbitMQ(run), PostgreSQL(run)
    try:
        broker.start()
        postgres.start()
        with tempfile.TemporaryDirectory() as folder:
            figures = list(measure(broker.url(), postgres.url(), Path(folder)))
    finally:
        postgres.close()
        broker.close()
    for figure in figures:
        print(figure)
    return 0 if all(figure.kept for figure in figures) else 1


def measure(bus_url: str, database_url: str, folder: Path) -> Iterator[Figure]:
    """Plain calls and deliveries in turns."""
    keys = ensure_keys(folder / "keys", ("auth", "orchestrator", "content", "keyvault", "edge"))
    make_keyring(folder / "keyring.json")
    with broker_connection(bus_url) as connection:
        declare(connection, TOPOLOGY + ECHO)
    with vault(bus_url, database_url, folder):
        edge = RpcClient(bus_url, user="edge", keys=keys)
        accounts = [AccountId(new_id()) for _ in range(ACCOUNTS)]
        for account in accounts:
            put(edge, keys, account)
        plain, sealed = in_turns(edge, RpcClient(bus_url, user="content", keys=keys), keys, accounts)
    yield Figure(name="plain call, p50", value=plain, unit=" ms", least=0.0)
    yield Figure(name="sealed delivery, p50", value=sealed, unit=" ms", least=0.0)
    yield Figure(name="sealed delivery : plain call", value=sealed / plain, unit="x", most=3.0)


def in_turns(
    edge: RpcClient, content: RpcClient, keys: ServiceKeys, accounts: list[AccountId]
) -> tuple[float, float]:
    """Medians of both [ms]."""
    plain: list[float] = []
    sealed: list[float] = []
    for account in accounts:
        grant = granted(keys, account)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            edge.call("echo", Say(text=PAYLOAD), Said, account_id=account)
            between = time.perf_counter()
            request = KeyRequest(grant=grant, provider=Provider.ZAI)
            reply = content.call("keyvault", request.query, KeyDelivered, account_id=account)
            assert request.opened(reply) == SECRET
            plain.append(between - began)
            sealed.append(time.perf_counter() - between)
    return 1_000 * statistics.median(plain), 1_000 * statistics.median(sealed)


def put(edge: RpcClient, keys: ServiceKeys, account: AccountId) -> None:
    """Keep a key of this account."""
    now = CLOCK.now()
    ticket = Ticket(
        ticket_id=new_id(),
        account_id=account,
        session_id=new_id(),
        audience="keyvault",
        purpose=Purpose.VAULT_WRITE,
        issued_at=now,
        expires_at=now + timedelta(seconds=300),
    )
    info = sealing.secret_info(account, Provider.ZAI)
    sealed = sealing.seal(SECRET, keys.pins.sealing_key_of("keyvault"), info=info)
    query = PutKey(ticket=issue(ticket, keys.signer("auth")), provider=Provider.ZAI, sealed_secret=sealed)
    edge.call("keyvault", query, KeyView, account_id=account)


def granted(keys: ServiceKeys, account: AccountId) -> str:
    """A grant for as many deliveries as are measured."""
    now = CLOCK.now()
    token = JobToken(
        token_id=new_id(),
        account_id=account,
        session_id=new_id(),
        job_id=new_id(),
        providers=(Provider.ZAI,),
        issued_at=now,
        expires_at=now + timedelta(hours=1),
    )
    return Grants(keys.signer("orchestrator"), CLOCK).narrowed(
        issue(token, keys.signer("auth")),
        actor="content",
        purpose="content.write_script",
        providers=(Provider.ZAI,),
        max_uses=ROUNDS,
    )


@contextmanager
def vault(bus_url: str, database_url: str, folder: Path) -> Iterator[None]:
    """A running keyvault in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.key_delivery_vault"],
        cwd=ROOT,
        env={
            **os.environ,
            "STUDIO_BUS_URL": bus_url,
            "STUDIO_DATABASE_URL": database_url,
            "STUDIO_DATA_DIR": str(folder),
            "STUDIO_KEYRING_FILE": str(folder / "keyring.json"),
            "STUDIO_SIGNING_KEY_FILE": str(folder / "keys" / "keyvault.pem"),
            "STUDIO_SIGNING_PINS_FILE": str(folder / "keys" / "pins.json"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert any(line == "ready\n" for line in process.stdout)
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
