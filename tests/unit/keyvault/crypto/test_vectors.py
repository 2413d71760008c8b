"""The primitives under the vault give what their publishers say, by the very calls that the vault makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from services.keyvault.crypto.codes import fitting_step

VECTORS = Path(cryptography_vectors.__file__).parent
TAG_BYTES, NONCE_BYTES = 16, 12


def _cases(name: str) -> Iterator[dict[str, str]]:
    """Cases of NIST's response files and of RFCs as cryptography_vectors has them: lines of `name = value`."""
    case: dict[str, str] = {}
    for line in (VECTORS / name).read_text().splitlines():
        if line.startswith(("#", "[")):
            continue
        if line.strip() == "FAIL":
            case["FAIL"] = "yes"
        elif "=" in line:
            key, _, value = line.partition("=")
            if key.strip() in ("Count", "COUNT") and case:
                yield case
                case = {}
            case[key.strip().lower()] = value.strip()
    if case:
        yield case


def test_aes_256_gcm_gives_nists_answers() -> None:
    """NIST CAVP gcmDecrypt256: 12 byte nonces and 16 byte tags, as in records."""
    right = wrong = 0
    for case in _cases("ciphers/AES/GCM/gcmDecrypt256.rsp"):
        nonce, tag = bytes.fromhex(case["iv"]), bytes.fromhex(case["tag"])
        if len(nonce) != NONCE_BYTES or len(tag) != TAG_BYTES:
            continue
        cipher, data = AESGCM(bytearray.fromhex(case["key"])), bytes.fromhex(case["aad"])
        encrypted = bytes.fromhex(case["ct"]) + tag
        plain = bytearray(len(encrypted) - TAG_BYTES)
        if "FAIL" in case:
            with pytest.raises(InvalidTag):
                cipher.decrypt_into(nonce, encrypted, data, plain)
            wrong += 1
            continue
        cipher.decrypt_into(nonce, encrypted, data, plain)
        assert plain.hex() == case.get("pt", "")
        again = bytearray(len(encrypted))
        cipher.encrypt_into(nonce, plain, data, again)
        assert again == encrypted
        right += 1
    assert right > 100
    assert wrong > 100


def test_hkdf_sha256_gives_the_answers_of_rfc_5869() -> None:
    checked = 0
    for case in _cases("KDF/rfc-5869-HKDF-SHA256.txt"):
        length = int(case["l"])
        into = bytearray(length)
        HKDF(SHA256(), length, bytes.fromhex(case["salt"]), bytes.fromhex(case["info"])).derive_into(
            bytes.fromhex(case["ikm"]), into
        )
        assert into.hex() == case["okm"]
        checked += 1
    assert checked == 3


def test_totp_gives_the_answers_of_rfc_6238() -> None:
    checked = 0
    for case in _cases("twofactor/rfc-6238.txt"):
        if case.get("mode", "SHA1") != "SHA1":
            continue
        seed, moment = bytearray(case["secret"].encode()), int(case["time"])
        assert TOTP(seed, 8, SHA1(), 30).generate(moment).decode() == case["totp"]  # noqa: S303
        six = case["totp"][-6:]
        step = moment // 30
        assert fitting_step(seed, six, (step - 1, step, step + 1)) == step
        checked += 1
    assert checked == 6
