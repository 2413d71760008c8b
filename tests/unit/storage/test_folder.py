"""What is particular to objects in a folder: links, leftovers, rights."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, ConflictError, NotFoundError
from shared.ids import AccountId, JobId
from shared.storage import (
    DigestMismatchError,
    Fingerprint,
    FolderStore,
    StorageFullError,
    account_prefix,
    folder_files,
    render_key,
)

ACCOUNT = AccountId("account")
KEY = render_key(ACCOUNT, JobId("job"), "video.mp4")
VIDEO = "video/mp4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> FolderStore:
    return FolderStore(folder)


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def put(store: FolderStore, body: bytes) -> None:
    store.put(KEY, io.BytesIO(body), media_type=VIDEO)


class TestFiles:
    def test_a_person_finds_the_object_under_its_own_name(self, store: FolderStore, folder: Path) -> None:
        put(store, b"the video")

        assert (folder / "objects" / KEY).read_bytes() == b"the video"

    def test_only_the_owner_can_look_inside(self, store: FolderStore, folder: Path) -> None:
        put(store, b"the video")

        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "objects" / KEY).stat().st_mode) == 0o600

    def test_a_replaced_body_does_not_stay(self, store: FolderStore, folder: Path) -> None:
        for body in (b"first", b"second", b"third"):
            put(store, body)

        assert len(files_below(folder)) == 2  # the link and its body

    def test_what_is_stored_already_is_neither_read_nor_written_again(
        self, store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stored = store.put(KEY, io.BytesIO(b"the video"), media_type=VIDEO)
        other = Fingerprint(sha256=hashlib.sha256(b"another").hexdigest(), size_bytes=7)
        written: list[int] = []
        monkeypatch.setattr(os, "fsync", written.append)

        again = store.put_if_absent(KEY, io.BytesIO(b"the video"), media_type=VIDEO, expected=stored)
        assert (again.created, again.fingerprint, written) == (False, stored, [])

        lost = store.put_if_absent(KEY, io.BytesIO(b"another"), media_type=VIDEO, expected=other)
        assert (lost.created, lost.fingerprint) == (False, stored)
        assert written, "what may be new is written before it is compared"

    def test_a_deleted_object_and_a_lost_race_leave_no_file(self, store: FolderStore, folder: Path) -> None:
        put(store, b"first")
        store.put_if_absent(KEY, io.BytesIO(b"second"), media_type=VIDEO)
        store.delete(KEY)

        assert files_below(folder) == []

    def test_an_erased_account_leaves_not_even_its_name(self, store: FolderStore, folder: Path) -> None:
        put(store, b"first")

        store.delete_prefix(account_prefix(ACCOUNT))

        assert [path.name for path in folder.rglob("*")] == ["objects", "incoming", "accounts"]

    def test_the_store_can_be_copied_elsewhere(self, store: FolderStore, folder: Path, tmp_path: Path) -> None:
        put(store, b"the video")
        folder.rename(tmp_path / "moved")

        moved = FolderStore(tmp_path / "moved")

        assert moved.head(KEY).media_type == VIDEO
        assert moved.open(KEY).read() == b"the video"


class TestOrder:
    def test_a_body_and_its_name_are_on_disk_before_its_link_appears(
        self, store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[tuple[str, bool]] = []
        fsync = os.fsync

        def record(handle: int) -> None:
            kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "body"
            synced.append((kind, (folder / "objects" / KEY).exists()))
            fsync(handle)

        monkeypatch.setattr(os, "fsync", record)
        put(store, b"the video")
        store.delete(KEY)
        store.put_if_absent(KEY, io.BytesIO(b"the video"), media_type=VIDEO)

        assert synced == [("body", False), ("folder", False), ("folder", True)] * 2

    def test_an_object_replaced_while_it_is_being_opened_is_found_all_the_same(
        self, store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(store, b"first")
        opening = folder_files.open_if_present

        def replace_before_opening(path: Path) -> FileIO | None:
            monkeypatch.setattr(folder_files, "open_if_present", opening)
            put(store, b"second")
            return opening(path)

        monkeypatch.setattr(folder_files, "open_if_present", replace_before_opening)

        assert store.open(KEY).read() == b"second"

    def test_writers_and_deleters_of_one_object_leave_no_body_behind(
        self, store: FolderStore, folder: Path
    ) -> None:
        def write_and_delete(number: int) -> None:
            for turn in range(60):
                if (number + turn) % 3:
                    put(store, bytes([number]) * 100)
                else:
                    store.delete(KEY)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write_and_delete, range(6)))
        store.delete(KEY)

        assert files_below(folder) == []

    @pytest.mark.parametrize("operation", ["put", "put_if_absent"])
    def test_a_link_that_cannot_be_made_leaves_no_body(
        self, store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch, operation: str
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, "no room for a name")

        monkeypatch.setattr(Path, "symlink_to", refuse)

        with pytest.raises(StorageFullError):
            getattr(store, operation)(KEY, io.BytesIO(b"abc"), media_type=VIDEO)
        assert files_below(folder) == []


class TestDamage:
    def test_a_link_whose_body_was_removed_by_hand_counts_as_nothing_and_heals(
        self, store: FolderStore, folder: Path
    ) -> None:
        put(store, b"first")
        (folder / "objects" / KEY).resolve().unlink()

        with pytest.raises(NotFoundError):
            store.head(KEY)
        assert list(store.list_objects(account_prefix(ACCOUNT))) == []
        assert store.put_if_absent(KEY, io.BytesIO(b"second"), media_type=VIDEO).created
        assert store.open(KEY).read() == b"second"

    @pytest.mark.parametrize("target", ["../../../../../outside", "outside", None])
    def test_what_a_store_did_not_put_there_is_never_read(
        self, store: FolderStore, folder: Path, target: str | None
    ) -> None:
        place = folder / "objects" / KEY
        place.parent.mkdir(parents=True)
        if target is None:
            place.write_bytes(b"by hand")
        else:
            (place.parent / "outside").write_bytes(b"a secret")
            place.symlink_to(target)

        with pytest.raises(DigestMismatchError, match="not put there"):
            store.open(KEY)
        put(store, b"ours")
        assert store.open(KEY).read() == b"ours"

    def test_a_body_exchanged_for_a_link_is_not_followed(self, store: FolderStore, folder: Path) -> None:
        put(store, b"ours")
        body = (folder / "objects" / KEY).resolve()
        body.unlink()
        body.symlink_to("/etc/hostname")

        with pytest.raises(NotFoundError):
            store.open(KEY)

    def test_a_body_cut_short_is_noticed_by_a_download(
        self, store: FolderStore, folder: Path, tmp_path: Path
    ) -> None:
        put(store, b"the whole body")
        os.truncate((folder / "objects" / KEY).resolve(), 5)

        with pytest.raises(DigestMismatchError):
            store.download(KEY, tmp_path / "target")


class TestUnfinished:
    WRITER = """
import sys, threading
from pathlib import Path
from shared.storage import FolderStore

class Stuck:
    first = True
    def read(self, size):
        if self.first:
            self.first = False
            return b"x" * 1000
        print("stuck", flush=True)
        threading.Event().wait()

FolderStore(Path(sys.argv[1])).put(sys.argv[2], Stuck(), media_type="video/mp4")
"""

    @pytest.fixture
    def writer(self, folder: Path) -> Iterator[subprocess.Popen[str]]:
        child = subprocess.Popen(
            [sys.executable, "-c", self.WRITER, str(folder), KEY], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "stuck\n"
        yield child
        child.kill()
        child.communicate()

    def test_opening_a_store_removes_what_a_killed_writer_left(
        self, folder: Path, writer: subprocess.Popen[str]
    ) -> None:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert len(files_below(folder)) == 1

        FolderStore(folder)

        assert files_below(folder) == []

    def test_opening_a_store_leaves_a_living_writer_alone(
        self, folder: Path, writer: subprocess.Popen[str]
    ) -> None:
        FolderStore(folder)

        assert len(files_below(folder)) == 1

    def test_erasing_takes_what_is_still_being_written(
        self, store: FolderStore, folder: Path, writer: subprocess.Popen[str]
    ) -> None:
        assert store.delete_prefix("accounts/account/renders/jo/") == 0
        assert store.delete_prefix("accounts/account/renders/job/") == 1
        assert files_below(folder) == []

    def test_a_writer_whose_account_is_erased_meanwhile_is_told(self, store: FolderStore) -> None:
        class Erasing(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                store.delete_prefix(account_prefix(ACCOUNT))
                return super().read(size)

        with pytest.raises(ConflictError, match="erased"):
            store.put(KEY, Erasing(b"abc"), media_type=VIDEO)
        with pytest.raises(NotFoundError):
            store.head(KEY)


class TestPlaces:
    def test_a_place_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(ConfigurationError, match="STUDIO_DATA_DIR"):
            FolderStore(tmp_path / "file")

    def test_a_read_only_place_is_refused_with_the_remedy(self) -> None:
        with pytest.raises(ConfigurationError, match="writable"):
            FolderStore(Path("/sys/studiomatic"))
