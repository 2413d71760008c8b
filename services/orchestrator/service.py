"""The orchestrator's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from functools import partial

from services.orchestrator.dependencies import SERVICE, Orchestrator
from services.orchestrator.outlines import RemoteOutlines
from shared.bus.context import Caller
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import answer, listen
from shared.bus.rpc import RpcClient
from shared.contracts.envelope import Envelope
from shared.contracts.jobs import (
    CancelJob,
    ExplainJob,
    FactList,
    GetJob,
    JobExplanation,
    JobList,
    JobView,
    ListFacts,
    ListJobs,
    ResumeJob,
    SubmitJob,
)


def _orchestrator(wiring: Wiring) -> Orchestrator:
    return Orchestrator(
        wiring.settings,
        publish=wiring.publisher.publish,
        epoch=wiring.epoch,
        outlines=partial(RemoteOutlines, RpcClient(wiring.bus_url, user=SERVICE)),
    )


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

    @answer(SubmitJob)
    def submit_job(self, query: SubmitJob, caller: Caller) -> JobView:
        """Start a job."""
        return self.orchestrator.submit(caller, query)

    @answer(ResumeJob)
    def resume_job(self, query: ResumeJob, caller: Caller) -> JobView:
        """Go on with an ended job."""
        return self.orchestrator.resume(caller, query)

    @answer(CancelJob)
    def cancel_job(self, query: CancelJob, caller: Caller) -> JobView:
        """Stop a job."""
        return self.orchestrator.cancel(caller.account_id, query.job_id)

    @answer(GetJob)
    def get_job(self, query: GetJob, caller: Caller) -> JobView:
        """Read one job."""
        return self.orchestrator.queries.get(caller.account_id, query.job_id)

    @answer(ListJobs)
    def list_jobs(self, query: ListJobs, caller: Caller) -> JobList:
        """Read the newest jobs."""
        return self.orchestrator.queries.jobs(caller.account_id, query.project_id, query.limit)

    @answer(ExplainJob)
    def explain_job(self, query: ExplainJob, caller: Caller) -> JobExplanation:
        """Read everything that happened to a job."""
        return self.orchestrator.queries.explain(caller.account_id, query.job_id)

    @answer(ListFacts)
    def list_facts(self, query: ListFacts, caller: Caller) -> FactList:
        """Read the stored facts of a job."""
        return self.orchestrator.queries.fact_list(caller.account_id, query)
