"""Requests as they come over a socket, read strictly."""

from __future__ import annotations

import http.server
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MAX_REQUEST_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came. ``fault`` says what is wrong with it as HTTP."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    fault: str | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


class _Parser(http.server.BaseHTTPRequestHandler):
    """The standard library's reading of a request line and headers, without its answers."""

    protocol_version = "HTTP/1.1"

    def __init__(self, rfile: Any, wfile: Any) -> None:
        self.rfile, self.wfile = rfile, wfile
        self.raw_requestline = b""
        self.fault: str | None = None
        self.close_connection = True
        self.requestline, self.command, self.request_version = "", "", "HTTP/0.9"
        self.client_address = ("127.0.0.1", 0)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.fault = f"not HTTP: {message or code}"


def requests(sock: socket.socket) -> Iterator[Request]:
    """The requests of a connection, one after another, until it closes or stops being HTTP."""
    with sock.makefile("rb") as rfile, sock.makefile("wb", buffering=0) as wfile:
        while True:
            parser = _Parser(rfile, wfile)
            parser.raw_requestline = rfile.readline(65537)
            if not parser.raw_requestline:
                return
            if not parser.parse_request():
                yield Request(method="", target="", headers=[], body=b"", fault=parser.fault or "not HTTP")
                return
            body, fault = _body(parser)
            headers = list(parser.headers.items())
            yield Request(method=parser.command, target=parser.path, headers=headers, body=body, fault=fault)
            if parser.close_connection or fault:
                return


def _body(parser: _Parser) -> tuple[bytes, str | None]:
    headers, rfile = parser.headers, parser.rfile
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return _chunked_body(rfile)
    declared = headers.get("Content-Length", "0")
    if not declared.isdecimal() or int(declared) > MAX_REQUEST_BYTES:
        return b"", f"Content-Length is {declared[:40]!r}"
    body = rfile.read(int(declared))
    return body, None if len(body) == int(declared) else "the body is shorter than its Content-Length"


def _chunked_body(rfile: Any) -> tuple[bytes, str | None]:
    body = b""
    while True:
        line = rfile.readline(1024).split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line) or len(body) > MAX_REQUEST_BYTES:
            return body, "the chunks of the body are not as they should be"
        size = int(line, 16)
        body += rfile.read(size)
        rfile.readline(3)
        if size == 0:
            return body, None
