"""After it was used, no secret is left in the memory of keyvault: another process reads all of it and looks."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts import vault
from shared.contracts.grants import Grant, JobToken
from shared.contracts.vault import DeliverKey, Provider
from shared.grants import issue
from shared.ids import new_id
from shared.sealing import SealingKey, delivery_info, totp_info

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
SECRET = b"sk-CANARY-of-the-memory-" + os.urandom(12).hex().encode()
MANY = [b"sk-CANARY" + os.urandom(20 + 40 * number).hex().encode() for number in range(40)]
"""Of many lengths: freed memory is taken by others sooner or later, and then a test of one secret shows nothing."""
REPLACED = b"sk-CANARY-that-replaces-" + os.urandom(12).hex().encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read the memory of other processes")
def test_no_secret_is_left_in_memory_after_put_replace_deliver_and_codes(desk, program: Callable) -> None:
    running = program("stay")
    key = running.ask(_put(desk, SECRET), account=ACCOUNT)["answer"]["key"]
    assert _delivered(desk, running) == SECRET
    seed = _confirmed(desk, running)
    running.ask(
        vault.ReplaceKey(ticket=desk.ticket(), record_id=key["record_id"], sealed_secret=desk.boxed(REPLACED)),
        account=ACCOUNT,
    )
    assert _delivered(desk, running) == REPLACED
    for number, secret in enumerate(MANY):
        account = f"01a20e67-f96c-7495-a999-0000000001{number:02}"
        query = vault.PutKey(
            ticket=desk.ticket(account_id=account),
            provider=Provider.ZAI,
            sealed_secret=desk.boxed(secret, account),
        )
        assert "answer" in running.ask(query, account=account)
    for refused in (b"sk-CANARY with space " + SECRET[-8:], b"x" * 5000):
        assert "error" in running.ask(_put(desk, refused), account=ACCOUNT)

    memory = _memory(running.process.pid)
    assert len(memory) > 10_000_000
    assert key["record_id"].encode() in memory  # it is this process that is looked at
    assert memory.count(SECRET) == memory.count(REPLACED) == memory.count(b"sk-CANARY") == 0
    assert memory.count(seed) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read the memory of other processes")
def test_the_search_of_memory_finds_what_is_there() -> None:
    """A search that finds nothing proves nothing unless it would find something."""
    canary = b"sk-found-" + os.urandom(12).hex().encode()
    gc.collect()
    assert canary in _memory(os.getpid())


def _put(desk, secret: bytes) -> vault.PutKey:
    return vault.PutKey(ticket=desk.ticket(), provider=Provider.ZAI, sealed_secret=desk.boxed(secret))


def _delivered(desk, running) -> bytes:
    """What a worker gets, through a genuine grant."""
    now, one_time = desk.clock.now(), SealingKey.one_time()
    token = JobToken(
        token_id=new_id(), account_id=ACCOUNT, session_id="session-1", job_id="job-1", providers=("zai",),
        issued_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    grant = Grant(
        grant_id=new_id(), job_token=issue(token, desk.signers["auth"]), actor="content", audience="keyvault",
        purpose="content.write_script", providers=("zai",), max_uses=1, issued_at=now,
        expires_at=now + timedelta(minutes=5),
    )  # fmt: skip
    query = DeliverKey(
        request_id=os.urandom(16).hex(),
        grant=issue(grant, desk.signers["orchestrator"]),
        provider=Provider.ZAI,
        reply_key=one_time.public,
        requested_at=now,
    )
    answer = running.ask(query, account=ACCOUNT, signer="content", job="job-1")["answer"]
    info = delivery_info(query.model_dump_json().encode(), answer["record_id"])
    return one_time.open(answer["sealed_secret"], info=info)


def _confirmed(desk, running) -> bytes:
    one_time = SealingKey.one_time()
    made = running.ask(vault.NewTotp(reply_key=one_time.public), account=ACCOUNT, signer="auth")["answer"]
    seed = one_time.open(made["sealed_seed"], info=totp_info(ACCOUNT, made["record_id"]))
    confirm = vault.ConfirmTotp(record_id=made["record_id"], code=desk.code(seed))
    check = vault.CheckTotp(code=desk.code(seed, steps=1))
    for query in (confirm, check):
        assert running.ask(query, account=ACCOUNT, signer="auth")["answer"]["valid"]
    return seed


def _memory(pid: int) -> bytes:
    """All that a process may write to."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if place is None or "[vvar]" in line:
                continue
            start, end = (int(edge, 16) for edge in place.groups())
            memory.seek(start)
            parts.append(memory.read(end - start))
    return b"".join(parts)
