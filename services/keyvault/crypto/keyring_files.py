"""The keyring in a file, mode 0400 or 0600, owned by the user of the process that reads it."""

from __future__ import annotations

import dataclasses
import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

import structlog

from services.keyvault.crypto.keyring import (
    KeyState,
    LocalKeyring,
    RootKey,
    keyring_text,
    new_root_key,
    root_keys,
)
from shared.contracts.refusals import KeyUnavailableError
from shared.errors import ConfigurationError, ConflictError

_MODES = (0o400, 0o600)

_log = structlog.get_logger(__name__)


class FileKeyring(LocalKeyring):
    """A keyring that is read from a file, and again when it is asked to.

    Raises:
        ConfigurationError: The file is missing, no keyring, not this user's own, or others may read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(_read(path))

    def reload(self) -> None:
        self._replace(_read(self._path))

    def _wrapping_key(self, version: int) -> bytearray:
        """Look into the file for a version that another process uses already."""
        try:
            return super()._wrapping_key(version)
        except KeyUnavailableError:
            self.reload()
        return super()._wrapping_key(version)


def environment_keyring(text: str) -> LocalKeyring:
    """A keyring from a text in the environment; for development only, every program of the user can read it.

    Raises:
        ConfigurationError: It is no keyring.
    """
    _log.warning("keyring_in_environment", remedy="use a file: the environment is visible in /proc/<pid>/environ")
    return LocalKeyring(root_keys(text, "the keyring in the environment"))


def make_keyring(path: Path) -> None:
    """Make a keyring of one version in a new file of mode 0400.

    Raises:
        FileExistsError: There is a file already; a keyring is never overwritten.
    """
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        _write(draft, (new_root_key(1),))
        os.link(draft, path)  # with the whole content or not at all
    finally:
        draft.unlink(missing_ok=True)


def add_version(path: Path) -> int:
    """Add a version to a keyring and make it the one that wraps; the earlier ones only unwrap.

    Everything wrapped before stays readable. Keyvault uses the new version when it is told to rotate, or started.

    Returns:
        The new version.
    Raises:
        ConfigurationError: The file cannot be used.
    """
    keys = _read(path)
    added = new_root_key(max(key.version for key in keys) + 1)
    demoted = tuple(
        dataclasses.replace(key, state=KeyState.DECRYPT_ONLY) if key.state is KeyState.ACTIVE else key
        for key in keys
    )
    _overwrite(path, (*demoted, added))
    return added.version


def destroy_version(path: Path, version: int, *, destroyable: Collection[int]) -> None:
    """Take the key of a version out of a keyring, for ever.

    Args:
        destroyable: Versions under which nothing is any more, as keyvault's `RewrapStatus` says.
    Raises:
        ConflictError: Something is still wrapped by it; rewrap first.
        ConfigurationError: The file cannot be used.
    """
    if version not in destroyable:
        raise ConflictError(f"version {version} is still in use; wait until the rewrap is through")
    gone = RootKey(version=version, state=KeyState.DESTROYED, key=bytearray())
    _overwrite(path, tuple(gone if key.version == version else key for key in _read(path)))


def _read(path: Path) -> tuple[RootKey, ...]:
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            text = file.read()
    except OSError as error:
        raise ConfigurationError(f"the keyring {path} cannot be read: {error.strerror}") from None
    mode = stat.S_IMODE(about.st_mode)
    if mode not in _MODES:
        raise ConfigurationError(
            f"the keyring {path} has mode {mode:04o}; if nobody else read it: chmod 400 {path}"
        )
    if about.st_uid != os.geteuid():
        raise ConfigurationError(f"the keyring {path} must belong to the user that keyvault runs as")
    return root_keys(text, f"the keyring {path}")


def _write(path: Path, keys: tuple[RootKey, ...]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODES[0]), "w") as file:
        file.write(keyring_text(keys))
        file.flush()
        os.fsync(file.fileno())


def _overwrite(path: Path, keys: tuple[RootKey, ...]) -> None:
    """Put a whole new file in its place; the old one stays until the new one is on the disk."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    _write(beside, keys)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
