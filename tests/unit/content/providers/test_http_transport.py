"""One HTTP layer: clocks, caps, cancellation and what is told of each kind of trouble."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from services.content.domain.provider_errors import ProviderError, ProviderErrorKind, ProviderErrorReason
from services.content.providers.http.call import Call
from services.content.providers.http.clocks import Clocks
from services.content.providers.http.guard import Guard
from services.content.providers.http.transport import Request, Transport
from shared.errors import InvalidInputError, TaskCancelledError
from tests.simulator.simulator import Simulator

MakeCall = Callable[..., Call]
CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "Rain"}]}


def chat(simulator: Simulator, call: Call, host: str = "openai", **more: object) -> Request:
    return Request(
        method="POST",
        url=simulator.base_url(host) + "/chat/completions",
        headers={"Authorization": f"Bearer {call.key}"},
        body=CHAT,
        is_paid=True,
        **more,
    )


def failure(transport: Transport, request: Request, call: Call) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        transport.send(request, call, "openai")
    assert call.key not in repr((caught.value, vars(caught.value), request, call))
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize("case", ["ok", "v35", "chunked", "drip", "html-json"])
def test_an_answer_comes_whole_however_it_is_delivered(
    simulator: Simulator, transport: Transport, call: MakeCall, case: str
) -> None:
    one = call("openai", case)
    answer = transport.send(chat(simulator, one), one, "openai")
    assert answer.status == 200
    assert answer.json()["choices"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("case", ["v35-wrong", "cut", "reset", "longer", "chunked-open", "endless"])
def test_half_an_answer_is_no_answer_and_may_be_charged(
    simulator: Simulator, transport: Transport, call: MakeCall, case: str
) -> None:
    one = call("openai", case)
    error = failure(transport, chat(simulator, one), one)
    assert (error.kind, error.reason) == (
        ProviderErrorKind.PROVIDER_UNAVAILABLE,
        ProviderErrorReason.MALFORMED_RESPONSE,
    )
    assert error.maybe_charged
    assert one.receipt.maybe_charged


def test_gzip_that_ends_too_early_is_not_json(simulator: Simulator, transport: Transport, call: MakeCall) -> None:
    one = call("openai", "v35-cut")
    assert transport.send(chat(simulator, one), one, "openai").json() is None


def test_an_answer_beyond_its_cap_is_not_read(simulator: Simulator, transport: Transport, call: MakeCall) -> None:
    one = call("openai", "endless")
    failure(transport, chat(simulator, one, max_bytes=100_000), one)
    [exchange] = simulator.journal.exchanges()
    assert exchange.sent_bytes < 50_000_000


def test_a_line_that_is_lost_after_the_request_may_have_cost_money(
    simulator: Simulator, transport: Transport, call: MakeCall
) -> None:
    one = call("openai", "reset-headers")
    error = failure(transport, chat(simulator, one), one)
    assert error.kind is ProviderErrorKind.TIMEOUT
    assert error.maybe_charged


def test_nobody_listens(simulator: Simulator, call: MakeCall) -> None:
    one = call("openai", "ok")
    transport = Transport(Guard(frozenset({urlsplit(simulator.url("closed")).netloc})))
    error = failure(transport, chat(simulator, one, "closed"), one)
    assert error.kind is ProviderErrorKind.PROVIDER_UNAVAILABLE
    assert not error.maybe_charged


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed_with_the_key(
    simulator: Simulator, transport: Transport, call: MakeCall, status: int
) -> None:
    one = call("openai", f"redirect-{status}")
    assert transport.send(chat(simulator, one), one, "openai").status == status
    assert len(simulator.journal.exchanges()) == 1


@pytest.mark.parametrize(
    ("case", "clocks"),
    [
        ("v34", Clocks(first_byte_s=100, total_s=10_000)),
        ("stall", Clocks(idle_s=100, total_s=10_000)),
        ("v34", Clocks(first_byte_s=10_000, total_s=100)),
    ],
    ids=["first byte", "idle", "total"],
)
def test_each_clock_ends_the_call_in_its_time(
    simulator: Simulator, transport: Transport, call: MakeCall, case: str, clocks: Clocks
) -> None:
    simulator.clock.run(400)
    one = call("openai", case)
    began = simulator.clock.now()
    error = failure(transport, chat(simulator, one, clocks=clocks), one)
    assert error.kind is ProviderErrorKind.TIMEOUT
    assert error.maybe_charged
    assert timedelta(seconds=100) <= simulator.clock.now() - began < timedelta(seconds=10_000)


def test_the_deadline_of_the_work_ends_the_call(
    simulator: Simulator, transport: Transport, call: MakeCall
) -> None:
    one = call("openai", "v34", deadline=simulator.clock.now() + timedelta(seconds=60))
    assert failure(transport, chat(simulator, one), one).kind is ProviderErrorKind.TIMEOUT


def test_a_host_that_never_shakes_hands_ends_at_the_connect_clock(call: MakeCall, simulator: Simulator) -> None:
    """A listener that accepts and stays silent: the handshake of TLS never comes to an end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        one = call("openai", "ok")
        request = Request(method="GET", url=f"https://127.0.0.1:{port}/v1/models", headers={})
        error = failure(Transport(Guard(frozenset({f"127.0.0.1:{port}"}))), request, one)
    assert error.kind is ProviderErrorKind.TIMEOUT
    assert not error.maybe_charged


@pytest.mark.parametrize("case", ["x10", "stall"])
def test_cancelling_closes_the_socket_within_a_second(
    simulator: Simulator,
    transport: Transport,
    call: MakeCall,
    started: Callable[[Callable[[], object]], threading.Thread],
    case: str,
) -> None:
    simulator.clock.run(0)
    one = call("openai", case)
    outcome: list[type[BaseException] | None] = []

    def ask() -> None:
        try:
            transport.send(chat(simulator, one), one, "openai")
        except TaskCancelledError:
            outcome.append(TaskCancelledError)

    asking = started(ask)
    simulator.journal.wait_for(lambda exchanges: len(exchanges) == 1 and exchanges[0].answered_as is not None)
    at = time.monotonic()
    one.cancelled.set()
    asking.join(10)
    simulator.journal.wait_for(lambda exchanges: exchanges[0].ending is not None)
    [exchange] = simulator.journal.exchanges()
    assert outcome == [TaskCancelledError]
    assert one.receipt.maybe_charged
    assert exchange.ended_s is not None
    assert exchange.ended_s - at < 1


def test_a_cancelled_call_sends_nothing(simulator: Simulator, transport: Transport, call: MakeCall) -> None:
    one = call("openai", "ok")
    one.cancelled.set()
    with pytest.raises(TaskCancelledError):
        transport.send(chat(simulator, one), one, "openai")
    assert simulator.journal.exchanges() == []


@pytest.mark.parametrize("kind", ["untrusted", "expired", "wrong-name"])
def test_a_certificate_that_is_not_good_ends_it_before_the_key_is_sent(
    simulator: Simulator, call: MakeCall, kind: str
) -> None:
    one = call("minimax", "ok")
    host = f"tls-{kind}"
    error = failure(_over_tls(simulator, host), _models(simulator, one, host), one)
    assert error.kind is ProviderErrorKind.PROVIDER_UNAVAILABLE
    assert simulator.journal.exchanges() == []


def test_a_good_certificate_is_accepted(simulator: Simulator, call: MakeCall) -> None:
    one = call("minimax", "ok")
    answer = _over_tls(simulator, "tls-good").send(_models(simulator, one, "tls-good"), one, "minimax")
    assert answer.status == 200


def test_proxies_of_the_environment_are_not_asked(
    simulator: Simulator, transport: Transport, call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, simulator.url("refused"))
    one = call("openai", "ok")
    assert transport.send(chat(simulator, one), one, "openai").status == 200


def test_a_provider_on_loopback_needs_the_operators_word(simulator: Simulator, call: MakeCall) -> None:
    one = call("openai", "ok")
    assert failure(Transport(Guard()), chat(simulator, one), one).kind is ProviderErrorKind.BAD_REQUEST
    assert simulator.journal.exchanges() == []


@pytest.mark.parametrize(
    "pasted", [" sk-1234567890 \n", '"sk-1234567890"', "Bearer sk-1234567890", "'Bearer sk-1234567890'"]
)
def test_a_pasted_key_is_taken_out_of_its_wrapping(pasted: str) -> None:
    assert Call(key=pasted).key == "sk-1234567890"


@pytest.mark.parametrize("key", ["sk-1\r\nX-Evil: 1", "sk-über", "sk 1", "k" * 5000])
def test_a_key_that_would_break_its_header_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Call(key=key)
    assert key not in str(caught.value)


def _over_tls(simulator: Simulator, host: str) -> Transport:
    trust = ssl.create_default_context(cadata=simulator.certificates.authority_pem.decode())
    return Transport(Guard(frozenset({urlsplit(simulator.url(host)).netloc})), trust)


def _models(simulator: Simulator, call: Call, host: str) -> Request:
    headers = {"Authorization": f"Bearer {call.key}"}
    return Request(method="GET", url=simulator.url(host) + "/v1/models", headers=headers)
