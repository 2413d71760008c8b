"""Declares the town's topology: ``python declare.py`` with STUDIO_BUS_URL set."""

from __future__ import annotations

import os

from contracts import TOWN
from kombu import Connection

from shared.bus.declare import declare

with Connection(os.environ["STUDIO_BUS_URL"]) as broker:
    declare(broker, TOWN)
