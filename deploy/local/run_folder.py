"""The folder of one run: data, logs and settings of its private servers."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK_NAME = "lock"


class RunFolder:
    """A fresh folder below ``.run/`` that belongs to this process and to the guards of its servers.

    All of them hold its lock. A folder whose lock is free belongs to nobody any more, and the next run removes it;
    until then the logs of the last run stay readable.

    Args:
        base: The ``.run`` folder; made when missing.
    """

    def __init__(self, base: Path) -> None:
        base = base.absolute()
        base.mkdir(parents=True, exist_ok=True)
        with locked(base / _LOCK_NAME):
            _remove_abandoned(base)
            self.path = Path(tempfile.mkdtemp(prefix="run-", dir=base))
            # Servers that refuse to run as root run as another account and must reach their folders.
            self.path.chmod(0o711)
            self.lock = _lock(self.path / _LOCK_NAME, fcntl.LOCK_EX)

    def folder_for(self, name: str) -> Path:
        """Make the folder of one server."""
        folder = self.path / name
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """Remove everything but the logs; every server must have ended."""
        for name in sorted(self.path.iterdir()):
            if name.is_dir():
                _keep_only_logs(name)
        os.close(self.lock)


def runs_in_use(base: Path) -> list[Path]:
    """List the folders of runs that still have a process: their owner, or guards that are ending servers."""
    return [run for run in base.glob("run-*") if (run / _LOCK_NAME).exists() and is_locked(run / _LOCK_NAME)]


def try_lock(path: Path) -> int | None:
    """Lock a file, making it when missing; returns its descriptor, or None when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, waiting for whoever has it."""
    descriptor = _lock(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the lock of a file."""
    descriptor = try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def remove_tree(folder: Path) -> None:
    """Remove a server's folder, and the one elsewhere that it may only point to."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _keep_only_logs(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            remove_tree(entry)
        elif entry.suffix != ".log":
            entry.unlink()


def _remove_abandoned(base: Path) -> None:
    for run in base.glob("run-*"):
        lock = try_lock(run / _LOCK_NAME)
        if lock is None:
            continue
        for entry in run.glob("*/*"):
            if entry.is_symlink():
                remove_tree(entry)
        remove_tree(run)
        os.close(lock)


def _lock(path: Path, mode: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, mode)
    return descriptor
