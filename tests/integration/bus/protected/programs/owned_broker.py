"""A service with sealed calls and signed facts, on a broker whose owner cheats; prints what came of it.

Usage: ``owned_broker.py BUS_URL FOLDER``. The owner takes messages out, changes them, sends them again, elsewhere, or
sends his own. He has no private key.
"""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from shared.bus.connection import broker_connection
from shared.bus.context import Caller
from shared.bus.declare import declare
from shared.bus.entrypoints import answer, listen
from shared.bus.outgoing import fact
from shared.bus.publisher import Publisher
from shared.bus.rpc import RpcClient
from shared.bus.run import Runtime
from shared.bus.topology import REPLIES_EXCHANGE, RPC_EXCHANGE, TOPOLOGY, dead_queue
from shared.config import LogFormat, Settings
from shared.contracts.accounts import SessionRevoked
from shared.contracts.envelope import Envelope, enclose
from shared.contracts.vault import CheckTotp, TotpChecked
from shared.errors import StudiomaticError
from shared.ids import AccountId, new_id
from shared.logging import configure_logging
from shared.sealing import SealingKey
from shared.service_keys import ensure_keys

PATIENCE_S = 20.0
GIVEN_UP_S = 1.5
"""When no genuine answer comes, a caller waits in vain; this long here."""
CODE, WRONG = "493817", "000000"
CHECKED: list[str] = []
HEARD: list[str] = []
LISTENER = "keyvault.accounts"


class Vault:
    """Checks codes, and hears of ended sessions."""

    name = "keyvault"

    @answer(CheckTotp)
    def check(self, query: CheckTotp, caller: Caller) -> TotpChecked:
        CHECKED.append(f"{caller.signer} {query.code}")
        return TotpChecked(valid=query.code == CODE)

    @listen(LISTENER)
    def hear(self, envelope: Envelope) -> None:
        HEARD.append(envelope.data["session_id"])


@dataclass(frozen=True)
class Taken:
    """A message that the owner of the broker took out."""

    body: bytes
    headers: dict[str, Any]
    properties: dict[str, Any]

    def changed(self, **data: Any) -> Taken:
        message = json.loads(self.body)
        message["data"] |= data
        return replace(self, body=json.dumps(message, separators=(",", ":")).encode())

    def without(self, *names: str) -> Taken:
        return replace(self, headers={name: value for name, value in self.headers.items() if name not in names})


class Owner:
    """What the owner of a broker can do."""

    def __init__(self, url: str) -> None:
        self._channel: Any = broker_connection(url).channel()
        for queue in ("questions", "answers", "facts"):
            self._channel.queue_declare(f"taken.{queue}", durable=False, auto_delete=False)
        self._channel.queue_bind("taken.answers", REPLIES_EXCHANGE, "taken.answers")

    @contextmanager
    def between(self, exchange: str, queue: str, key: str, own: str) -> Iterator[None]:
        """What is bound for a queue comes here instead."""
        self._channel.queue_unbind(queue, exchange, key)
        self._channel.queue_bind(own, exchange, key)
        yield
        self._channel.queue_unbind(own, exchange, key)
        self._channel.queue_bind(queue, exchange, key)

    def send(self, taken: Taken, exchange: str, key: str, **properties: Any) -> None:
        message = self._channel.prepare_message(
            taken.body,
            content_type="application/cloudevents+json",
            content_encoding="utf-8",
            headers=taken.headers,
            properties={"correlation_id": taken.properties.get("correlation_id", ""), **properties},
        )
        self._channel.basic_publish(message, exchange=exchange, routing_key=key)

    def take(self, queue: str) -> Taken:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            message = self._channel.basic_get(queue, no_ack=True)
            if message is not None:
                body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
                return Taken(body, dict(message.headers or {}), dict(message.properties))
            time.sleep(0.01)
        raise TimeoutError(queue)


class Farm:
    """The service, somebody who asks it, somebody whose facts it hears, and the owner of the broker."""

    def __init__(self, url: str, folder: Path) -> None:
        self.keys = ensure_keys(folder / "keys", ("auth", "content", "keyvault"))
        settings = Settings(bus_url=SecretStr(url), data_dir=folder)
        if not settings.embedded:
            with broker_connection(url) as connection:
                declare(connection, TOPOLOGY)
        self.runtime = Runtime([Vault], settings, keys=self.keys)
        self.runtime.start()
        self.owner = Owner(url)
        self._client = RpcClient(url, user="auth", keys=self.keys)
        self._publisher = Publisher(url, keys=self.keys)

    def asked(self, code: str = CODE) -> tuple[Callable[[], str], Taken]:
        """Begin to ask; the outcome when it is there, and the question, which the owner took out."""
        results: list[str] = []
        thread = threading.Thread(target=lambda: results.append(self._ask(code)), daemon=True)

        def outcome() -> str:
            thread.join(PATIENCE_S)
            return results[0]

        with self.owner.between(RPC_EXCHANGE, "keyvault.rpc", "keyvault.*", "taken.questions"):
            thread.start()
            return outcome, self.owner.take("taken.questions")

    def _ask(self, code: str) -> str:
        try:
            reply = self._client.call(
                "keyvault", CheckTotp(code=code), TotpChecked, account_id=AccountId("a"), timeout_s=GIVEN_UP_S
            )
        except StudiomaticError as error:
            return error.code
        return "right" if reply.valid else "wrong"

    def pass_on(self, question: Taken) -> Taken:
        """Let a question through, and take its answer out."""
        self.owner.send(question, RPC_EXCHANGE, "keyvault.check_totp", reply_to="taken.answers")
        return self.owner.take("taken.answers")

    def tell(self, reply: Taken, question: Taken) -> None:
        self.owner.send(reply, REPLIES_EXCHANGE, question.properties["reply_to"])

    def told(self) -> Taken:
        """A genuine fact, which the owner took out."""
        revoked = SessionRevoked(account_id="a", session_id=new_id())
        envelope = enclose(revoked, source="/studiomatic/auth", account_id="a")
        with self.owner.between("auth.events", LISTENER, "session.revoked", "taken.facts"):
            self._publisher.publish([fact(envelope, "auth")])
            return self.owner.take("taken.facts")

    def set_aside(self, taken: Taken, exchange: str = "auth.events", key: str = "session.revoked") -> str:
        """Give the listener a fact that it must not believe."""
        before = len(HEARD)
        self.owner.send(taken, exchange, key)
        self.owner.take(dead_queue(LISTENER))
        return "set aside" if len(HEARD) == before else "heard"


def passed_on(farm: Farm) -> str:
    """The harness itself changes nothing."""
    outcome, question = farm.asked()
    farm.tell(farm.pass_on(question), question)
    return outcome()


def read_on_the_way(farm: Farm) -> str:
    outcome, question = farm.asked()
    reply = farm.pass_on(question)
    farm.tell(reply, question)
    outcome()
    seen = question.body + reply.body + repr((question.headers, reply.headers)).encode()
    return "something" if CODE.encode() in seen or b"valid" in seen else "nothing"


def altered_question(farm: Farm) -> str:
    outcome, question = farm.asked()
    farm.tell(farm.pass_on(question.changed(code=WRONG)), question)
    return outcome()


def swapped_one_time_key(farm: Farm) -> str:
    """The answer shall be sealed to the owner of the broker."""
    outcome, question = farm.asked()
    reply = farm.pass_on(question.changed(reply_key=SealingKey.one_time().public))
    assert "sealed" not in json.loads(reply.body)["data"]
    farm.tell(reply, question)
    return outcome()


def unsigned_question(farm: Farm) -> str:
    outcome, question = farm.asked()
    farm.tell(farm.pass_on(question.without("kid", "sig")), question)
    return outcome()


def altered_answer(farm: Farm) -> str:
    outcome, question = farm.asked(WRONG)
    reply = farm.pass_on(question)
    farm.tell(reply.changed(valid=True), question)
    farm.tell(reply.without("sig"), question)
    return outcome()


def altered_answer_before_the_genuine(farm: Farm) -> str:
    outcome, question = farm.asked(WRONG)
    reply = farm.pass_on(question)
    farm.tell(reply.changed(valid=True), question)
    farm.tell(reply, question)
    return outcome()


def answer_to_another_question(farm: Farm) -> str:
    """The answer to a right code is kept, and given to who asks with a wrong one."""
    outcome, question = farm.asked(CODE)
    good = farm.pass_on(question)
    farm.tell(good, question)
    assert outcome() == "right"
    outcome, question = farm.asked(WRONG)
    renamed = json.loads(good.body) | {"causationid": json.loads(question.body)["id"]}
    farm.tell(replace(good, body=json.dumps(renamed).encode()), question)
    farm.tell(good, question)
    return outcome()


def copied_question(farm: Farm) -> str:
    """The service does it once; the copy gets no answer."""
    outcome, question = farm.asked()
    farm.tell(farm.pass_on(question), question)
    assert outcome() == "right"
    before = len(CHECKED)
    farm.owner.send(question, RPC_EXCHANGE, "keyvault.check_totp", reply_to="taken.answers")
    farm.tell(farm.pass_on(farm.asked()[1]), question)  # whatever came first was dealt with before this
    return "once" if len(CHECKED) == before + 1 else "again"


def rerouted_question(farm: Farm) -> str:
    """Under the routing key of another call, and past the exchange."""
    before = len(CHECKED)
    outcome, question = farm.asked()
    farm.owner.send(question, RPC_EXCHANGE, "keyvault.list_keys", reply_to="taken.answers")
    farm.owner.take("taken.answers")
    farm.owner.send(question, "", "keyvault.rpc", reply_to="taken.answers")
    farm.owner.take("taken.answers")
    outcome()
    return "refused" if len(CHECKED) == before else "carried out"


def genuine_fact(farm: Farm) -> str:
    taken = farm.told()
    farm.owner.send(taken, "auth.events", "session.revoked")
    until = time.monotonic() + PATIENCE_S
    while json.loads(taken.body)["data"]["session_id"] not in HEARD:
        assert time.monotonic() < until
        time.sleep(0.01)
    return "heard"


def altered_fact(farm: Farm) -> str:
    return farm.set_aside(farm.told().changed(session_id="another"))


def unsigned_fact(farm: Farm) -> str:
    return farm.set_aside(farm.told().without("sig"))


def fact_of_another_service(farm: Farm) -> str:
    taken = farm.told()
    signer = farm.keys.signer("content")
    headers = signer.headers(taken.body, exchange="auth.events", routing_key="session.revoked")
    return farm.set_aside(replace(taken, headers=headers))


def rerouted_fact(farm: Farm) -> str:
    """Put straight into the queue, and under the key of another fact."""
    first = farm.set_aside(farm.told(), "", LISTENER)
    second = farm.set_aside(farm.told(), "auth.events", "account.enabled")
    return first if first == second else "heard"


ATTACKS = (
    passed_on,
    read_on_the_way,
    altered_question,
    swapped_one_time_key,
    unsigned_question,
    altered_answer,
    altered_answer_before_the_genuine,
    answer_to_another_question,
    copied_question,
    rerouted_question,
    genuine_fact,
    altered_fact,
    unsigned_fact,
    fact_of_another_service,
    rerouted_fact,
)


def main(url: str, folder: str) -> None:
    configure_logging(LogFormat.JSON, "error", service="owned-broker")
    farm = Farm(url, Path(folder))
    for attack in ATTACKS:
        print(json.dumps({"attack": attack.__name__, "outcome": attack(farm)}), flush=True)
    farm.runtime.stop()


main(*sys.argv[1:])
