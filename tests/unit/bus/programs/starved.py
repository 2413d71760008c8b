"""A loop that waits and is given no time, then one that is blocked: prints what is called blocked."""

from __future__ import annotations

import time as blocking

from shared.bus.green import patch

block = blocking.sleep
patch()

import eventlet  # noqa: E402

from shared.bus import watchdog  # noqa: E402

watchdog.BLOCKED_AFTER_S, watchdog.LOOK_S = 0.05, 0.02
blockages: list[watchdog.Blockage] = []
dog = watchdog.Watchdog(blockages.append)
dog.start()
eventlet.sleep(0.1)
dog._ticker.kill()  # as if it were never its turn
eventlet.sleep(0.5)
print([blockage.culprit for blockage in blockages])
block(0.5)
print([blockage.culprit.split()[-1] for blockage in blockages])
