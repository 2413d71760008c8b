"""Where a request may go: encrypted, to public addresses, to exactly the address that was checked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Networks that lead elsewhere than they seem to: NAT64, 6to4, Teredo.
_TRANSLATED = tuple(
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)

Resolve = Callable[[str, int], list[str]]


class RefusedAddressError(Exception):
    """A request must not go there."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where one request goes.

    Attributes:
        addresses: What the host's name leads to, checked; the connection goes to one of these and is not looked
            up again.
        path: Path and query.
    """

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def system_resolve(host: str, port: int) -> list[str]:
    """All addresses of a host.

    Raises:
        OSError: There is no such host, or nobody to ask.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class Guard:
    """Decides where requests may go.

    Args:
        allowed: ``host:port`` pairs, as they stand in an address, that may be reached without encryption and
            though they are not public; everything else must be https and public.
        resolve: Looks up a host's addresses.
    """

    def __init__(self, allowed: frozenset[str] = frozenset(), resolve: Resolve = system_resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve

    def check(self, url: str) -> Destination:
        """Where an address leads; an ``http:`` address that is not allowed by name is asked by https.

        Raises:
            RefusedAddressError: It must not be asked.
            OSError: Its name leads nowhere.
        """
        scheme, host, port, path = _parts(url)
        if f"{host}:{port}" in self._allowed:
            return Destination(
                scheme=scheme, host=host, port=port, path=path, addresses=tuple(self._resolve(host, port))
            )
        if scheme == "http":
            port = 443 if port == 80 else port
        addresses = tuple(dict.fromkeys(self._resolve(host, port)))
        if not addresses or not all(_is_public(address) for address in addresses):
            raise RefusedAddressError("the address is not public")
        return Destination(scheme="https", host=host, port=port, path=path, addresses=addresses)


def _parts(url: str) -> tuple[str, str, int, str]:
    if not url.isascii() or any(character <= " " or character in "\\\x7f" for character in url):
        raise RefusedAddressError("the address holds characters that do not belong there")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddressError("this is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RefusedAddressError("only https addresses are fetched")
    if parts.username is not None or parts.password is not None:
        raise RefusedAddressError("the address holds credentials")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
