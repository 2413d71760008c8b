"""Many at a time on a real server: what is counted stays within its limit, and of equal calls one wins."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.keyvault.crypto.keyring_files import add_version
from services.keyvault.domain import limits
from services.keyvault.handlers import keys
from services.keyvault.handlers import limits as limiting
from shared.contracts import vault
from shared.contracts.refusals import VaultDeniedError
from shared.errors import ConflictError, NotFoundError, StudiomaticError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
SECRETS = [f"sk-secret-number-{number:04}".encode() for number in range(40)]


@pytest.fixture(autouse=True)
def many_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are not about how often an account may change something."""
    monkeypatch.setattr(limiting, "WRITES", limits.Limit(name="write", most=10_000))


def _at_once(calls: list[Callable[[], object]]) -> Counter[str]:
    """Run all as close together as threads can; how they ended."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> str:
        barrier.wait(30)
        try:
            answer = call()
        except StudiomaticError as error:
            return error.code
        return str(answer) if isinstance(answer, bool) else "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(run, calls))


def test_one_code_in_parallel_logins_has_one_winner(desk) -> None:
    """RFC 6238 section 5.2: a code is good once, also for two who send it in the same moment."""
    code = desk.code(desk.confirmed_seed())
    processes = [desk.another_process() for _ in range(8)]
    ended = _at_once([lambda process=process: process.check(code) for process in processes])
    assert ended == {"True": 1, "False": 7}


def test_one_ticket_in_parallel_calls_has_one_winner(desk) -> None:
    ticket = desk.ticket()
    ended = _at_once([lambda: desk.put(ticket=ticket)] * 8)
    assert ended == {"done": 1, VaultDeniedError.code: 7}
    assert len(desk.listed()) == 1


def test_the_first_secrets_of_an_account_share_one_user_key(desk) -> None:
    ended = _at_once([lambda secret=secret: desk.put(secret) for secret in SECRETS[:8]])
    assert ended == {"done": 8}
    with desk.store.reading() as unit:
        assert unit.user_keys.count_by_keyring_version() == {1: 1}
    assert sorted(desk.opened(key.record_id) for key in desk.listed()) == SECRETS[:8]


def test_parallel_puts_stay_within_what_an_account_may_have(desk, monkeypatch) -> None:
    monkeypatch.setattr(keys, "RECORDS_MAX", 5)
    for _ in range(2):
        desk.put()
    ended = _at_once([desk.put] * 8)
    assert ended == {"done": 3, ConflictError.code: 5}
    assert len(desk.listed()) == 5


def test_put_replace_and_remove_at_once_leave_whole_keys_only(desk) -> None:
    key = desk.put(SECRETS[0])
    calls: list[Callable[[], object]] = [
        lambda s=secret: desk.replace(key.record_id, s) for secret in SECRETS[1:4]
    ]
    calls += [lambda s=secret: desk.put(s) for secret in SECRETS[4:7]]
    calls += [lambda: desk.remove(key.record_id)] * 2
    ended = _at_once(calls)
    assert set(ended) <= {"done", NotFoundError.code}
    assert sorted(desk.opened(shown.record_id) for shown in desk.listed()) == SECRETS[4:7]


def test_nothing_survives_a_shredding_that_runs_beside_puts(desk) -> None:
    """Whatever comes first: after the shredding the account has no key and no record."""
    for round_ in range(4):
        account = f"01a20e67-f96c-7495-a999-00000000010{round_}"
        calls: list[Callable[[], object]] = [lambda a=account: desk.put(account=a)] * 5
        calls += [lambda a=account: desk.shred(a)] * 2
        ended = _at_once(calls)
        assert set(ended) <= {"done", VaultDeniedError.code}
        assert desk.listed(account) == ()
        with desk.store.reading() as unit:
            assert unit.user_keys.newest(account) is None


def test_keys_are_put_and_opened_while_others_are_rewrapped_and_sealed_anew(
    desk, keyring_path, monkeypatch
) -> None:
    monkeypatch.setattr("services.keyvault.handlers.rotation.BATCH", 3)
    accounts = [f"01a20e67-f96c-7495-a999-0000000002{number:02}" for number in range(12)]
    put = {account: desk.put(account=account) for account in accounts}
    add_version(keyring_path)
    desk.rotate()
    desk.rotate(account_id=accounts[0])
    processes = [desk.another_process() for _ in range(3)]
    calls: list[Callable[[], object]] = [process.vault.work_off for process in processes]
    calls += [lambda a=account: desk.opened(put[a].record_id, a) == b"x" for account in accounts[1:4]]
    calls += [lambda a=account: desk.replace(put[a].record_id, SECRETS[9], account=a) for account in accounts[:3]]
    ended = _at_once(calls)
    assert set(ended) == {"done", "False"}

    desk.vault.work_off()
    with desk.store.reading() as unit:
        assert unit.user_keys.count_by_keyring_version() == {2: 12}
    for account in accounts[:3]:
        assert desk.opened(put[account].record_id, account) == SECRETS[9]
    for account in accounts[3:]:
        assert desk.opened(put[account].record_id, account) == b"sk-test-1234567890-secret"


def test_a_keyring_rotation_in_two_processes_is_one(desk, keyring_path) -> None:
    desk.put()
    add_version(keyring_path)
    ticketed = [vault.RotateKeyring(ticket=desk.admin_ticket()) for _ in range(4)]
    assert _at_once([lambda q=query: desk.ask(q) for query in ticketed]) == {"done": 4}
    desk.vault.work_off()
    assert desk.rewrap_status().user_keys == {2: 1}
