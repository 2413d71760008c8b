"""Whether the keyring fits the database: found at start, never mended by making a new key."""

from __future__ import annotations

from services.keyvault.handlers.ports import Keyring, Store, Unit
from shared.errors import ConfigurationError


class KeyringCheck:
    """Compares the keyring with what the database was used with."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring

    def require_fitting(self) -> None:
        """Refuse a keyring that lacks what is needed; note the versions that are used from now on.

        Raises:
            ConfigurationError: Names the version that is missing, or is another key than before.
        """
        with self._store.transaction() as unit:
            self.require_fitting_in(unit)

    def require_fitting_in(self, unit: Unit) -> None:
        """The same inside a transaction."""
        there, known = self._keyring.check_values(), unit.keyring.check_values()
        for version in sorted(there.keys() & known.keys()):
            if there[version] != known[version]:
                raise ConfigurationError(
                    f"version {version} of the keyring is another key than the one this database was used with;"
                    " put the right keyring in its place"
                )
        for version, keys in sorted(unit.user_keys.count_by_keyring_version().items()):
            if version not in there:
                raise ConfigurationError(
                    f"the keyring has no version {version}, which {keys} user keys need; put the keyring in its"
                    " place that has it"
                )
        for version in sorted(there.keys() - known.keys()):
            unit.keyring.remember(version, there[version])
        for version in self._keyring.destroyed():
            unit.keyring.mark_destroyed(version)
