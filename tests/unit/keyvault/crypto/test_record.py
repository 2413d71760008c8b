"""Record format v1: the damage catalogue. Whatever is wrong, one error says so, and nothing else."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.keyvault.crypto import record
from services.keyvault.crypto.record import OVERHEAD_BYTES, seal, unseal
from services.keyvault.domain.records import Binding, Kind
from shared.contracts.refusals import RecordCorruptError
from shared.errors import InvalidInputError

PARENT = bytes(range(32))
BINDING = Binding(account_id="account-1", record_id="record-1", provider="zai", purpose="provider_key")
SECRET = b"sk-a-secret-of-the-test"


def _sealed(secret: bytes = SECRET, **changes: str) -> bytes:
    return seal(PARENT, 7, Kind.PROVIDER_KEY, _bound(**changes), secret)


def _bound(**changes: str) -> Binding:
    return Binding(**(vars(BINDING) | changes))


def _opened(sealed: bytes, *, parent: bytes = PARENT, version: int = 7, kind: Kind = Kind.PROVIDER_KEY,
            **changes: str) -> bytes:  # fmt: skip
    return bytes(unseal(parent, version, kind, _bound(**changes), sealed))


def _refused(sealed: bytes, **changes: object) -> bool:
    """Whether it is refused, in the one way."""
    try:
        _opened(sealed, **changes)
    except RecordCorruptError as error:
        return str(error) == str(RecordCorruptError()) and error.__cause__ is None
    return False


@pytest.mark.parametrize("size", [1, 2, 61, 62, 63, 64, 125, 126, 127, 4095, 4096])
def test_what_was_sealed_opens(size: int) -> None:
    secret = os.urandom(size)
    assert _opened(_sealed(secret)) == secret


@pytest.mark.parametrize("size", [0, 4097, 65_535, 65_536])
def test_no_secret_is_empty_or_over_4096_bytes(size: int) -> None:
    with pytest.raises(InvalidInputError):
        _sealed(bytes(size))


@pytest.mark.parametrize(("size", "padded"), [(1, 64), (62, 64), (63, 128), (126, 128), (4096, 4160)])
def test_a_record_is_100_bytes_longer_than_its_padded_secret(size: int, padded: int) -> None:
    assert len(_sealed(bytes(size))) == OVERHEAD_BYTES + padded == 100 + padded


def test_secrets_of_similar_length_have_records_of_one_length() -> None:
    assert len({len(_sealed(bytes(size))) for size in range(1, 63)}) == 1


@pytest.mark.parametrize("field", ["account_id", "record_id", "provider", "purpose"])
def test_a_record_opens_for_nobody_and_nothing_else(field: str) -> None:
    """Swapped rows, users, providers, purposes: SP 800-38D, associated data."""
    assert _refused(_sealed(), **{field: "another"})
    assert _refused(_sealed(**{field: "another"}))


def test_no_two_lists_of_names_are_bound_alike() -> None:
    """Every item has its length before it, so none can lend letters to its neighbour."""
    assert _refused(_sealed(account_id="ab", record_id="c"), account_id="a", record_id="bc")
    assert _refused(_sealed(provider="x", purpose=""), provider="", purpose="x")


def test_every_flipped_bit_is_noticed() -> None:
    """Every bit of every byte: magic, suite, kind, version, salt, nonce, commitment, ciphertext, tag."""
    sealed = _sealed()
    opened = [
        (place, bit)
        for place in range(len(sealed))
        for bit in range(8)
        if not _refused(sealed[:place] + bytes([sealed[place] ^ 1 << bit]) + sealed[place + 1 :])
    ]
    assert opened == []


def test_every_truncation_and_extension_is_noticed() -> None:
    sealed = _sealed()
    assert all(_refused(sealed[:length]) for length in range(len(sealed)))
    assert all(_refused(sealed + os.urandom(count)) for count in (1, 15, 16, 63, 64, 100, 4096, 100_000))
    assert all(_refused(os.urandom(count) + sealed) for count in (1, 64))


def test_no_other_version_opens_a_record() -> None:
    """A downgrade by writing another version into the header, or by asking for another."""
    sealed = _sealed()
    for version in (0, 1, 6, 8, 0x0700, 0xFFFF):
        assert _refused(sealed, version=version)
        rewritten = sealed[:6] + version.to_bytes(2) + sealed[8:]
        assert _refused(rewritten)
        assert _refused(rewritten, version=version)


@pytest.mark.parametrize("suite", [0, 2, 3, 255])
def test_an_unknown_suite_is_refused(suite: int) -> None:
    sealed = _sealed()
    assert _refused(sealed[:4] + bytes([suite]) + sealed[5:])


@pytest.mark.parametrize("kind", [Kind.TOTP_SEED, Kind.CONTENT_KEY, Kind.USER_KEY])
def test_a_record_of_another_kind_is_refused(kind: Kind) -> None:
    sealed = _sealed()
    assert _refused(sealed, kind=kind)
    rewritten = sealed[:5] + bytes([kind]) + sealed[6:]
    assert _refused(rewritten)
    assert _refused(rewritten, kind=kind)


def test_another_parent_key_opens_nothing() -> None:
    assert _refused(_sealed(), parent=os.urandom(32))


def test_one_ciphertext_that_gcm_takes_under_two_keys_is_refused_under_one(taken_by_both, monkeypatch) -> None:
    """GCM does not commit to its key: such ciphertexts can be made. The commitment is looked at before decrypting."""
    sealed, other = _sealed(), os.urandom(32)
    header, data = sealed[:84], _associated(sealed[:84])
    keys = [_record_key(parent, sealed[8:40]) for parent in (PARENT, other)]
    encrypted = taken_by_both(keys, header[40:52], data)
    for key in keys:
        AESGCM(key).decrypt(header[40:52], encrypted, data)  # raises nothing

    decrypted = []
    monkeypatch.setattr(record, "AESGCM", lambda key: decrypted.append(bytes(key)) or AESGCM(key))
    assert _refused(header + encrypted, parent=other)
    assert decrypted == []
    assert _refused(header + encrypted)  # its padding is none, but it was decrypted
    assert decrypted != []


def _record_key(parent: bytes, salt: bytes) -> bytes:
    key = bytearray(32)
    record._derive(parent, salt, into=key)
    return bytes(key)


def _associated(header: bytes) -> bytes:
    return record._associated_data(header, BINDING)


@pytest.mark.parametrize(
    "plain",
    [
        bytes(64),
        (1).to_bytes(2) + b"x" + bytes(60) + b"\1",
        (63).to_bytes(2) + bytes(62),
        (0xFFFF).to_bytes(2) + bytes(62),
        (1).to_bytes(2) + b"x" + bytes(125),
        (5000).to_bytes(2) + bytes(4158),
    ],
)
def test_a_padding_that_seal_does_not_make_is_refused(monkeypatch, plain: bytes) -> None:
    """So that no secret has two records' forms, even for whoever holds the key."""
    monkeypatch.setattr(record, "_padded", lambda _secret: bytearray(plain))
    assert _refused(_sealed())


def test_a_hundred_thousand_records_share_no_salt_and_no_nonce() -> None:
    seen: set[bytes] = set()
    for _ in range(100_000):
        seen.add(_sealed(b"x")[8:52])
    assert len(seen) == 100_000
    assert len({pair[:32] for pair in seen}) == len({pair[32:] for pair in seen}) == 100_000
