"""The private servers of one run: each started at most once, when first asked for, side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from deploy.local.postgres import PostgreSQL
from deploy.local.private_server import PrivateServer
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.radosgw import Radosgw
from deploy.local.run_folder import RunFolder

S = TypeVar("S", bound=PrivateServer)


class StartedOnDemand(Generic[S]):
    """One server that starts in the background when it is known to be needed.

    Args:
        make: Prepares the server, without starting it.
    """

    def __init__(self, make: Callable[[], S]) -> None:
        self._make = make
        self._server: S | None = None
        self._problem: Exception | None = None
        self._starter: threading.Thread | None = None

    @property
    def begun(self) -> bool:
        """Whether anybody has asked for the server yet."""
        return self._starter is not None

    def begin(self) -> None:
        """Start the server without waiting for it."""
        if self._starter is None:
            self._starter = threading.Thread(target=self._start, daemon=True)
            self._starter.start()

    def get(self) -> S:
        """Return the started server.

        Raises:
            ServerUnavailableError: It could not be had; the message names the remedy.
        """
        self.begin()
        self._wait()
        if self._problem is not None:
            raise self._problem
        assert self._server is not None  # noqa: S101 - the starter leaves a server or a problem
        return self._server

    def heal(self) -> None:
        """Undo what was done to the server, if it ever started."""
        if self.begun and self._problem is None:
            self.get().heal()

    def close(self) -> None:
        """End the server, if anybody asked for it."""
        if self.begun:
            self._wait()
        if self._server is not None:
            self._server.close()

    def _wait(self) -> None:
        assert self._starter is not None  # noqa: S101 - callers begin first
        self._starter.join()

    def _start(self) -> None:
        try:
            self._server = self._make()
            self._server.start()
        except Exception as error:  # noqa: BLE001 - handed to whoever asks for the server
            self._problem = error


class Servers:
    """All private servers of one run, in one run folder.

    Args:
        base: The ``.run`` folder.

    Attributes:
        run: The folder of the run, for what else belongs to it.
    """

    def __init__(self, base: Path) -> None:
        self.run = RunFolder(base)
        self.rabbitmq = StartedOnDemand(lambda: RabbitMQ(self.run))
        self.postgres = StartedOnDemand(lambda: PostgreSQL(self.run))
        self.radosgw = StartedOnDemand(lambda: Radosgw(self.run))

    def begin_all(self) -> None:
        """Start all servers without waiting for them."""
        for server in self._all():
            server.begin()

    def close(self) -> None:
        """End every server that was started and remove its data; logs stay until the next run."""
        for server in self._all():
            server.close()
        self.run.close()

    def _all(self) -> tuple[StartedOnDemand[RabbitMQ], StartedOnDemand[PostgreSQL], StartedOnDemand[Radosgw]]:
        return self.rabbitmq, self.postgres, self.radosgw
