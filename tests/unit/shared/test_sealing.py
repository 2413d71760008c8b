"""A box opens for its receiver and its purpose, and for nothing and nobody else."""

from __future__ import annotations

import base64
import json

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInputError
from shared.sealing import (
    OVERHEAD_BYTES,
    SealingKey,
    SealInvalidError,
    bound,
    delivery_info,
    digest,
    seal,
    secret_info,
    totp_info,
)

KEY = SealingKey.one_time()


def hpke_vectors() -> list[dict]:
    """RFC 9180 appendix A, base mode, our suite: X25519, HKDF-SHA256, AES-256-GCM."""
    with cryptography_vectors.open_vector_file("HPKE/test-vectors.json", "r") as file:
        vectors = json.load(file)
    ours = {"mode": 0, "kem_id": 0x0020, "kdf_id": 0x0001, "aead_id": 0x0002}
    return [each for each in vectors if all(each[name] == value for name, value in ours.items())]


@pytest.mark.parametrize("vector", hpke_vectors(), ids=lambda vector: vector["enc"][:8])
def test_boxes_under_the_keys_of_the_published_vectors_open(vector: dict) -> None:
    """RFC 9180 appendix A.1 and its companions: receiver, encapsulated key, info, and the key they must lead to.

    The messages of the vectors have associated data, of which our boxes have none; so the box is closed here with
    the published key and nonce.
    """
    of = {name: bytes.fromhex(value) for name, value in vector.items() if isinstance(value, str)}
    plain = bytes.fromhex(vector["encryptions"][0]["pt"])
    closed = AESGCM(of["key"]).encrypt(of["base_nonce"], plain, None)
    key = SealingKey(X25519PrivateKey.from_private_bytes(of["skRm"]))

    assert base64.b64decode(key.public) == of["pkRm"]
    assert key.open(base64.b64encode(of["enc"] + closed).decode(), info=of["info"]) == plain


def test_there_are_published_vectors_of_our_suite() -> None:
    assert len(hpke_vectors()) >= 1


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_is_sealed_opens_again(secret: bytes, info: bytes) -> None:
    box = seal(secret, KEY.public, info=info)
    assert KEY.open(box, info=info) == secret
    assert len(base64.b64decode(box)) == len(secret) + OVERHEAD_BYTES


def test_every_box_is_another() -> None:
    assert seal(b"same", KEY.public, info=b"") != seal(b"same", KEY.public, info=b"")


def test_a_box_with_any_changed_byte_does_not_open() -> None:
    box = base64.b64decode(seal(b"secret", KEY.public, info=b"i"))
    for place in range(len(box)):
        damaged = bytearray(box)
        damaged[place] ^= 1
        with pytest.raises(SealInvalidError) as refused:
            KEY.open(base64.b64encode(damaged).decode(), info=b"i")
        assert str(refused.value) == str(SealInvalidError()), "always the same words"


@pytest.mark.parametrize(
    "box",
    ["", "AAAA", "no base64!", "ä", base64.b64encode(bytes(47)).decode(), base64.b64encode(bytes(48)).decode()],
)
def test_what_is_no_box_does_not_open(box: str) -> None:
    with pytest.raises(SealInvalidError):
        KEY.open(box, info=b"")


def test_a_box_for_somebody_else_or_something_else_does_not_open() -> None:
    box = seal(b"secret", KEY.public, info=b"purpose")
    with pytest.raises(SealInvalidError):
        SealingKey.one_time().open(box, info=b"purpose")
    with pytest.raises(SealInvalidError):
        KEY.open(box, info=b"another purpose")


@pytest.mark.parametrize("public", ["", "AAAA", "no base64!", "ä", base64.b64encode(bytes(32)).decode()])
def test_what_is_no_public_key_is_refused(public: str) -> None:
    """All zeros is a point of small order, to which anybody could open (RFC 7748 section 6.1)."""
    with pytest.raises(InvalidInputError, match="no Base64 of an X25519 public key"):
        seal(b"secret", public, info=b"")


@given(st.lists(st.binary(max_size=8), max_size=5), st.lists(st.binary(max_size=8), max_size=5))
def test_no_two_lists_of_parts_are_bound_alike(first: list[bytes], second: list[bytes]) -> None:
    assert (bound(*first) == bound(*second)) is (first == second)


def test_each_purpose_binds_what_it_must() -> None:
    infos = [
        secret_info("a", "zai"),
        secret_info("b", "zai"),
        secret_info("a", "minimax"),
        totp_info("a", "zai"),
        delivery_info(b"a", "zai"),
        delivery_info(b"b", "zai"),
        delivery_info(b"a", "minimax"),
    ]
    assert len(set(infos)) == len(infos)
    assert digest(b"a") in delivery_info(b"a", "zai")


def test_the_key_of_a_service_follows_from_its_signing_key_and_says_nothing_of_it() -> None:
    signing = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = SealingKey.of_service(signing)
    assert key.public == SealingKey.of_service(signing).public
    assert key.private_key.private_bytes_raw() != signing.private_bytes_raw()
    assert SealingKey.of_service(Ed25519PrivateKey.generate()).public != key.public
    assert "private" not in repr(key)
