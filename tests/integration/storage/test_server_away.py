"""One store object over the death, silence and return of its server."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from deploy.local.radosgw import Radosgw
from shared.errors import StorageUnavailableError
from shared.ids import AccountId, JobId, new_id
from shared.storage import ObjectStore, S3Location, open_store, render_key

VIDEO = "video/mp4"


@pytest.fixture
def key() -> str:
    return render_key(AccountId(new_id()), JobId("job"), "video.mp4")


@pytest.fixture
def store(location: S3Location, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """A store that gives up soon."""
    monkeypatch.setattr("shared.storage.s3.READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr("shared.storage.s3.ATTEMPTS", 1)
    return open_store(location)


def test_a_killed_server_is_retryable_and_the_store_goes_on_when_it_is_back(
    store: ObjectStore, radosgw: Radosgw, key: str, tmp_path: Path
) -> None:
    store.put(key, io.BytesIO(b"before"), media_type=VIDEO)

    with radosgw.stopped():
        with pytest.raises(StorageUnavailableError) as told:
            store.put(key, io.BytesIO(b"meanwhile"), media_type=VIDEO)
        assert told.value.retryable
        with pytest.raises(StorageUnavailableError):
            store.download(key, tmp_path / "target")

    store.download(key, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"before"


def test_a_server_that_falls_silent_in_a_download_leaves_no_file(
    store: ObjectStore, radosgw: Radosgw, key: str, tmp_path: Path
) -> None:
    """The body is larger than what the kernel's buffers hold on both sides."""
    store.put(key, io.BytesIO(os.urandom(48 << 20)), media_type=VIDEO)

    with store.open(key) as body:
        begin = body.read(1 << 20)
        with radosgw.paused(), pytest.raises(StorageUnavailableError):
            body.read()
    assert len(begin) == 1 << 20

    with radosgw.paused(), pytest.raises(StorageUnavailableError):
        store.download(key, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []
