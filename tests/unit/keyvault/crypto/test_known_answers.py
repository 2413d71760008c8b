"""Record format v1 stays what it is: records that were sealed once open for ever, also with another implementation."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from services.keyvault.crypto.record import seal, unseal
from services.keyvault.domain.records import Binding, Kind

KNOWN = json.loads((Path(__file__).parent / "record_v1.json").read_text())


@pytest.mark.parametrize("known", KNOWN, ids=[known["name"] for known in KNOWN])
def test_known_records_open_in_both_implementations(known, decode) -> None:
    parent, sealed, secret = (bytes.fromhex(known[name]) for name in ("parent", "sealed", "secret"))
    names = {name: known[name] for name in ("account", "record", "provider", "purpose")}
    binding = Binding(
        account_id=names["account"],
        record_id=names["record"],
        provider=names["provider"],
        purpose=names["purpose"],
    )
    assert bytes(unseal(parent, known["version"], Kind(known["kind"]), binding, sealed)) == secret
    assert decode(parent, sealed, **names) == secret


@pytest.mark.parametrize("size", [1, 62, 63, 4096])
def test_what_we_seal_opens_with_the_other_implementation(size: int, decode) -> None:
    parent, secret = os.urandom(32), os.urandom(size)
    binding = Binding(account_id="a", record_id="r", provider="", purpose="ü")
    sealed = seal(parent, 1, Kind.TOTP_SEED, binding, secret)
    assert decode(parent, sealed, account="a", record="r", provider="", purpose="ü") == secret


def test_the_header_is_what_it_was() -> None:
    """Magic, suite, kind and version of the parent key, big endian."""
    sealed = seal(bytes(32), 0x1234, Kind.USER_KEY, Binding(
        account_id="a", record_id="1", provider="", purpose="user_key"
    ), b"k")  # fmt: skip
    assert sealed[:8].hex() == "534d4b3101041234"
