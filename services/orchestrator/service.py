"""The orchestrator's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from services.orchestrator.dependencies import SERVICE, Orchestrator
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import listen
from shared.contracts.envelope import Envelope


def _orchestrator(wiring: Wiring) -> Orchestrator:
    return Orchestrator(wiring.settings, publish=wiring.publisher.publish, epoch=wiring.epoch)


class OrchestratorService:
    """Keeps jobs going: takes in what workers report and dispatches what has become possible."""

    name = SERVICE
    orchestrator: Orchestrator = Provided(_orchestrator)

    @listen("orchestrator.attempts")
    def record_attempt(self, envelope: Envelope) -> None:
        """A worker started, deferred, finished or failed an attempt."""
        self.orchestrator.record(envelope)

    @listen("orchestrator.progress")
    def record_progress(self, envelope: Envelope) -> None:
        """A worker is still at work."""
        self.orchestrator.record_progress(envelope)

    @listen("content-text.dead")
    def record_dead_text(self, envelope: Envelope) -> None:
        """A command for the text pool could not be handled."""
        self.orchestrator.record_dead(envelope)

    @listen("content-media.dead")
    def record_dead_media(self, envelope: Envelope) -> None:
        """A command for the media pool could not be handled."""
        self.orchestrator.record_dead(envelope)

    @listen("renderer.dead")
    def record_dead_render(self, envelope: Envelope) -> None:
        """A command for the renderer could not be handled."""
        self.orchestrator.record_dead(envelope)
