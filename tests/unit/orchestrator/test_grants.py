"""The orchestrator narrows a job token to one worker, one kind of task and a quarter of an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.orchestrator.grants import Grants
from shared.clock import FixedClock
from shared.contracts.grants import Grant, JobToken
from shared.contracts.vault import Provider
from shared.grants import StatementInvalidError, check
from shared.signing import Signer, Verifier, key_id


def test_a_narrowed_grant_says_who_may_what_and_how_long() -> None:
    key, clock = Ed25519PrivateKey.generate(), FixedClock()
    signer = Signer(key_id=key_id("orchestrator", key.public_key()), private_key=key)
    pins = Verifier(public_keys={signer.key_id: key.public_key()})

    text = Grants(signer, clock).narrowed(
        "job token", actor="content", purpose="content.write_script", providers=(Provider.ZAI,), max_uses=3
    )

    grant = check(text, Grant, pins, clock)
    assert (grant.job_token, grant.actor, grant.audience) == ("job token", "content", "keyvault")
    assert (grant.purpose, grant.providers, grant.max_uses) == ("content.write_script", ("zai",), 3)
    assert grant.expires_at - grant.issued_at == timedelta(minutes=15)
    with pytest.raises(StatementInvalidError):
        check(text, JobToken, pins, clock)  # it is no job token
    clock.advance(15 * 60)
    with pytest.raises(StatementInvalidError):
        check(text, Grant, pins, clock)
