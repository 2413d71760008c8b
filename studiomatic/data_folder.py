"""The data folder of embedded mode: who owns it, what lies where, and whether something serves it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigurationError, ConflictError
from shared.ids import AccountId, is_id, new_id


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
        draft = self.path / f".account-{os.getpid()}-{new_id()}"
        if not file.exists():
            draft.write_text(new_id())
            try:
                os.link(draft, file)
            except FileExistsError:
                pass  # another process was faster; its account counts
            finally:
                draft.unlink()
        account = file.read_text().strip()
        if not is_id(account):
            raise ConfigurationError(f"{file} is damaged; restore it from a backup")
        return AccountId(account)

    @property
    def log_file(self) -> Path:
        """Where a runtime that was started in the background writes."""
        folder = self.path / "logs"
        folder.mkdir(exist_ok=True)
        return folder / "serve.log"

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
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError(f"another `studio serve` works on {self.path}; only one can") from None
            yield

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        descriptor = os.open(self.path / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _remedy(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"the data folder {path} cannot be used ({reason}); set STUDIO_DATA_DIR to a folder you can write"
