"""Counting, comparing and saving of bytes, and what disks and streams may answer."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from shared.errors import (
    ConfigurationError,
    InfrastructureError,
    InvalidInputError,
    StorageUnavailableError,
    StudiomaticError,
)
from shared.storage import DigestMismatchError, Fingerprint, ObjectBody, StorageFullError
from shared.storage.bodies import disk_errors, save
from shared.storage.s3_upload import VerifiedFile


def fingerprint(data: bytes) -> Fingerprint:
    return Fingerprint(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


class TestDiskErrors:
    @pytest.mark.parametrize(
        ("number", "expected", "remedy"),
        [
            (errno.ENOSPC, StorageFullError, "free space"),
            (errno.EDQUOT, StorageFullError, "quota"),
            (errno.EACCES, ConfigurationError, "writable"),
            (errno.EROFS, ConfigurationError, "writable"),
            (errno.ENOENT, InvalidInputError, "existing folder"),
            (errno.EIO, StorageUnavailableError, "check the disk"),
            (errno.ESTALE, StorageUnavailableError, "check the disk"),
        ],
    )
    def test_each_answer_of_a_disk_has_its_error_and_remedy(
        self, number: int, expected: type[StudiomaticError], remedy: str
    ) -> None:
        with pytest.raises(expected, match=f"storing x: .*{remedy}"), disk_errors("storing x"):
            raise OSError(number, "said the disk", "/home/someone/private")

    def test_the_path_is_not_told(self) -> None:
        with pytest.raises(StudiomaticError) as told, disk_errors("storing x"):
            raise OSError(errno.EIO, "said the disk", "/home/someone/private")
        assert "someone" not in told.value.message

    def test_a_full_disk_uses_up_an_attempt_and_may_be_tried_again(self) -> None:
        assert StorageFullError.code == "storage.full"
        assert StorageFullError.retryable
        assert not issubclass(StorageFullError, InfrastructureError)


class TestFingerprint:
    @pytest.mark.parametrize(("sha256", "size"), [("", 0), ("A" * 64, 0), ("0" * 63, 0), ("0" * 64, -1)])
    def test_what_is_none_cannot_be_made(self, sha256: str, size: int) -> None:
        with pytest.raises(InvalidInputError):
            Fingerprint(sha256=sha256, size_bytes=size)


class TestObjectBody:
    def test_a_stream_that_ends_early_is_an_error_and_no_short_object(self) -> None:
        body = ObjectBody(io.BytesIO(b"12345"), 8, nullcontext)

        with pytest.raises(StorageUnavailableError, match="3 bytes early"):
            body.read()

    def test_a_stream_that_ends_early_leaves_no_file(self, tmp_path: Path) -> None:
        body = ObjectBody(io.BytesIO(b"12345"), 8, nullcontext)

        with pytest.raises(StorageUnavailableError):
            save(body, tmp_path / "target", fingerprint(b"12345678"), "key")
        assert list(tmp_path.iterdir()) == []

    def test_it_is_closed_at_the_end_of_its_block(self) -> None:
        stream = io.BytesIO(b"12345")

        with ObjectBody(stream, 5, nullcontext):
            assert not stream.closed
        assert stream.closed


class TestVerifiedFile:
    def read(self, file: VerifiedFile) -> bytes:
        return b"".join(iter(lambda: file.read(3), b""))

    def test_it_may_be_read_again_and_again(self) -> None:
        file = VerifiedFile(io.BytesIO(b"12345678"), fingerprint(b"12345678"), "key")

        for _ in range(3):
            assert self.read(file) == b"12345678"
            file.seek(0)

    def test_its_size_can_be_asked_before_reading(self) -> None:
        file = VerifiedFile(io.BytesIO(b"12345678"), fingerprint(b"12345678"), "key")

        assert file.seek(0, 2) == file.tell() == 8
        file.seek(0)
        assert self.read(file) == b"12345678"

    @pytest.mark.parametrize("changed", [b"1234567x", b"123456789", b"1234567"])
    def test_a_file_that_changed_since_it_was_measured_is_refused(self, changed: bytes) -> None:
        stream = io.BytesIO(b"12345678")
        file = VerifiedFile(stream, fingerprint(b"12345678"), "key")
        assert self.read(file) == b"12345678"

        stream.seek(0)
        stream.truncate()
        stream.write(changed)
        file.seek(0)

        with pytest.raises(DigestMismatchError):
            self.read(file)


def test_measuring_and_reading_a_large_file_lets_green_threads_run(tmp_path: Path) -> None:
    """20 chunks are hashed three times; another green thread must get its turn after each."""
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, 20 << 20)
    program = """
import eventlet; eventlet.monkey_patch()
import sys
from pathlib import Path
from shared.storage import fingerprint_of
from shared.storage.s3_upload import prepared

turns = 0
def take_turns():
    global turns
    while True:
        turns += 1
        eventlet.sleep(0)

eventlet.spawn(take_turns)
path = Path(sys.argv[1])
fingerprint_of(path)
measured = turns
with prepared(path, None, bucket="bucket", key="key", media_type="video/mp4") as upload:
    prepared_after = turns
    while upload.body.read(1 << 20):
        pass
print(min(measured, prepared_after - measured, turns - prepared_after))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, path], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) >= 20
