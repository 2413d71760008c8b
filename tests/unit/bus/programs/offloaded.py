"""A green process that hashes beside its event loop; prints what it saw as JSON."""

from __future__ import annotations

from shared.bus.green import patch

patch()

import json  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from eventlet.patcher import original  # noqa: E402

from shared.bus.offloading import offload  # noqa: E402

HELD_S = 1.0

ticks = 0
done = threading.Event()


def tick() -> None:
    """Count while others work."""
    global ticks
    while not done.is_set():
        ticks += 1
        time.sleep(0.01)


def hold() -> int:
    """Keep this thread busy without ever giving the event loop a turn; who runs it."""
    original("time").sleep(HELD_S)
    return int(original("threading").get_ident())


def fail() -> None:
    raise ValueError("as it was")


thread = threading.Thread(target=tick)
thread.start()
where = offload(hold)
during = ticks
try:
    offload(fail)
    failure = ""
except ValueError as error:
    failure = str(error)
done.set()
thread.join()
here = original("threading").get_ident()
print(json.dumps({"went_on": during >= 5, "elsewhere": where != here, "failure": failure}))
