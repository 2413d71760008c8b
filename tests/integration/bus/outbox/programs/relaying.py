"""Runs a relay until the outbox is empty, printing what it sends: MODE URL SCHEMA kill-in-batch-N|never."""

# ruff: noqa: E402  # patching must come before all other imports

import sys
import warnings

mode, url, schema, kill = sys.argv[1:]
if mode == "green":
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()

import os
import signal
import time

from shared.bus import relay
from shared.bus.outbox import DURABLE, Outbox, outbox_table
from shared.db import new_metadata, open_database
from shared.db.yields import trap

relay.BATCH = 10
batches = 0


def publish(batch):
    global batches
    batches += 1
    for outgoing in batch:
        print(outgoing.envelope.data["number"], flush=True)
    time.sleep(0.001)  # a publisher waits for confirms
    if kill == f"kill-in-batch-{batches}":
        os.kill(os.getpid(), signal.SIGKILL)


with trap():
    database = open_database(url, schema=schema)
    running = relay.Relay(database, Outbox(outbox_table(new_metadata())), publish, DURABLE)
    running.start()
    sys.exit(0 if running.stop(grace_s=30) else 1)
