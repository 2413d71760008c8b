"""How hard a password is to guess, by zxcvbn and its own lists; nobody outside is asked."""

from __future__ import annotations

import threading
from functools import cached_property

LOOKED_AT = 40
"""First characters that are judged: zxcvbn's time grows with the square of the length, and whoever has so many
characters that are hard to guess needs no more."""


class Zxcvbn:
    """Dan Lowe Wheeler's estimator (USENIX Security 2016).

    It keeps its last question in a global table, so one asks at a time, and never with somebody's name.
    """

    _turn = threading.Lock()

    def score(self, password: str) -> int:
        """From 0, too guessable, to 4, very unguessable."""
        from zxcvbn import zxcvbn  # takes a moment, and most processes never ask

        with self._turn:
            return int(zxcvbn(password[:LOOKED_AT])["score"]) if password else 0

    def is_common(self, password: str) -> bool:
        """Whether it is on the list of the 30,000 most common passwords, however it is cased."""
        return password.casefold() in self._common

    @cached_property
    def _common(self) -> frozenset[str]:
        from zxcvbn.frequency_lists import FREQUENCY_LISTS

        return frozenset(FREQUENCY_LISTS["passwords"])
