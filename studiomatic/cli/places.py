"""Where commands work: on the data folder of this machine, or on a farm over its broker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from shared.config import PREFIX, Settings
from shared.errors import ConfigurationError
from studiomatic.client.port import ClientPort, ServicePort
from studiomatic.data_folder import DataFolder
from studiomatic.runtime import ensure_served

if TYPE_CHECKING:
    from shared.service_keys import ServiceKeys
    from studiomatic.client.link import Told

_EDGE = "edge"
"""As whom a terminal signs: the farm trusts it like any other edge."""


class Place(Protocol):
    """A client, and what it takes that somebody works on its jobs."""

    @property
    def client(self) -> ClientPort: ...

    def ensure_served(self) -> None:
        """Make sure that somebody works on the jobs, as far as that is ours to do."""
        ...

    def next_steps(self, job_id: str) -> str:
        """What a person does after a job was stored."""
        ...


class FolderPlace:
    """The data folder; whoever needs work done starts a runtime for it."""

    def __init__(self, settings: Settings) -> None:
        from studiomatic.client import FolderClient  # loads a database library

        self._client = FolderClient(settings)

    @property
    def client(self) -> ClientPort:
        return self._client

    def ensure_served(self) -> None:
        ensure_served(self._client.folder, dict(os.environ))

    def next_steps(self, job_id: str) -> str:
        return f"run [bold]studio serve[/], then [bold]studio watch {job_id}[/]"


class FarmPlace:
    """A farm, whose services are started by whoever runs it."""

    def __init__(self, settings: Settings, told: Told | None = None, *, timeout_s: float | None = None) -> None:
        from studiomatic.client.bus import TIMEOUT_S, Client  # loads a broker library

        if settings.account_id is None:
            raise ConfigurationError(
                f"whose projects and jobs on the farm? Set {PREFIX}ACCOUNT_ID; whoever runs the farm knows it"
            )
        self._client = Client(
            settings.bus_url.get_secret_value(),
            settings.account_id,
            password=settings.bus_password,
            timeout_s=timeout_s or TIMEOUT_S,
            told=told,
        )

    @property
    def client(self) -> ClientPort:
        return self._client

    def ensure_served(self) -> None:
        """Nothing: the farm's services run, or whoever runs the farm starts them."""

    def next_steps(self, job_id: str) -> str:
        return f"follow it with [bold]studio watch {job_id}[/]"


def open_place(settings: Settings, told: Told) -> Place:
    """The place that the settings name."""
    return FolderPlace(settings) if settings.embedded else FarmPlace(settings, told)


def open_services(settings: Settings) -> ServicePort:
    """Who answers about accounts and keys at the place that the settings name."""
    if settings.embedded:
        from studiomatic.client.folder_services import FolderServices

        DataFolder(settings.data_dir)
        return FolderServices(settings)
    from studiomatic.client import Client

    return Client(settings.bus_url.get_secret_value(), password=settings.bus_password, keys=edge_keys(settings))


def edge_keys(settings: Settings) -> ServiceKeys:
    """With what a terminal signs calls to a farm, and to whom it seals them.

    Raises:
        ConfigurationError: The settings name no key of an edge, or no pins.
    """
    from shared.service_keys import configured_keys  # loads cryptography

    if settings.signing_key_file is None:
        raise ConfigurationError(
            f"calls about accounts and keys are signed and sealed: set {PREFIX}SIGNING_KEY_FILE to the key of the"
            f" farm's edge, and {PREFIX}SIGNING_PINS_FILE to its pins; whoever runs the farm has both"
        )
    return configured_keys(settings, (_EDGE,))


def names_password(url: str) -> bool:
    """Whether an address holds a password, also if the rest of it cannot be read."""
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return "@" in url
