"""Rows for every provider: what goes wrong on the way, whatever was asked."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime

from tests.simulator.answer import Answer, Pause, bytes_answer, html_answer
from tests.simulator.case import Call, Case, Recipe, case

FOR_EVER = math.inf


def usual(call: Call) -> Answer:
    return call.usual()


def delivered(**how: object) -> Recipe:
    """The usual answer, delivered in a broken or slow way; see :class:`~tests.simulator.answer.Delivery`."""
    return lambda call: call.usual().delivered(**how)


def page(status: int, title: str) -> Recipe:
    return lambda _: html_answer(status, title)


def nothing(status: int, **headers: str) -> Recipe:
    """A status without a body."""
    return lambda _: Answer(status=status).with_headers(**headers)


def answer_of(value: object, status: int = 200, **headers: str) -> Recipe:
    """Always the same JSON."""
    body = json.dumps(value).encode()
    return lambda _: Answer(status=status, headers={"Content-Type": "application/json"}, body=body).with_headers(
        **headers
    )


def half(answer: Answer) -> int:
    size = answer.size if callable(answer.body) else len(answer.body)
    return (size or 200) // 2


def broken(**how: Callable[[Answer], object]) -> Recipe:
    """The usual answer with faults that depend on it, such as a cut at half of its body."""

    def recipe(call: Call) -> Answer:
        answer = call.usual()
        return answer.delivered(**{name: value(answer) for name, value in how.items()})

    return recipe


def redirected(status: int) -> Recipe:
    """To a host nobody may reach; a client that follows shows its key there."""
    return lambda call: Answer(status=status, headers={"Location": call.simulator.url("refused") + "/caught"})


def everywhere(
    *, unavailable: Recipe, overloaded: Recipe, throttled: Callable[..., Recipe], echo: Recipe, balance: Recipe
) -> Iterator[Case]:
    """The rows of a provider, given how it says the common things.

    Args:
        unavailable: 503 in its own words.
        overloaded: 529 in its own words.
        throttled: 429 in its own words, with the given headers.
        echo: 401 whose message repeats the key.
        balance: The account has no money.
    """
    yield case("ok", "everything is well")
    yield case("k9", "a gateway's page instead of an answer", any=page(502, "502 Bad Gateway"))
    yield case("k12", "the message of the error repeats the key", any=echo)
    for status in (502, 503, 504):
        yield case(f"x1-{status}", f"HTTP {status} with an HTML page", any=page(status, f"{status} nginx"))
    yield case("x1", "HTTP 502 with an HTML page", any=page(502, "502 nginx"))
    yield case("x2", "the login page of a hotel network, HTTP 200", any=page(200, "Welcome! Please log in"))
    yield case("x4", "overloaded, HTTP 529", any=overloaded)
    yield case("x5", "429 with nothing else", any=nothing(429))
    yield case("x8", "everything is well; give two users")
    yield case("x9", "no money on the account", any=balance)
    yield case("x10", "the headers never come", any=delivered(hold_s=FOR_EVER))
    yield case("x11", "ten failures in a row, then well", any=[*[unavailable] * 10, usual])
    yield from _waits(throttled)
    yield from _wire()
    yield from _odd_statuses()
    yield case("down-1h", "unavailable for an hour of virtual time, then well", any=_down_for(3600, unavailable))


def large(recipe: Recipe) -> Case:
    """An answer of 50 MB, for measuring memory; made while it is sent."""
    return case("large", "an answer of 50 MB", any=recipe)


def _waits(throttled: Callable[..., Recipe]) -> Iterator[Case]:
    yield case("wait-seconds", "429, Retry-After: 7, then well", any=[throttled(Retry_After="7"), usual])
    yield case("wait-decimal", "429, Retry-After: 1.5, then well", any=[throttled(Retry_After="1.5"), usual])
    yield case("wait-ms", "429, retry-after-ms: 1500, then well", any=[throttled(retry_after_ms="1500"), usual])
    yield case("wait-date", "429, Retry-After: a date in 30 s, then well", any=[_dated(throttled), usual])
    yield case("wait-long", "429, Retry-After: a day, always", any=throttled(Retry_After="86400"))
    yield case("wait-nonsense", "429, Retry-After: soon, then well", any=[throttled(Retry_After="soon"), usual])


def _wire() -> Iterator[Case]:
    yield case("v34", "the headers never come", any=delivered(hold_s=FOR_EVER))
    yield case("v35", "the body is gzip and says so", any=_zipped)
    yield case(
        "v35-wrong", "says gzip, is not", any=lambda call: call.usual().with_headers(Content_Encoding="gzip")
    )
    yield case("v35-cut", "gzip that ends too early", any=lambda call: _cut_gzip(_zipped(call)))
    yield case("slow-headers", "the headers come after 20 virtual seconds", any=delivered(hold_s=20))
    yield case("drip", "the body comes in packets of 100 bytes", any=delivered(piece_bytes=100))
    yield case("slow", "100 bytes every virtual second", any=delivered(piece_bytes=100, piece_pause_s=1))
    yield case("stall", "half of the body, then nothing more", any=broken(stall_after=half))
    yield case("cut", "the connection is closed after half of the body", any=broken(cut_after=half))
    yield case("reset", "the connection is reset after half of the body", any=broken(reset_after=half))
    yield case(
        "reset-headers", "the connection is reset instead of an answer", any=delivered(reset_before_headers=True)
    )
    yield case(
        "longer", "Content-Length is 1000 too high", any=broken(declared_length=lambda a: 2 * half(a) + 1001)
    )
    yield case("shorter", "Content-Length is half of the body", any=broken(declared_length=half))
    yield case("chunked", "chunks, as they should be", any=delivered(chunked=True, piece_bytes=1000))
    yield case("chunked-open", "chunks without the last one", any=delivered(chunked=True, end_chunks=False))
    yield case("endless", "JSON white space that never ends, 1 GiB", any=_endless)


def _odd_statuses() -> Iterator[Case]:
    for status in (301, 302, 307, 308):
        yield case(f"redirect-{status}", "the API sends the client elsewhere", any=redirected(status))
    yield case("teapot", "an unknown 4xx status", any=answer_of({}, 418))
    yield case("html-401", "a proxy's 401 page", any=page(401, "401 Authorization Required"))
    yield case("html-403", "a proxy's 403 page", any=page(403, "403 Forbidden"))
    yield case("html-429", "a proxy's 429 page", any=page(429, "429 Too Many Requests"))
    yield case("html-json", "good JSON that says it is HTML", any=_said_html)
    yield case("list", "JSON that is a list", any=answer_of([1, 2, 3]))
    yield case("empty", "HTTP 200 without a body", any=nothing(200))


def _dated(throttled: Callable[..., Recipe]) -> Recipe:
    def recipe(call: Call) -> Answer:
        when = format_datetime(call.simulator.clock.now() + timedelta(seconds=30), usegmt=True)
        return throttled(Retry_After=when)(call)

    return recipe


def _down_for(seconds: float, unavailable: Recipe) -> Recipe:
    def recipe(call: Call) -> Answer:
        is_over = call.simulator.clock.now() - call.first_at >= timedelta(seconds=seconds)
        return call.usual() if is_over else unavailable(call)

    return recipe


def _whole(answer: Answer) -> bytes:
    if isinstance(answer.body, bytes):
        return answer.body
    return b"".join(piece for piece in answer.body() if not isinstance(piece, Pause))


def _zipped(call: Call) -> Answer:
    answer = call.usual()
    zipped = gzip.compress(_whole(answer), mtime=0)
    return dataclasses.replace(answer, body=zipped, size=None).with_headers(Content_Encoding="gzip")


def _cut_gzip(answer: Answer) -> Answer:
    assert isinstance(answer.body, bytes)
    return dataclasses.replace(answer, body=answer.body[:-12])


def _said_html(call: Call) -> Answer:
    return call.usual().with_headers(Content_Type="text/html")


def _endless(_: Call) -> Answer:
    block, count = b" " * (1 << 16), 1 << 14
    answer = bytes_answer(b"", "application/json")
    return dataclasses.replace(answer, body=lambda: (block for _ in range(count)), size=len(block) * count)
