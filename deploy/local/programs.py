"""Where the programs of the servers are, and those of the tests; what to install when they are not there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from deploy.local.errors import ServerUnavailableError

#: Program -> the Debian package that brings it.
_PACKAGE_OF = {
    "rabbitmq-server": "rabbitmq-server",
    "escript": "rabbitmq-server",
    "postgres": "postgresql",
    "initdb": "postgresql",
    "radosgw": "radosgw",
    "radosgw-admin": "radosgw",
    "ceph": "radosgw",
    "ceph-mon": "ceph-mon",
    "monmaptool": "ceph-mon",
    "ceph-osd": "ceph-osd",
}

#: The same for what tests look at videos with: a decoder that is not ours.
_PACKAGE_OF_TESTS = {"ffmpeg": "ffmpeg", "ffprobe": "ffmpeg"}

#: RabbitMQ's own scripts, not the wrappers in /usr/sbin: those insist on root or the account rabbitmq.
_RABBITMQ_FOLDER = Path("/usr/lib/rabbitmq/bin")
#: Where Debian keeps each PostgreSQL version; none of them is on PATH.
_POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"
#: Server programs that an ordinary user's PATH does not show.
_SYSTEM_FOLDERS = (Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/sbin"))


def find_program(name: str) -> Path:
    """Find one of the programs that the servers are made of, or that tests run.

    Raises:
        ServerUnavailableError: It is nowhere; the message says what to install.
    """
    found = _which(name)
    if found is None:
        package = (_PACKAGE_OF | _PACKAGE_OF_TESTS)[name]
        raise ServerUnavailableError(
            f"The program {name} is not installed. Remedy, as root: "
            f"apt-get install --no-install-recommends {package} (make test does it when run as root)."
        )
    return found


def missing_packages(*, for_tests: bool = False) -> list[str]:
    """List the Debian packages without which the servers, or also the tests, cannot run here."""
    wanted = _PACKAGE_OF | _PACKAGE_OF_TESTS if for_tests else _PACKAGE_OF
    return sorted({package for name, package in wanted.items() if _which(name) is None})


def _which(name: str) -> Path | None:
    own = _search(name, (_RABBITMQ_FOLDER, *_postgres_folders()))
    found = own or shutil.which(name) or _search(name, _SYSTEM_FOLDERS)
    return Path(found) if found else None


def _search(name: str, folders: Iterable[Path]) -> str | None:
    return shutil.which(name, path=":".join(map(str, folders)))


def _postgres_folders() -> list[Path]:
    """Return the folders of all installed versions, newest first."""
    found = Path("/").glob(_POSTGRES_FOLDERS.lstrip("/"))
    return sorted(found, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True)
