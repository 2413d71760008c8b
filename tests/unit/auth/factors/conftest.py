"""Auth's real use cases of second factors on a database; a vault and an authenticator are played by the test."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import shutil
import struct
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import cbor2
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select

from services.auth.domain.records import Account
from services.auth.handlers.factor_changes import FactorChanges
from services.auth.handlers.factor_removal import FactorRemoval
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.recovery import Recovery
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.throttling import Throttling
from services.auth.handlers.tickets import Tickets
from services.auth.handlers.totp import Totp
from services.auth.handlers.webauthn import Webauthn
from services.auth.store import AuthStore
from services.auth.tables import MAILS, METADATA, SECURITY_EVENTS
from services.auth.webauthn import WebauthnPasskeys
from shared import signing
from shared.clock import FixedClock
from shared.contracts.accounts import AccountState, ClientInfo, Role
from shared.contracts.factors import BeginTotp, BeginWebauthn, EnableTotp, EnableWebauthn
from shared.contracts.sessions import Assurance, Factor, SessionOpened
from shared.contracts.vault import TotpMade
from shared.db import open_database
from shared.errors import BrokerUnavailableError
from shared.ids import new_id
from shared.migrate import migrate
from shared.sealing import SealingKey, seal, totp_info

PUBLIC_URL = "https://studio.example"
CLIENT = ClientInfo(ip="192.0.2.7", user_agent="Mozilla/5.0 Firefox/140.0")


class PlayedVault:
    """Keeps seeds as keyvault does: one for each account, each step good once."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.away = False
        self.calls: list[str] = []
        self.waiting: dict[str, tuple[str, bytes]] = {}
        self.seeds: dict[str, bytes] = {}
        self._last_steps: dict[str, int] = {}

    def new_totp(self, account_id: str, reply_key: str) -> TotpMade:
        self._asked("new_totp")
        record_id, seed = new_id(), secrets.token_bytes(20)
        self.waiting[record_id] = (account_id, seed)
        sealed = seal(seed, reply_key, info=totp_info(account_id, record_id))
        return TotpMade(
            record_id=record_id, sealed_seed=sealed, expires_at=self._clock.now() + timedelta(minutes=10)
        )

    def confirm_totp(self, account_id: str, record_id: str, code: str) -> bool:
        self._asked("confirm_totp")
        owner, seed = self.waiting[record_id]
        if owner != account_id or not self._is_new(account_id, seed, code):
            return False
        self.seeds[account_id] = seed
        return True

    def check_totp(self, account_id: str, code: str) -> bool:
        self._asked("check_totp")
        seed = self.seeds.get(account_id)
        return seed is not None and self._is_new(account_id, seed, code)

    def remove_totp(self, account_id: str) -> None:
        self._asked("remove_totp")
        self.seeds.pop(account_id, None)

    def _asked(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise BrokerUnavailableError

    def _is_new(self, account_id: str, seed: bytes, code: str) -> bool:
        step = int(self._clock.now().timestamp()) // 30
        fitting = [s for s in (step - 1, step, step + 1) if code_of(seed, s) == code]
        if not fitting or fitting[0] <= self._last_steps.get(account_id, 0):
            return False
        self._last_steps[account_id] = fitting[0]
        return True


def code_of(seed: bytes, step: int) -> str:
    return pyotp.TOTP(base64.b32encode(seed).decode()).at(step * 30)


class Authenticator:
    """A security key in software: one ES256 credential, bound to the relying party it was made for."""

    def __init__(self) -> None:
        self.credential_id = secrets.token_bytes(32)
        self.count = 0
        self._key = generate_private_key(SECP256R1())

    def make(self, options: str, **changes: Any) -> str:
        """Answer ``navigator.credentials.create``; ``changes`` as for ``sign``."""
        asked = json.loads(options)
        data, client = self._data(asked["challenge"], asked["rp"]["id"], "webauthn.create", True, changes)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": _b64(client), "attestationObject": _b64(attestation)})

    def sign(self, options: str, **changes: Any) -> str:
        """Answer ``navigator.credentials.get``.

        Args:
            changes: ``origin``, ``rp_id``, ``challenge``, ``flags``, ``count``, ``cross_origin``, ``user``.
        """
        asked = json.loads(options)
        data, client = self._data(asked["challenge"], asked["rpId"], "webauthn.get", False, changes)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        response = {
            "clientDataJSON": _b64(client),
            "authenticatorData": _b64(data),
            "signature": _b64(signature),
        }
        if "user" in changes:
            response["userHandle"] = _b64(changes["user"])
        return self._answer(response)

    def _data(
        self, challenge: str, rp_id: str, kind: str, with_key: bool, changes: dict[str, Any]
    ) -> tuple[bytes, bytes]:
        self.count = changes.get("count", self.count + 1)
        flags = changes.get("flags", 0x05) | (0x40 if with_key else 0)  # UP and UV; AT
        data = hashlib.sha256(changes.get("rp_id", rp_id).encode()).digest()
        data += struct.pack(">BI", flags, self.count)
        if with_key:
            data += bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self._cose()
        client = {
            "type": changes.get("kind", kind),
            "challenge": changes.get("challenge", challenge),
            "origin": changes.get("origin", PUBLIC_URL),
            "crossOrigin": changes.get("cross_origin", False),
        }
        return data, json.dumps(client).encode()

    def _cose(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _answer(self, response: dict[str, str]) -> str:
        name = _b64(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Person:
    """Somebody with an account and a session of just now."""

    def __init__(self, account: Account, session: SessionOpened) -> None:
        self.account_id = account.account_id
        self.email = account.email
        self.session = session.token
        self.session_id = session.session_id


class Factors:
    """Everything of second factors, and what stands behind it."""

    def __init__(self, database_url: str) -> None:
        self.clock = FixedClock()
        self.database = open_database(database_url, schema="auth")
        self.store = AuthStore(self.database, self.clock)
        self.vault = PlayedVault(self.clock)
        passkeys = WebauthnPasskeys(PUBLIC_URL)
        self.identity, self.links, self.sessions = Identity(), Links(), Sessions()
        self.throttling = Throttling(b"k" * 32)
        letters, events = Letters(), SecurityEvents()
        self.second_factors = SecondFactors(
            self.store,
            self.vault,
            passkeys,
            throttling=self.throttling,
            events=events,
            letters=letters,
            links=self.links,
        )
        changes = FactorChanges(self.second_factors, sessions=self.sessions, events=events, letters=letters)
        self.totp = Totp(self.store, self.identity, self.vault, changes, self.throttling)
        self.recovery = Recovery(
            self.store, self.identity, self.second_factors, changes, events=events, letters=letters
        )
        self.webauthn = Webauthn(self.store, self.identity, passkeys, self.second_factors, changes)
        self.removal = FactorRemoval(
            self.store,
            self.vault,
            self.second_factors,
            sessions=self.sessions,
            events=events,
            letters=letters,
            links=self.links,
        )
        key = Ed25519PrivateKey.generate()
        self.pins = signing.Verifier(
            public_keys={signing.key_id("auth", key.public_key()): key.public_key()}, sealing_keys={}
        )
        signer = signing.Signer(key_id=signing.key_id("auth", key.public_key()), private_key=key)
        self.tickets = Tickets(self.store, self.identity, signer, events)

    def person(self, **changes: Any) -> Person:
        """A confirmed account, and a session that authenticated just now."""
        account_id = new_id()
        values: dict[str, Any] = {
            "account_id": account_id,
            "state": AccountState.ACTIVE,
            "role": Role.USER,
            "name": "Ada",
            "email": f"Ada@{account_id}.example",
            "address_key": f"ada@{account_id}.example",
            "company": None,
            "country": None,
            "language": None,
            "created_at": self.clock.now(),
            "confirmed_at": self.clock.now(),
            "deletion_requested_at": None,
            "factors_removed_at": None,
        }
        account = Account(**{**values, **changes})
        with self.store.transaction() as unit:
            unit.accounts.add(account)
        return Person(account, self.opened(account))

    def opened(self, account: Account) -> SessionOpened:
        with self.store.transaction() as unit:
            return self.sessions.open(unit, account, Assurance.AAL1, CLIENT)

    def account(self, person: Person) -> Account:
        with self.store.reading() as unit:
            account = unit.accounts.get(person.account_id)
        assert account is not None
        return account

    def code(self, person: Person, steps: int = 0) -> str:
        """The code that the person's program shows, so many steps from now."""
        seed = self.vault.seeds[person.account_id]
        return code_of(seed, int(self.clock.now().timestamp()) // 30 + steps)

    def with_totp(self, person: Person) -> tuple[str, ...]:
        """Set up time-based codes; the recovery codes, if it is the first factor."""
        begun = self.totp.begin(BeginTotp(session=person.session, reply_key=SealingKey.one_time().public))
        _, seed = list(self.vault.waiting.values())[-1]
        code = code_of(seed, int(self.clock.now().timestamp()) // 30)
        enabled = self.totp.enable(
            EnableTotp(session=person.session, enrolment_id=begun.enrolment_id, code=code, client=CLIENT)
        )
        self.clock.advance(60)  # the code of this moment is used
        return enabled.recovery_codes

    def with_passkey(self, person: Person) -> Authenticator:
        """Register a security key."""
        authenticator = Authenticator()
        begun = self.webauthn.begin(BeginWebauthn(session=person.session))
        self.webauthn.enable(
            EnableWebauthn(
                session=person.session,
                enrolment_id=begun.enrolment_id,
                credential=authenticator.make(begun.options),
                label="Key",
                client=CLIENT,
            )
        )
        return authenticator

    def challenge(self, person: Person) -> tuple[str, str | None]:
        """What a login with the right password asks for."""
        with self.store.transaction() as unit:
            return self.second_factors.open_challenge(unit, self._account(unit, person))

    def pass_challenge(self, person: Person, token: str, client: ClientInfo = CLIENT, **proof: str) -> Factor:
        """Answer it, as a login does."""
        with self.store.transaction() as unit:
            challenge = self.second_factors.challenged(unit, token)
            account = self._account(unit, person)
        shown = {"totp": None, "recovery_code": None, "webauthn": None, **proof}
        return self.second_factors.prove(account, **shown, challenge=challenge, client=client)

    def factors(self, person: Person) -> tuple[Factor, ...]:
        with self.store.reading() as unit:
            return self.second_factors.configured(unit, person.account_id)

    def mails(self, person: Person) -> list[str]:
        """Templates of the mails to somebody, the oldest first."""
        found = select(MAILS.c.template).where(MAILS.c.account_id == person.account_id)
        with self.database.reading() as connection:
            return list(connection.scalars(found.order_by(MAILS.c.mail_id)))

    def events(self, person: Person) -> list[tuple[str, str]]:
        found = select(SECURITY_EVENTS.c.kind, SECURITY_EVENTS.c.outcome).where(
            SECURITY_EVENTS.c.account_id == person.account_id
        )
        with self.database.reading() as connection:
            rows = connection.execute(found.order_by(SECURITY_EVENTS.c.event_id))
            return [(row.kind, row.outcome) for row in rows]

    def everything(self) -> str:
        """All that auth's database holds, as text."""
        with self.database.reading() as connection:
            return "\n".join(
                repr(tuple(row)) for table in METADATA.sorted_tables for row in connection.execute(select(table))
            )

    @staticmethod
    def _account(unit: Any, person: Person) -> Account:
        account: Account = unit.accounts.get(person.account_id)
        return account


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Auth's tables in a file; each test gets a copy, which is faster than making them anew."""
    folder = tmp_path_factory.mktemp("migrated")
    database = open_database(f"sqlite:///{folder}", schema="auth")
    migrate(database, "auth")
    database.close()  # the last connection writes the log back into the file
    return folder / "auth.sqlite3"


@pytest.fixture
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """SQLite here; some of these tests run on PostgreSQL in tests/integration."""
    shutil.copy(migrated_file, tmp_path)
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def desk(database_url: str) -> Iterator[Factors]:
    desk = Factors(database_url)
    yield desk
    desk.database.close()


@pytest.fixture
def client() -> ClientInfo:
    """From where the person of the test comes."""
    return CLIENT


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator()
