"""Keys are kept private, and a process signs only with a key that is pinned for its service."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.errors import ConfigurationError
from shared.signing import (
    SignatureInvalidError,
    key_id,
    load_key,
    load_pins,
    load_signer,
    make_key,
    write_pins,
)

ROUTE = {"exchange": "renderer.events", "routing_key": "attempt.succeeded"}


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """Pins of a renderer and a content whose keys are beside them."""
    file = tmp_path / "pins.json"
    keys = {service: make_key(tmp_path / f"{service}.pem") for service in ("renderer", "content")}
    write_pins(file, {key_id(service, key): key for service, key in keys.items()})
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
    public = make_key(tmp_path / "key.pem")
    service, _, digest = key_id("renderer", public).rpartition("-")
    assert service == "renderer"
    assert len(digest) == 8
    assert key_id("content", public) == f"content-{digest}"
    assert key_id("renderer", make_key(tmp_path / "other.pem")) != key_id("renderer", public)


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
    public = make_key(tmp_path / "key.pem")
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
        ('{"renderer-00000000": "AAAA"}', "is no base64 of 32 bytes"),
        ('{"renderer-00000000": "not base64"}', "is no base64 of 32 bytes"),
        ('{"renderer-00000000": 1}', "is no base64 of 32 bytes"),
    ],
)
def test_pins_that_cannot_be_used_are_refused_with_the_entry(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "pins.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=problem):
        load_pins(file)


def test_a_pin_under_the_name_of_another_key_is_refused(tmp_path: Path, pins: Path) -> None:
    names = sorted(json.loads(pins.read_text()))
    foreign = base64.b64encode(make_key(tmp_path / "foreign.pem").public_bytes_raw()).decode()
    pins.write_text(json.dumps({names[0]: foreign}))
    with pytest.raises(ConfigurationError, match=f"pin {names[0]} .* is of another key"):
        load_pins(pins)
