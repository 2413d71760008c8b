"""Each kind of trouble really happens on the wire."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.simulator.answer import bytes_answer
from tests.simulator.connection import Sending
from tests.simulator.simulator import Simulator


def _raw(simulator, provider: str, key: str, target: str, timeout_s: float = 5.0) -> socket.socket:
    """A connection on which a good GET was just sent."""
    parts = urlsplit(simulator.url(provider))
    sock = socket.create_connection((parts.hostname, parts.port), timeout=timeout_s)
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    return sock


def _everything(sock: socket.socket) -> bytes:
    received = b""
    while piece := sock.recv(65536):
        received += piece
    return received


def _models(simulator, case: str, timeout_s: float = 5.0) -> socket.socket:
    return _raw(simulator, "minimax", simulator.key("minimax", case), "/v1/models", timeout_s)


def _ending(simulator, case: str) -> str:
    [exchange] = simulator.journal.wait_for(
        lambda all_: [one for one in all_ if one.case == case and one.ending is not None]
    )
    return exchange.ending


def test_headers_that_never_come(simulator):
    with _models(simulator, "v34", timeout_s=0.1) as sock, pytest.raises(TimeoutError):
        sock.recv(1)
    assert _ending(simulator, "v34") == "closed by client"


def test_headers_are_delayed_until_the_clock_is_moved(simulator):
    with _models(simulator, "slow-headers", timeout_s=0.1) as sock:
        with pytest.raises(TimeoutError):
            sock.recv(1)
        simulator.clock.advance(20)
        sock.settimeout(5)
        _until(sock, lambda got: got.startswith(b"HTTP/1.1 200"))


def test_a_client_that_hangs_up_is_noticed_at_once(simulator):
    sock = _models(simulator, "x10")
    simulator.journal.wait_for(len)
    closed = time.monotonic()
    sock.close()
    assert _ending(simulator, "x10") == "closed by client"
    [exchange] = simulator.journal.exchanges()
    assert 0 < exchange.ended_s - closed < 5


def test_a_body_that_is_cut(simulator, client):
    with pytest.raises(http.client.IncompleteRead):
        client.ask("minimax", "models", "cut")
    assert _ending(simulator, "cut") == "cut"


def test_a_connection_that_is_reset_within_the_body(simulator):
    with _models(simulator, "reset") as sock, pytest.raises(ConnectionResetError):
        _everything(sock)
    assert _ending(simulator, "reset") == "reset"


def test_a_connection_that_is_reset_instead_of_an_answer(simulator):
    with _models(simulator, "reset-headers") as sock, pytest.raises(ConnectionResetError):
        _everything(sock)
    assert _ending(simulator, "reset-headers") == "reset"


def test_a_content_length_that_is_too_high(simulator, client):
    with pytest.raises(http.client.IncompleteRead):
        client.ask("minimax", "models", "longer")


def test_a_content_length_that_is_too_low(simulator, client):
    whole, cut = client.ask("minimax", "models").body, client.ask("minimax", "models", "shorter").body
    assert cut == whole[: len(whole) // 2]


def test_chunks_without_an_end(simulator):
    with _models(simulator, "chunked-open") as sock:
        received = _everything(sock)
    assert b"Transfer-Encoding: chunked" in received
    assert not received.endswith(b"0\r\n\r\n")
    assert _ending(simulator, "chunked-open") == "cut"


def test_chunks_as_they_should_be(simulator, client):
    assert client.ask("minimax", "models", "chunked").body == client.ask("minimax", "models").body


def test_a_body_in_many_small_packets(simulator, client):
    packets: list[bytes] = []

    class Recorder:
        def send(self, data: bytes) -> None:
            packets.append(data)

    answer = bytes_answer(b"x" * 250, "text/plain").delivered(piece_bytes=100)
    sending = Sending(answer, Recorder(), simulator.clock.now())
    assert sending.run(on_headers=lambda: None, on_last=lambda: packets.append(b"last")) == "complete"
    assert packets[1:] == [b"x" * 100, b"x" * 100, b"last", b"x" * 50]
    assert client.ask("minimax", "models", "drip").body == client.ask("minimax", "models").body


def test_a_body_that_comes_as_the_clock_goes(simulator):
    with _models(simulator, "slow") as sock:
        received = _until(sock, lambda got: len(got.partition(b"\r\n\r\n")[2]) >= 100)
        assert len(received.partition(b"\r\n\r\n")[2]) == 100
        for _ in range(2):
            _assert_quiet(sock)
            simulator.clock.advance(1)
            assert len(_until(sock, lambda got: len(got) >= 100)) == 100


def test_a_body_that_stops_at_half(simulator, client):
    body = client.ask("minimax", "models").body
    with _models(simulator, "stall") as sock:
        _until(sock, lambda got: got.endswith(body[: len(body) // 2]))
        _assert_quiet(sock)
    assert _ending(simulator, "stall") == "closed by client"


def _until(sock: socket.socket, is_enough: Callable[[bytes], bool]) -> bytes:
    received = b""
    while not is_enough(received):
        piece = sock.recv(65536)
        assert piece, "the connection was closed"
        received += piece
    return received


def _assert_quiet(sock: socket.socket) -> None:
    sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        sock.recv(1)
    sock.settimeout(5)


def test_a_zipped_body_and_one_that_only_says_so(simulator, client):
    plain = client.ask("minimax", "models").body
    zipped = client.ask("minimax", "models", "v35")
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain
    assert client.ask("minimax", "models", "v35-wrong").body == plain
    with pytest.raises(EOFError):
        gzip.decompress(client.ask("minimax", "models", "v35-cut").body)


def test_a_page_of_a_proxy(simulator, client):
    reply = client.ask("zai", "models", "x1-504")
    assert (reply.status, reply.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert client.ask("zai", "models", "x2").status == 200


def test_a_redirect_leads_to_the_refused_host(simulator, client):
    reply = client.ask("openai", "models", "redirect-307")
    assert reply.status == 307
    assert reply.headers["location"].startswith(simulator.url("refused"))
    client.send("refused", "GET", "/caught")
    assert "a refused address was contacted" in simulator.journal.violations()[0]


def test_a_port_where_nobody_listens(simulator):
    parts = urlsplit(simulator.url("closed"))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname, parts.port), timeout=5)


def test_a_connection_serves_several_requests(simulator, headers_of):
    parts = urlsplit(simulator.url("minimax"))
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    for _ in range(3):
        connection.request("GET", "/v1/models", headers=headers_of("minimax", simulator.key("minimax", "ok")))
        sock, response = connection.sock, connection.getresponse()
        assert (response.status, response.read()[:1]) == (200, b"{")
        assert connection.sock is sock
    connection.close()


def test_comments_keep_a_stream_busy_as_the_clock_goes(simulator, client, headers_of):
    answers = []
    key, body = simulator.key("minimax", "i24"), {"model": "MiniMax-H3-Image", "prompt": "Rain", "stream": True}

    def ask() -> None:
        answers.append(client.send("minimax", "POST", "/v1/images/generations", body, headers_of("minimax", key)))

    thread = threading.Thread(target=ask)
    thread.start()
    simulator.journal.wait_for(lambda all_: all_ and all_[0].headers_s)
    end = time.monotonic() + 60
    while thread.is_alive() and time.monotonic() < end:  # it may not have begun to wait when the clock goes on
        simulator.clock.advance(15)
        thread.join(0.05)
    assert answers[0].body.count(b": keep-alive\n\n") == 4
    assert b'data: {"created": 1, "data": [{"url": "http://' in answers[0].body


@pytest.mark.parametrize("kind", ["wrong-name", "expired", "untrusted"])
def test_a_certificate_that_is_wrong(simulator, client, headers_of, kind):
    trust = simulator.certificates.authority_pem
    sent = headers_of("minimax", simulator.key("minimax", "ok"))
    with pytest.raises(ssl.SSLCertVerificationError):
        client.send(f"tls-{kind}", "GET", "/v1/models", None, sent, trust=trust)
    assert simulator.journal.exchanges() == []
    assert client.send("tls-good", "GET", "/v1/models", None, sent, trust=trust).status == 200


def test_fifty_megabytes_are_made_while_they_are_sent(simulator, headers_of):
    parts = urlsplit(simulator.url("openai"))
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    wish = {"model": "tts-1", "input": "Rain.", "voice": "alloy"}
    sent = headers_of("openai", simulator.key("openai", "large")) | {"Content-Type": "application/json"}
    connection.request("POST", "/v1/audio/speech", json.dumps(wish), sent)
    response = connection.getresponse()
    assert 50_000_000 <= int(response.headers["Content-Length"]) < 51_000_000
    assert len(response.read(1_000_000)) == 1_000_000
    connection.close()
    assert _ending(simulator, "large") == "closed by client"


def test_each_answer_can_be_late(headers_of):
    with Simulator(latency_s=0.05) as simulator:
        began = time.monotonic()
        with _models(simulator, "ok") as sock:
            sock.recv(1)
        assert time.monotonic() - began >= 0.05


def test_stopping_ends_every_connection_and_thread():
    before = set(threading.enumerate())
    simulator = Simulator().start()
    with _models(simulator, "v34") as sock:
        simulator.journal.wait_for(len)
        simulator.stop()
        assert sock.recv(1) == b""
    assert set(threading.enumerate()) <= before
    assert simulator.journal.exchanges()[0].ending == "stopped"
