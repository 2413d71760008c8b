"""The age gate, and the memory that keeps a refused person from trying another birth date.

That memory is in this process alone and for a day. It holds keyed hashes of network and address, never a date, an
address or anything that outlives the process: about a child nothing is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from datetime import date, datetime, timedelta

from services.auth.domain.ages import require_old_enough
from services.auth.domain.throttle import network_of
from shared.clock import Clock
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import NotOldEnoughError

REMEMBERED_FOR = timedelta(hours=24)
MOST_REMEMBERED = 10_000


class AgeGate:
    """Lets people of at least 13 years pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._refused: OrderedDict[bytes, datetime] = OrderedDict()
        self._guard = threading.Lock()

    def require_old_enough(self, birth_date: date, address_key: str, client: ClientInfo) -> None:
        """Check a birth date; whoever was refused is refused again, whatever date comes next.

        Raises:
            NotOldEnoughError: The person is too young, or said so before.
            InvalidInputError: Nobody was born on that day.
        """
        now = self._clock.now()
        who = self._pseudonym(address_key, client)
        with self._guard:
            self._forget_old(now)
            if who in self._refused:
                raise NotOldEnoughError()
            try:
                require_old_enough(birth_date, now.date())
            except NotOldEnoughError:
                self._refused[who] = now
                raise

    def _pseudonym(self, address_key: str, client: ClientInfo) -> bytes:
        return hmac.digest(self._key, f"{network_of(client.ip)}\0{address_key}".encode(), hashlib.sha256)

    def _forget_old(self, now: datetime) -> None:
        while self._refused:
            oldest, refused_at = next(iter(self._refused.items()))
            if len(self._refused) < MOST_REMEMBERED and now - refused_at < REMEMBERED_FOR:
                return
            del self._refused[oldest]
