"""Result files behind addresses, as the vendors give them: for a time, signed, on a host of their own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulator.answer import Answer
from tests.simulator.clock import VirtualClock


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """A file that can be fetched until ``expires``.

    Args:
        kind: Which answers of the case apply to it: ``download`` or ``subtitles``.
        signature: Must come back in the query, untouched.
    """

    token: str
    name: str
    kind: str
    answer: Answer
    expires: datetime
    signature: str
    key: str
    case: str
    once: bool
    provider: str


class Files:
    """The published files of a run."""

    def __init__(self, clock: VirtualClock, base: Callable[[], str]) -> None:
        self._clock, self._base = clock, base
        self._lock = threading.Lock()
        self._files: dict[str, PublishedFile] = {}

    def publish(
        self,
        name: str,
        answer: Answer,
        *,
        lives_s: float,
        kind: str,
        key: str,
        case: str,
        once: bool,
        provider: str,
    ) -> str:
        """Put a file behind a new address, and return the address."""
        file = PublishedFile(
            token=secrets.token_hex(8), name=name, kind=kind, answer=answer, signature=secrets.token_urlsafe(12),
            expires=self._clock.now() + timedelta(seconds=lives_s), key=key, case=case, once=once, provider=provider,
        )  # fmt: skip
        with self._lock:
            self._files[file.token] = file
        expires = int(file.expires.timestamp())
        return f"{self._base()}/files/{file.token}/{name}?Expires={expires}&Signature={file.signature}"

    def find(self, token: str) -> PublishedFile | None:
        with self._lock:
            return self._files.get(token)

    def is_expired(self, file: PublishedFile) -> bool:
        return self._clock.now() >= file.expires

    def clear(self) -> None:
        with self._lock:
            self._files.clear()
