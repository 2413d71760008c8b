"""One reply for each call that is still awaited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.bus.answering import Answering, CallAnswerer
from shared.clock import FixedClock, to_rfc3339
from shared.contracts.calls import DEADLINE_HEADER, CallFailed
from shared.contracts.envelope import enclose, read
from shared.contracts.message import Query, Reply
from shared.errors import BrokerUnavailableError, ConflictError

NOW = datetime(2030, 1, 1, tzinfo=UTC)


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
        self.append((reply, address))


def an_answerer(answer, sent: Sent) -> CallAnswerer:
    answerings = {AskName.type: Answering(query=AskName, answer=answer)}
    return CallAnswerer(service="foreman", answerings=answerings, replies=sent, clock=FixedClock(NOW))


@pytest.fixture
def call(delivery):
    def make(query: Query | None = None, *, account_id: str | None = "me", deadline: datetime = NOW):
        envelope = enclose(query or AskName(), source="/test", account_id=account_id)
        headers = {DEADLINE_HEADER: to_rfc3339(deadline)}
        return envelope, delivery(envelope, headers=headers, properties={"reply_to": "replies.edge.1"})

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


def test_a_call_whose_deadline_has_passed_is_dropped(call) -> None:
    sent = Sent()
    _, message = call(deadline=NOW - timedelta(seconds=1))
    an_answerer(lambda *_: pytest.fail("too late"), sent).deal(message)
    assert (message.answers, sent) == (["ack"], [])


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
