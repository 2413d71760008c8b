"""The folder of the one farm of a checkout: who runs it, what it says of itself, the settings of its clients."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.run_folder import is_locked, locked, runs_in_use, try_lock


@dataclass(frozen=True, kw_only=True)
class FarmState:
    """What a running farm tells about itself; no secrets.

    Attributes:
        supervisor: Its pid.
        addresses: Server to address, for people.
        services: Name to pid.
        logs: Folder of the services' logs.
    """

    supervisor: int
    addresses: dict[str, str]
    services: dict[str, int]
    logs: str


class FarmHome:
    """The folder.

    Args:
        path: Made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        self.settings_file = self.path / "settings.env"
        self.log_file = self.path / "supervisor.log"
        self._state_file = self.path / "state.json"
        self._lock_file = self.path / "supervisor.lock"

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let nobody else start or stop the farm meanwhile."""
        with locked(self.path / "change.lock"):
            yield

    def take(self) -> bool:
        """Make this process the supervisor until it ends; False when there is one."""
        return try_lock(self._lock_file) is not None

    def is_supervised(self) -> bool:
        """Whether a supervisor lives."""
        return is_locked(self._lock_file)

    def is_occupied(self) -> bool:
        """Whether anything of a farm lives: the supervisor, or what guards are still ending after its death."""
        return self.is_supervised() or bool(runs_in_use(self.path))

    def write_state(self, state: FarmState) -> None:
        """Tell what runs, replacing what was told before."""
        self._write_private(self._state_file, json.dumps(asdict(state), indent=2) + "\n")

    def state(self) -> FarmState | None:
        """What the farm told last; None when it never ran or was stopped in order."""
        with suppress(FileNotFoundError):
            return FarmState(**json.loads(self._state_file.read_text()))
        return None

    def write_settings(self, settings: Mapping[str, str]) -> None:
        """Write the settings of a client for a shell to source; mode 0600, they hold a password."""
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        self._write_private(self.settings_file, "".join(lines))

    def settings(self) -> dict[str, str]:
        """The settings of a client."""
        rows = (shlex.split(line)[0].partition("=") for line in self.settings_file.read_text().splitlines())
        return {name: value for name, _, value in rows}

    def forget(self) -> None:
        """Remove what is only true of a running farm; logs stay."""
        self._state_file.unlink(missing_ok=True)
        self.settings_file.unlink(missing_ok=True)

    def _write_private(self, path: Path, text: str) -> None:
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
