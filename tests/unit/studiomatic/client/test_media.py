"""Bodies go to the store and come home verified; what expired or was lost on the way is begun again, once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.media import (
    AcceptMedia,
    DownloadPermission,
    MediaAccepted,
    MediaKind,
    OfferMedia,
    OpenDownload,
    UploadPermission,
)
from shared.contracts.references import AssetReference, ImageReference
from shared.errors import BadMediaError, NotFoundError, RemoteError, StorageUnavailableError
from shared.storage import DigestMismatchError
from shared.storage.delivery import PermissionRefusedError
from studiomatic.client.media import bring_home, hand_in

BODY = b"a picture"
ASSET = AssetReference(
    key="accounts/a/assets/x",
    sha256=hashlib.sha256(BODY).hexdigest(),
    size_bytes=len(BODY),
    media_type="image/png",
)


class Store(ThreadingHTTPServer):
    """An object store of one object; statuses that are given come first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = BODY
        self.announced: int | None = None
        self.statuses: list[int] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/bucket/key?signature=1"


class Handler(BaseHTTPRequestHandler):
    server: Store

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append(("PUT", dict(self.headers), body))
        self._answer(b"")

    def do_GET(self) -> None:
        self.server.requests.append(("GET", dict(self.headers), b""))
        self._answer(self.server.body)

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("content-length", str(self.server.announced or len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as store:
        thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield store
        store.shutdown()
        thread.join()


class Content:
    """Gives every leave that is asked for; troubles that are given come first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[str] = []
        self.troubles: list[Exception] = []

    def __call__(self, query: Any, _reply: Any, *, timeout_s: float | None = None) -> Any:
        self.asked.append(type(query).__name__)
        match query:
            case OfferMedia():
                headers = {"content-length": str(query.size_bytes), "x-amz-content-sha256": query.sha256}
                return UploadPermission(url=self._store.url, headers=headers)
            case OpenDownload():
                return DownloadPermission(url=self._store.url)
            case AcceptMedia():
                if self.troubles:
                    raise self.troubles.pop(0)
                return MediaAccepted(image=ImageReference(asset=ASSET, width=1, height=1))


@pytest.fixture
def content(store: Store) -> Content:
    return Content(store)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.png"
    path.write_bytes(BODY)
    return path


def test_a_file_is_offered_put_with_the_signed_headers_and_accepted(
    store: Store, content: Content, file: Path
) -> None:
    assert hand_in(content, file, MediaKind.IMAGE).image
    assert content.asked == ["OfferMedia", "AcceptMedia"]
    (method, headers, body) = store.requests[0]
    assert (method, body, headers["x-amz-content-sha256"]) == ("PUT", BODY, ASSET.sha256)


def test_an_acceptance_whose_answer_was_lost_is_mended_by_offering_again(content: Content, file: Path) -> None:
    content.troubles = [NotFoundError()]
    assert hand_in(content, file, MediaKind.IMAGE).image
    assert content.asked == ["OfferMedia", "AcceptMedia"] * 2


def test_an_upload_that_is_gone_twice_is_told(content: Content, file: Path) -> None:
    content.troubles = [NotFoundError(), NotFoundError()]
    with pytest.raises(NotFoundError):
        hand_in(content, file, MediaKind.IMAGE)


def test_an_expired_permission_to_upload_is_asked_for_again(store: Store, content: Content, file: Path) -> None:
    store.statuses = [403]
    assert hand_in(content, file, MediaKind.IMAGE).image
    assert content.asked == ["OfferMedia", "OfferMedia", "AcceptMedia"]


def test_what_content_says_of_a_bad_file_arrives_as_bad_media(content: Content, file: Path) -> None:
    content.troubles = [RemoteError("bad_media", "holiday.png is damaged")]
    with pytest.raises(BadMediaError, match=r"holiday\.png is damaged"):
        hand_in(content, file, MediaKind.IMAGE)


def test_an_empty_file_is_refused_with_its_name_before_anything_is_asked(content: Content, file: Path) -> None:
    file.write_bytes(b"")
    with pytest.raises(BadMediaError, match=r"holiday\.png"):
        hand_in(content, file, MediaKind.IMAGE)
    assert content.asked == []


def test_an_object_comes_home_whole(content: Content, tmp_path: Path) -> None:
    bring_home(content, ASSET, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_an_expired_permission_to_download_is_asked_for_again_once(
    store: Store, content: Content, tmp_path: Path
) -> None:
    store.statuses = [403]
    bring_home(content, ASSET, tmp_path / "copy")
    assert content.asked == ["OpenDownload", "OpenDownload"]
    store.statuses = [403, 403]
    with pytest.raises(PermissionRefusedError):
        bring_home(content, ASSET, tmp_path / "second")


@pytest.mark.parametrize(
    ("body", "announced", "status", "error"),
    [
        pytest.param(BODY[::-1], None, 200, DigestMismatchError, id="other bytes"),
        pytest.param(BODY + b"!", None, 200, DigestMismatchError, id="more bytes"),
        pytest.param(BODY[:4], None, 200, DigestMismatchError, id="fewer bytes"),
        pytest.param(BODY[:4], len(BODY), 200, StorageUnavailableError, id="cut off"),
        pytest.param(BODY, None, 404, NotFoundError, id="gone"),
        pytest.param(BODY, None, 503, StorageUnavailableError, id="store in trouble"),
    ],
)
def test_nothing_but_the_very_object_becomes_a_file(
    store: Store,
    content: Content,
    tmp_path: Path,
    body: bytes,
    announced: int | None,
    status: int,
    error: type[Exception],
) -> None:
    (tmp_path / "copy").write_text("what was there before")
    store.body, store.announced, store.statuses = body, announced, [status]
    with pytest.raises(error):
        bring_home(content, ASSET, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "what was there before"
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
