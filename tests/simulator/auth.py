"""How a key is to be sent, and what is wrong when it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Auth = Callable[[Mapping[str, list[str]]], tuple[list[str], str | None]]


def bearer(*, may_be_missing: bool = False) -> Auth:
    """``Authorization: Bearer <key>``, once, and no key in another header."""

    def auth(headers: Mapping[str, list[str]]) -> tuple[list[str], str | None]:
        faults = _foreign(headers, "xi-api-key", "x-api-key", "api-key")
        given = headers.get("authorization", [])
        if len(given) != 1:
            is_fault = len(given) > 1 or not may_be_missing
            return [*faults, *([f"Authorization is there {len(given)} times"] if is_fault else [])], None
        scheme, _, key = given[0].partition(" ")
        if scheme != "Bearer" or not key or key != key.strip() or " " in key:
            return [*faults, "Authorization must be 'Bearer <key>'"], None
        return faults, key

    return auth


def header(name: str) -> Auth:
    """The bare key in a header of the vendor's own, and no ``Authorization``."""

    def auth(headers: Mapping[str, list[str]]) -> tuple[list[str], str | None]:
        faults = _foreign(headers, "authorization", "x-api-key", "api-key")
        given = headers.get(name, [])
        if len(given) != 1:
            return [*faults, f"{name} is there {len(given)} times"], None
        if not given[0] or " " in given[0]:
            return [*faults, f"{name} must be the bare key"], None
        return faults, given[0]

    return auth


def _foreign(headers: Mapping[str, list[str]], *names: str) -> list[str]:
    return [f"the header {name} does not belong here" for name in names if name in headers]
