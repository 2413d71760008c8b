"""Runs services as a farm does, with every word that they log: ``part_of_a_farm.py keyvault``."""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import importlib
import sys

from shared.bus.run import run
from shared.config import LogFormat, load_settings
from shared.logging import configure_logging
from shared.service_keys import configured_keys

CLASSES = {"auth": "AuthService", "gdpr": "GdprService", "keyvault": "KeyvaultService"}

names = sys.argv[1:]
settings = load_settings()
configure_logging(LogFormat.JSON, "debug", service="+".join(names))
run(
    [getattr(importlib.import_module(f"services.{name}.service"), CLASSES[name]) for name in names],
    settings,
    keys=configured_keys(settings, names),
    started=lambda _runtime: print("ready", flush=True),
)
