"""A disk that is really full: a file system of 4 MiB in a mount namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import io, sys
from pathlib import Path
from shared.errors import ConfigurationError
from shared.storage import FolderStore, StorageFullError

disk = Path(sys.argv[1])
store = FolderStore(disk)
key = "accounts/account/renders/job/video.mp4"

def refused(operation):
    try:
        operation()
    except StorageFullError as error:
        assert "free space" in error.message, error.message
        return True

store.put(key, io.BytesIO(b"small"), media_type="video/mp4")
for put in (store.put, store.put_if_absent):
    assert refused(lambda: put(key, io.BytesIO(bytes(8 << 20)), media_type="video/mp4"))
assert store.open(key).read() == b"small"
assert not list((disk / "incoming").iterdir())

large = FolderStore(Path(sys.argv[2]))
large.put(key, io.BytesIO(bytes(8 << 20)), media_type="video/mp4")
(disk / "downloads").mkdir()
assert refused(lambda: large.download(key, disk / "downloads" / "target"))
assert not list((disk / "downloads").iterdir())

store.put(key, io.BytesIO(bytes(2 << 20)), media_type="video/mp4")
assert store.delete_prefix("accounts/account/") == 1
print("all said")
"""


def test_a_full_disk_is_named_with_its_remedy_and_leaves_no_partial_object(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    mounted = 'mount -t tmpfs -o size=4m none "$1" && exec "$2" -c "$3" "$1" "$4"'

    done = subprocess.run(
        [*namespace, "sh", "-c", mounted, "sh", disk, sys.executable, PROGRAM, tmp_path / "large"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("all said\n", "")
