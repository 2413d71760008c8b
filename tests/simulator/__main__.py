"""``python -m tests.simulator``: start the simulator, tell the ports, and play until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import threading

from tests.simulator.case_table import written
from tests.simulator.clock import VirtualClock
from tests.simulator.fixtures import shelf
from tests.simulator.simulator import Simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds for each real second (1)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer (0)")
    parser.add_argument("--cases", action="store_true", help="print every case with its key, then play")
    parser.add_argument("--table", action="store_true", help="print the table of cases for the README, and end")
    wish = parser.parse_args()
    if wish.table:
        print(written(Simulator().vendors.values()))
        return
    for name in shelf.NAMES:
        shelf.fixture(name)  # the first answer shall be as quick as the others
    done = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: done.set())
    with Simulator(latency_s=wish.latency, clock=VirtualClock(speed=wish.speed)) as simulator:
        print(_welcome(simulator), flush=True)
        if wish.cases:
            print(_all_cases(simulator), flush=True)
        done.wait()


def _welcome(simulator: Simulator) -> str:
    lines = ["The providers, as base URLs for a client:"]
    lines += [f"  {name:15} {simulator.base_url(name)}" for name in (*simulator.hosts, "closed")]
    lines += ["", "A key chooses what happens. All is well with these:"]
    for name, vendor in simulator.vendors.items():
        lines.append(f"  {name:15} {simulator.key(name, 'ok', 'you')}   ({len(vendor.cases)} cases)")
    lines += [
        "",
        f"All cases with their keys:  curl {simulator.url('admin')}/cases   (or start with --cases)",
        f"What was asked:             curl {simulator.url('admin')}/journal",
        f"What was wrong about it:    curl {simulator.url('admin')}/violations",
        f"Move the virtual clock:     curl -d '{{\"advance_s\": 3600}}' {simulator.url('admin')}/clock",
        "Stop with Ctrl-C. More in tests/simulator/README.md.",
    ]
    return "\n".join(lines)


def _all_cases(simulator: Simulator) -> str:
    return "\n".join(
        f"  {name:11} {row.id:28} {simulator.key(name, row.id, 'you'):56} {row.story}"
        for name, vendor in simulator.vendors.items()
        for row in vendor.cases.values()
    )


if __name__ == "__main__":
    main()
