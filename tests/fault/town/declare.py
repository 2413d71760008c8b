"""Declares the town's topology: ``python declare.py`` with STUDIO_BUS_URL set."""

from __future__ import annotations

import os

from contracts import TOWN

from shared.bus.connection import broker_connection
from shared.bus.declare import declare

with broker_connection(os.environ["STUDIO_BUS_URL"]) as broker:
    declare(broker, TOWN)
