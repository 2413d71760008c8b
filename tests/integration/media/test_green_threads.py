"""The sandbox under eventlet's monkey-patching: the hub keeps turning, and giving up kills the child."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

_PROGRAM = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
import os, sys
from pathlib import Path
from shared.errors import BadMediaError
from shared.media.limits import MediaLimits
from shared.media.sandbox import MediaSandbox

folder = Path(sys.argv[1])
ticks = 0

def tick():
    global ticks
    while True:
        eventlet.sleep(0.005)
        ticks += 1

def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

eventlet.spawn(tick)
eventlet.sleep(0)
sandbox = MediaSandbox(MediaLimits(audio_bytes=1 << 40))

# Several at once, good and bad, while the hub ticks.
pool = eventlet.GreenPool()
results = list(pool.imap(lambda number: sandbox.normalise_image(folder / "large.png", folder / f"{number}.png").width, range(3)))
assert results == [3000] * 3, results
try:
    sandbox.probe(folder / "bad.png")
    raise SystemExit("bad.png was accepted")
except BadMediaError:
    pass
# Had the calls blocked the hub, it would have ticked only between them.
assert ticks > 30, f"the hub turned {ticks} times"

# The sandbox's own time limit.
try:
    MediaSandbox(MediaLimits(audio_bytes=1 << 40, wall_seconds=2.0)).normalise_audio(folder / "endless.wav", folder / "o.wav")
    raise SystemExit("endless.wav was converted")
except BadMediaError as error:
    assert "2 s allowed" in error.message, error

# The caller's: a green thread that is told to stop takes its child along.
with eventlet.Timeout(1.0, False):
    sandbox.normalise_audio(folder / "endless.wav", folder / "o.wav")
    raise SystemExit("endless.wav was converted")
assert children() == [], children()
print("all well")
"""


def test_green_threads_share_the_hub_and_leave_no_child(tmp_path: Path, media_files: ModuleType) -> None:
    image = media_files.picture(3_000, 2_000)
    (tmp_path / "large.png").write_bytes(media_files.encoded(image, "PNG", compress_level=1))
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    data_bytes = 3_000 * 192_000 * 4
    (tmp_path / "endless.wav").write_bytes(media_files.wav_header(data_bytes, rate=192_000))
    os.truncate(tmp_path / "endless.wav", 44 + data_bytes)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "all well\n", done.stderr
    assert not list(tmp_path.glob(".media-*"))
