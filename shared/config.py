"""Settings: read once from the environment (``STUDIO_*``) into a frozen object, checked at start.

No secret has a default. Without any setting everything runs embedded in one data folder.
"""

from __future__ import annotations

import dataclasses
import os
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import ConfigurationError
from shared.media.limits import MediaLimits

PREFIX = "STUDIO_"
_NESTED = "__"


class Environment(StrEnum):
    """Where this process runs; production refuses development stand-ins."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"  # columns for a terminal
    JSON = "json"  # one object a line for machines


def default_data_dir() -> Path:
    """Folder for projects, state and assets: ``$XDG_DATA_HOME/studiomatic`` or its usual default."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "studiomatic"


class Settings(BaseSettings):
    """Everything a process of Studiomatic can be told from outside.

    Embedded mode needs none of it. A farm sets ``bus_url``, ``database_url`` and the ``s3_*`` group.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=_NESTED, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    environment: Environment = Environment.DEVELOPMENT
    data_dir: Path = Field(default_factory=default_data_dir)
    bus_url: SecretStr = Field(default=SecretStr("memory://"), description="amqp://… or memory://")
    bus_password: SecretStr | None = Field(default=None, description="For a client whose address names none")
    account_id: str | None = Field(
        default=None, min_length=1, description="Whose projects and jobs a client of a farm works on"
    )
    database_url: SecretStr | None = Field(
        default=None, description="postgresql+psycopg2://… ; none: SQLite files in the data folder"
    )
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_bucket: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    log_format: LogFormat = LogFormat.CONSOLE
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    render_slots: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=64)
    content_slots: int = Field(default=4, ge=1, le=64)
    lease_s: int = Field(default=60, ge=2, le=3600, description="A silent worker loses its attempt after this")
    stop_grace_s: int = Field(default=25, ge=0, description="Running tasks may finish for this long on SIGTERM")

    media: MediaLimits = Field(
        default=MediaLimits(),
        description="What outside media may be and cost, one by one: STUDIO_MEDIA__IMAGE_PIXELS",
    )

    signing_key_file: Path | None = Field(default=None, description="Private key of this process (Ed25519, PEM)")
    signing_pins_file: Path | None = Field(default=None, description="Public keys of all services (JSON)")

    keyring_file: Path | None = Field(
        default=None, description="Keys that wrap the vault's user keys (JSON, 0400)"
    )
    keyring: SecretStr | None = Field(
        default=None, description="The keyring itself, for development: every program of the user can read it"
    )
    keyring_kms: str | None = Field(
        default=None, min_length=1, description="Plug-in of a key management service (entry point studiomatic.kms)"
    )
    pepper_file: Path | None = Field(
        default=None, description="Keys that password hashes are made with (JSON, 0400)"
    )
    breached_passwords_file: Path | None = Field(
        default=None, description="SHA-1 of known passwords, one a line, sorted; none: built-in lists only"
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="smtps://user:password@host:465, or smtp:// with STARTTLS; none: files"
    )
    mail_from: str = Field(default="Studiomatic <no-reply@localhost>", min_length=3, max_length=320)
    public_url: str = Field(
        default="http://localhost:8000",
        pattern=r"^https?://[^/?#\s]+$",
        description="Where people reach the product: links in mails start with it, passkeys are bound to its host",
    )

    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Serve metrics over HTTP at this port; 0: any that is free"
    )
    metrics_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address of the metrics page; it asks for no password"
    )

    @property
    def embedded(self) -> bool:
        """Whether all services share one process and one data folder."""
        return self.bus_url.get_secret_value().startswith("memory:")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        scheme = urlsplit(self.bus_url.get_secret_value()).scheme
        if scheme not in ("memory", "amqp", "amqps"):
            raise ValueError(f"{PREFIX}BUS_URL must start with memory://, amqp:// or amqps://, not {scheme}:")
        if self.database_url and not self.database_url.get_secret_value().startswith(("postgresql", "sqlite")):
            raise ValueError(f"{PREFIX}DATABASE_URL must start with postgresql+psycopg2://")
        for limit in dataclasses.fields(self.media):
            if getattr(self.media, limit.name) <= 0:
                raise ValueError(f"{PREFIX}MEDIA{_NESTED}{limit.name.upper()} must be over 0")
        s3 = (self.s3_bucket, self.s3_access_key, self.s3_secret_key)
        if any(s3) and not all(s3):
            raise ValueError(f"set {PREFIX}S3_BUCKET, {PREFIX}S3_ACCESS_KEY and {PREFIX}S3_SECRET_KEY together")
        if (self.signing_key_file is None) != (self.signing_pins_file is None):
            raise ValueError(f"set {PREFIX}SIGNING_KEY_FILE and {PREFIX}SIGNING_PINS_FILE together")
        if self.smtp_url and urlsplit(self.smtp_url.get_secret_value()).scheme not in ("smtp", "smtps"):
            raise ValueError(f"{PREFIX}SMTP_URL must start with smtps:// or smtp://")
        if self.environment is Environment.PRODUCTION and self.keyring is not None:
            raise ValueError(f"production keeps its keyring in a file: set {PREFIX}KEYRING_FILE")
        if self.environment is Environment.PRODUCTION and self.embedded:
            raise ValueError(f"production needs a broker: set {PREFIX}BUS_URL=amqps://…")
        if self.environment is Environment.PRODUCTION and self.s3_bucket is None:
            raise ValueError(
                f"production needs a bucket that all processes see: set {PREFIX}S3_BUCKET and its keys"
            )
        if self.environment is Environment.PRODUCTION and not self.public_url.startswith("https:"):
            raise ValueError(f"production needs links that nobody can read: set {PREFIX}PUBLIC_URL=https://…")
        return self


def load_settings() -> Settings:
    """Read and check the settings.

    Raises:
        ConfigurationError: One or more cannot work; names each variable and never shows its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(_problem(item["loc"], item["msg"]) for item in error.errors(include_input=False))
        raise ConfigurationError(f"the settings cannot work: {problems}") from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + _NESTED.join(str(part) for part in location).upper() if location else ""
    return f"{name} {message}".strip()
