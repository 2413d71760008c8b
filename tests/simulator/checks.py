"""Strict checks of a request: what breaks the rules of its endpoint, and keys where they must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulator.case import Endpoint
from tests.simulator.journal import Exchange

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

#: Headers that carry a key somewhere; a host of result files must get none of them.
KEY_HEADERS = ("authorization", "xi-api-key", "x-api-key", "cookie", "proxy-authorization")


def request_faults(endpoint: Endpoint, exchange: Exchange) -> Iterator[str]:
    yield from _query_faults(endpoint, exchange)
    if endpoint.body is None:
        if exchange.body:
            yield "a body came with a request that has none"
        return
    media_type = (exchange.header("content-type") or "").split(";")[0].strip().lower()
    if media_type != "application/json":
        yield f"Content-Type is {media_type or 'missing'}; it must be application/json"
    try:
        exchange.json = json.loads(exchange.body, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except ValueError as error:
        yield f"the body is not JSON: {error}"
        return
    if isinstance(exchange.json, dict) and {"groupid", "group_id"} & {name.lower() for name in exchange.json}:
        yield "GroupId is in the body"
    yield from endpoint.body.faults(exchange.json, "body")


def _query_faults(endpoint: Endpoint, exchange: Exchange) -> Iterator[str]:
    seen = [name for name, _ in exchange.query]
    for name in sorted({name for name in seen if seen.count(name) > 1}):
        yield f"query parameter {name} is there twice"
    for name, value in exchange.query:
        if name.lower() == "groupid":
            yield "GroupId is in the query"
        elif (
            name.lower() in ("key", "api_key", "apikey", "token", "access_token")
            or (exchange.key or "\0") in value
        ):
            yield f"a key is in the query, as {name}"
        elif name not in endpoint.query:
            yield f"unknown query parameter {name}"
        else:
            yield from endpoint.query[name].faults(value, f"query.{name}")
    for name in endpoint.needed:
        if name not in seen:
            yield f"query.{name} is missing"


def keys_shown(exchange: Exchange, simulator: Simulator) -> Iterator[str]:
    """Faults of a request for a file: a header that carries keys, or any key seen so far, anywhere."""
    for name, value in exchange.headers:
        if name.lower() in KEY_HEADERS:
            yield f"the header {name} was sent to a host of result files"
        elif any(key in value for key in simulator.keys_seen()):
            yield f"a key was sent to a host of result files, in the header {name}"
    if any(key in exchange.target for key in simulator.keys_seen()):
        yield "a key was sent to a host of result files, in the address"


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a field is there twice: {sorted({n for n in names if names.count(n) > 1})}")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
