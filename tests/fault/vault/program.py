"""Keyvault as a process of its own, without a bus: questions come in as lines of JSON, answers go out the same way.

Arguments: URL of the database, file of the keyring, folder of the keys. Each question is answered by a child, which
is killed with SIGKILL before its n-th step towards the database if the question says so; `stay` answers in place.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from services.keyvault.crypto.keyring_files import FileKeyring
from services.keyvault.dependencies import VaultDesk
from services.keyvault.probing import NobodyProbes
from shared.bus.context import Caller
from shared.clock import FixedClock
from shared.contracts.envelope import enclose
from shared.contracts.registry import MESSAGES
from shared.db import Database, open_database
from shared.ids import AccountId
from shared.logging import configure_logging
from shared.service_keys import ensure_keys

SERVICES = ("auth", "content", "edge", "gdpr", "keyvault", "orchestrator")
STEPS = ("before_cursor_execute", "commit", "rollback", "begin")


def main(url: str, keyring: str, folder: str, how: str) -> None:
    configure_logging("json", "error", service="keyvault")
    desk = _desk(open_database(url, schema="keyvault"), keyring, folder) if how == "stay" else None
    for line in sys.stdin:
        question = json.loads(line)
        if desk is not None:
            answer = _answered(desk, question)
        else:
            answer = _answered_by_a_child(url, keyring, folder, question)
        print(json.dumps(answer), flush=True)


def _answered_by_a_child(url: str, keyring: str, folder: str, question: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        database = open_database(url, schema="keyvault")
        desk = _desk(database, keyring, folder)
        _kill_at(database, question.get("kill_at"))
        answer = _answered(desk, question)
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"killed": os.WTERMSIG(status)}
    answer: dict[str, Any] = json.loads(told)
    return answer


def _kill_at(database: Database, step: int | None) -> None:
    """Die before the n-th step; without a warning, without cleaning up."""
    left = [step]

    def count(*_arguments: object, **_more: object) -> None:
        if left[0] is not None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    for name in STEPS:
        event.listen(database._connections.engine, name, count)


def _desk(database: Database, keyring: str, folder: str) -> VaultDesk:
    keys = ensure_keys(Path(folder), SERVICES)
    return VaultDesk(database, lambda _store: FileKeyring(Path(keyring)), keys, FixedClock(), NobodyProbes())


def _answered(desk: VaultDesk, question: dict[str, Any]) -> dict[str, Any]:
    if question["ask"] == "work_off":
        desk.work_off()
        return {}
    query = MESSAGES[question["ask"]](**question["data"])
    account = AccountId(question["account"])
    envelope = enclose(query, source="/test", account_id=account, job_id=question.get("job"))
    caller = Caller(account_id=account, envelope=envelope, signer=question["signer"])
    try:
        return {"answer": desk.answer(query, caller).model_dump(mode="json")}
    except Exception as error:  # noqa: BLE001  # the test says what it expects
        return {"error": type(error).__name__}


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(*sys.argv[1:])
