"""Fetches what a provider has made from the address it gave: without a key, and from nowhere inside."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterable
from pathlib import Path
from urllib.parse import urljoin

from services.content.domain.provider_errors import (
    ProviderError,
    ProviderErrorKind,
    ProviderErrorReason,
    Verdict,
)
from services.content.providers.http.call import Call
from services.content.providers.http.clocks import Clocks
from services.content.providers.http.guard import Guard
from services.content.providers.http.magic import HEAD_BYTES, FileKind, kind_of
from services.content.providers.http.transport import TRANSPORT_TROUBLE, Exchange, Request
from shared.errors import TaskCancelledError

MAX_REDIRECTS = 3
MAX_FILE_BYTES = 256 * 2**20
TRIES = 3
_PAUSES_S = (1.0, 2.0)
_REDIRECTS = (301, 302, 303, 307, 308)
_CLOCKS = Clocks(first_byte_s=60.0, idle_s=30.0, total_s=300.0)
DOWNLOAD_FAILED = Verdict(
    kind=ProviderErrorKind.PROVIDER_UNAVAILABLE, reason=ProviderErrorReason.DOWNLOAD_FAILED, retryable=True
)


class _NotFetchedError(Exception):
    """One try failed.

    Args:
        final: Another try would fail alike.
    """

    def __init__(self, *, final: bool = False) -> None:
        super().__init__()
        self.final = final


class Downloads:
    """Fetches result files.

    Args:
        guard: Where files may be fetched from. Give it another than the providers' own: an address that an
            operator allows for a server of his is no place for results.
        trust: Which certificates are good; None takes those the machine trusts.
    """

    def __init__(self, guard: Guard, trust: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._trust = trust or ssl.create_default_context()

    def fetch(
        self,
        url: str,
        target: Path,
        kinds: Collection[FileKind],
        call: Call,
        provider: str,
        *,
        max_bytes: int = MAX_FILE_BYTES,
    ) -> FileKind:
        """Write the file behind ``url`` to ``target``; tried 3 times, apart from what made it.

        Raises:
            ProviderError: ``provider_unavailable`` with the reason ``download_failed``: it cannot or must not be
                fetched, is too long, or is none of ``kinds``. The provider has been paid for it.
            TaskCancelledError: The call was ended meanwhile.
        """
        for attempt in range(TRIES):
            try:
                kind = self._follow(url, target, call, max_bytes)
            except _NotFetchedError as error:
                if error.final or attempt == TRIES - 1:
                    break
            else:
                if kind is not None and kind in kinds:
                    return kind
            if attempt < len(_PAUSES_S):
                call.wait(_PAUSES_S[attempt])
        target.unlink(missing_ok=True)
        raise ProviderError(DOWNLOAD_FAILED, provider, maybe_charged=True)

    def _follow(self, url: str, target: Path, call: Call, max_bytes: int) -> FileKind | None:
        for _ in range(MAX_REDIRECTS + 1):
            kind, onward = self._get(url, target, call, max_bytes)
            if onward is None:
                return kind
            url = urljoin(url, onward)
        raise _NotFetchedError(final=True)

    def _get(self, url: str, target: Path, call: Call, max_bytes: int) -> tuple[FileKind | None, str | None]:
        """The kind of the file that was written, or where it is instead."""
        exchange = Exchange(
            self._guard, self._trust, call, Request(method="GET", url=url, headers={}, clocks=_CLOCKS)
        )
        try:
            status = exchange.begin()
            if status in _REDIRECTS:
                return None, exchange.headers.get("location", "")
            if status == 200:
                return _written(exchange.read(max_bytes), target), None
            failure = _NotFetchedError()
        except TRANSPORT_TROUBLE:
            if exchange.verdict() is None:
                raise TaskCancelledError from None
            failure = _NotFetchedError(final=exchange.is_hopeless)
        finally:
            exchange.close()
        raise failure


def _written(pieces: Iterable[bytes], target: Path) -> FileKind | None:
    head = b""
    with target.open("wb") as file:
        for piece in pieces:
            head += piece[: max(0, HEAD_BYTES - len(head))]
            file.write(piece)
    return kind_of(head)
