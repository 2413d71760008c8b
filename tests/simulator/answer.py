"""What a scenario answers: status, headers, body, and what goes wrong with them on the wire."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Pause:
    """A wait of so many virtual seconds between two pieces of a body."""

    seconds: float


#: Pieces of a body that is made while it is sent.
Pieces = Callable[[], Iterable[bytes | Pause]]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How an answer travels. Bytes are those of the body; seconds are virtual.

    Args:
        hold_s: Wait before the status line; infinite = the headers never come.
        piece_bytes: Send the body in pieces of this size, each in a packet of its own.
        piece_pause_s: Wait between two such pieces.
        stall_after: Send so much of the body, then nothing more, and keep the connection.
        cut_after: Send so much of the body, then close the connection in good order (FIN).
        reset_after: Send so much of the body, then reset the connection (RST).
        reset_before_headers: Reset the connection instead of answering.
        declared_length: A ``Content-Length`` that is not true.
        chunked: Send the body as chunks (RFC 9112, 7.1).
        end_chunks: Send the last chunk, the one of size zero; else the connection ends without it.
    """

    hold_s: float = 0.0
    piece_bytes: int | None = None
    piece_pause_s: float = 0.0
    stall_after: int | None = None
    cut_after: int | None = None
    reset_after: int | None = None
    reset_before_headers: bool = False
    declared_length: int | None = None
    chunked: bool = False
    end_chunks: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer. A body of pieces needs its ``size`` when it is to have a ``Content-Length``."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Pieces = b""
    size: int | None = None
    delivery: Delivery = Delivery()

    def with_headers(self, **headers: str) -> Answer:
        """Add headers; an underscore in a name is a dash."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return dataclasses.replace(self, headers={**self.headers, **named})

    def delivered(self, **how: Any) -> Answer:
        return dataclasses.replace(self, delivery=dataclasses.replace(self.delivery, **how))

    def json(self) -> Any:
        """The body as JSON, for a scenario that changes a good answer."""
        assert isinstance(self.body, bytes)
        return json.loads(self.body)


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status=status, headers={"Content-Type": "application/json"}, body=body).with_headers(**headers)


def bytes_answer(body: bytes, media_type: str, **headers: str) -> Answer:
    return Answer(headers={"Content-Type": media_type}, body=body).with_headers(**headers)


def html_answer(status: int, title: str) -> Answer:
    """A page of a proxy or a hotel network, which must never be shown to a user."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status=status, headers={"Content-Type": "text/html; charset=utf-8"}, body=page.encode())


def event_stream(events: Iterable[bytes | Pause], **delivery: Any) -> Answer:
    """Server-sent events (WHATWG HTML, 9.2), sent in chunks one by one."""
    listed = list(events)
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    return Answer(headers=headers, body=lambda: iter(listed), delivery=Delivery(chunked=True, **delivery))


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def comment(text: str = "keep-alive") -> bytes:
    """A line that readers of events must ignore; it keeps the connection busy."""
    return f": {text}\n\n".encode()
