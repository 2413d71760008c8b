"""Keyvault's deliveries, audit and limits on a database; auth, the orchestrator and the worker are played."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from services.keyvault.crypto.delivery import sealed_to
from services.keyvault.crypto.keyring import LocalKeyring, new_root_key
from services.keyvault.crypto.user_keys import KeyringUserKeys
from services.keyvault.domain.records import KIND_OF, Record, RecordPurpose
from services.keyvault.handlers.audit import Audit
from services.keyvault.handlers.delivery import Deliveries
from services.keyvault.handlers.limits import Limits
from services.keyvault.store import KeyvaultStore
from services.keyvault.tables import AUDIT, AUDIT_HEADS, OUTBOX
from services.orchestrator.grants import Grants
from shared.bus.context import Caller
from shared.clock import FixedClock
from shared.contracts.envelope import enclose
from shared.contracts.grants import JobToken
from shared.contracts.vault import DeliverKey, KeyDelivered, KeyStatus, Provider
from shared.db import Database, open_database
from shared.grants import issue
from shared.ids import AccountId, new_id
from shared.key_delivery import KeyRequest
from shared.migrate import migrate
from shared.signing import Signer, Verifier, key_id

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SECRET = b"sk-test-secret-of-the-first-account"
SERVICES = ("auth", "orchestrator", "content", "renderer", "keyvault", "gdpr", "edge")


def signers() -> dict[str, Signer]:
    keys = {service: Ed25519PrivateKey.generate() for service in SERVICES}
    return {
        service: Signer(key_id=key_id(service, key.public_key()), private_key=key) for service, key in keys.items()
    }


class Vault:
    """One replica of keyvault, and everybody around it."""

    def __init__(
        self, database: Database, clock: FixedClock, keys: dict[str, Signer], keyring: LocalKeyring
    ) -> None:
        self.database, self.clock, self.keys, self.keyring = database, clock, keys, keyring
        self.pins = Verifier(
            public_keys={signer.key_id: signer.private_key.public_key() for signer in keys.values()}
        )
        self.store = KeyvaultStore(database, clock)
        self.user_keys = KeyringUserKeys(keyring, clock)
        self.audit = Audit(self.store, keys["keyvault"], self.pins)
        self.limits = Limits(self.store, self.audit)
        self.deliveries = Deliveries(
            self.store, self.audit, self.limits, self.user_keys, sealed_to, self.pins, clock
        )

    def replica(self) -> Vault:
        """Another process on the same database; also what is there after a restart."""
        return Vault(self.database, self.clock, self.keys, self.keyring)

    def put(
        self, account: str = ACCOUNT, provider: str = Provider.ZAI, secret: bytes = SECRET, **changes: Any
    ) -> str:
        """Keep a key, as PutKey does; its record id."""
        with self.store.transaction() as unit:
            key = unit.user_keys.newest(account)
            if key is None:
                key = self.user_keys.make(account, 1, unit.now)
                unit.user_keys.add(key)
            values: dict[str, Any] = {
                "record_id": new_id(),
                "account_id": account,
                "provider": str(provider),
                "purpose": RecordPurpose.PROVIDER_KEY,
                "label": "",
                "last4": "",
                "user_key_version": key.version,
                "sealed": b"",
                "status": KeyStatus.NOT_CHECKED,
                "quarantined": False,
                "last_step": None,
                "created_at": unit.now,
                "replaced_at": None,
                "last_used_at": None,
                "expires_at": None,
            }
            empty = Record(**(values | changes))
            sealed = self.user_keys.seal(key, KIND_OF[empty.purpose], empty.binding, secret)
            unit.records.add(Record(**(values | {"sealed": sealed} | changes)))
        return empty.record_id

    def job_token(self, signer: str = "auth", **changes: Any) -> str:
        now = self.clock.now()
        values = {
            "token_id": new_id(),
            "account_id": ACCOUNT,
            "session_id": "session-1",
            "job_id": "job-1",
            "providers": (Provider.ZAI, Provider.MINIMAX),
            "issued_at": now,
            "expires_at": now + timedelta(hours=24),
        }
        return issue(JobToken(**(values | changes)), self.keys[signer])

    def grant(self, job_token: str | None = None, **changes: Any) -> str:
        values: dict[str, Any] = {
            "actor": "content",
            "purpose": "content.write_script",
            "providers": (Provider.ZAI, Provider.MINIMAX),
            "max_uses": 5,
        }
        return Grants(self.keys["orchestrator"], self.clock).narrowed(
            job_token or self.job_token(), **(values | changes)
        )

    def request(self, grant: str | None = None, provider: Provider = Provider.ZAI, **changes: Any) -> KeyRequest:
        return KeyRequest(grant=grant or self.grant(), provider=provider, clock=self.clock, **changes)

    def deliver(
        self,
        query: DeliverKey,
        *,
        account: str = ACCOUNT,
        signer: str | None = "content",
        job_id: str | None = None,
    ) -> KeyDelivered:
        envelope = enclose(query, source="/studiomatic/content", account_id=account, job_id=job_id)
        caller = Caller(account_id=AccountId(account), envelope=envelope, signer=signer)
        return self.deliveries.deliver(query, caller)

    def secret(self, request: KeyRequest | None = None, **changes: Any) -> bytes:
        """What a worker gets."""
        request = request or self.request()
        return request.opened(self.deliver(request.query, **changes))

    def audited(self) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(select(AUDIT).order_by(AUDIT.c.sequence)))

    def heads(self) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(select(AUDIT_HEADS).order_by(AUDIT_HEADS.c.sequence)))

    def published(self) -> list[str]:
        with self.database.reading() as connection:
            return list(connection.scalars(select(OUTBOX.c.type)))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite here; the same tests run on PostgreSQL in tests/integration."""
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def schema() -> str:
    return "keyvault"


@pytest.fixture
def vault(database_url: str, schema: str) -> Iterator[Vault]:
    database = open_database(database_url, schema=schema)
    migrate(database, "keyvault")
    yield Vault(database, FixedClock(), signers(), LocalKeyring((new_root_key(1),)))
    database.close()
