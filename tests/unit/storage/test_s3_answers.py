"""How the S3 store takes what a server may answer, shown on a server that answers what a test wants."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    StorageUnavailableError,
    StudiomaticError,
)
from shared.ids import AccountId, JobId
from shared.storage import DigestMismatchError, ObjectStore, S3Location, StorageFullError, open_store, render_key

KEY = render_key(AccountId("account"), JobId("job"), "video.mp4")
SHA256 = "0" * 64


@dataclass
class Script:
    """What the server answers; the last answer is repeated."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    cut_after: int | None = None
    requests: list[str] = field(default_factory=list)


class ScriptedServer(ThreadingHTTPServer):
    """Answers what the script of the running test says."""

    script: Script

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def answer(self) -> None:
        script = self.server.script
        script.requests.append(self.command)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status, code = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
        stored = b"x" * 100 if self.command == "GET" else b""
        body = f"<Error><Code>{code}</Code></Error>".encode() if status >= 300 else stored
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "video/mp4")
        self.send_header("last-modified", "Tue, 01 Jan 2030 00:00:00 GMT")
        self.send_header("x-amz-meta-sha256", SHA256)
        self.send_header("connection", "close")  # said, so that the client does not send into a closing one
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: script.cut_after])
        self.close_connection = True

    do_GET = do_PUT = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def script(server: ScriptedServer) -> Script:
    server.script = Script()
    return server.script


def store_at(endpoint: str) -> ObjectStore:
    return open_store(
        S3Location(
            bucket="bucket",
            endpoint=endpoint,
            access_key=SecretStr("access-key"),
            secret_key=SecretStr("planted-secret"),
        )
    )


@pytest.fixture(scope="module")
def store(server: ScriptedServer) -> ObjectStore:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.storage.s3.ATTEMPTS", 1)
        return store_at(server.endpoint)


@pytest.mark.parametrize(
    ("status", "code", "expected", "remedy"),
    [
        (404, "NoSuchKey", NotFoundError, "no such object"),
        (404, "NoSuchBucket", ConfigurationError, "STUDIO_S3_BUCKET"),
        (403, "AccessDenied", ConfigurationError, "rights of the access key"),
        (403, "SignatureDoesNotMatch", ConfigurationError, "STUDIO_S3_SECRET_KEY"),
        (403, "RequestTimeTooSkewed", ConfigurationError, "clock"),
        (400, "AuthorizationHeaderMalformed", ConfigurationError, "STUDIO_S3_REGION"),
        (403, "QuotaExceeded", StorageFullError, "quota"),
        (507, "InsufficientStorage", StorageFullError, "free space"),
        (500, "InternalError", StorageUnavailableError, "500"),
        (503, "SlowDown", StorageUnavailableError, "SlowDown"),
        (400, "RequestTimeout", StorageUnavailableError, "RequestTimeout"),
        (501, "NotImplemented", ConfigurationError, "NotImplemented"),
        (400, "XAmzContentSHA256Mismatch", DigestMismatchError, "store them again"),
        (404, "NoSuchUpload", ConflictError, "erased"),
    ],
)
def test_each_answer_has_its_error_and_names_the_object_and_the_remedy(
    store: ObjectStore, script: Script, status: int, code: str, expected: type[StudiomaticError], remedy: str
) -> None:
    script.answers = [(status, code)]

    with pytest.raises(expected, match=f"{KEY}.*{remedy}") as told:
        store.put(KEY, io.BytesIO(b"abc"), media_type="video/mp4")
    assert "planted-secret" not in told.value.message


def test_a_busy_server_is_asked_again_before_it_counts_as_away(server: ScriptedServer, script: Script) -> None:
    script.answers = [(503, "SlowDown"), (200, "")]

    store_at(server.endpoint).put(KEY, io.BytesIO(b"abc"), media_type="video/mp4")

    assert script.requests == ["PUT", "PUT"]


def test_a_conditional_put_that_meets_another_in_the_act_tries_again(store: ObjectStore, script: Script) -> None:
    script.answers = [(409, "ConditionalRequestConflict"), (404, "NotFound"), (200, "")]

    assert store.put_if_absent(KEY, io.BytesIO(b"abc"), media_type="video/mp4").created
    assert script.requests == ["PUT", "HEAD", "PUT"]


def test_a_conditional_put_that_never_gets_its_turn_gives_up_as_retryable(
    store: ObjectStore, script: Script
) -> None:
    script.answers = [(409, "ConditionalRequestConflict"), (404, "NotFound")] * 5

    with pytest.raises(StorageUnavailableError, match="again and again"):
        store.put_if_absent(KEY, io.BytesIO(b"abc"), media_type="video/mp4")


def test_a_connection_cut_in_the_middle_of_a_body_leaves_no_file(
    store: ObjectStore, script: Script, tmp_path: Path
) -> None:
    script.answers = [(200, "")]
    script.cut_after = 60

    with pytest.raises(StorageUnavailableError):
        store.download(KEY, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_a_body_whose_digest_is_not_the_recorded_one_is_not_handed_out(
    store: ObjectStore, script: Script, tmp_path: Path
) -> None:
    script.answers = [(200, "")]

    with pytest.raises(DigestMismatchError):
        store.download(KEY, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


class TestServerAway:
    def test_a_refused_connection_is_retryable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.storage.s3.ATTEMPTS", 1)
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))  # holds the port without listening on it
            with pytest.raises(StorageUnavailableError, match=f"{KEY}.*does not answer") as told:
                store_at(f"http://127.0.0.1:{deaf.getsockname()[1]}").head(KEY)
        assert told.value.retryable

    def test_a_server_that_never_answers_is_given_up_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.storage.s3.ATTEMPTS", 1)
        monkeypatch.setattr("shared.storage.s3.READ_TIMEOUT_S", 0.2)
        with (
            socket.create_server(("127.0.0.1", 0)) as silent,
            pytest.raises(StorageUnavailableError, match="does not answer"),
        ):
            store_at(f"http://127.0.0.1:{silent.getsockname()[1]}").head(KEY)

    def test_an_endpoint_that_is_none_is_refused_at_once(self) -> None:
        with pytest.raises(ConfigurationError, match="https://host:port"):
            store_at("not a url")
