"""A keyring in a key management service; the service is a small server over HTTP, as a plug-in would ask one."""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from services.keyvault.crypto.keyring import Keyring
from services.keyvault.crypto.kms import KmsKeyring, KmsRefusedError
from services.keyvault.crypto.user_keys import KeyringUserKeys
from services.keyvault.domain.records import Binding, Kind
from shared.clock import FixedClock
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError

BINDING = Binding(account_id="account", record_id="record", provider="zai", purpose="provider_key")


class Kms(ThreadingHTTPServer):
    """Keeps keys, and gives none away."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys = {1: AESGCMSIV(AESGCMSIV.generate_key(256))}


class _Handler(BaseHTTPRequestHandler):
    server: Kms

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = self._answer(asked)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, asked: dict[str, object]) -> tuple[int, object]:
        if self.path == "/versions":
            return 200, {version: f"keys/vault/versions/{version}" for version in self.server.keys}
        key, nonce = self.server.keys[int(asked["version"])], bytes(12)
        data, context = base64.b64decode(asked["data"]), base64.b64decode(asked["context"])
        try:
            result = getattr(key, self.path[1:])(nonce, data, context)
        except InvalidTag:
            return 400, {}
        return 200, {"data": base64.b64encode(result).decode()}

    def log_message(self, *_: object) -> None:
        pass


class Client:
    """The plug-in."""

    def __init__(self, url: str) -> None:
        self._url = url

    def versions(self) -> Mapping[int, str]:
        return {int(version): name for version, name in self._ask("versions").items()}

    def encrypt(self, version: int, plain: bytes, context: bytes) -> bytes:
        return self._crypt("encrypt", version, plain, context)

    def decrypt(self, version: int, encrypted: bytes, context: bytes) -> bytes:
        try:
            return self._crypt("decrypt", version, encrypted, context)
        except urllib.error.HTTPError:
            raise KmsRefusedError from None

    def _crypt(self, what: str, version: int, data: bytes, context: bytes) -> bytes:
        encoded = {"data": base64.b64encode(data).decode(), "context": base64.b64encode(context).decode()}
        return base64.b64decode(self._ask(what, version=version, **encoded)["data"])

    def _ask(self, what: str, **question: object) -> dict[str, str]:
        request = urllib.request.Request(f"{self._url}/{what}", json.dumps(question).encode())  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            read: dict[str, str] = json.load(answer)
            return read


@pytest.fixture
def kms() -> Iterator[Kms]:
    with Kms() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def keyring(kms: Kms) -> Keyring:
    return KmsKeyring(Client(f"http://127.0.0.1:{kms.server_port}"))


@pytest.fixture
def user_keys(keyring: Keyring) -> KeyringUserKeys:
    return KeyringUserKeys(keyring, FixedClock())


def test_user_keys_are_wrapped_by_the_service(keyring, user_keys) -> None:
    key = user_keys.make("account", 1, FixedClock().now())
    sealed = user_keys.seal(key, Kind.PROVIDER_KEY, BINDING, b"secret")
    assert KeyringUserKeys(keyring, FixedClock()).open(key, Kind.PROVIDER_KEY, BINDING, sealed) == b"secret"
    assert key.wrapped[:8].hex() == "534d4b3102040001"


def test_every_damaged_wrapping_is_refused(keyring, user_keys) -> None:
    wrapped = user_keys.make("account", 1, FixedClock().now()).wrapped
    binding = Binding(account_id="account", record_id="1", provider="", purpose="user_key")
    assert len(keyring.unwrap(1, wrapped, binding)) == 32
    damaged = [
        wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :] for place in range(len(wrapped))
    ]
    for blob in (*damaged, b"", wrapped[:8], wrapped[:-1], wrapped + b"x"):
        with pytest.raises(RecordCorruptError):
            keyring.unwrap(1, blob, binding)
    with pytest.raises(RecordCorruptError):
        keyring.unwrap(1, wrapped, Binding(account_id="other", record_id="1", provider="", purpose="user_key"))


def test_a_new_version_of_the_service_wraps_after_a_reload(kms, keyring, user_keys) -> None:
    key = user_keys.make("account", 1, FixedClock().now())
    kms.keys[2] = AESGCMSIV(AESGCMSIV.generate_key(256))
    assert keyring.current_version == 1
    user_keys.require_current(2)
    assert user_keys.rewrapped(key).keyring_version == 2
    with pytest.raises(KeyUnavailableError):
        user_keys.require_current(3)


def test_a_version_that_the_service_has_not_is_unavailable(keyring) -> None:
    with pytest.raises(KeyUnavailableError):
        keyring.unwrap(2, b"x", BINDING)
