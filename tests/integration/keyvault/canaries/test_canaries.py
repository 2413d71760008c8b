"""Unique secrets in every field, through every path and every error of auth and keyvault; then a search for them.

Searched are the logs at their most talkative, every table of every service, everything that passed the broker, its
dead letters, all files, and the memory of keyvault. Mails are left out: links are what they are for.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import secrets
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pika
import psycopg2
import pyotp
import pytest

from deploy.local.rabbitmq import RabbitMQ
from services.keyvault.keyring_source import make_keyring
from services.orchestrator.grants import Grants
from shared import sealing
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.outgoing import events_exchange
from shared.bus.rpc import RpcClient
from shared.bus.topology import RPC_EXCHANGE, TOPOLOGY, UNREADABLE_QUEUE
from shared.clock import SystemClock
from shared.contracts import accounts, factors, sessions, vault
from shared.contracts.accounts import ClientInfo
from shared.contracts.message import Protection, Query, Reply
from shared.contracts.registry import CALLS, Call
from shared.contracts.vault import KeyDelivered, Provider
from shared.errors import StudiomaticError
from shared.ids import AccountId, new_id
from shared.key_delivery import KeyRequest
from shared.service_keys import ServiceKeys, ensure_keys

PROGRAM = Path(__file__).parent / "programs" / "part_of_a_farm.py"
ROOT = Path(__file__).parents[4]
SERVICES = ("auth", "orchestrator", "content", "keyvault", "gdpr", "edge")
PATIENCE_S = 90.0
CLOCK = SystemClock()
LINK = re.compile(r"#([A-Za-z0-9_-]{43})")


@dataclass
class Canaries:
    """Every secret that was used, by what it is.

    Attributes:
        secret: May stand nowhere.
        passing: In fields of calls that hold no secret: may pass the broker and stay in memory for a while.
        personal: Names and addresses: may stand in auth's tables.
        foreign: What strangers wrote into messages that are no calls: may stand in dead letters.
    """

    secret: dict[str, str] = field(default_factory=dict)
    passing: dict[str, str] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)

    def new(self, name: str, kind: str = "secret") -> str:
        return self.found(f"{name} {len(self.secret)}", "Kq" + secrets.token_hex(16), kind)

    def found(self, name: str, value: str, kind: str = "secret") -> str:
        getattr(self, kind)[name] = value
        return value


class Process:
    """Services in a process of their own."""

    def __init__(self, folder: Path, environment: dict[str, str], *names: str) -> None:
        self.log = folder / "logs" / f"{'+'.join(names)}.log"
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *names],
                cwd=ROOT,
                env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=output,
            )
        self.pid = self._process.pid

    def wait_until_ready(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while b"ready\n" not in self.log.read_bytes():
            assert self._process.poll() is None, self.log.read_text()[-3_000:]
            assert time.monotonic() < until
            time.sleep(0.05)

    def memory(self) -> Iterator[bytes]:
        """Everything that the process may write; only root may read it."""
        with Path(f"/proc/{self.pid}/mem").open("rb", 0) as memory:
            for line in Path(f"/proc/{self.pid}/maps").read_text().splitlines():
                area, rights, *_ = line.split()
                begin, end = (int(edge, 16) for edge in area.split("-"))
                if rights.startswith("rw"):
                    with contextlib.suppress(OSError):  # some areas of the kernel cannot be read
                        memory.seek(begin)
                        yield memory.read(end - begin)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)


class Trace(threading.Thread):
    """Hears everything that passes the broker."""

    def __init__(self, broker: RabbitMQ, url: str) -> None:
        super().__init__(daemon=True)
        self.bodies: list[bytes] = []
        vhost = url.rsplit("/", 1)[1]
        broker.control(f'rabbit_trace:start(<<"{vhost}">>)')
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = self._connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "amq.rabbitmq.trace", "#")
        channel.basic_consume(queue, self._hear, auto_ack=True)
        self._channel = channel
        self._stopping = False

    def run(self) -> None:
        while not self._stopping:
            self._connection.process_data_events(time_limit=0.1)

    def stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self.join(PATIENCE_S)
            self._connection.close()

    def _hear(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.bodies.append(body + repr((method, properties)).encode())


class Person:
    """Somebody who uses everything, and makes every mistake."""

    def __init__(self, url: str, keys: ServiceKeys, canaries: Canaries, mails: Path) -> None:
        self.keys, self.canaries, self.mails = keys, canaries, mails
        self.edge = RpcClient(url, user="edge", keys=keys)
        self.content = RpcClient(url, user="content", keys=keys)
        self.gdpr = RpcClient(url, user="gdpr", keys=keys)
        self.client = ClientInfo(ip="203.0.113.7", user_agent=canaries.new("user agent"))
        self.email = f"{canaries.new('email', 'personal')}@example.org"
        self.password = canaries.new("password")
        self.session = ""
        self.account = AccountId("")
        self.seed = b""
        self.recovery_codes: list[str] = []
        self.refused: list[str] = []

    def ask(self, query: Query, reply: type[Reply], account: str | None = None, **how: Any) -> Any:
        client: RpcClient = how.get("client", self.edge)
        service = query.type.split(".")[0]
        return client.call(
            service, query, reply, account_id=AccountId(account or self.account) or None, timeout_s=PATIENCE_S
        )

    def fail(self, query: Query, reply: type[Reply], account: str | None = None, **how: Any) -> None:
        """Ask what must be refused."""
        with pytest.raises(StudiomaticError) as refusal:
            self.ask(query, reply, account, **how)
        self.refused.append(refusal.value.code)

    def link(self, count: int) -> str:
        """The link in the newest mail, when there are so many; a secret itself."""
        until = time.monotonic() + PATIENCE_S
        while len(files := sorted(self.mails.glob("*.eml"))) < count:
            assert time.monotonic() < until, files
            time.sleep(0.1)
        mail = message_from_bytes(files[-1].read_bytes(), policy=policy.default)
        text = mail.get_body(("plain",)).get_content()
        return self.canaries.found(f"link {count}", LINK.search(text)[1])

    def mails_sent(self) -> int:
        return len(list(self.mails.glob("*.eml")))

    def opened(self, session: sessions.SessionOpened) -> None:
        self.session = self.canaries.found(f"session {len(self.canaries.secret)}", session.token)
        self.account = AccountId(session.account_id)
        if session.device:
            self.canaries.found(f"device {len(self.canaries.secret)}", session.device)

    def register(self) -> None:
        new = self.canaries.new

        def form(**changes: Any) -> accounts.RegisterAccount:
            values = {
                "name": new("name", "personal"),
                "email": self.email,
                "password": self.password,
                "birth_date": date(1990, 1, 1),
                "company": new("company", "personal"),
                "client": self.client,
            }
            return accounts.RegisterAccount(**(values | changes))

        weak = new("weak password")[:14]
        self.canaries.found("weak password, cut", weak)
        self.fail(form(password=weak), accounts.RequestAccepted)
        self.fail(form(password=f"{self.email} studiomatic"), accounts.RequestAccepted)
        self.fail(form(email=new("no address", "personal")), accounts.RequestAccepted)
        before = self.mails_sent()
        self.ask(form(), accounts.RequestAccepted)
        link = self.link(before + 1)
        self.ask(form(password=new("password of a second try")), accounts.RequestAccepted)
        self.fail(accounts.ConfirmAddress(link=new("link"), client=self.client), accounts.RequestAccepted)
        self.ask(accounts.ConfirmAddress(link=link, client=self.client), accounts.RequestAccepted)
        self.fail(accounts.ConfirmAddress(link=link, client=self.client), accounts.RequestAccepted)
        child = ClientInfo(ip="198.51.100.9", user_agent=new("user agent of a child"))
        young = form(email=f"{new('child', 'personal')}@example.org", birth_date=CLOCK.now().date(), client=child)
        self.fail(young, accounts.RequestAccepted)
        self.ask(sessions.JudgePassword(password=new("judged")), sessions.PasswordJudged)

    def log_in(self) -> None:
        new = self.canaries.new
        for email, password in ((self.email, new("wrong")), (f"{new('nobody')}@example.org", new("nobody's"))):
            self.fail(sessions.LogIn(email=email, password=password, client=self.client), sessions.LoginAnswer)
        answer = self.ask(
            sessions.LogIn(email=self.email, password=self.password, client=self.client), sessions.LoginAnswer
        )
        self.opened(answer.session)
        self.fail(sessions.CheckSession(session=new("session"), client=self.client), sessions.SessionChecked)
        self.fail(
            sessions.Reauthenticate(session=self.session, password=new("wrong"), client=self.client),
            sessions.SessionRenewed,
        )
        profile = accounts.UpdateProfile(session=self.session, name=new("new name", "personal"))
        self.ask(profile, accounts.AccountView)

    def set_up_codes(self) -> None:
        key = sealing.SealingKey.one_time()
        begun = self.ask(factors.BeginTotp(session=self.session, reply_key=key.public), factors.TotpBegun)
        self.seed = key.open(begun.sealed_seed, info=sealing.totp_info(self.account, begun.enrolment_id))
        self.canaries.found("seed", base64.b32encode(self.seed).decode().rstrip("="))
        self.canaries.found("seed, hexadecimal", self.seed.hex())
        self.fail(self._enable(begun.enrolment_id, "00000x"), factors.FactorEnabled)
        enabled = self.ask(
            self._enable(begun.enrolment_id, pyotp.TOTP(base64.b32encode(self.seed).decode()).now()),
            factors.FactorEnabled,
        )
        self.recovery_codes = list(enabled.recovery_codes)
        for number, code in enumerate(self.recovery_codes):
            self.canaries.found(f"recovery code {number}", code)

    def _enable(self, enrolment: str, code: str) -> factors.EnableTotp:
        return factors.EnableTotp(session=self.session, enrolment_id=enrolment, code=code, client=self.client)

    def log_in_again(self) -> None:
        """With both factors."""
        answer = self.ask(
            sessions.LogIn(email=self.email, password=self.password, client=self.client), sessions.LoginAnswer
        )
        challenge = self.canaries.found(f"challenge {len(self.canaries.secret)}", answer.challenge)
        for wrong in ({"totp": "000000"}, {"recovery_code": self.canaries.new("code")[:16]}):
            self.fail(
                sessions.PassChallenge(challenge=challenge, client=self.client, **wrong), sessions.LoginAnswer
            )
        passed = sessions.PassChallenge(
            challenge=challenge, recovery_code=self.recovery_codes.pop(), client=self.client
        )
        self.opened(self.ask(passed, sessions.LoginAnswer).session)

    def change_password(self) -> None:
        new = self.canaries.new
        wrong = sessions.ChangePassword(
            session=self.session,
            current_password=new("wrong"),
            new_password=new("never set"),
            client=self.client,
        )
        self.fail(wrong, sessions.SessionRenewed)
        right = wrong.model_copy(
            update={"current_password": self.password, "new_password": new("second password")}
        )
        self.opened(self.ask(right, sessions.SessionRenewed).session)
        self.password = right.new_password

    def reset_password(self) -> None:
        new = self.canaries.new
        before = self.mails_sent()
        asked = sessions.RequestPasswordReset(email=self.email, client=self.client)
        self.ask(asked, accounts.RequestAccepted)
        unknown = f"{new('unknown', 'personal')}@example.org"
        self.ask(asked.model_copy(update={"email": unknown}), accounts.RequestAccepted)
        link = self._reset_link(before)
        reset = sessions.ResetPassword(link=new("link"), new_password=new("never"), client=self.client)
        self.fail(reset, accounts.RequestAccepted)
        self.password = new("third password")
        right = reset.model_copy(update={"link": link, "new_password": self.password})
        self.ask(right, accounts.RequestAccepted)
        self.fail(right, accounts.RequestAccepted)

    def _reset_link(self, before: int) -> str:
        until = time.monotonic() + PATIENCE_S
        while not (found := list(self.mails.glob("*reset*.eml"))):
            assert time.monotonic() < until, (before, sorted(self.mails.glob("*")))
            time.sleep(0.1)
        mail = message_from_bytes(found[-1].read_bytes(), policy=policy.default)
        return self.canaries.found("reset link", LINK.search(mail.get_body(("plain",)).get_content())[1])

    def keep_keys(self) -> None:
        """Every call of the vault, and what it refuses."""
        new = self.canaries.new
        first, second = new("provider key"), new("provider key")
        put = self._put(first)
        record = self.ask(put, vault.KeyView).key.record_id
        self.fail(put, vault.KeyView)  # its ticket is used up
        self.fail(self._put(new("other's"), account=new_id()), vault.KeyView)
        self.fail(self._put(new("other's")), vault.KeyView, new_id())
        self.fail(self._put(""), vault.KeyView)
        self.fail(self._put(new("huge") * 150), vault.KeyView)
        self.fail(self._put(new("with a control character") + "\x00"), vault.KeyView)
        self.fail(self._put(new("never"), ticket=new("ticket")), vault.KeyView)
        replaced = vault.ReplaceKey(ticket=self.ticket(), record_id=record, sealed_secret=self.sealed(second))
        self.ask(replaced, vault.KeyView)
        self.fail(replaced.model_copy(update={"record_id": new("record")}), vault.KeyView)
        self.ask(vault.ListKeys(), vault.KeyList)
        self.deliver(record, second)
        for query, reply in ((vault.RotateKeyring, vault.RewrapStatus), (vault.VerifyAudit, vault.AuditVerified)):
            self.fail(query(ticket=self.ticket()), reply)
        self.ask(vault.ExportKeyMetadata(), vault.KeyList, client=self.gdpr)
        self.fail(vault.CheckTotp(code="123456"), vault.TotpChecked)

    def deliver(self, record: str, secret: str) -> None:
        new = self.canaries.new
        job = factors.IssueJobToken(session=self.session, job_id=new_id(), providers=(Provider.ZAI,))
        token = self.ask(job, factors.JobTokenIssued).job_token
        grant = Grants(self.keys.signer("orchestrator"), CLOCK).narrowed(
            token, actor="content", purpose="content.write_script", providers=(Provider.ZAI,), max_uses=2
        )
        request = KeyRequest(grant=grant, provider=Provider.ZAI)
        reply = self.ask(request.query, KeyDelivered, client=self.content)
        assert request.opened(reply) == secret.encode()
        self.fail(request.query, KeyDelivered, client=self.content)
        again = KeyRequest(grant=grant, provider=Provider.ZAI, record_id=record)
        assert again.opened(self.ask(again.query, KeyDelivered, client=self.content)) == secret.encode()
        for wrong in (
            KeyRequest(grant=grant, provider=Provider.ZAI),
            KeyRequest(grant=grant, provider=Provider.MINIMAX),
            KeyRequest(grant=token, provider=Provider.ZAI),
        ):
            self.fail(wrong.query, KeyDelivered, client=self.content)
        self.canaries.found("name of no record", "record-" + secrets.token_hex(8), "foreign")
        new("never sent")

    def ticket(self) -> str:
        asked = factors.IssueTicket(session=self.session, purpose=factors.Purpose.VAULT_WRITE)
        text: str = self.ask(asked, factors.TicketIssued).ticket
        return text

    def sealed(self, secret: str, account: str | None = None) -> str:
        info = sealing.secret_info(account or self.account, Provider.ZAI)
        return sealing.seal(secret.encode(), self.keys.pins.sealing_key_of("keyvault"), info=info)

    def _put(self, secret: str, account: str | None = None, ticket: str | None = None) -> vault.PutKey:
        return vault.PutKey(
            ticket=ticket or self.ticket(), provider=Provider.ZAI, sealed_secret=self.sealed(secret, account)
        )

    def send_nonsense(self) -> int:
        """Canaries in every field of every call, fitting or not; returns how many calls were refused."""
        warnings.simplefilter("ignore")  # pydantic sees that they do not fit
        before = len(self.refused)
        for call in (call for call in CALLS if call.service in ("auth", "keyvault")):
            for everywhere in (False, True):
                self._send_nonsense(call, everywhere=everywhere)
        return len(self.refused) - before

    def _send_nonsense(self, call: Call, *, everywhere: bool) -> None:
        values: dict[str, Any] = {}
        for name, about in call.query.model_fields.items():
            sealed = call.query.protection is Protection.SEALED
            canary = self.canaries.new(f"{call.query.type} {name}", "secret" if sealed else "passing")
            if name == "client" and not everywhere:
                values[name] = self.client
            elif about.annotation is str or everywhere:
                values[name] = canary
        client = {"keyvault.deliver_key.v1": self.content}.get(call.query.type, self.edge)
        with contextlib.suppress(StudiomaticError):
            try:
                self.ask(call.query.model_construct(**values), call.reply, client=client)
            except StudiomaticError as error:
                self.refused.append(error.code)
                raise


def write_rubbish(url: str, canaries: Canaries) -> None:
    """Strangers write into queues: no envelopes, forged facts, bodies that are no text."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    for number, body in enumerate(('{"%s"', '{"type": "account.purged.v1", "data": {"x": "%s"}}', "\udcff%s")):
        canary = canaries.new(f"rubbish {number}", "foreign")
        exact = (body % canary).encode(errors="surrogateescape")
        for exchange, key in (
            (RPC_EXCHANGE, "keyvault.put_key"),
            (RPC_EXCHANGE, "auth.log_in"),
            (events_exchange("auth"), "account.purged"),
            (events_exchange("keyvault"), "vault.audit_head_signed"),
        ):
            for kind in ("application/json", "application/x-python-serialize"):
                channel.basic_publish(exchange, key, exact, pika.BasicProperties(content_type=kind))
    connection.close()


def dead_letters(url: str) -> bytes:
    """Everything that was set aside."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    names = [queue.name for queue in TOPOLOGY.queues if queue.name.endswith(".dead")] + [UNREADABLE_QUEUE]
    found = b""
    for name in names:
        while (message := channel.basic_get(name, auto_ack=True))[0] is not None:
            found += message[2] + repr(message[1]).encode()
    connection.close()
    return found


def tables(database_url: str) -> dict[str, bytes]:
    """Every row of every table, by schema."""
    found: dict[str, bytes] = {}
    with psycopg2.connect(database_url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{schema}"."{table}" t')  # noqa: S608
            rows = "\n".join(row[0] for row in cursor.fetchall())
            found[schema] = found.get(schema, b"") + rows.encode()
    connection.close()
    return found


def files(folder: Path) -> bytes:
    """All that the services wrote, but mails."""
    return b"".join(
        path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "mail" not in path.parts and path.name not in ("keyring.json",)
    )


def hits(haystack: bytes, needles: dict[str, str]) -> list[str]:
    """Which needles stand there: as they are, in hexadecimal, or in Base64 at any alignment."""
    return [name for name, needle in needles.items() if any(form in haystack for form in forms(needle.encode()))]


def forms(needle: bytes) -> Iterator[bytes]:
    yield needle
    yield needle.hex().encode()
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + needle)
        yield encoded[4 if shift else 0 : len(encoded) - 4]


@dataclass
class Aftermath:
    """What is left after everything."""

    canaries: Canaries
    refused: list[str]
    nonsense_refused: int
    logs: bytes
    tables: dict[str, bytes]
    trace: bytes
    dead: bytes
    files: bytes
    in_memory: list[str]
    control_in_memory: bool


@pytest.fixture(scope="module")
def aftermath(
    rabbitmq: RabbitMQ,
    rabbitmq_module_vhost: str,
    postgres_module_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("farm")
    (folder / "tmp").mkdir()
    keys = ensure_keys(folder / "keys", SERVICES)
    make_keyring(folder / "keyring.json")
    with broker_connection(rabbitmq_module_vhost) as connection:
        declare(connection, TOPOLOGY)
    processes = [
        Process(folder, environment(folder, rabbitmq_module_vhost, postgres_module_url, "keyvault"), "keyvault"),
        Process(folder, environment(folder, rabbitmq_module_vhost, postgres_module_url, "auth"), "auth"),
        Process(folder, environment(folder, rabbitmq_module_vhost, postgres_module_url, "gdpr"), "gdpr"),
    ]
    trace = None
    try:
        for process in processes:
            process.wait_until_ready()
        trace = Trace(rabbitmq, rabbitmq_module_vhost)
        trace.start()
        canaries = Canaries()
        person = Person(rabbitmq_module_vhost, keys, canaries, folder / "mail")
        person.register()
        person.log_in()
        person.set_up_codes()
        person.log_in_again()
        person.change_password()
        person.keep_keys()
        person.reset_password()
        nonsense = person.send_nonsense()
        write_rubbish(rabbitmq_module_vhost, canaries)
        wait_until_still(trace)
        trace.stop()
        memory = search_memory(processes[0], kept_by_the_vault(canaries))
        yield Aftermath(
            canaries=canaries,
            refused=person.refused,
            nonsense_refused=nonsense,
            logs=b"".join(process.log.read_bytes() for process in processes),
            tables=tables(postgres_module_url),
            trace=b"".join(trace.bodies),
            dead=dead_letters(rabbitmq_module_vhost),
            files=files(folder),
            in_memory=memory,
            control_in_memory=bool(search_memory(processes[0], {"service": "KeyvaultService"})),
        )
    finally:
        if trace is not None:
            trace.stop()
        for process in processes:
            process.stop()


def environment(folder: Path, bus_url: str, database_url: str, service: str) -> dict[str, str]:
    return {
        "STUDIO_BUS_URL": bus_url,
        "STUDIO_DATABASE_URL": database_url,
        "STUDIO_DATA_DIR": str(folder),
        "STUDIO_KEYRING_FILE": str(folder / "keyring.json"),
        "STUDIO_SIGNING_KEY_FILE": str(folder / "keys" / f"{service}.pem"),
        "STUDIO_SIGNING_PINS_FILE": str(folder / "keys" / "pins.json"),
        "TMPDIR": str(folder / "tmp"),
    }


def wait_until_still(trace: Trace) -> None:
    """Until nothing has passed the broker for a second."""
    heard, since = -1, time.monotonic()
    while time.monotonic() - since < 1:
        if len(trace.bodies) != heard:
            heard, since = len(trace.bodies), time.monotonic()
        time.sleep(0.05)


def kept_by_the_vault(canaries: Canaries) -> dict[str, str]:
    """All secrets but what calls bring only to be checked: tickets, and words in fields of nonsense."""
    return {
        name: value
        for name, value in canaries.secret.items()
        if ".v1 " not in name and not name.startswith("ticket")
    }


def search_memory(process: Process, needles: dict[str, str]) -> list[str]:
    found: set[str] = set()
    for area in process.memory():
        found.update(name for name, needle in needles.items() if needle.encode() in area)
    return sorted(found)


def test_the_run_met_every_kind_of_refusal(aftermath: Aftermath) -> None:
    """Else it would prove little."""
    assert set(aftermath.refused) >= {
        "challenge_ended",
        "code_invalid",
        "credentials_invalid",
        "denied",
        "invalid_input",
        "link_invalid",
        "not_old_enough",
        "password_refused",
        "session_invalid",
    }
    assert aftermath.nonsense_refused > 100


def test_no_log_has_a_secret_or_a_person(aftermath: Aftermath) -> None:
    """ASVS 5.0 16.2.5."""
    assert b"message_dead_lettered" in aftermath.logs  # they are the right ones
    canaries = aftermath.canaries
    everything = canaries.secret | canaries.passing | canaries.personal | canaries.foreign
    assert hits(aftermath.logs, everything) == []


def test_no_table_has_a_secret(aftermath: Aftermath) -> None:
    """Policy S4, S8; ASVS 5.0 11.4.2."""
    assert {"auth", "keyvault", "gdpr"} <= aftermath.tables.keys()
    for rows in aftermath.tables.values():
        canaries = aftermath.canaries
        assert hits(rows, canaries.secret | canaries.passing | canaries.foreign) == []


def test_only_auth_knows_persons(aftermath: Aftermath) -> None:
    assert hits(aftermath.tables["auth"], aftermath.canaries.personal)  # the search finds what is there
    for service in ("keyvault", "gdpr"):
        assert hits(aftermath.tables[service], aftermath.canaries.personal) == []


def test_nothing_that_passed_the_broker_can_be_read(aftermath: Aftermath) -> None:
    """Policy S9, S21."""
    assert b"auth.log_in" in aftermath.trace
    assert hits(aftermath.trace, aftermath.canaries.foreign)
    assert hits(aftermath.trace, aftermath.canaries.secret | aftermath.canaries.personal) == []


def test_dead_letters_hold_nothing_but_what_strangers_wrote(aftermath: Aftermath) -> None:
    assert hits(aftermath.dead, aftermath.canaries.secret | aftermath.canaries.personal) == []


def test_no_file_has_a_secret(aftermath: Aftermath) -> None:
    assert hits(aftermath.files, aftermath.canaries.secret | aftermath.canaries.personal) == []


def test_keyvaults_memory_has_no_secret(aftermath: Aftermath) -> None:
    """What was opened was wiped."""
    assert aftermath.control_in_memory
    assert aftermath.in_memory == []
