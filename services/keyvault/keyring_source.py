"""Which keyring a process uses: a file, a text in the environment, a management service, or the data folder's."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import entry_points

import structlog

from services.keyvault.crypto.keyring import Keyring
from services.keyvault.crypto.keyring_files import (
    FileKeyring,
    add_version,
    destroy_version,
    environment_keyring,
    make_keyring,
)
from services.keyvault.crypto.kms import KmsKeyring
from services.keyvault.store import KeyvaultStore
from shared.config import PREFIX, Settings
from shared.errors import ConfigurationError

__all__ = ["KEYRING_FILE", "add_version", "configured_keyring", "destroy_version", "make_keyring"]

KMS_GROUP = "studiomatic.kms"
"""Entry points of installed packages: a function that takes nothing and returns a `KmsClient`."""

KEYRING_FILE = "keyring.json"

_log = structlog.get_logger(__name__)


def configured_keyring(settings: Settings, store: KeyvaultStore) -> Keyring:
    """The keyring that the settings name; a data folder makes one for itself, once.

    Raises:
        ConfigurationError: None is named, or it cannot be used. A key is never made in the place of one that is
            missing.
    """
    if settings.keyring_kms is not None:
        return _kms(settings.keyring_kms)
    if settings.keyring_file is not None:
        return FileKeyring(settings.keyring_file)
    if settings.keyring is not None:
        return environment_keyring(settings.keyring.get_secret_value())
    if settings.embedded:
        return _of_the_data_folder(settings, store)
    raise ConfigurationError(f"keyvault needs a keyring: set {PREFIX}KEYRING_FILE (docs/vault.md says how)")


def _kms(name: str) -> Keyring:
    found = entry_points(group=KMS_GROUP, name=name)
    if not found:
        raise ConfigurationError(f"no installed package offers {name!r} in {KMS_GROUP}; install it")
    return KmsKeyring(next(iter(found)).load()())


def _of_the_data_folder(settings: Settings, store: KeyvaultStore) -> Keyring:
    path = settings.data_dir / KEYRING_FILE
    if not path.exists():
        with store.reading() as unit:
            needed = unit.keyring.check_values()
        if needed:
            versions = ", ".join(map(str, sorted(needed)))
            raise ConfigurationError(
                f"the keyring {path} is gone, and this data folder needs version {versions} of it; put it back"
            )
        with suppress(FileExistsError):  # another process was faster
            make_keyring(path)
            _log.warning(
                "keyring_made",
                path=str(path),
                remedy="keep a copy elsewhere; without it no stored key can be read",
            )
    return FileKeyring(path)
