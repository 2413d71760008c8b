"""The grant matrix: whatever is wrong with a grant or with the job token in it, nothing is delivered."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from shared.contracts.grants import Grant
from shared.contracts.refusals import VaultDeniedError
from shared.contracts.vault import Provider
from shared.grants import issue
from shared.ids import new_id

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SECRET = b"sk-test-secret-of-the-first-account"


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def grant_of(vault, signer: str = "orchestrator", **changes) -> str:
    """A grant with any words, signed by anybody."""
    now = vault.clock.now()
    values = {
        "grant_id": new_id(),
        "job_token": vault.job_token(),
        "actor": "content",
        "audience": "keyvault",
        "purpose": "content.write_script",
        "providers": (Provider.ZAI,),
        "max_uses": 5,
        "issued_at": now,
        "expires_at": now + timedelta(minutes=15),
    }
    return issue(Grant(**(values | changes)), vault.keys[signer])


def refused(vault, grant: str, **how) -> str:
    """Ask with a grant that is wrong; why it was refused."""
    with pytest.raises(VaultDeniedError):
        vault.deliver(vault.request(grant).query, **how)
    row = vault.audited()[-1]
    assert row.outcome == "denied"
    return row.reason


@pytest.fixture(autouse=True)
def _has_keys(vault) -> None:
    vault.put()
    vault.put(OTHER, secret=b"of another")


def test_a_right_grant_delivers(vault) -> None:
    assert vault.secret(vault.request(grant_of(vault))) == SECRET


def test_wrong_audience(vault) -> None:
    """ASVS 5.0 9.2.3."""
    assert refused(vault, grant_of(vault, audience="content")) == "other_audience"


def test_wrong_kind(vault) -> None:
    """ASVS 5.0 9.2.2: a job token is no grant, and a grant no job token."""
    assert refused(vault, vault.job_token()) == "grant_issuer"
    assert refused(vault, grant_of(vault, job_token=grant_of(vault))) == "job_token_issuer"
    assert refused(vault, issue_as_grant(vault)) == "grant_signature"


def issue_as_grant(vault) -> str:
    """A job token signed by the orchestrator's key: the right issuer of a grant, another kind of text."""
    kid, body, signature = vault.job_token("orchestrator").split(".")
    return ".".join((kid, body, signature))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA"])
def test_nothing_in_a_grant_chooses_the_algorithm(vault, algorithm: str) -> None:
    """ASVS 5.0 9.1.2, 9.1.3: no `alg`; the usual forgeries are texts of no form or with a wrong signature."""
    header = encoded(json.dumps({"alg": algorithm, "kid": vault.keys["orchestrator"].key_id}).encode())
    _, body, _ = grant_of(vault).split(".")
    assert refused(vault, f"{header}.{body}.") in ("grant_form", "grant_issuer")


def test_signed_with_the_public_key_as_if_it_were_a_secret(vault) -> None:
    import hmac

    kid, body, _ = grant_of(vault).split(".")
    public = vault.keys["orchestrator"].private_key.public_key().public_bytes_raw()
    mac = hmac.digest(public, body.encode(), "sha512")
    assert refused(vault, f"{kid}.{body}.{encoded(mac)}") == "grant_signature"


@pytest.mark.parametrize("signer", ["content", "auth", "edge", "keyvault"])
def test_a_grant_that_another_service_signed(vault, signer: str) -> None:
    """ASVS 5.0 9.1.1: a stolen key of another service mints nothing."""
    assert refused(vault, grant_of(vault, signer)) == "grant_issuer"


@pytest.mark.parametrize("signer", ["content", "orchestrator", "edge"])
def test_a_job_token_that_another_service_signed(vault, signer: str) -> None:
    """A stolen key of the orchestrator mints nothing for people who started no job."""
    assert refused(vault, grant_of(vault, job_token=vault.job_token(signer))) == "job_token_issuer"


def test_a_forged_signature_and_a_key_that_is_not_pinned(vault) -> None:
    kid, body, signature = grant_of(vault).split(".")
    assert refused(vault, f"{kid}.{body}.{'A' * len(signature)}") == "grant_signature"
    assert refused(vault, f"orchestrator-00000000.{body}.{signature}") == "grant_issuer"


def test_one_changed_word(vault) -> None:
    kid, body, signature = grant_of(vault).split(".")
    words = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).replace(b'"max_uses":5', b'"max_uses":9')
    assert refused(vault, f"{kid}.{encoded(words)}.{signature}") == "grant_signature"


@pytest.mark.parametrize("text", ["x", "a.b", "a.b.c.d", "ä.ö.ü", "." * 100])
def test_no_grant_at_all(vault, text: str) -> None:
    assert refused(vault, text) in ("grant_form", "grant_issuer")


def test_expired_and_not_yet(vault) -> None:
    """ASVS 5.0 9.2.1."""
    now = vault.clock.now()
    assert (
        refused(vault, grant_of(vault, issued_at=now - timedelta(minutes=15), expires_at=now)) == "grant_expired"
    )
    later = now + timedelta(seconds=61)
    assert refused(vault, grant_of(vault, issued_at=later, expires_at=later + timedelta(minutes=1))) == (
        "grant_not_yet"
    )
    old = vault.job_token(issued_at=now - timedelta(hours=24), expires_at=now)
    assert refused(vault, grant_of(vault, job_token=old)) == "job_token_expired"
    early = vault.job_token(issued_at=later, expires_at=later + timedelta(minutes=1))
    assert refused(vault, grant_of(vault, job_token=early)) == "job_token_not_yet"


def test_a_grant_lives_no_longer_than_a_quarter_of_an_hour_and_a_job_token_a_day(vault) -> None:
    now = vault.clock.now()
    assert refused(vault, grant_of(vault, expires_at=now + timedelta(seconds=901))) == "grant_too_long"
    endless = vault.job_token(expires_at=now + timedelta(hours=24, seconds=1))
    assert refused(vault, grant_of(vault, job_token=endless)) == "job_token_too_long"


def test_of_another_user(vault) -> None:
    assert refused(vault, grant_of(vault), account=OTHER) == "other_account"
    assert refused(vault, grant_of(vault, job_token=vault.job_token(account_id=OTHER))) == "other_account"


def test_for_another_provider(vault) -> None:
    assert refused(vault, grant_of(vault, providers=(Provider.MINIMAX,))) == "other_provider"
    not_his = vault.job_token(providers=(Provider.MINIMAX,))
    assert refused(vault, grant_of(vault, job_token=not_his)) == "other_provider"


def test_for_another_actor(vault) -> None:
    assert refused(vault, grant_of(vault, actor="renderer")) == "other_actor"
    assert refused(vault, grant_of(vault), signer="renderer") == "other_actor"


def test_for_another_job(vault) -> None:
    assert refused(vault, grant_of(vault), job_id="job-2") == "other_job"
    assert vault.secret(vault.request(grant_of(vault)), job_id="job-1") == SECRET


def test_over_its_uses(vault) -> None:
    grant = grant_of(vault, max_uses=2)
    assert [vault.secret(vault.request(grant)) for _ in range(2)] == [SECRET, SECRET]
    assert refused(vault, grant) == "used_up"
    assert refused(vault.replica(), grant) == "used_up"  # counted in the database


def test_a_refused_delivery_costs_no_use(vault) -> None:
    grant = grant_of(vault, max_uses=1)
    refused(vault, grant, signer="renderer")
    assert vault.secret(vault.request(grant)) == SECRET


def test_a_job_token_must_be_a_whole_one(vault) -> None:
    assert refused(vault, grant_of(vault, job_token="x.y.z")) in ("job_token_form", "job_token_issuer")
