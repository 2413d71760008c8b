"""Says each fact it is handed, and works on the third for ever: ``python listener.py URL NAME``."""

from __future__ import annotations

import signal
import sys

from studiomatic import Client

with Client(sys.argv[1]) as client, client.subscribe("task.started", name=sys.argv[2]) as facts:
    for number, fact in enumerate(facts, 1):
        print(fact.sequence, flush=True)
        if number == 3:
            signal.pause()
