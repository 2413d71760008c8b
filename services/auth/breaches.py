"""Passwords known from breaches, looked up in a file that the operator mounts; nobody outside is asked.

The file is a text, one SHA-1 in hexadecimal digits a line, sorted, as the download "ordered by hash" of Have I
Been Pwned; what follows the digits on a line, such as a count, is ignored. Lines may hold only the first digits of
a hash, at least 16: the file is smaller, and a wrong hit is still beyond luck.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from pathlib import Path

from shared.errors import ConfigurationError

LEAST_DIGITS = 16
_LINE = re.compile(rb"[0-9A-Fa-f]{16,40}")
_LONGEST_LINE = 128


class NoBreaches:
    """No list is mounted."""

    def holds(self, _password: str) -> bool:
        """No password is known."""
        return False


class SortedBreaches:
    """Looks passwords up in a sorted file of hashes, with some thirty looks into a file of any size.

    Raises:
        ConfigurationError: There is no such file, or it has no hashes in it.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"the file of breached passwords {path} cannot be read: {error}") from None
        if not _LINE.match(self._text[:_LONGEST_LINE]):
            raise ConfigurationError(
                f"the file of breached passwords {path} must have one SHA-1 a line, sorted, in hexadecimal digits"
            )

    def holds(self, password: str) -> bool:
        """Whether the file has this password."""
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        low, high = 0, len(self._text)
        while low < high:
            start = self._line_start((low + high) // 2)
            end = self._line_end(start)
            line = _LINE.match(self._text[start : min(end, start + _LONGEST_LINE)])
            found = line.group().upper() if line else b""
            if found and wanted.startswith(found):
                return True
            if found < wanted:
                low = end + 1
            else:
                high = start
        return False

    def _line_start(self, position: int) -> int:
        return self._text.rfind(b"\n", 0, position) + 1

    def _line_end(self, start: int) -> int:
        end = self._text.find(b"\n", start)
        return len(self._text) if end < 0 else end
