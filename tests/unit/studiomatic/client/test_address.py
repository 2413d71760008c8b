"""Addresses of brokers: read with care, explained in words, and never shown with their password."""

from __future__ import annotations

import socket
import ssl

import pytest
from pika.exceptions import (
    AMQPConnectionError,
    AMQPHeartbeatTimeout,
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)
from pydantic import SecretStr

from shared.bus.errors import UnroutableError
from shared.errors import BrokerUnavailableError, ConfigurationError, StudiomaticError
from studiomatic.client.address import BrokerAddress, explained, parse_address
from studiomatic.client.errors import BrokerRefusedError

SECRET = "p@ss/w:rd"
ADDRESS = parse_address("amqp://edge:p%40ss%2Fw%3Ard@broker.example/studio")


def test_every_part_of_an_address_is_understood() -> None:
    address = parse_address("amqps://edge:p%40ss%2Fw%3Ard@broker.example:5999/my%2Fhost")
    assert address == BrokerAddress(
        host="broker.example", port=5999, vhost="my/host", user="edge", password=SecretStr(SECRET), tls=True
    )


@pytest.mark.parametrize(("scheme", "port"), [("amqp", 5672), ("amqps", 5671)])
def test_ports_and_virtual_hosts_have_their_usual_defaults(scheme: str, port: int) -> None:
    address = parse_address(f"{scheme}://edge:x@[::1]")
    assert (address.host, address.port, address.vhost) == ("::1", port, "/")


def test_a_password_may_come_from_elsewhere_and_one_in_the_address_wins() -> None:
    assert parse_address("amqp://edge@h", SecretStr("other")).password.get_secret_value() == "other"
    assert parse_address("amqp://edge:own@h", SecretStr("other")).password.get_secret_value() == "own"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker.example",
        "http://edge:hunter2@h",
        "amqp://",
        "amqp://edge:hunter2@",
        "amqp://edge:hunter2@h:port/",
        "amqp://edge:hunter2@h:70000/",
        "amqp://edge:hunter2@[::1/",
        "amqp://edge@h",
        "amqp://h",
        "amqp://:hunter2@h",
        "amqp://ed%20ge:hunter2@h",
    ],
)
def test_what_is_no_address_is_refused_with_the_form_it_should_have_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_address(url)
    assert "hunter2" not in refusal.value.message
    assert "amqp://USER" in refusal.value.message or "letters" in refusal.value.message


def test_an_address_is_shown_without_its_password() -> None:
    shown = f"{ADDRESS} {ADDRESS!r} {ADDRESS.parameters()!r}"
    assert SECRET not in shown
    assert "p%40ss" not in shown


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        pytest.param(AMQPConnectionError(socket.gaierror(-2, "x")), BrokerUnavailableError, "no host", id="name"),
        pytest.param(AMQPConnectionError(ConnectionRefusedError()), BrokerUnavailableError, "nothing", id="port"),
        pytest.param(AMQPConnectionError(TimeoutError()), BrokerUnavailableError, "does not answer", id="silent"),
        pytest.param(AMQPHeartbeatTimeout("x"), BrokerUnavailableError, "does not answer", id="heartbeat"),
        pytest.param(ConnectionClosedByBroker(320, "x"), BrokerUnavailableError, "closed", id="shut down"),
        pytest.param(ConnectionResetError(), BrokerUnavailableError, "check that it runs", id="reset"),
        pytest.param(ProbableAuthenticationError("x"), BrokerRefusedError, "password", id="password"),
        pytest.param(ConnectionClosedByBroker(403, "x"), BrokerRefusedError, "password", id="password, told"),
        pytest.param(ProbableAccessDeniedError("x"), BrokerRefusedError, "virtual host", id="vhost"),
        pytest.param(ConnectionClosedByBroker(530, "x"), BrokerRefusedError, "virtual host", id="vhost, told"),
        pytest.param(ChannelClosedByBroker(403, "queue q"), BrokerRefusedError, "queue q", id="rights"),
        pytest.param(ChannelClosedByBroker(404, "no exchange"), UnroutableError, "definitions", id="topology"),
        pytest.param(
            ChannelClosedByBroker(406, "inequivalent"), BrokerRefusedError, "delete it", id="other queue"
        ),
        pytest.param(AMQPConnectionError(ssl.SSLError(1, "x")), BrokerRefusedError, "TLS", id="tls"),
    ],
)
def test_each_trouble_is_told_with_its_remedy(error: Exception, kind: type[StudiomaticError], word: str) -> None:
    told = explained(error, ADDRESS)
    assert type(told) is kind
    assert word in told.message
    assert SECRET not in told.message


def test_an_error_that_is_already_ours_stays_as_it_is() -> None:
    error = BrokerRefusedError("as it is")
    assert explained(error, ADDRESS) is error
