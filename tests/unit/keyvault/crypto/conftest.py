"""A second implementation of record format v1, from its description alone and with other primitives.

HKDF is written out over HMAC (RFC 5869), and so are counter mode and GHASH (SP 800-38D) over single AES blocks.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

Decode = Callable[..., bytes]


@pytest.fixture(scope="session")
def decode() -> Decode:
    return _decode


@pytest.fixture(scope="session")
def taken_by_both() -> Callable[[Sequence[bytes], bytes, bytes], bytes]:
    """Makes a ciphertext with a tag that is right under two keys (Dodis et al., 2018: invisible salamanders)."""
    return _taken_by_both


def _taken_by_both(keys: Sequence[bytes], nonce: bytes, data: bytes) -> bytes:
    """Four blocks; the last is solved for, so that both tags agree."""
    free = bytes(range(48)) + bytes(16)
    one, two = (int.from_bytes(_gcm_tag(key, nonce, data, free), "big") for key in keys)
    squares = [
        _times(subkey, subkey) for subkey in (int.from_bytes(_block(key, bytes(16)), "big") for key in keys)
    ]
    last = _times(one ^ two, _inverse(squares[0] ^ squares[1]))
    ciphertext = free[:48] + last.to_bytes(16, "big")
    return ciphertext + _gcm_tag(keys[0], nonce, data, ciphertext)


def _inverse(x: int) -> int:
    """x to the power of 2^128 - 2."""
    inverse = 1 << 127  # the one of this field
    for _ in range(127):
        x = _times(x, x)
        inverse = _times(inverse, x)
    return inverse


def _decode(parent: bytes, blob: bytes, *, account: str, record: str, provider: str, purpose: str) -> bytes:
    """The secret of a record; an AssertionError if anything is not as described."""
    assert blob[0:4] == b"SMK1"
    assert blob[4] == 1
    salt, nonce, commitment = blob[8:40], blob[40:52], blob[52:84]
    key = _hkdf(parent, salt, b"studiomatic/kv/1/record/enc")
    assert _hkdf(parent, salt, b"studiomatic/kv/1/record/commit") == commitment
    items = [
        b"studiomatic/kv/record/1", blob[0:84], account.encode(), record.encode(), provider.encode(),
        purpose.encode(),
    ]  # fmt: skip
    data = b"".join(len(item).to_bytes(4, "big") + item for item in items)
    ciphertext, tag = blob[84:-16], blob[-16:]
    assert _gcm_tag(key, nonce, data, ciphertext) == tag
    plain = _counter_mode(key, nonce, ciphertext)
    length = int.from_bytes(plain[:2], "big")
    assert len(plain) % 64 == 0
    assert not any(plain[2 + length :])
    return plain[2 : 2 + length]


def _hkdf(parent: bytes, salt: bytes, info: bytes) -> bytes:
    extracted = hmac.new(salt, parent, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def _block(key: bytes, block: bytes) -> bytes:
    return Cipher(AES256(key), ECB()).encryptor().update(block)  # noqa: S305  # one block at a time


def _counter_mode(key: bytes, nonce: bytes, data: bytes) -> bytes:
    stream = b"".join(
        _block(key, nonce + (number + 2).to_bytes(4, "big")) for number in range(-(-len(data) // 16))
    )
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _gcm_tag(key: bytes, nonce: bytes, data: bytes, ciphertext: bytes) -> bytes:
    subkey, total = int.from_bytes(_block(key, bytes(16)), "big"), 0
    lengths = (8 * len(data)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    for part in (data, ciphertext, lengths):
        for start in range(0, len(part), 16):
            block = part[start : start + 16].ljust(16, b"\0")
            total = _times(total ^ int.from_bytes(block, "big"), subkey)
    mask = _block(key, nonce + b"\0\0\0\1")
    return bytes(a ^ b for a, b in zip(total.to_bytes(16, "big"), mask, strict=True))


def _times(x: int, y: int) -> int:
    """Multiplication in GF(2^128) as SP 800-38D section 6.3 has it."""
    product = 0
    for bit in range(127, -1, -1):
        if (x >> bit) & 1:
            product ^= y
        y = (y >> 1) ^ (0xE1 << 120 if y & 1 else 0)
    return product
