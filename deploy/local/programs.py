"""Where the programs of the servers are, and what to install when they are not there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import ServerUnavailableError

#: Debian and Ubuntu keep server programs where an ordinary user's PATH does not look.
_MORE_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def find_program(name: str, *, packages: str, folders: Sequence[Path] = ()) -> Path:
    """Find a program.

    Args:
        packages: The Debian packages that bring it, for the remedy.
        folders: Where to look before PATH, best first.
    Raises:
        ServerUnavailableError: It is nowhere; the message says what to install.
    """
    places = [str(folder) for folder in folders]
    for path in (":".join(places) or None, None, ":".join(_MORE_FOLDERS)):
        if found := shutil.which(name, path=path):
            return Path(found)
    raise ServerUnavailableError(
        f"The program {name} is not installed. Remedy: apt-get install --no-install-recommends {packages} "
        "(make test does it when run as root)."
    )
