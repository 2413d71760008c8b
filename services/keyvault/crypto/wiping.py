"""Zero secrets in memory when they are not needed any more.

Python cannot promise that no copy stays behind; what the vault holds in its own buffers it overwrites. A secret is
never a ``str`` here: texts are copied at every turn and nobody can overwrite them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_BYTES_HEADER = bytes.__basicsize__ - 1
"""Where the content of a ``bytes`` begins (CPython)."""
_LONGEST_SHARED = 1
"""The interpreter keeps one object for all empty and one-byte ``bytes``; overwriting it would change them all."""


def wipe(secret: bytes | bytearray) -> None:
    """Overwrite a secret with zeros. Of ``bytes`` only those that nothing else holds may be given."""
    if isinstance(secret, bytearray):
        secret[:] = bytes(len(secret))
    elif len(secret) > _LONGEST_SHARED:
        ctypes.memset(id(secret) + _BYTES_HEADER, 0, len(secret))


@contextmanager
def wiped(secret: bytes | bytearray) -> Iterator[bytearray]:
    """Work with a secret in a buffer of its own; that and ``secret`` itself are zeros afterwards."""
    buffer = bytearray(secret)
    try:
        yield buffer
    finally:
        wipe(buffer)
        wipe(secret)
