"""Keyvault's calls under keyvault's broker user: ``python vault.py FOLDER``, with STUDIO_BUS_URL set."""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import sys
from pathlib import Path

from shared.bus.context import Caller
from shared.bus.entrypoints import answer, listen
from shared.bus.run import run
from shared.config import LogFormat, load_settings
from shared.contracts.envelope import Envelope
from shared.contracts.vault import KeyList, ListKeys, ShredUser, UserShredded
from shared.logging import configure_logging
from shared.service_keys import ensure_keys


class Vault:
    """Says who asks."""

    name = "keyvault"

    @answer(ListKeys)
    def list_keys(self, _query: ListKeys, caller: Caller) -> KeyList:
        assert (caller.signer, caller.account_id) == ("edge", "somebody")
        return KeyList(keys=())

    @answer(ShredUser)
    def shred(self, _query: ShredUser, caller: Caller) -> UserShredded:
        assert caller.signer == "gdpr"
        return UserShredded(records=7)

    @listen("keyvault.accounts")
    def hear(self, _envelope: Envelope) -> None:
        return


configure_logging(LogFormat.JSON, "info", service="keyvault")
run(
    [Vault],
    load_settings(),
    keys=ensure_keys(Path(sys.argv[1]), ("keyvault", "gdpr", "edge")),
    started=lambda _runtime: print("ready", flush=True),
)
