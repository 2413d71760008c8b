"""The HTTP layer in green threads: calls run beside each other, and one can be ended from another."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.simulator.simulator import Simulator

_PROGRAM = """
import eventlet
eventlet.monkey_patch()
import json, sys, threading, time
from services.content.providers.http.call import Call
from services.content.providers.http.guard import Guard
from services.content.providers.http.transport import Request, Transport
from shared.errors import TaskCancelledError

base, place, good, held = sys.argv[1:]
transport = Transport(Guard(frozenset({place})))

def ask(call):
    request = Request(method="GET", url=base + "/models", headers={"Authorization": "Bearer " + call.key})
    return transport.send(request, call, "openai").status

waiting = Call(key=held)
ended = []

def wait():
    try:
        ask(waiting)
    except TaskCancelledError:
        ended.append(time.monotonic())

thread = threading.Thread(target=wait)
thread.start()
statuses = [ask(Call(key=good)) for _ in range(3)]
at = time.monotonic()
waiting.cancelled.set()
thread.join()
print(json.dumps({"statuses": statuses, "took_s": ended[0] - at}))
"""


def test_a_green_thread_waits_without_holding_up_others_and_is_ended_by_them(simulator: Simulator) -> None:
    simulator.clock.run(0)
    base = simulator.base_url("openai")
    place = base.removeprefix("http://").removesuffix("/v1")
    keys = (simulator.key("openai", "ok"), simulator.key("openai", "hold"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM, base, place, *keys],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["statuses"] == [200, 200, 200]
    assert told["took_s"] < 1
