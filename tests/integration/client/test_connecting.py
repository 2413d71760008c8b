"""What is wrong with an address is told in words, within seconds, and without the password."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.bus.errors import UnroutableError
from shared.errors import BrokerUnavailableError, InvalidInputError, StudiomaticError
from studiomatic import Client
from studiomatic.client import BrokerRefusedError, ClientClosedError

AT_MOST_S = 12.0


def refusal(url: str) -> StudiomaticError:
    began = time.monotonic()
    with pytest.raises(StudiomaticError) as told:
        Client(url, "account")
    assert time.monotonic() - began < AT_MOST_S
    password = urlsplit(url).password
    assert password
    assert password not in told.value.message
    return told.value


def replaced(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    values = {
        "scheme": parts.scheme,
        "user": parts.username,
        "password": parts.password,
        "at": parts.netloc.split("@")[1],
    }
    values |= {"vhost": parts.path[1:]} | changes
    return "{scheme}://{user}:{password}@{at}/{vhost}".format(**values)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_where_nothing_listens(url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = refusal(replaced(url, at=f"127.0.0.1:{free.getsockname()[1]}"))
    assert isinstance(error, BrokerUnavailableError)
    assert "nothing listens at 127.0.0.1" in error.message


def test_a_host_that_does_not_exist(url: str) -> None:
    error = refusal(replaced(url, at="no-such-host.invalid:5672"))
    assert isinstance(error, BrokerUnavailableError)
    assert "no-such-host.invalid" in error.message


def test_somebody_who_does_not_answer(url: str, silent_port: int) -> None:
    error = refusal(replaced(url, at=f"127.0.0.1:{silent_port}"))
    assert isinstance(error, BrokerUnavailableError)
    assert "does not answer" in error.message


def test_a_wrong_password(url: str) -> None:
    error = refusal(replaced(url, password="wrong-password"))
    assert isinstance(error, BrokerRefusedError)
    assert "user 'edge'" in error.message
    assert "password" in error.message


def test_a_virtual_host_that_does_not_exist(url: str) -> None:
    error = refusal(replaced(url, vhost="nowhere"))
    assert isinstance(error, BrokerRefusedError)
    assert "'nowhere'" in error.message


def test_tls_where_there_is_none(url: str) -> None:
    error = refusal(replaced(url, scheme="amqps"))
    assert isinstance(error, BrokerRefusedError)
    assert "TLS" in error.message


def test_a_broker_without_the_topology(rabbitmq: RabbitMQ, rabbitmq_vhost: str) -> None:
    error = refusal(rabbitmq_vhost)
    assert isinstance(error, UnroutableError)
    assert "definitions" in error.message


def test_a_frozen_broker(url: str, rabbitmq: RabbitMQ) -> None:
    rabbitmq.pause()
    assert isinstance(refusal(url), BrokerUnavailableError)


def test_a_client_that_could_not_connect_leaves_no_thread(url: str) -> None:
    import threading

    before = threading.active_count()
    refusal(replaced(url, password="wrong-password"))
    assert threading.active_count() <= before


def test_a_closed_client_says_so_and_leaves_no_connection(
    url: str, connections: Callable[[], int], eventually: Callable[..., None]
) -> None:
    before = connections()
    with Client(url, "account") as client, client.subscribe("job.*"):
        eventually(lambda: connections() == before + 2)
    eventually(lambda: connections() == before)
    for use in (client.list_jobs, lambda: next(client.watch("job"))):
        with pytest.raises(ClientClosedError):
            use()
    client.close()


def test_calls_need_an_account(url: str) -> None:
    with Client(url) as client, pytest.raises(InvalidInputError, match="account"):
        client.list_jobs()


@pytest.mark.parametrize("account_id", ["", "../other", "a/b", "a b", "-a", "x" * 101])
def test_what_is_no_account_is_refused_before_anything_is_sent(url: str, account_id: str) -> None:
    with Client(url) as client, pytest.raises(InvalidInputError, match="account"):
        client.as_account(account_id)
