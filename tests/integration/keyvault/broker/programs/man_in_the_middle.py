"""Keyvault and gdpr on a broker, a worker that wants keys, and somebody who owns the broker; prints what came of it.

Usage: ``man_in_the_middle.py BUS_URL DATABASE_URL FOLDER``. The attacker may do everything that the broker can:
take messages out, change them, send them again or send his own. He has no private key but his own.
"""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import json
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from services.gdpr.service import GdprService
from services.keyvault.handlers.audit import Audit
from services.keyvault.keyring_source import make_keyring
from services.keyvault.service import KeyvaultService
from services.keyvault.store import KeyvaultStore
from services.keyvault.tables import AUDIT
from services.orchestrator.grants import Grants
from shared import sealing
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.outgoing import events_exchange, fact_key
from shared.bus.rpc import RpcClient
from shared.bus.run import Runtime
from shared.bus.topology import REPLIES_EXCHANGE, RPC_EXCHANGE, TOPOLOGY
from shared.clock import FixedClock, SystemClock
from shared.config import LogFormat, Settings
from shared.contracts.envelope import CONTENT_TYPE, enclose
from shared.contracts.factors import Purpose
from shared.contracts.grants import JobToken, Ticket
from shared.contracts.vault import (
    AuditHead,
    AuditHeadList,
    AuditHeadSigned,
    DeliverKey,
    KeyDelivered,
    KeyView,
    ListAuditHeads,
    Provider,
    PutKey,
)
from shared.db import open_service_database
from shared.errors import StudiomaticError
from shared.grants import issue
from shared.ids import AccountId, new_id
from shared.key_delivery import KeyRequest
from shared.logging import configure_logging
from shared.service_keys import ensure_keys
from shared.signing import Signer, make_key

SERVICES = ("auth", "orchestrator", "content", "renderer", "keyvault", "gdpr", "edge")
OWNER, OTHER = AccountId(new_id()), AccountId(new_id())
SECRET = b"sk-of-the-owner-0123456789"
ATTACKERS = b"sk-of-the-attacker-0123456"
PATIENCE_S = 20.0
CLOCK = SystemClock()


@dataclass(frozen=True)
class Seen:
    """A message that the attacker took out."""

    body: bytes
    headers: dict[str, Any]
    properties: dict[str, Any]

    @property
    def key(self) -> str:
        return fact_key(json.loads(self.body)["type"])


class Broker:
    """What the owner of a broker can do."""

    def __init__(self, url: str) -> None:
        self._connection = broker_connection(url)
        self._channel: Any = self._connection.channel()
        for queue in ("taken.questions", "taken.answers"):
            self._channel.queue_declare(queue, durable=False, auto_delete=False)
        self._channel.queue_bind("taken.answers", REPLIES_EXCHANGE, "taken.answers")

    @contextmanager
    def between(self) -> Iterator[None]:
        """Questions to keyvault come here instead."""
        self._channel.queue_unbind("keyvault.rpc", RPC_EXCHANGE, "keyvault.*")
        self._channel.queue_bind("taken.questions", RPC_EXCHANGE, "keyvault.*")
        yield
        self._channel.queue_unbind("taken.questions", RPC_EXCHANGE, "keyvault.*")
        self._channel.queue_bind("keyvault.rpc", RPC_EXCHANGE, "keyvault.*")

    def question(self) -> Seen:
        return self._taken("taken.questions")

    def answer(self) -> Seen:
        return self._taken("taken.answers")

    def ask(self, question: Seen) -> None:
        """Send a question on, its answer comes here."""
        self._publish(question, RPC_EXCHANGE, question.key, {"reply_to": "taken.answers"})

    def say(self, body: bytes, exchange: str, key: str) -> None:
        """Publish something of his own."""
        message = self._channel.prepare_message(body, content_type=CONTENT_TYPE, content_encoding="utf-8")
        self._channel.basic_publish(message, exchange=exchange, routing_key=key)

    def tell(self, answer: Seen, to: Seen) -> None:
        """Answer a question."""
        self._publish(answer, REPLIES_EXCHANGE, to.properties["reply_to"], {})

    def _publish(self, seen: Seen, exchange: str, key: str, properties: dict[str, Any]) -> None:
        message = self._channel.prepare_message(
            seen.body,
            content_type=seen.properties["content_type"],
            content_encoding="utf-8",
            headers=seen.headers,
            properties={"correlation_id": seen.properties["correlation_id"], **properties},
        )
        self._channel.basic_publish(message, exchange=exchange, routing_key=key)

    def _taken(self, queue: str) -> Seen:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            message = self._channel.basic_get(queue, no_ack=True)
            if message is not None:
                body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
                properties = {"correlation_id": "", **message.properties}
                return Seen(body, dict(message.headers or {}), properties)
            time.sleep(0.01)
        raise TimeoutError(queue)


class Farm:
    """The services, and the people and workers around them."""

    def __init__(self, bus_url: str, database_url: str, folder: Path) -> None:
        self.keys = ensure_keys(folder / "keys", SERVICES)
        if not (folder / "keyring.json").exists():
            make_keyring(folder / "keyring.json")
        self.settings = Settings(
            bus_url=SecretStr(bus_url),
            data_dir=folder,
            database_url=None if bus_url.startswith("memory") else SecretStr(database_url),
            keyring_file=folder / "keyring.json",
        )
        self._url = bus_url
        if not self.settings.embedded:
            with broker_connection(bus_url) as connection:
                declare(connection, TOPOLOGY)
        self.start()
        self.broker = Broker(bus_url)
        self.database = open_service_database(self.settings, "keyvault")
        self._clients = {user: RpcClient(bus_url, user=user, keys=self.keys) for user in SERVICES}

    def start(self) -> None:
        self._runtime = Runtime([KeyvaultService, GdprService], self.settings, keys=self.keys)
        self._runtime.start()

    def stop(self) -> None:
        self._runtime.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def put(self, account: AccountId, secret: bytes) -> str:
        """As a person does."""
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
        sealed = sealing.seal(
            secret, self.keys.pins.sealing_key_of("keyvault"), info=sealing.secret_info(account, Provider.ZAI)
        )
        query = PutKey(ticket=issue(ticket, self.keys.signer("auth")), provider=Provider.ZAI, sealed_secret=sealed)
        return self._clients["edge"].call("keyvault", query, KeyView, account_id=account).key.record_id

    def grant(self, account: AccountId = OWNER, max_uses: int = 50, signer: Signer | None = None) -> str:
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
        return Grants(signer or self.keys.signer("orchestrator"), CLOCK).narrowed(
            issue(token, self.keys.signer("auth")),
            actor="content",
            purpose="content.write_script",
            providers=(Provider.ZAI,),
            max_uses=max_uses,
        )

    def request(self, grant: str | None = None, provider: Provider = Provider.ZAI) -> KeyRequest:
        return KeyRequest(grant=grant or self.grant(), provider=provider)

    def fetch(self, request: KeyRequest, account: AccountId = OWNER, user: str = "content") -> str:
        """What the worker gets: the secret, or how he was refused."""
        try:
            reply = self._clients[user].call(
                "keyvault", request.query, KeyDelivered, account_id=account, timeout_s=PATIENCE_S
            )
            return request.opened(reply).decode()
        except StudiomaticError as error:
            return error.code

    def fetching(self, request: KeyRequest) -> Callable[[], str]:
        """Begin to fetch; the result when it is there."""
        results: list[str] = []
        thread = threading.Thread(target=lambda: results.append(self.fetch(request)), daemon=True)
        thread.start()

        def result() -> str:
            thread.join(PATIENCE_S)
            return results[0]

        return result

    def heads(self) -> tuple[AuditHead, ...]:
        """What gdpr keeps."""
        return self._clients["edge"].call("gdpr", ListAuditHeads(), AuditHeadList, timeout_s=PATIENCE_S).heads

    def audited(self) -> list[str]:
        with self.database.reading() as connection:
            rows = list(connection.execute(select(AUDIT.c.outcome, AUDIT.c.reason).order_by(AUDIT.c.sequence)))
        return [row.reason or row.outcome for row in rows]

    def intercepted(self, request: KeyRequest | None = None) -> tuple[Callable[[], str], Seen]:
        """A question on its way, taken out; the worker waits for its answer."""
        with self.broker.between():
            result = self.fetching(request or self.request())
            question = self.broker.question()
        return result, question


def changed(seen: Seen, **data: Any) -> Seen:
    """The same message with other data, under the old signature."""
    envelope = json.loads(seen.body)
    envelope["data"] |= data
    return Seen(json.dumps(envelope, separators=(",", ":")).encode(), seen.headers, seen.properties)


def delivered(farm: Farm, question: Seen) -> Seen:
    """Let a question and its answer pass after all; the worker still waits for the genuine one."""
    farm.broker.ask(question)
    answer = farm.broker.answer()
    farm.broker.tell(answer, question)
    return answer


def passed_on(farm: Farm) -> str:
    """The harness itself changes nothing."""
    result, question = farm.intercepted()
    delivered(farm, question)
    return result()


def swapped_one_time_key(farm: Farm) -> str:
    """The attacker wants the key sealed to himself."""
    own = sealing.SealingKey.one_time()
    result, question = farm.intercepted()
    farm.broker.ask(changed(question, reply_key=own.public))
    answer = farm.broker.answer()
    assert "sealed_secret" not in json.loads(answer.body)["data"]
    farm.broker.tell(answer, question)
    delivered(farm, question)
    return result()


def swapped_sealed_reply(farm: Farm) -> str:
    """The attacker gives the worker a key of his own, to read at his provider what the owner writes."""
    request = farm.request()
    result, question = farm.intercepted(request)
    farm.broker.ask(question)
    answer = farm.broker.answer()
    record = json.loads(answer.body)["data"]["record_id"]
    asked = DeliverKey.model_validate(json.loads(question.body)["data"]).model_dump_json().encode()
    box = sealing.seal(ATTACKERS, request.query.reply_key, info=sealing.delivery_info(asked, record))
    farm.broker.tell(changed(answer, sealed_secret=box), question)
    farm.broker.tell(answer, question)
    return result()


def damaged_sealed_reply(farm: Farm) -> str:
    result, question = farm.intercepted()
    farm.broker.ask(question)
    answer = farm.broker.answer()
    box = bytearray(b64decode(json.loads(answer.body)["data"]["sealed_secret"]))
    box[-1] ^= 1
    farm.broker.tell(changed(answer, sealed_secret=b64encode(box).decode()), question)
    farm.broker.tell(answer, question)
    return result()


def replayed_request(farm: Farm) -> str:
    """A recorded question is sent again, with its good signature."""
    result, question = farm.intercepted()
    delivered(farm, question)
    assert result() == SECRET.decode()
    before = len(farm.audited())
    farm.broker.ask(question)
    wait_for(lambda: len(farm.audited()) > before)
    return "no_answer"


def replayed_request_after_a_restart(farm: Farm) -> str:
    """Keyvault forgot what was in its memory, not what is in its database."""
    result, question = farm.intercepted()
    delivered(farm, question)
    assert result() == SECRET.decode()
    farm.restart()
    farm.broker.ask(question)
    return str(json.loads(farm.broker.answer().body)["data"]["error"]["code"])


def replayed_reply(farm: Farm) -> str:
    """An answer that was good for one question is given to the next."""
    result, question = farm.intercepted()
    recorded = delivered(farm, question)
    assert result() == SECRET.decode()
    result, question = farm.intercepted()
    renamed = json.loads(recorded.body) | {"causationid": json.loads(question.body)["id"]}
    farm.broker.tell(Seen(json.dumps(renamed).encode(), recorded.headers, recorded.properties), question)
    farm.broker.tell(recorded, question)
    delivered(farm, question)
    return result()


def rerouted_question(farm: Farm) -> str:
    """A good question under the key of another call."""
    result, question = farm.intercepted()
    envelope = json.loads(question.body) | {"type": "keyvault.list_keys.v1"}
    delivered(farm, Seen(json.dumps(envelope).encode(), question.headers, question.properties))
    delivered(farm, question)
    return result()


def unsigned_question(farm: Farm) -> str:
    result, question = farm.intercepted()
    headers = {name: value for name, value in question.headers.items() if name not in ("kid", "sig")}
    delivered(farm, Seen(question.body, headers, question.properties))
    return result()


def another_signer(farm: Farm) -> str:
    """The key of the renderer is pinned, but a grant for content is not for it."""
    return farm.fetch(farm.request(), user="renderer")


def forged_grant(farm: Farm) -> str:
    """A worker makes a grant for itself."""
    return farm.fetch(farm.request(farm.grant(signer=farm.keys.signer("content"))))


def grant_of_a_key_that_is_not_pinned(farm: Farm) -> str:
    key = make_key(farm.settings.data_dir / "attacker.pem")
    signer = Signer(key_id=farm.keys.signer("orchestrator").key_id, private_key=key)
    return farm.fetch(farm.request(farm.grant(signer=signer)))


def other_user(farm: Farm) -> str:
    """A grant of the owner, used in another's name; and another's grant for the owner's key."""
    first = farm.fetch(farm.request(farm.grant(OWNER)), account=OTHER)
    second = farm.fetch(farm.request(farm.grant(OTHER)), account=OWNER)
    assert first == second
    return first


def other_provider(farm: Farm) -> str:
    return farm.fetch(farm.request(provider=Provider.MINIMAX))


def over_its_uses(farm: Farm) -> str:
    grant = farm.grant(max_uses=1)
    assert farm.fetch(farm.request(grant)) == SECRET.decode()
    return farm.fetch(farm.request(grant))


def forged_head_of_the_audit(farm: Farm) -> str:
    """Gdpr keeps what keyvault signed, and nothing that the owner of the broker says in its name."""
    forged = AuditHead(sequence=1, hash="f" * 64, signed_at=CLOCK.now(), kid="keyvault-00000000", signature="AAAA")
    envelope = enclose(AuditHeadSigned(head=forged), source="/studiomatic/keyvault")
    farm.broker.say(envelope.encode(), events_exchange("keyvault"), "vault.audit_head_signed")
    a_minute_later = FixedClock(CLOCK.now() + timedelta(seconds=61))
    store = KeyvaultStore(farm.database, a_minute_later)
    assert Audit(store, farm.keys.signer("keyvault"), farm.keys.pins).sign_if_due() == 1
    wait_for(lambda: bool(farm.heads()))
    with store.reading() as unit:
        return "kept" if farm.heads() == unit.audit.heads() else "forged"


ATTACKS = (
    passed_on,
    swapped_one_time_key,
    swapped_sealed_reply,
    damaged_sealed_reply,
    replayed_request,
    replayed_reply,
    rerouted_question,
    unsigned_question,
    another_signer,
    forged_grant,
    grant_of_a_key_that_is_not_pinned,
    other_user,
    other_provider,
    over_its_uses,
    forged_head_of_the_audit,
    replayed_request_after_a_restart,
)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)


def main(bus_url: str, database_url: str, folder: str) -> None:
    configure_logging(LogFormat.JSON, "error", service="man-in-the-middle")
    farm = Farm(bus_url, database_url, Path(folder))
    farm.put(OWNER, SECRET)
    for attack in ATTACKS:
        before = len(farm.audited())
        got = attack(farm)
        print(json.dumps({"attack": attack.__name__, "got": got, "audited": farm.audited()[before:]}), flush=True)
    farm.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
