"""The keys of a process: those that its services sign with, and the pins of everybody.

In a farm each process is given one key file and the pins (``STUDIO_SIGNING_*``). A data folder makes a key for
each service by itself, ``<folder>/<service>.pem`` and ``<folder>/pins.json``.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.config import PREFIX, Settings
from shared.errors import ConfigurationError
from shared.signing import Signer, Verifier, key_id, load_key, load_pins, load_signer, make_key, pins_of

PINS_FILE = "pins.json"


@dataclass(frozen=True, kw_only=True)
class ServiceKeys:
    """Signers by service, and the pins."""

    pins: Verifier = field(default_factory=lambda: Verifier(public_keys={}))
    signers: Mapping[str, Signer] = field(default_factory=dict)

    def signer(self, service: str) -> Signer:
        """What ``service`` signs with and opens with.

        Raises:
            ConfigurationError: This process has no key of it.
        """
        try:
            return self.signers[service]
        except KeyError:
            raise ConfigurationError(
                f"this process has no signing key of {service}, which sends or reads protected messages:"
                f" set {PREFIX}SIGNING_KEY_FILE and {PREFIX}SIGNING_PINS_FILE (docs/operations.md)"
            ) from None


def configured_keys(settings: Settings, services: Iterable[str]) -> ServiceKeys:
    """The keys that the settings name; empty when they name none.

    Several services of one process share its key, as far as it is pinned under their names.

    Raises:
        ConfigurationError: Key or pins cannot be used, or the key is not pinned for any of the services.
    """
    if settings.signing_key_file is None or settings.signing_pins_file is None:
        return ServiceKeys()
    pins = load_pins(settings.signing_pins_file)
    wanted = list(services)
    load_signer(settings.signing_key_file, pins, wanted)  # at least one, or it says which are missing
    public_key = load_key(settings.signing_key_file).public_key()
    pinned = [service for service in wanted if key_id(service, public_key) in pins.public_keys]
    return ServiceKeys(
        pins=pins,
        signers={service: load_signer(settings.signing_key_file, pins, [service]) for service in pinned},
    )


def ensure_keys(folder: Path, services: Iterable[str]) -> ServiceKeys:
    """The keys of a folder: what is missing is made, what is there is kept.

    Several processes may come first at the same time; all get the same keys.

    Args:
        folder: Made when missing, for its owner only.
    Raises:
        ConfigurationError: The folder cannot be written, or a key or the pins in it cannot be used.
    """
    wanted = list(services)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _one_at_a_time(folder):
            return _made(folder, wanted)
    except OSError as error:
        raise ConfigurationError(f"the signing keys in {folder} cannot be made: {error.strerror}") from None


def _made(folder: Path, services: list[str]) -> ServiceKeys:
    for service in services:
        if not (folder / f"{service}.pem").exists():
            make_key(folder / f"{service}.pem")
    keys = {service: load_key(folder / f"{service}.pem") for service in services}
    _add_pins(folder / PINS_FILE, pins_of(keys))
    pins = load_pins(folder / PINS_FILE)
    return ServiceKeys(
        pins=pins,
        signers={service: load_signer(folder / f"{service}.pem", pins, [service]) for service in services},
    )


def _add_pins(file: Path, needed: Mapping[str, Mapping[str, str]]) -> None:
    """Add pins that are missing to the end, where the newest stand; those there are kept as they are."""
    if file.exists():
        load_pins(file)  # says what is wrong with it
        there = json.loads(file.read_bytes())
    else:
        there = {}
    missing = {name: entry for name, entry in needed.items() if name not in there}
    if missing:
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(json.dumps(there | missing, indent=2) + "\n")
        draft.replace(file)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / "keys.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
