"""The other side of the bus benchmark: one green process with an echo service.

``python -m benchmarks.bus_echo ours|both-ends`` with STUDIO_BUS_URL set; prints ``ready`` when it serves.
``both-ends`` also makes the calls, from inside the process, and prints calls per second.
"""

from __future__ import annotations

from shared.bus.green import patch

patch()

import sys  # noqa: E402

from benchmarks.bus_messages import TOPOLOGY, Said, Say, calls_per_second  # noqa: E402
from shared.bus.context import Caller  # noqa: E402
from shared.bus.entrypoints import answer  # noqa: E402
from shared.bus.run import Runtime, run  # noqa: E402
from shared.config import LogFormat, load_settings  # noqa: E402
from shared.logging import configure_logging  # noqa: E402


class Echo:
    """Says what was said."""

    name = "echo"

    @answer(Say)
    def say(self, query: Say, _caller: Caller) -> Said:
        return Said(text=query.text)


def started(runtime: Runtime) -> None:
    """Tell the parent, and make the calls if that is our part too."""
    print("ready", flush=True)
    if sys.argv[1] == "both-ends":
        print(calls_per_second(runtime.wiring.bus_url), flush=True)
        runtime.request_stop()


configure_logging(LogFormat.JSON, "warning", service="echo")
run([Echo], load_settings(), topology=TOPOLOGY, started=started)
