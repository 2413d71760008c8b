"""Keyvault is killed with SIGKILL before each of its steps: nothing is lost, nothing is half done or readable."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.keyvault.crypto.keyring_files import add_version
from shared.contracts import vault
from shared.contracts.vault import Provider

OLD, NEW = b"sk-CANARY-old-secret-0001", b"sk-CANARY-new-secret-0002"
LEAST_STEPS = 5
"""Fewer would mean that the kills do not hit what they should."""


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite; on PostgreSQL `test_outage` breaks the same changes at each statement, without a process for each."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}"
    return str(request.getfixturevalue("postgres_url"))


def _accounts() -> Iterator[tuple[int, str]]:
    """A step and an account for each trial."""
    return ((step, f"01a20e67-f96c-7495-a999-00000000{step:04}") for step in itertools.count(1))


def _is_done(answer: dict[str, object], step: int) -> bool:
    """Whether the process lived long enough; it was killed otherwise."""
    if answer == {"killed": signal.SIGKILL}:
        return False
    assert "answer" in answer or answer == {}, answer
    assert step > LEAST_STEPS
    return True


def _put(desk, account: str) -> vault.PutKey:
    return vault.PutKey(
        ticket=desk.ticket(account_id=account),
        provider=Provider.ZAI,
        sealed_secret=desk.boxed(NEW, account),
    )


def _nothing_in_the_clear(tmp_path: Path) -> bool:
    """In no file of the database, its journal or a temporary one."""
    return not any(b"CANARY" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_put_is_whole_or_not_there(desk, program: Callable, tmp_path: Path) -> None:
    running = program()
    for step, account in _accounts():
        answer = running.ask(_put(desk, account), account=account, kill_at=step)
        keys = desk.listed(account)
        assert [desk.opened(key.record_id, account) for key in keys] in ([], [NEW])
        done = [row for row in desk.audited() if row.action == "put_key" and row.record_id in
                {key.record_id for key in keys}]  # fmt: skip
        assert len(done) == len(keys)
        assert _nothing_in_the_clear(tmp_path)
        if _is_done(answer, step):
            break
        desk.put(NEW, account=account)  # a new try is not in its way


def test_a_replaced_key_is_the_old_or_the_new_one(desk, program: Callable, tmp_path: Path) -> None:
    running = program()
    for step, account in _accounts():
        key = desk.put(OLD, account=account)
        query = vault.ReplaceKey(
            ticket=desk.ticket(account_id=account),
            record_id=key.record_id,
            sealed_secret=desk.boxed(NEW, account),
        )
        answer = running.ask(query, account=account, kill_at=step)
        shown = desk.listed(account)[0]
        assert desk.opened(key.record_id, account) == (OLD if shown.replaced_at is None else NEW)
        assert _nothing_in_the_clear(tmp_path)
        if _is_done(answer, step):
            assert desk.opened(key.record_id, account) == NEW
            break


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_rotation_loses_no_key(desk, program: Callable, tmp_path: Path) -> None:
    """The operator's step, the rotation and the rewrap, each killed everywhere."""
    running = program()
    keys = {}
    for step, account in _accounts():
        keys[account] = desk.put(NEW, account=account)
        if step % 5 == 1:
            add_version(desk.keyring_path)
        answer = running.ask(vault.RotateKeyring(ticket=desk.admin_ticket()), account="admin", kill_at=step)
        assert desk.another_process().opened(keys[account].record_id, account) == NEW
        if _is_done(answer, step):
            break
    for step in itertools.count(1):
        answer = running.ask("work_off", kill_at=step)
        fresh = desk.another_process()
        assert all(fresh.opened(key.record_id, account) == NEW for account, key in keys.items())
        if _is_done(answer, step):
            break
    status = desk.another_process().rewrap_status()
    assert status.user_keys == {status.current_version: len(keys)}
    assert not status.running
    assert _nothing_in_the_clear(tmp_path)


def test_a_new_user_key_loses_no_record(desk, program: Callable) -> None:
    running = program()
    for step, account in _accounts():
        key = desk.put(NEW, account=account)
        rotated = running.ask(
            vault.RotateKeyring(ticket=desk.admin_ticket(), account_id=account), account="admin", kill_at=step
        )
        sealed_anew = running.ask("work_off", kill_at=step)
        assert desk.another_process().opened(key.record_id, account) == NEW
        if _is_done(rotated, step) and _is_done(sealed_anew, step):
            break


def test_a_shredding_is_whole_or_not_begun(desk, program: Callable) -> None:
    running = program()
    for step, account in _accounts():
        key = desk.put(NEW, account=account)
        answer = running.ask(vault.ShredUser(), account=account, signer="gdpr", kill_at=step)
        with desk.store.reading() as unit:
            shredded, user_key = unit.accounts.is_shredded(account), unit.user_keys.newest(account)
        assert shredded == (user_key is None) == (desk.listed(account) == ())
        if not shredded:
            assert desk.opened(key.record_id, account) == NEW
        if _is_done(answer, step):
            break


def test_a_code_is_used_up_or_still_good(desk, program: Callable) -> None:
    """Killed after the step was noted, the code is gone; never is it good twice."""
    running = program()
    for step, account in _accounts():
        seed = desk.confirmed_seed(account)
        desk.clock = type(desk.clock)()  # the program's clock stands still
        code = desk.code(seed, steps=1)
        answer = running.ask(vault.CheckTotp(code=code), account=account, signer="auth", kill_at=step)
        again = running.ask(vault.CheckTotp(code=code), account=account, signer="auth")
        if _is_done(answer, step):
            assert (answer["answer"]["valid"], again["answer"]["valid"]) == (True, False)
            break
