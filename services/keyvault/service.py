"""Keyvault's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from services.keyvault.dependencies import SERVICE, Keyvault
from services.keyvault.hardening import harden
from shared.bus.context import Caller
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import answer, listen
from shared.contracts.envelope import Envelope
from shared.contracts.message import Query, Reply
from shared.contracts.registry import queries_of


def _keyvault(wiring: Wiring) -> Keyvault:
    if not wiring.settings.embedded:
        harden()
    return Keyvault(wiring.settings, publish=wiring.publisher.publish, epoch=wiring.epoch, keys=wiring.keys)


class KeyvaultService:
    """Keeps provider keys and second-factor seeds, and gives them only to whom they are meant for."""

    name = SERVICE
    keyvault: Keyvault = Provided(_keyvault)

    @answer(*queries_of("keyvault"))
    def answer(self, query: Query, caller: Caller) -> Reply:
        """Answer a call."""
        return self.keyvault.answer(query, caller)

    @listen("keyvault.accounts")
    def hear_account(self, envelope: Envelope) -> None:
        """A session ended, or an account may do nothing any more, or may again."""
        self.keyvault.accounts.hear(envelope)
