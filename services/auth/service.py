"""Auth's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from services.auth.dependencies import SERVICE, Auth
from services.auth.vault import over_the_bus
from shared.bus.context import Caller
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import answer, listen
from shared.bus.rpc import RpcClient
from shared.contracts.envelope import Envelope
from shared.contracts.message import Query, Reply
from shared.contracts.registry import queries_of


def _auth(wiring: Wiring) -> Auth:
    return Auth(
        wiring.settings,
        publish=wiring.publisher.publish,
        epoch=wiring.epoch,
        signer=wiring.keys.signer(SERVICE),
        ask=over_the_bus(RpcClient(wiring.bus_url, user=SERVICE, keys=wiring.keys)),
    )


class AuthService:
    """Knows who people are, and says so to those who ask."""

    name = SERVICE
    auth: Auth = Provided(_auth)

    @answer(*queries_of(SERVICE))
    def answer(self, query: Query, _caller: Caller) -> Reply:
        """Answer whatever auth is asked; the session in a call says who asks."""
        return self.auth.desk.answer(query)

    @listen("auth.renders")
    def note_render(self, envelope: Envelope) -> None:
        """A video was rendered."""
        self.auth.desk.usage.note_render(envelope)
