from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.storage import FolderLocation, FolderStore, S3Location, open_store


def test_a_folder_location_opens_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_store(FolderLocation(path=tmp_path / "new" / "folder")), FolderStore)
    assert (tmp_path / "new" / "folder").is_dir()


def test_boto3_is_loaded_for_a_bucket_only() -> None:
    program = """
import sys, tempfile
from pathlib import Path
from pydantic import SecretStr
from shared.storage import FolderLocation, S3Location, open_store
open_store(FolderLocation(path=Path(tempfile.mkdtemp())))
assert not {"boto3", "botocore", "eventlet"} & set(sys.modules)
open_store(S3Location(bucket="b", endpoint="http://127.0.0.1:1", access_key=SecretStr("a"), secret_key=SecretStr("s")))
assert "boto3" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_location_never_shows_its_secrets() -> None:
    location = S3Location(bucket="b", access_key=SecretStr("planted-key"), secret_key=SecretStr("planted-secret"))

    assert "planted" not in repr(location)


def test_without_an_endpoint_the_bucket_is_amazons(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    store = open_store(
        S3Location(bucket="b", region="eu-west-1", access_key=SecretStr("a"), secret_key=SecretStr("s"))
    )

    permission = store.presign_get("accounts/a/renders/j/video.mp4", lifetime=timedelta(hours=1))

    assert permission.url.startswith("https://s3.eu-west-1.amazonaws.com/b/accounts/")  # type: ignore[union-attr]
