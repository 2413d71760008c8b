"""What only a real S3 server can show."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from pydantic import SecretStr

from shared.errors import ConfigurationError, NotFoundError
from shared.ids import AccountId, JobId, new_id
from shared.storage import (
    DigestMismatchError,
    Fingerprint,
    HttpUpload,
    ObjectStore,
    S3Location,
    account_prefix,
    deliver,
    fingerprint_of,
    open_store,
    render_key,
)

VIDEO = "video/mp4"


@pytest.fixture
def account() -> AccountId:
    return AccountId(new_id())


@pytest.fixture
def key(account: AccountId) -> str:
    return render_key(account, JobId("job"), "video.mp4")


def wait_until(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"


class TestPresignedPut:
    """The announced digest and length are signed: the server itself refuses everything else."""

    RIGHT = b"the announced body"
    OTHER = b"the announced b0dy"

    @pytest.fixture
    def upload(self, store: ObjectStore, key: str) -> HttpUpload:
        announced = Fingerprint(sha256=hashlib.sha256(self.RIGHT).hexdigest(), size_bytes=len(self.RIGHT))
        permission = store.presign_put(key, media_type=VIDEO, fingerprint=announced, lifetime=timedelta(minutes=5))
        assert isinstance(permission, HttpUpload)
        return permission

    def send(self, upload: HttpUpload, body: bytes, **changed: str | None) -> int:
        headers = dict(upload.headers) | {name.replace("_", "-"): value for name, value in changed.items()}
        url = urlsplit(upload.url)
        connection = http.client.HTTPConnection(url.netloc, timeout=10)
        connection.request(
            "PUT",
            f"{url.path}?{url.query}",
            body,
            {name: value for name, value in headers.items() if value is not None},
        )
        with connection.getresponse() as response:
            return response.status

    def test_the_announced_body_is_stored(self, store: ObjectStore, key: str, upload: HttpUpload) -> None:
        assert self.send(upload, self.RIGHT) == 200
        assert store.head(key).fingerprint.sha256 == hashlib.sha256(self.RIGHT).hexdigest()

    def test_another_body_of_the_same_length_is_refused(
        self, store: ObjectStore, key: str, upload: HttpUpload
    ) -> None:
        assert self.send(upload, self.OTHER) == 400
        with pytest.raises(NotFoundError):
            store.head(key)

    @pytest.mark.parametrize(
        "changed",
        [
            {"x_amz_content_sha256": hashlib.sha256(OTHER).hexdigest()},
            {"x_amz_content_sha256": "UNSIGNED-PAYLOAD"},
            {"x_amz_content_sha256": None},
            {"x_amz_checksum_sha256": None},
            {"x_amz_meta_sha256": "0" * 64},
            {"content_type": "text/html"},
        ],
        ids=str,
    )
    def test_a_changed_or_missing_header_is_refused(
        self, store: ObjectStore, key: str, upload: HttpUpload, changed: dict[str, str | None]
    ) -> None:
        assert self.send(upload, self.OTHER, **changed) == 403
        with pytest.raises(NotFoundError):
            store.head(key)

    def test_a_longer_body_is_refused_before_it_is_read(
        self, store: ObjectStore, key: str, upload: HttpUpload
    ) -> None:
        body = self.RIGHT + b"!"

        assert self.send(upload, body, content_length=str(len(body))) == 403
        with pytest.raises(NotFoundError):
            store.head(key)

    def test_the_permission_is_for_one_key_only(
        self, store: ObjectStore, account: AccountId, upload: HttpUpload
    ) -> None:
        elsewhere = replace(upload, url=upload.url.replace("video.mp4", "poster.jpg"))

        assert self.send(elsewhere, self.RIGHT) == 403
        assert list(store.list_objects(account_prefix(account))) == []

    def test_a_refused_delivery_asks_for_a_new_permission(
        self, key: str, upload: HttpUpload, tmp_path: Path
    ) -> None:
        path = tmp_path / "source"
        path.write_bytes(self.RIGHT)

        with pytest.raises(ConfigurationError, match="new permission"):
            deliver(replace(upload, url=upload.url.replace("video.mp4", "poster.jpg")), path)


class TestPresignedGet:
    def test_it_expires(self, store: ObjectStore, key: str) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)
        url = store.presign_get(key, lifetime=timedelta(seconds=1)).url  # type: ignore[union-attr]

        def is_refused() -> bool:
            try:
                with urlopen(url) as answer:  # noqa: S310
                    assert answer.read() == b"abc"
            except HTTPError as error:
                return error.code == 403
            return False

        wait_until(is_refused)

    def test_without_it_nobody_reads(self, store: ObjectStore, location: S3Location, key: str) -> None:
        store.put(key, io.BytesIO(b"abc"), media_type=VIDEO)

        with pytest.raises(HTTPError, match="403"):
            urlopen(f"{location.endpoint}/{location.bucket}/{key}")  # noqa: S310


class TestErasingABucket:
    @pytest.fixture
    def versioned(self, location: S3Location, admin: Any) -> Iterator[S3Location]:
        bucket = f"versioned-{new_id()}"
        admin.create_bucket(Bucket=bucket)
        admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield replace(location, bucket=bucket)
        admin.delete_bucket(Bucket=bucket)  # refused unless it is really empty

    def test_old_versions_delete_markers_and_unfinished_uploads_go_too(
        self, versioned: S3Location, admin: Any, account: AccountId, key: str
    ) -> None:
        store = open_store(versioned)
        for body in (b"first", b"second", b"third"):
            store.put(key, io.BytesIO(body), media_type=VIDEO)
        store.delete(key)
        store.put(key, io.BytesIO(b"fourth"), media_type=VIDEO)
        upload = admin.create_multipart_upload(Bucket=versioned.bucket, Key=key)["UploadId"]
        admin.upload_part(Bucket=versioned.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"unfinished")

        assert store.delete_prefix(account_prefix(account)) == 5
        assert store.delete_prefix(account_prefix(account)) == 0

        left = admin.list_object_versions(Bucket=versioned.bucket)
        assert "Versions" not in left
        assert "DeleteMarkers" not in left
        assert "Uploads" not in admin.list_multipart_uploads(Bucket=versioned.bucket)

    def test_more_objects_than_a_page_holds_are_listed_and_erased(
        self, store: ObjectStore, account: AccountId
    ) -> None:
        keys = [render_key(account, JobId("job"), f"{number}.txt") for number in range(1003)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(key, io.BytesIO(b"x"), media_type="text/plain"), keys))

        assert [entry.key for entry in store.list_objects(account_prefix(account))] == sorted(keys)
        assert store.delete_prefix(account_prefix(account)) == 1003
        assert list(store.list_objects(account_prefix(account))) == []


class TestInterruptedUpload:
    def test_a_writer_killed_between_two_parts_leaves_no_object_and_erasing_takes_the_parts(
        self,
        store: ObjectStore,
        location: S3Location,
        admin: Any,
        account: AccountId,
        key: str,
        tmp_path: Path,
    ) -> None:
        path = tmp_path / "large"
        path.touch()
        os.truncate(path, 1 << 30)
        program = (
            "import sys; from pathlib import Path; from pydantic import SecretStr; from shared.storage import *\n"
            "bucket, endpoint, access, secret, key, path = sys.argv[1:]\n"
            "store = open_store(S3Location(bucket=bucket, endpoint=endpoint, access_key=SecretStr(access),"
            " secret_key=SecretStr(secret)))\n"
            f"expected = Fingerprint(sha256='0' * 64, size_bytes={1 << 30})\n"
            "store.put(key, Path(path), media_type='video/mp4', expected=expected)\n"
        )
        secrets = (location.access_key.get_secret_value(), location.secret_key.get_secret_value())
        child = subprocess.Popen(
            [sys.executable, "-c", program, location.bucket, location.endpoint, *secrets, key, path]
        )

        def has_stored_a_part() -> bool:
            uploads = admin.list_multipart_uploads(Bucket=location.bucket, Prefix=key).get("Uploads", [])
            return any(
                admin.list_parts(Bucket=location.bucket, Key=key, UploadId=upload["UploadId"]).get("Parts")
                for upload in uploads
            )

        wait_until(has_stored_a_part)
        child.send_signal(signal.SIGKILL)
        child.wait()

        assert list(store.list_objects(account_prefix(account))) == []
        assert store.delete_prefix(account_prefix(account)) == 1
        assert "Uploads" not in admin.list_multipart_uploads(Bucket=location.bucket, Prefix=key)

    def test_a_body_that_turns_out_wrong_leaves_no_parts(
        self, store: ObjectStore, location: S3Location, admin: Any, key: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "large"
        path.write_bytes(os.urandom(17 << 20))
        promised = replace(fingerprint_of(path), sha256="0" * 64)

        with pytest.raises(DigestMismatchError):
            store.put(key, path, media_type=VIDEO, expected=promised)
        assert "Uploads" not in admin.list_multipart_uploads(Bucket=location.bucket, Prefix=key)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "remedy"),
        [
            ({"secret_key": SecretStr("wrong")}, "STUDIO_S3_SECRET_KEY"),
            ({"access_key": SecretStr("nobody")}, "STUDIO_S3_ACCESS_KEY"),
            ({"bucket": "no-such-bucket"}, "STUDIO_S3_BUCKET"),
        ],
        ids=str,
    )
    def test_wrong_settings_are_named_with_the_variable_to_change(
        self, location: S3Location, account: AccountId, change: dict[str, Any], remedy: str
    ) -> None:
        store = open_store(replace(location, **change))

        with pytest.raises(ConfigurationError, match=remedy):
            next(store.list_objects(account_prefix(account)), None)

    def test_an_object_from_elsewhere_is_not_taken_for_one_of_ours(
        self, store: ObjectStore, location: S3Location, admin: Any, key: str
    ) -> None:
        admin.put_object(Bucket=location.bucket, Key=key, Body=b"abc")

        with pytest.raises(DigestMismatchError, match="not put there"):
            store.head(key)
