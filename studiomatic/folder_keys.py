"""The secrets of a data folder: what its services sign with, and what its vault seals with."""

from __future__ import annotations

from pathlib import Path

from shared.service_keys import ServiceKeys, ensure_keys

SERVICES = ("orchestrator", "content", "renderer", "auth", "keyvault", "gdpr", "edge")
"""All of them run in the one process of a data folder; each keeps a key of its own."""


def folder_keys(data_dir: Path) -> ServiceKeys:
    """The signing keys and pins of a data folder, made by whoever comes first.

    Raises:
        ConfigurationError: They cannot be made, or others could read them.
    """
    return ensure_keys(data_dir / "keys", SERVICES)
