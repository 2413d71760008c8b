"""Keys are kept private, and a process signs only with a key that is pinned for its service."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import struct
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.errors import ConfigurationError
from shared.sealing import SealInvalidError, seal
from shared.signing import (
    SignatureInvalidError,
    Signer,
    Verifier,
    key_id,
    load_key,
    load_pins,
    load_signer,
    make_key,
    pin,
    write_pins,
)

ROUTE = {"exchange": "renderer.events", "routing_key": "attempt.succeeded"}


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """Pins of a renderer and a content whose keys are beside them."""
    file = tmp_path / "pins.json"
    write_pins(file, {service: make_key(tmp_path / f"{service}.pem") for service in ("renderer", "content")})
    return file


def test_a_new_key_is_its_owners_only(tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    before = (tmp_path / "key.pem").read_bytes()
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_bytes() == before


def test_a_key_is_named_after_its_service_and_its_digest(tmp_path: Path) -> None:
    public = make_key(tmp_path / "key.pem").public_key()
    service, _, digest = key_id("renderer", public).rpartition("-")
    assert service == "renderer"
    assert len(digest) == 8
    assert key_id("content", public) == f"content-{digest}"
    assert key_id("renderer", make_key(tmp_path / "other.pem").public_key()) != key_id("renderer", public)


def test_what_a_loaded_key_signs_the_loaded_pins_believe(pins: Path) -> None:
    verifier = load_pins(pins)
    signer = load_signer(pins.with_name("renderer.pem"), verifier, ["renderer"])
    headers = signer.headers(b"body", **ROUTE)
    assert verifier.verify(b"body", headers) == signer.key_id
    with pytest.raises(SignatureInvalidError):
        verifier.verify(b"another body", headers)


def test_a_process_of_several_services_signs_as_the_one_its_key_is_pinned_for(pins: Path) -> None:
    signer = load_signer(pins.with_name("content.pem"), load_pins(pins), ["renderer", "content"])
    assert signer.key_id.startswith("content-")


def test_the_key_of_another_service_is_refused_with_what_is_missing(pins: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"is not pinned: the pins have none of renderer-[0-9a-f]{8};"):
        load_signer(pins.with_name("content.pem"), load_pins(pins), ["renderer"])


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o660, 0o610, 0o601])
def test_a_key_that_others_may_touch_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    make_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(mode)
    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}.*chmod 600"):
        load_key(tmp_path / "key.pem")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
def test_a_key_may_be_read_by_its_group(tmp_path: Path, mode: int) -> None:
    public = make_key(tmp_path / "key.pem").public_key()
    (tmp_path / "key.pem").chmod(mode)
    assert load_key(tmp_path / "key.pem").public_key() == public


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.touch(mode=0o600)
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"key\.pem is no PEM file"):
        load_key(file)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.touch(mode=0o600)
    other = generate_private_key(SECP256R1())
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="is no Ed25519 key"):
        load_key(file)


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load_key(tmp_path / "key.pem")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "it is no JSON"),
        ("[]", "must be an object"),
        ('{"renderer-00000000": {"sign": "AAAA", "seal": "AAAA"}}', "is no base64 of 32 bytes"),
        ('{"renderer-00000000": {"sign": "not base64", "seal": ""}}', "is no base64 of 32 bytes"),
        ('{"renderer-00000000": {"sign": 1, "seal": 2}}', "is no base64 of 32 bytes"),
        ('{"renderer-00000000": {"sign": "AAAA"}}', "must have a `sign` and a `seal`"),
        ('{"renderer-00000000": "AAAA"}', "must have a `sign` and a `seal`"),
    ],
)
def test_pins_that_cannot_be_used_are_refused_with_the_entry(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "pins.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=problem):
        load_pins(file)


def test_a_pin_under_the_name_of_another_key_is_refused(tmp_path: Path, pins: Path) -> None:
    names = sorted(json.loads(pins.read_text()))
    pins.write_text(json.dumps({names[0]: pin(make_key(tmp_path / "foreign.pem"))}))
    with pytest.raises(ConfigurationError, match=f"pin {names[0]} .* is of another key"):
        load_pins(pins)


def test_of_a_file_with_two_keys_the_first_signs_and_both_open(tmp_path: Path, pins: Path) -> None:
    """While a key is changed, questions sealed to the old and to the new one arrive."""
    new, old = make_key(tmp_path / "new.pem"), load_key(pins.with_name("content.pem"))
    for first, second in (("new.pem", "content.pem"), ("content.pem", "new.pem")):
        both = tmp_path / f"both-{first}"
        both.touch(mode=0o600)
        both.write_bytes((tmp_path / first).read_bytes() + (tmp_path / second).read_bytes())
        write_pins(pins, {"content": load_key(both)})
        signer = load_signer(both, load_pins(pins), ["content"])
        assert signer.key_id == key_id("content", load_key(tmp_path / first).public_key())
        for key in (new, old):
            assert signer.open(seal(b"secret", pin(key)["seal"], info=b"i"), info=b"i") == b"secret"
        with pytest.raises(SealInvalidError):
            signer.open(seal(b"secret", pin(make_key(tmp_path / f"x{first}"))["seal"], info=b"i"), info=b"i")


def test_others_seal_to_the_newest_pin_of_a_service(tmp_path: Path) -> None:
    keys = [make_key(tmp_path / f"{number}.pem") for number in range(2)]
    entries = [{key_id("content", key.public_key()): pin(key)} for key in keys]
    for older, newer in ((0, 1), (1, 0)):
        (tmp_path / "pins.json").write_text(json.dumps(entries[older] | entries[newer]))
        assert load_pins(tmp_path / "pins.json").sealing_key_of("content") == pin(keys[newer])["seal"]
    with pytest.raises(ConfigurationError, match="no key of auth is pinned"):
        load_pins(tmp_path / "pins.json").sealing_key_of("auth")


def test_an_answer_is_bound_to_its_question(pins: Path) -> None:
    verifier = load_pins(pins)
    signer = load_signer(pins.with_name("renderer.pem"), verifier, ["renderer"])
    headers = signer.answer_headers(b"answer", b"question")
    assert verifier.verify_answer(b"answer", headers, b"question") == signer.key_id
    for body, question in ((b"answer", b"another question"), (b"another answer", b"question"), (b"", b"")):
        with pytest.raises(SignatureInvalidError):
            verifier.verify_answer(body, headers, question)
    with pytest.raises(SignatureInvalidError):
        verifier.verify(b"answer", {**headers, "exchange": "", "routing-key": ""})


def test_the_signed_bytes_are_those_of_the_written_format(pins: Path) -> None:
    """docs/contracts/README.md, "Protected messages"; decoded here without our code."""
    key = load_key(pins.with_name("renderer.pem"))
    signer = load_signer(pins.with_name("renderer.pem"), load_pins(pins), ["renderer"])

    def exact(*parts: bytes) -> bytes:
        return b"".join(struct.pack(">Q", len(part)) + part for part in parts)

    kid = signer.key_id.encode()
    headers = signer.headers(b"{}", exchange="e", routing_key="r")
    key.public_key().verify(
        base64.b64decode(headers["sig"]), exact(b"studiomatic-message-v1", kid, b"e", b"r", b"{}")
    )
    answer = signer.answer_headers(b"{}", b"q")
    key.public_key().verify(
        base64.b64decode(answer["sig"]),
        exact(b"studiomatic-answer-v1", kid, hashlib.sha256(b"q").digest(), b"{}"),
    )


def ed25519_vectors() -> list[tuple[bytes, bytes, bytes, bytes]]:
    """Seed, public key, message and signature of each test of the Ed25519 authors (sign.input)."""
    with cryptography_vectors.open_vector_file("asymmetric/Ed25519/sign.input", "rb") as file:
        rows = [line.split(b":") for line in file.read().splitlines()]
    return [
        (
            bytes.fromhex(row[0].decode())[:32],
            bytes.fromhex(row[1].decode()),
            bytes.fromhex(row[2].decode()),
            bytes.fromhex(row[3].decode())[:64],
        )
        for row in rows
    ]


def test_signatures_are_those_of_the_published_vectors() -> None:
    """RFC 8032; 1,024 vectors of the authors of Ed25519."""
    vectors = ed25519_vectors()
    assert len(vectors) == 1024
    for seed, public, message, signature in vectors:
        key = Ed25519PrivateKey.from_private_bytes(seed)
        signer = Signer(key_id=key_id("x", key.public_key()), private_key=key)
        assert key.public_key().public_bytes_raw() == public
        assert signer.sign(message) == signature
        verifier = Verifier(public_keys={signer.key_id: key.public_key()})
        verifier.check(signer.key_id, signature, message)
        with pytest.raises(SignatureInvalidError):
            verifier.check(signer.key_id, signature, message + b" ")
