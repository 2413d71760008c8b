"""The session that `studio account login` opened, kept in a file that only its owner can read.

In a data folder it is `session.json` there; of a farm it is one file for each broker address in the folder of
settings. The tokens of devices are kept beside it: they spare a login the letter about a new device, and keep
strangers from locking it out.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.config import Settings
from shared.contracts.sessions import SessionOpened
from shared.errors import ConfigurationError
from shared.ids import new_id

_FORBIDDEN_MODE = stat.S_IRWXG | stat.S_IRWXO
_NAME_CHARACTERS = 16


class KeptSession(BaseModel):
    """Who is logged in here."""

    model_config = ConfigDict(frozen=True)

    token: str = Field(repr=False)
    session_id: str
    account_id: str
    email: str
    expires_at: datetime


class _Kept(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(frozen=True)

    session: KeptSession | None = None
    devices: Mapping[str, str] = Field(
        default={}, repr=False, description="Token of this device, by digest of the address"
    )


class SessionFile:
    """Keeps one session, of mode 0600.

    Args:
        path: The file; its folder is made when something is kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def session(self) -> KeptSession | None:
        """Who is logged in; None if nobody.

        Raises:
            ConfigurationError: Others could read the file, or it is not ours, or damaged.
        """
        return self._read().session

    def device(self, email: str) -> str | None:
        """The token of this device for an address that logged in here before."""
        return self._read().devices.get(_device_key(email))

    def keep(self, opened: SessionOpened, email: str) -> None:
        """Keep a new session in the place of the one before."""
        session = KeptSession(
            token=opened.token,
            session_id=opened.session_id,
            account_id=opened.account_id,
            email=email,
            expires_at=opened.expires_at,
        )
        devices = dict(self._read().devices)
        if opened.device is not None:
            devices[_device_key(email)] = opened.device
        self._write(_Kept(session=session, devices=devices))

    def forget(self) -> None:
        """Nobody is logged in any more; the device stays known."""
        kept = self._read()
        if kept.session is not None:
            self._write(_Kept(devices=kept.devices))

    def _read(self) -> _Kept:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return _Kept()
        except OSError as error:
            raise ConfigurationError(f"the session file {self.path} cannot be read: {error.strerror}") from None
        with os.fdopen(descriptor, "rb") as file:
            self._require_private(os.fstat(file.fileno()))
            content = file.read()
        try:
            return _Kept.model_validate_json(content)
        except ValidationError:
            raise ConfigurationError(
                f"the session file {self.path} is damaged; delete it and log in again: studio account login"
            ) from None

    def _require_private(self, status: os.stat_result) -> None:
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid != os.geteuid() or mode & _FORBIDDEN_MODE:
            raise ConfigurationError(
                f"the session file {self.path} has mode {mode:04o}, so others may have read it: delete it, log in"
                " again, and end the session before: studio account revoke --others"
            )

    def _write(self, kept: _Kept) -> None:
        """In one step, so that no reader finds half of it."""
        draft = self.path.with_name(f".{self.path.name}-{new_id()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(kept.model_dump_json().encode())
            draft.replace(self.path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ConfigurationError(f"the session file {self.path} cannot be written: {error.strerror}") from None


def session_file(settings: Settings) -> SessionFile:
    """The file of the place that the settings name."""
    if settings.embedded:
        return SessionFile(settings.data_dir / "session.json")
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return SessionFile(Path(base) / "studiomatic" / "sessions" / f"{_place(settings)}.json")


def _place(settings: Settings) -> str:
    """A name for a broker: host, port and virtual host, without user and password."""
    parts = urlsplit(settings.bus_url.get_secret_value())
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return hashlib.sha256(where.encode()).hexdigest()[:_NAME_CHARACTERS]


def _device_key(email: str) -> str:
    """The address is not repeated in the file for every account that ever logged in here."""
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()
