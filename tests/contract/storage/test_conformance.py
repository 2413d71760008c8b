"""What every object store promises.

This file is collected twice: here for the folder, and through a link in `tests/integration/storage` for the
real S3 server. The fixtures `location` and `store` of each folder tell which.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInputError, NotFoundError, StorageUnavailableError
from shared.ids import AccountId, JobId, new_id
from shared.storage import (
    DigestMismatchError,
    Fingerprint,
    FolderLocation,
    HttpDownload,
    LocalDownload,
    ObjectBody,
    ObjectStore,
    S3Location,
    account_prefix,
    asset_key,
    deliver,
    fingerprint_of,
    render_key,
    render_prefix,
)

MIB = 1 << 20
VIDEO = "video/mp4"
HOUR = timedelta(hours=1)

property_test = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def account() -> AccountId:
    return AccountId(new_id())


@pytest.fixture
def key(account: AccountId) -> str:
    return render_key(account, JobId("job"), "video.mp4")


def fingerprint(data: bytes) -> Fingerprint:
    return Fingerprint(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def content(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as body:
        return body.read()


def is_stored(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except NotFoundError:
        return False
    return True


class TestPutAndRead:
    @given(data=st.binary(max_size=5000), from_file=st.booleans())
    @property_test
    def test_any_bytes_come_back_with_their_digest_size_and_type(
        self, store: ObjectStore, key: str, tmp_path: Path, data: bytes, from_file: bool
    ) -> None:
        path = tmp_path / "source"
        path.write_bytes(data)
        before = datetime.now(UTC) - timedelta(seconds=2)

        stored = store.put(key, path if from_file else io.BytesIO(data), media_type=VIDEO)

        assert stored == fingerprint(data) == fingerprint_of(path)
        assert content(store, key) == data
        head = store.head(key)
        assert (head.key, head.fingerprint, head.media_type) == (key, fingerprint(data), VIDEO)
        assert before <= head.modified <= datetime.now(UTC) + timedelta(seconds=2)

    @given(
        data=st.binary(max_size=300),
        start=st.integers(0, 350),
        length=st.none() | st.integers(1, 350),
    )
    @property_test
    def test_a_range_reads_what_a_slice_would(
        self, store: ObjectStore, key: str, data: bytes, start: int, length: int | None
    ) -> None:
        store.put(key, io.BytesIO(data), media_type=VIDEO)

        with store.open(key, start=start, length=length) as body:
            assert body.read() == data[start : None if length is None else start + length]

    @pytest.mark.parametrize(("start", "length"), [(-1, None), (0, 0), (0, -1)])
    def test_a_range_that_cannot_be_is_refused(
        self, store: ObjectStore, key: str, start: int, length: int
    ) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        with pytest.raises(InvalidInputError):
            store.open(key, start=start, length=length)

    def test_a_body_is_read_in_the_sizes_asked_for(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"abcdefgh"), media_type=VIDEO)

        with store.open(key) as body:
            assert [body.read(3), body.read(0), body.read(3), body.read(3), body.read(3)] == [
                b"abc",
                b"",
                b"def",
                b"gh",
                b"",
            ]

    def test_an_object_can_be_copied_into_another_as_a_stream(
        self, store: ObjectStore, account: AccountId
    ) -> None:
        first, second = (render_key(account, JobId("job"), name) for name in ("a.mp4", "b.mp4"))
        data = os.urandom(3 * MIB)
        store.put(first, io.BytesIO(data), media_type=VIDEO)

        with store.open(first) as body:
            store.put(second, body, media_type=VIDEO, expected=fingerprint(data))

        assert content(store, second) == data

    def test_a_put_replaces_what_was_there(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"the old and longer one"), media_type="text/plain")
        store.put(key, io.BytesIO(b"the new one"), media_type=VIDEO)

        assert content(store, key) == b"the new one"
        assert store.head(key).media_type == VIDEO

    def test_an_open_body_stays_whole_while_its_object_is_replaced_and_deleted(
        self, store: ObjectStore, key: str
    ) -> None:
        old = os.urandom(200_000)
        store.put(key, io.BytesIO(old), media_type=VIDEO)

        with store.open(key) as body:
            begin = body.read(10)
            store.put(key, io.BytesIO(b"new"), media_type=VIDEO)
            store.delete(key)
            assert begin + body.read() == old

    def test_readers_see_one_whole_object_or_the_other(self, store: ObjectStore, key: str) -> None:
        bodies = [os.urandom(100_000), os.urandom(150_000)]
        store.put(key, io.BytesIO(bodies[0]), media_type=VIDEO)
        written = threading.Event()

        def write() -> None:
            for turn in range(40):
                store.put(key, io.BytesIO(bodies[turn % 2]), media_type=VIDEO)
            written.set()

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            while not written.is_set() and not writing.done():
                assert content(store, key) in bodies
                assert store.head(key).fingerprint in [fingerprint(body) for body in bodies]
            writing.result()


class TestWhatIsRefused:
    @pytest.mark.parametrize("operation", ["head", "open", "download"])
    def test_a_missing_object_is_not_found(
        self, store: ObjectStore, key: str, tmp_path: Path, operation: str
    ) -> None:
        arguments = (key, tmp_path / "target") if operation == "download" else (key,)

        with pytest.raises(NotFoundError, match=r"video\.mp4"):
            getattr(store, operation)(*arguments)
        assert not (tmp_path / "target").exists()

    @pytest.mark.parametrize("put", ["put", "put_if_absent"])
    @pytest.mark.parametrize("data", [b"other body", b"short", b"much longer body"])
    @pytest.mark.parametrize("from_file", [True, False])
    def test_bytes_that_are_not_the_promised_ones_are_not_stored(
        self, store: ObjectStore, key: str, tmp_path: Path, put: str, data: bytes, from_file: bool
    ) -> None:
        path = tmp_path / "source"
        path.write_bytes(data)

        with pytest.raises(DigestMismatchError):
            getattr(store, put)(
                key,
                path if from_file else io.BytesIO(data),
                media_type=VIDEO,
                expected=fingerprint(b"right body"),
            )
        assert not is_stored(store, key)

    def test_a_large_body_that_is_not_the_promised_one_leaves_the_old_object(
        self, store: ObjectStore, key: str, tmp_path: Path
    ) -> None:
        store.put(key, io.BytesIO(b"old"), media_type=VIDEO)
        path = tmp_path / "large"
        with path.open("wb") as file:
            file.truncate(20 * MIB)
        promised = Fingerprint(sha256="0" * 64, size_bytes=20 * MIB)

        with pytest.raises(DigestMismatchError):
            store.put(key, path, media_type=VIDEO, expected=promised)

        assert content(store, key) == b"old"
        assert store.delete_prefix(key.removesuffix("video.mp4")) == 1

    @pytest.mark.parametrize("put", ["put", "put_if_absent"])
    def test_an_error_of_the_source_reaches_the_caller_and_nothing_is_stored(
        self, store: ObjectStore, key: str, put: str
    ) -> None:
        class Failing(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return super().read(size) or self._fail()

            def _fail(self) -> bytes:
                raise ConnectionResetError("the provider hung up")

        with pytest.raises(ConnectionResetError):
            getattr(store, put)(key, Failing(os.urandom(2 * MIB)), media_type=VIDEO)
        assert not is_stored(store, key)
        assert store.delete_prefix(key.removesuffix("video.mp4")) == 0

    def test_a_file_that_cannot_be_read_is_refused(self, store: ObjectStore, key: str, tmp_path: Path) -> None:
        with pytest.raises(InvalidInputError, match="cannot read"):
            store.put(key, tmp_path / "missing", media_type=VIDEO)

    @pytest.mark.parametrize("media_type", ["", "video", "video/", "Video/MP4", "video/mp4; x=y", "a/b\r\nX: y"])
    def test_a_media_type_that_is_none_is_refused(self, store: ObjectStore, key: str, media_type: str) -> None:
        with pytest.raises(InvalidInputError):
            store.put(key, io.BytesIO(b"abc"), media_type=media_type)

    @pytest.mark.parametrize("bad", ["", "/etc/passwd", "accounts/a/renders/j/../../../b", "accounts/a//x"])
    def test_every_operation_refuses_a_key_that_is_none(
        self, store: ObjectStore, tmp_path: Path, bad: str
    ) -> None:
        print_of = fingerprint(b"")
        operations: list[Callable[[], object]] = [
            lambda: store.put(bad, io.BytesIO(), media_type=VIDEO),
            lambda: store.put_if_absent(bad, io.BytesIO(), media_type=VIDEO),
            lambda: store.head(bad),
            lambda: store.open(bad),
            lambda: store.download(bad, tmp_path / "target"),
            lambda: store.delete(bad),
            lambda: store.presign_get(bad, lifetime=HOUR),
            lambda: store.presign_put(bad, media_type=VIDEO, fingerprint=print_of, lifetime=HOUR),
        ]

        for operation in operations:
            with pytest.raises(InvalidInputError):
                operation()


class TestPutIfAbsent:
    def test_the_first_creates_and_the_second_learns_what_is_stored(self, store: ObjectStore, key: str) -> None:
        first = store.put_if_absent(key, io.BytesIO(b"first"), media_type=VIDEO)
        second = store.put_if_absent(key, io.BytesIO(b"second one"), media_type="text/plain")

        assert (first.created, first.fingerprint) == (True, fingerprint(b"first"))
        assert (second.created, second.fingerprint) == (False, fingerprint(b"first"))
        assert content(store, key) == b"first"
        assert store.head(key).media_type == VIDEO

    def test_a_deleted_key_is_free_again(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"old"), media_type=VIDEO)
        store.delete(key)

        assert store.put_if_absent(key, io.BytesIO(b"new"), media_type=VIDEO).created
        assert content(store, key) == b"new"

    @pytest.mark.parametrize("size", [100, 18 * MIB], ids=["small", "large"])
    def test_of_eight_at_once_exactly_one_creates_the_object(
        self, store: ObjectStore, key: str, size: int
    ) -> None:
        start = threading.Barrier(8)
        bodies = [bytes([number]) * size for number in range(8)]

        def put(body: bytes) -> tuple[bool, Fingerprint]:
            start.wait()
            result = store.put_if_absent(key, io.BytesIO(body), media_type=VIDEO)
            return result.created, result.fingerprint

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(put, bodies))

        assert [created for created, _ in results].count(True) == 1
        winner = bodies[[created for created, _ in results].index(True)]
        assert {told for _, told in results} == {fingerprint(winner)}
        assert content(store, key) == winner
        assert store.delete_prefix(key.removesuffix("video.mp4")) == 1


class TestDownload:
    def test_the_file_has_the_objects_bytes(self, store: ObjectStore, key: str, tmp_path: Path) -> None:
        data = os.urandom(3 * MIB)
        store.put(key, io.BytesIO(data), media_type=VIDEO)
        target = tmp_path / "target.mp4"
        target.write_bytes(b"what was there before")

        stored = store.download(key, target, expected=fingerprint(data))

        assert target.read_bytes() == data
        assert stored == store.head(key)

    def test_bytes_that_are_not_the_expected_ones_leave_nothing(
        self, store: ObjectStore, key: str, tmp_path: Path
    ) -> None:
        store.put(key, io.BytesIO(b"stored"), media_type=VIDEO)
        folder = tmp_path / "downloads"
        folder.mkdir()

        with pytest.raises(DigestMismatchError):
            store.download(key, folder / "target", expected=fingerprint(b"expected"))
        assert list(folder.iterdir()) == []

    def test_an_interrupted_download_leaves_nothing(
        self, store: ObjectStore, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.put(key, io.BytesIO(os.urandom(2 * MIB)), media_type=VIDEO)
        folder = tmp_path / "downloads"
        folder.mkdir()
        reads = iter([ObjectBody.read])

        def read_once(body: ObjectBody, size: int) -> bytes:
            for read in reads:
                return read(body, size)
            assert list(folder.iterdir()) != []
            raise StorageUnavailableError("gone")

        monkeypatch.setattr(ObjectBody, "read", read_once)

        with pytest.raises(StorageUnavailableError):
            store.download(key, folder / "target")
        assert list(folder.iterdir()) == []

    def test_a_missing_target_folder_is_named_as_the_callers_mistake(
        self, store: ObjectStore, key: str, tmp_path: Path
    ) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        with pytest.raises(InvalidInputError, match="existing folder"):
            store.download(key, tmp_path / "missing" / "target")


class TestListing:
    def test_a_listing_is_in_key_order_and_tells_sizes(self, store: ObjectStore, account: AccountId) -> None:
        keys = [
            render_key(account, JobId(job), name)
            for job in ("a", "a-b", "a.b", "a0", "aB", "b")
            for name in ("video.mp4", "Video.mp4", "captions.srt", "captions-1.srt")
        ]
        for size, key in enumerate(keys):
            store.put(key, io.BytesIO(b"x" * size), media_type=VIDEO)

        listed = list(store.list_objects(account_prefix(account)))

        assert [entry.key for entry in listed] == sorted(keys)
        assert {entry.key: entry.size_bytes for entry in listed} == {key: size for size, key in enumerate(keys)}
        assert all(entry.modified == store.head(entry.key).modified for entry in listed[:3])

    def test_a_listing_stays_below_its_prefix(self, store: ObjectStore, account: AccountId) -> None:
        inside = render_key(account, JobId("1"), "video.mp4")
        for key in (inside, render_key(account, JobId("10"), "video.mp4"), asset_key(account, "a" * 64)):
            store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        assert [entry.key for entry in store.list_objects(render_prefix(account, JobId("1")))] == [inside]

    def test_all_accounts_can_be_listed(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        assert key in [entry.key for entry in store.list_objects("accounts/")]

    def test_a_prefix_with_nothing_below_lists_nothing(self, store: ObjectStore, account: AccountId) -> None:
        assert list(store.list_objects(account_prefix(account))) == []

    @pytest.mark.parametrize("prefix", ["", "/", "accounts", "accounts/a", "accounts/../x/", "other/"])
    def test_a_prefix_that_is_none_is_refused_at_once(self, store: ObjectStore, prefix: str) -> None:
        with pytest.raises(InvalidInputError):
            store.list_objects(prefix)


class TestErasing:
    def test_a_deleted_object_is_gone_and_deleting_again_is_no_error(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        store.delete(key)
        store.delete(key)

        assert not is_stored(store, key)

    def test_an_erased_account_has_nothing_left_and_its_neighbour_everything(
        self, store: ObjectStore, account: AccountId
    ) -> None:
        neighbour = AccountId(f"{account}0")
        for owner in (account, neighbour):
            for name in ("video.mp4", "captions.srt"):
                store.put(render_key(owner, JobId("job"), name), io.BytesIO(b"abc"), media_type=VIDEO)
            store.put(asset_key(owner, "a" * 64), io.BytesIO(b"abc"), media_type=VIDEO)

        assert store.delete_prefix(account_prefix(account)) == 3
        assert store.delete_prefix(account_prefix(account)) == 0
        assert list(store.list_objects(account_prefix(account))) == []
        assert len(list(store.list_objects(account_prefix(neighbour)))) == 3

    def test_one_job_can_be_erased_alone(self, store: ObjectStore, account: AccountId) -> None:
        for job in ("1", "10"):
            store.put(render_key(account, JobId(job), "video.mp4"), io.BytesIO(b"abc"), media_type=VIDEO)

        assert store.delete_prefix(render_prefix(account, JobId("1"))) == 1
        assert is_stored(store, render_key(account, JobId("10"), "video.mp4"))

    @pytest.mark.parametrize("prefix", ["", "/", "accounts/", "accounts/a", "accounts/a/renders", "accounts/a/x/"])
    def test_what_is_not_the_inside_of_one_account_is_never_erased(
        self, store: ObjectStore, key: str, prefix: str
    ) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        with pytest.raises(InvalidInputError):
            store.delete_prefix(prefix)
        assert is_stored(store, key)

    def test_erasing_while_others_write_ends_and_leaves_only_whole_objects(
        self, store: ObjectStore, account: AccountId
    ) -> None:
        def write(number: int) -> None:
            key = render_key(account, JobId("job"), f"{number}.mp4")
            store.put(key, io.BytesIO(bytes([number]) * 1000), media_type=VIDEO)

        with ThreadPoolExecutor(4) as pool:
            writing = [pool.submit(write, number) for number in range(60)]
            while not all(future.done() for future in writing):
                store.delete_prefix(account_prefix(account))
        for entry in store.list_objects(account_prefix(account)):
            assert len(content(store, entry.key)) == 1000


class TestPermissions:
    def test_a_download_permission_reads_the_object(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"the video"), media_type=VIDEO)

        permission = store.presign_get(key, lifetime=HOUR, filename="Bienen über Blüten.mp4")

        match permission:
            case HttpDownload(url=url):
                with urlopen(url) as answer:  # noqa: S310
                    assert answer.read() == b"the video"
                    assert "UTF-8''Bienen%20%C3%BCber" in answer.headers["Content-Disposition"]
            case LocalDownload(path=path):
                assert path.read_bytes() == b"the video"

    @pytest.mark.parametrize("size", [0, 10, 20 * MIB])
    def test_an_upload_permission_stores_the_announced_file(
        self, store: ObjectStore, key: str, tmp_path: Path, size: int
    ) -> None:
        path = tmp_path / "source"
        path.write_bytes(os.urandom(size))
        announced = fingerprint_of(path)

        permission = store.presign_put(key, media_type=VIDEO, fingerprint=announced, lifetime=HOUR)
        deliver(permission, path)

        assert store.head(key).fingerprint == announced
        assert store.head(key).media_type == VIDEO
        assert content(store, key) == path.read_bytes()

    @pytest.mark.parametrize("other", [b"other file", b"shorter", b"a longer file"])
    def test_an_upload_permission_refuses_any_other_file(
        self, store: ObjectStore, key: str, tmp_path: Path, other: bytes
    ) -> None:
        path = tmp_path / "source"
        path.write_bytes(other)

        permission = store.presign_put(
            key, media_type=VIDEO, fingerprint=fingerprint(b"right file"), lifetime=HOUR
        )
        with pytest.raises(DigestMismatchError):
            deliver(permission, path)
        assert not is_stored(store, key)

    @pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), timedelta(days=7, seconds=1)])
    def test_a_lifetime_that_cannot_be_is_refused(self, store: ObjectStore, key: str, lifetime: timedelta) -> None:
        with pytest.raises(InvalidInputError):
            store.presign_get(key, lifetime=lifetime)
        with pytest.raises(InvalidInputError):
            store.presign_put(key, media_type=VIDEO, fingerprint=fingerprint(b""), lifetime=lifetime)

    @pytest.mark.parametrize("filename", ["", "a/b", "a\r\nSet-Cookie: x", 'a"b', "a\\b", "x" * 201])
    def test_a_file_name_that_could_forge_a_header_is_refused(
        self, store: ObjectStore, key: str, filename: str
    ) -> None:
        with pytest.raises(InvalidInputError):
            store.presign_get(key, lifetime=HOUR, filename=filename)


def run_child(location: FolderLocation | S3Location, program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python program that finds an open ``store`` and its ``arguments``."""
    if isinstance(location, FolderLocation):
        opening = f"FolderLocation(path=Path({str(location.path)!r}))"
    else:
        opening = (
            f"S3Location(bucket={location.bucket!r}, region={location.region!r}, endpoint={location.endpoint!r},"
            f" access_key=SecretStr({location.access_key.get_secret_value()!r}),"
            f" secret_key=SecretStr({location.secret_key.get_secret_value()!r}))"
        )
    prelude = (
        "import io, json, os, sys\n"
        "from pathlib import Path\n"
        "from pydantic import SecretStr\n"
        "from shared.storage import *\n"
        f"store = open_store({opening})\n"
        "arguments = sys.argv[1:]\n"
    )
    eventlet_first = "import eventlet; eventlet.monkey_patch()\n" if "eventlet" in program else ""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", eventlet_first + prelude + program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )


def answer_of(child: subprocess.Popen[str]) -> dict[str, int]:
    output, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    answer: dict[str, int] = json.loads(output)
    return answer


class TestProcesses:
    MEMORY = """
class Zeros:
    def __init__(self, size): self.left = size
    def read(self, size):
        self.left -= (step := min(size, self.left))
        return bytes(step)

def peak():  # not ru_maxrss: that one remembers the size of the parent
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

key, target = arguments
def round_trip(size):
    Path(target).write_bytes(b"")
    os.truncate(target, size)
    store.put(key, Zeros(size), media_type="video/mp4")
    store.put(key, Path(target), media_type="video/mp4")
    store.delete(key)
    store.put_if_absent(key, Path(target), media_type="video/mp4")
    store.download(key, Path(target))
    with store.open(key) as body:
        assert sum(map(len, body)) == size

round_trip(1 << 20)
small = peak()
round_trip(64 << 20)
print(json.dumps({"growth_mib": peak() - small}))
"""

    def test_memory_stays_flat_while_64_mib_pass_through(
        self, location: FolderLocation | S3Location, key: str, tmp_path: Path
    ) -> None:
        """Bound: two parts of 8 MiB, one being read while the last is still held, and as much for the allocator."""
        answer = answer_of(run_child(location, self.MEMORY, key, str(tmp_path / "target")))

        assert answer["growth_mib"] / 64 < 0.5

    KILLED = """
import threading

class Stuck:
    left = 24
    def read(self, size):
        if not self.left:
            print("stuck", flush=True)
            threading.Event().wait()
        self.left -= 1
        return b"x" * size

store.put(arguments[0], Stuck(), media_type="video/mp4")
"""

    def test_a_writer_killed_in_the_middle_leaves_no_object(
        self, location: FolderLocation | S3Location, store: ObjectStore, account: AccountId, key: str
    ) -> None:
        child = run_child(location, self.KILLED, key)
        assert child.stdout is not None
        assert child.stdout.readline() == "stuck\n"

        child.send_signal(signal.SIGKILL)
        child.communicate()

        assert not is_stored(store, key)
        assert list(store.list_objects(account_prefix(account))) == []
        assert store.put_if_absent(key, io.BytesIO(b"next try"), media_type="video/mp4").created

    GREEN = """
import eventlet.patcher
assert eventlet.patcher.is_monkey_patched("socket")
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        eventlet.sleep(0)

prefix = arguments[0]
def round_trip(number):
    body = os.urandom(8 << 20)
    key = prefix + f"{number}.mp4"
    assert store.put_if_absent(key, io.BytesIO(body), media_type="video/mp4").created
    store.put(key, io.BytesIO(body * 3), media_type="video/mp4")
    with store.open(key) as stored:
        assert stored.read() == body * 3

eventlet.spawn(tick)
eventlet.sleep(0)
pool = eventlet.GreenPool()
before = ticks
for _ in pool.imap(round_trip, range(3)): pass
print(json.dumps({"ticks": ticks - before}))
"""

    def test_green_threads_share_a_store_and_others_run_meanwhile(
        self, location: FolderLocation | S3Location, account: AccountId
    ) -> None:
        """Each of 3 green threads moves 56 MiB in chunks of at most 8 MiB, and lets the others run after each."""
        answer = answer_of(run_child(location, self.GREEN, render_prefix(account, JobId("job"))))

        assert answer["ticks"] >= 3 * 7

    def test_plain_threads_share_a_store(self, store: ObjectStore, account: AccountId) -> None:
        def round_trip(number: int) -> bool:
            key, body = render_key(account, JobId("job"), f"{number}.mp4"), os.urandom(200_000)
            store.put(key, io.BytesIO(body), media_type=VIDEO)
            return content(store, key) == body

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(round_trip, range(32)))
