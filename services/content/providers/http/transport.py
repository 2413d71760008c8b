"""One request, one answer: what every provider's client is built on."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from services.content.domain.provider_errors import ProviderError, Verdict
from services.content.domain.provider_verdicts import BAD_REQUEST, MALFORMED, TIMEOUT, UNAVAILABLE
from services.content.providers.http.call import Call
from services.content.providers.http.clocks import Clocks
from services.content.providers.http.connection import open_connection
from services.content.providers.http.guard import Guard, RefusedAddressError
from services.content.providers.http.watch import Ended, Watch
from shared.errors import TaskCancelledError

MAX_ANSWER_BYTES = 4 * 2**20
_CHUNK_BYTES = 64 * 2**10
_AGENT = "studiomatic"

TRANSPORT_TROUBLE = (HTTPError, OSError, http.client.HTTPException, RefusedAddressError, ValueError)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent.

    Args:
        headers: Those of the provider; the key is in one of them.
        body: Sent as JSON; None sends nothing.
        is_paid: Whether the provider charges for it.
        max_bytes: Longest answer that is read, decompressed.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    clocks: Clocks = field(default_factory=Clocks)
    is_paid: bool = False
    max_bytes: int = MAX_ANSWER_BYTES


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever its status.

    Attributes:
        headers: With names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, whatever its type claims; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Transport:
    """Sends requests to providers; never follows a redirect, knows no proxy, keeps no connection.

    Args:
        guard: Where requests may go.
        trust: Which certificates are good; None takes those the machine trusts.
    """

    def __init__(self, guard: Guard, trust: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._trust = trust or ssl.create_default_context()

    def send(self, request: Request, call: Call, provider: str) -> Answer:
        """Send a request once and read its answer.

        Raises:
            ProviderError: No whole answer came: ``timeout`` or ``provider_unavailable``; charged perhaps, if a
                paid request was sent completely.
            TaskCancelledError: The call was ended meanwhile; its receipt tells if it may have been charged.
        """
        exchange = Exchange(self._guard, self._trust, call, request)
        try:
            return Answer(
                status=exchange.begin(), headers=exchange.headers, body=b"".join(exchange.read(request.max_bytes))
            )
        except TRANSPORT_TROUBLE:
            failed = exchange.verdict()
        finally:
            exchange.close()
        self._count(exchange, request, call)
        if failed is None:
            raise TaskCancelledError
        raise ProviderError(failed, provider, maybe_charged=request.is_paid and exchange.is_sent)

    def _count(self, exchange: Exchange, request: Request, call: Call) -> None:
        if request.is_paid and exchange.is_sent:
            call.receipt.maybe_charged = True


class TooLargeError(ValueError):
    """An answer passes its limit."""


class Exchange:
    """One connection with one request; close it in any case."""

    def __init__(self, guard: Guard, trust: ssl.SSLContext, call: Call, request: Request) -> None:
        call.raise_if_cancelled()
        self._guard, self._trust, self._call, self._request = guard, trust, call, request
        self._watch = Watch(call, request.clocks.total_s)
        self._watch.__enter__()
        self._connection: HTTPConnection | None = None
        self._response: BaseHTTPResponse | None = None
        self._was_refused = self._was_too_large = False
        self.is_sent = False
        self.headers: dict[str, str] = {}

    def begin(self) -> int:
        """Connect, send, and read status and headers; gives the status."""
        clocks = self._request.clocks
        self._watch.expect(Ended.CONNECT, clocks.connect_s)
        try:
            destination = self._guard.check(self._request.url)
        except RefusedAddressError:
            self._was_refused = True
            raise
        connection = open_connection(destination, self._watch, clocks.connect_s, self._trust)
        self._connection = connection
        connection.connect()
        self._watch.expect(Ended.FIRST_BYTE, clocks.first_byte_s)
        self._send(connection, destination.path)
        self._response = connection.getresponse()
        self.headers = {name.lower(): value for name, value in self._response.headers.items()}
        self._watch.expect(Ended.IDLE, clocks.idle_s)
        return self._response.status

    def read(self, max_bytes: int) -> Iterator[bytes]:
        """The body, decompressed, piece by piece.

        Raises:
            TooLargeError: It is longer than ``max_bytes``.
        """
        response, left = self._response, max_bytes
        while response is not None and (piece := response.read1(_CHUNK_BYTES, decode_content=True)):
            self._watch.expect(Ended.IDLE, self._request.clocks.idle_s)
            left -= len(piece)
            if left < 0:
                self._was_too_large = True
                raise TooLargeError("the answer is too large")
            yield piece

    def verdict(self) -> Verdict | None:
        """What a failure of this exchange means; None if the call was cancelled."""
        if self._watch.ended is Ended.CANCELLED or self._call.cancelled.is_set():
            return None
        if self._watch.ended is not None:
            return TIMEOUT
        if self._was_refused:
            return BAD_REQUEST
        if self._response is not None:
            return MALFORMED
        return TIMEOUT if self.is_sent else UNAVAILABLE

    @property
    def is_hopeless(self) -> bool:
        """Whether the same request would fail again: it must not be sent, or its answer is too large."""
        return self._was_refused or self._was_too_large

    def close(self) -> None:
        """Hang up."""
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
        self._watch.__exit__(None, None, None)

    def _send(self, connection: HTTPConnection, path: str) -> None:
        request = self._request
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "gzip", **request.headers}
        body = None
        if request.body is not None:
            body = json.dumps(request.body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        connection.request(request.method, path, body=body, headers=headers, preload_content=False)
        self.is_sent = True
