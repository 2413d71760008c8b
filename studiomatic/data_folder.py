"""The data folder of embedded mode: who owns it, what lies where, and whether something serves it."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigurationError, ConflictError
from shared.ids import AccountId, is_id, new_id
from shared.storage import StorageFullError

LEAST_FREE_BYTES = 64 * 1024**2
"""Room that databases, logs and a small job need [bytes]."""

_LOCK_TRIES = 10
_LOCK_PAUSE_S = 0.05


class DataFolder:
    """One folder with everything of one person.

    Args:
        path: Made when it is missing, readable by its owner only.
    Raises:
        ConfigurationError: It cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigurationError(_remedy(path, error)) from None
        if not os.access(path, os.W_OK | os.X_OK):
            raise ConfigurationError(_remedy(path, PermissionError("not writable")))

    @property
    def account_id(self) -> AccountId:
        """The account of this folder; made once, whoever comes first."""
        file = self.path / "account"
        if not file.exists():
            self._make_account(file)
        account = file.read_text().strip()
        if not is_id(account):
            raise ConfigurationError(f"{file} is damaged; restore it from a backup")
        return AccountId(account)

    @property
    def log_file(self) -> Path:
        """Where a runtime that was started in the background writes."""
        folder = self.path / "logs"
        with self._writing():
            folder.mkdir(exist_ok=True)
        return folder / "serve.log"

    def require_room(self) -> None:
        """Refuse to begin where the databases could not even say that the disk is full.

        Raises:
            StorageFullError: Less than ``LEAST_FREE_BYTES`` are free.
        """
        free = shutil.disk_usage(self.path).free
        if free < LEAST_FREE_BYTES:
            raise StorageFullError(
                f"only {free // 1024**2} MiB are free at {self.path};"
                f" make room for {LEAST_FREE_BYTES // 1024**2} MiB or set STUDIO_DATA_DIR to another disk"
            )

    def renewed_work_folder(self) -> Path:
        """An empty folder for files in the making; what a killed runtime left there is gone."""
        folder = self.path / "work"
        shutil.rmtree(folder, ignore_errors=True)
        with self._writing():
            folder.mkdir()
        return folder

    def is_served(self) -> bool:
        """Whether a runtime holds this folder."""
        with self._lock_file() as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Hold this folder as its one runtime; ends with the process, however it ends.

        Raises:
            ConflictError: Another process holds it.
        """
        with self._lock_file() as descriptor:
            if not _locked(descriptor):
                raise ConflictError(f"another `studio serve` works on {self.path}; only one can")
            yield

    def _make_account(self, file: Path) -> None:
        draft = self.path / f".account-{os.getpid()}-{new_id()}"
        with self._writing():
            draft.write_text(new_id())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was faster; its account counts
        finally:
            draft.unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(_remedy(self.path, error)) from None

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        descriptor = os.open(self.path / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock; one that only looked whether it is taken lets go at once, so try a few times."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_S)
        else:
            return True
    return False


def _remedy(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"the data folder {path} cannot be used ({reason}); set STUDIO_DATA_DIR to a folder you can write"
