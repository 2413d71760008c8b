"""One reply for each call that is still awaited."""

from __future__ import annotations

import math
import threading
from datetime import timedelta
from typing import Any

import pytest

from shared.bus.answering import Answering, CallAnswerer
from shared.bus.guarding import Guard
from shared.bus.outgoing import fact_key
from shared.clock import SystemClock
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed
from shared.contracts.envelope import enclose, read
from shared.contracts.message import Query, Reply
from shared.errors import BrokerUnavailableError, ConflictError, TransactionConflictError
from shared.metrics import REGISTRY
from shared.service_keys import ServiceKeys


class AskName(Query):
    """A query for tests."""

    type = "foreman.ask_name.v1"
    politely: bool = True


class Name(Reply):
    """A reply for tests."""

    type = "foreman.name.v1"
    name: str


class Sent(list):
    """Replies into a list of pairs: reply and address."""

    def send(self, reply, address: str) -> None:
        self.append((reply.envelope, address))


def an_answerer(answer, sent: Sent) -> CallAnswerer:
    answerings = {AskName.type: Answering(query=AskName, answer=answer)}
    guard = Guard(service="foreman", keys=ServiceKeys(), clock=SystemClock())
    return CallAnswerer(service="foreman", answerings=answerings, replies=sent, guard=guard)


def set_aside() -> float:
    """How many calls of this service were set aside as misfits."""
    labels = {"queue": "foreman.rpc", "reason": "does_not_fit"}
    return REGISTRY.get_sample_value("studio_messages_set_aside_total", labels) or 0.0


@pytest.fixture
def call(delivery):
    def make(query: Query | None = None, *, account_id: str | None = "me", timeout_ms: Any = 60_000):
        envelope = enclose(query or AskName(), source="/test", account_id=account_id)
        headers = {} if timeout_ms is None else {TIMEOUT_HEADER: timeout_ms}
        route = ("studio.rpc", fact_key(envelope.type))
        properties = {"reply_to": "replies.edge.1"}
        return envelope, delivery(envelope, headers=headers, route=route, properties=properties)

    return make


def test_the_reply_goes_to_the_caller_and_names_his_call(call) -> None:
    sent = Sent()
    envelope, message = call()
    an_answerer(lambda query, caller: Name(name=caller.account_id), sent).deal(message)
    reply, address = sent[0]
    assert address == "replies.edge.1"
    assert reply.causationid == envelope.id
    assert read(reply, Name).name == "me"
    assert message.answers == ["ack"]


@pytest.mark.parametrize(
    ("error", "code"), [(ConflictError("taken"), "conflict"), (ZeroDivisionError("secret"), "internal")]
)
def test_an_error_is_answered_by_its_code_and_no_secret(call, error, code) -> None:
    def answer(_query, _caller):
        raise error

    sent = Sent()
    _, message = call()
    an_answerer(answer, sent).deal(message)
    failed = read(sent[0][0], CallFailed)
    assert failed.error.code == code
    assert "secret" not in failed.error.message
    assert message.answers == ["ack"]


def test_an_answer_that_lost_against_another_transaction_is_made_again(call) -> None:
    lost = [TransactionConflictError(), TransactionConflictError()]

    def answer(_query, _caller) -> Name:
        if lost:
            raise lost.pop()
        return Name(name="at last")

    sent = Sent()
    _, message = call()
    an_answerer(answer, sent).deal(message)
    assert read(sent[0][0], Name).name == "at last"


def test_an_answer_that_always_loses_is_told_as_such_and_may_be_asked_again(call) -> None:
    tries = []

    def answer(_query, _caller) -> Name:
        tries.append(1)
        raise TransactionConflictError

    sent = Sent()
    _, message = call()
    an_answerer(answer, sent).deal(message)
    failed = read(sent[0][0], CallFailed)
    assert (failed.error.code, failed.error.retryable) == ("infrastructure.database.conflict", True)
    assert len(tries) == 4


def test_whoever_waits_no_longer_gets_no_answer(call) -> None:
    def answer(_query, caller) -> Name:
        while caller.seconds_left() > 0:
            threading.Event().wait(0.005)
        return Name(name="late")

    sent = Sent()
    _, message = call(timeout_ms=20)
    an_answerer(answer, sent).deal(message)
    assert (message.answers, sent) == (["ack"], [])


@pytest.mark.parametrize(("timeout_ms", "seconds"), [(2_500, 2.5), (None, math.inf)])
def test_a_handler_knows_how_long_its_caller_still_waits(call, timeout_ms, seconds: float) -> None:
    left: list[float] = []

    def answer(_query, caller) -> Name:
        left.append(caller.seconds_left())
        return Name(name="x")

    sent = Sent()
    an_answerer(answer, sent).deal(call(timeout_ms=timeout_ms)[1])
    assert left[0] == pytest.approx(seconds, abs=1)
    assert len(sent) == 1


@pytest.mark.parametrize("nonsense", ["2030-01-01T00:00:00Z", 0, -5, 1.5])
def test_a_span_that_is_none_is_set_aside_and_counted(call, nonsense) -> None:
    sent = Sent()
    _, message = call(timeout_ms=nonsense)
    before = set_aside()
    an_answerer(lambda *_: pytest.fail("unreadable"), sent).deal(message)
    assert (message.answers, sent) == (["dead_letter"], [])
    assert set_aside() == before + 1


def test_neither_clock_decides_whether_a_call_is_answered(call) -> None:
    """A caller whose clock is hours wrong is answered like any other."""
    for hours in (-2, 2):
        sent = Sent()
        envelope, message = call()
        message.body = envelope.model_copy(update={"time": envelope.time + timedelta(hours=hours)}).encode()
        an_answerer(lambda *_: Name(name="x"), sent).deal(message)
        assert len(sent) == 1


def test_a_call_without_account_is_refused(call) -> None:
    sent = Sent()
    _, message = call(account_id=None)
    an_answerer(lambda *_: pytest.fail("whose call?"), sent).deal(message)
    assert read(sent[0][0], CallFailed).error.code == "invalid_message"


def test_an_unknown_query_is_refused_by_name(call) -> None:
    sent = Sent()
    envelope, message = call()
    message.body = envelope.model_copy(update={"type": "foreman.dance.v1"}).encode()
    an_answerer(lambda *_: None, sent).deal(message)
    assert "foreman.dance.v1" in read(sent[0][0], CallFailed).error.message


def test_a_reply_that_cannot_be_sent_leaves_the_caller_to_his_deadline(call) -> None:
    class Away:
        def send(self, _reply, _address) -> None:
            raise BrokerUnavailableError

    _, message = call()
    an_answerer(lambda *_: Name(name="x"), Away()).deal(message)
    assert message.answers == ["ack"]
