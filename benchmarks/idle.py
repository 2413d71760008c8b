"""What a runtime costs that has nothing to do.

``python -m benchmarks.idle``: starts ``studio serve`` on an empty data folder, prints its share of one core over
20 seconds, ends with status 1 if it is 1 % or more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import psutil

WARM_UP_S = 5.0
MEASURED_S = 20.0
PROMISED_PERCENT = 1.0


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"STUDIO_DATA_DIR": folder}
        command = [sys.executable, "-m", "studiomatic.serve"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as runtime:
            time.sleep(WARM_UP_S)
            percent = cpu_percent(psutil.Process(runtime.pid))
            runtime.terminate()
    kept = percent < PROMISED_PERCENT
    print(
        f"idle studio serve: {percent:.2f} % of a core (< {PROMISED_PERCENT:.0f} %): {'kept' if kept else 'MISSED'}"
    )
    return 0 if kept else 1


def cpu_percent(process: psutil.Process) -> float:
    """Share of one core that the process used over the measured time."""
    before = sum(process.cpu_times()[:2])
    time.sleep(MEASURED_S)
    return (sum(process.cpu_times()[:2]) - before) / MEASURED_S * 100


if __name__ == "__main__":
    sys.exit(main())
