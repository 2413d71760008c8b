"""The file of peppers: ``{"1": "<Base64 of 32 random bytes>", "2": …}``, mode 0400, its own backup.

The newest version is used for new hashes; earlier ones stay until nobody's hash needs them. Who loses the file
loses every password: people then set new ones by mail.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import stat
from pathlib import Path
from typing import Any

from services.auth.handlers.password_checks import Peppers
from shared.errors import ConfigurationError

LEAST_BYTES = 32
_FORBIDDEN_MODE = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO


def read_peppers(path: Path | None) -> Peppers:
    """The peppers of a file; none without a file.

    Raises:
        ConfigurationError: It cannot be read, is of another form, or others could read it, too.
    """
    if path is None:
        return Peppers()
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read()
    except OSError as error:
        raise ConfigurationError(f"the pepper file {path} cannot be read: {error.strerror}") from None
    if mode & _FORBIDDEN_MODE:
        raise ConfigurationError(f"others can read or write the pepper file {path}: set its mode to 0400")
    try:
        return Peppers(keys={_version(name): _key(value) for name, value in json.loads(text).items()})
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise ConfigurationError(
            f'the pepper file {path} must look like {{"1": "<Base64 of {LEAST_BYTES} random bytes>"}}'
        ) from None


def _version(name: str) -> int:
    version = int(name)
    if version < 1:
        raise ValueError
    return version


def _key(value: Any) -> bytes:
    key = base64.b64decode(value, validate=True)
    if len(key) < LEAST_BYTES:
        raise ValueError
    return key
