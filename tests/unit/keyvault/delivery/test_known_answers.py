"""Formats do not change by accident: a file of known answers, read by us and by a decoder that knows none of us."""

from __future__ import annotations

import importlib.util
import json
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from services.keyvault.crypto.audit_chain import row_hash, signed_head
from services.keyvault.domain.audit import AuditEntry, AuditRow
from shared.contracts.grants import Grant, JobToken
from shared.contracts.vault import AuditHead, DeliverKey, KeyDelivered
from shared.grants import issue
from shared.sealing import SealingKey, delivery_info
from shared.signing import Signer, key_id

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((HERE / "known_answers.json").read_text())
    return answers


@pytest.fixture(scope="module")
def decoder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("independent_decoder", HERE / "independent_decoder.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def signer(known: dict[str, Any], service: str) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(known["private_seeds"][service]))
    return Signer(key_id=key_id(service, key.public_key()), private_key=key)


def entry_of(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__dataclass_fields__})


def test_we_sign_the_known_grant(known) -> None:
    """RFC 8032: Ed25519 is deterministic, so the text is the same to the last character."""
    assert issue(JobToken(**known["job_token_words"]), signer(known, "auth")) == known["job_token"]
    assert issue(Grant(**known["grant_words"]), signer(known, "orchestrator")) == known["grant"]


def test_the_decoder_reads_the_known_grant(known, decoder) -> None:
    grant = decoder.statement(known["grant"], "grant", known["public_keys"])
    assert grant == known["grant_words"]
    assert decoder.statement(grant["job_token"], "jobtoken", known["public_keys"]) == known["job_token_words"]
    with pytest.raises(InvalidSignature):
        decoder.statement(grant["job_token"], "grant", known["public_keys"])


def test_a_request_has_the_known_canonical_bytes(known) -> None:
    assert DeliverKey(**json.loads(known["request"])).model_dump_json() == known["request"]


def test_we_open_the_known_answer(known) -> None:
    """RFC 9180."""
    reply = KeyDelivered(**known["reply"])
    key = SealingKey(X25519PrivateKey.from_private_bytes(bytes.fromhex(known["one_time_key"])))
    secret = key.open(reply.sealed_secret, info=delivery_info(known["request"].encode(), reply.record_id))
    assert secret.hex() == known["secret"]


def test_the_decoder_opens_the_known_answer_for_its_request_only(known, decoder) -> None:
    request = known["request"].encode()
    assert decoder.delivered(known["reply"], request, known["one_time_key"]).hex() == known["secret"]
    with pytest.raises(InvalidTag):
        decoder.delivered(known["reply"], request.replace(b"zai", b"iaz"), known["one_time_key"])
    with pytest.raises(InvalidTag):
        decoder.delivered(known["reply"] | {"record_id": "another"}, request, known["one_time_key"])


def test_the_audit_has_the_known_hashes(known, decoder) -> None:
    """FIPS 180-4."""
    previous = "0" * 64
    for row in known["audit"]:
        assert row["previous"] == previous
        moment = datetime.fromisoformat(row["occurred_at"])
        previous = row_hash(row["sequence"], moment, entry_of(row), previous)
        assert previous == row["hash"] == decoder.audit_hash(row)


def test_we_sign_the_known_head(known, decoder) -> None:
    last = known["audit"][-1]
    row = AuditRow(
        sequence=last["sequence"],
        occurred_at=datetime.fromisoformat(last["occurred_at"]),
        entry=entry_of(last),
        previous=last["previous"],
        hash=last["hash"],
    )
    signed_at = datetime.fromisoformat(known["head"]["signed_at"])
    assert signed_head(row, signer(known, "keyvault"), signed_at) == AuditHead(**known["head"])
    decoder.check_head(known["head"], known["public_keys"])
    with pytest.raises(InvalidSignature):
        decoder.check_head(known["head"] | {"sequence": 2}, known["public_keys"])
