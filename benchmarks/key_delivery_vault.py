"""The other side of the delivery benchmark: keyvault, and an echo beside it; prints ``ready`` when both serve."""

from __future__ import annotations

from shared.bus.green import patch

patch()

import sys  # noqa: E402

from benchmarks.bus_messages import TOPOLOGY as ECHO  # noqa: E402
from benchmarks.bus_messages import Said, Say  # noqa: E402
from services.keyvault.service import KeyvaultService  # noqa: E402
from shared.bus.context import Caller  # noqa: E402
from shared.bus.entrypoints import answer  # noqa: E402
from shared.bus.run import run  # noqa: E402
from shared.bus.topology import TOPOLOGY  # noqa: E402
from shared.config import LogFormat, load_settings  # noqa: E402
from shared.logging import configure_logging  # noqa: E402
from shared.service_keys import configured_keys  # noqa: E402


class Echo:
    """Says what was said."""

    name = "echo"

    @answer(Say)
    def say(self, query: Say, _caller: Caller) -> Said:
        return Said(text=query.text)


configure_logging(LogFormat.JSON, "warning", service="keyvault")
settings = load_settings()
run(
    [KeyvaultService, Echo],
    settings,
    topology=TOPOLOGY + ECHO,
    keys=configured_keys(settings, ["keyvault"]),
    started=lambda _runtime: print("ready", file=sys.stdout, flush=True),
)
