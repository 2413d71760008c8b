"""A service under its own broker user: ``python service.py orchestrator|renderer``, with STUDIO_BUS_URL set.

The orchestrator gives a command when it is called, and answers when the renderer's facts have come back.
"""

from __future__ import annotations

from shared.bus.green import patch

patch()

import sys  # noqa: E402
import threading  # noqa: E402

from shared.bus.context import Caller, TaskContext  # noqa: E402
from shared.bus.dependency import Provided, Wiring  # noqa: E402
from shared.bus.entrypoints import answer, listen, task  # noqa: E402
from shared.bus.outgoing import command, fact  # noqa: E402
from shared.bus.run import run  # noqa: E402
from shared.config import LogFormat, load_settings  # noqa: E402
from shared.contracts.envelope import Envelope, enclose  # noqa: E402
from shared.contracts.jobs import GetJob, JobCancelling, JobList, SubmitJob  # noqa: E402
from shared.contracts.references import AssetReference  # noqa: E402
from shared.contracts.tasks import MixAudio, TaskResult  # noqa: E402
from shared.logging import configure_logging  # noqa: E402

HEARD = {"attempt.started.v1": threading.Event(), "attempt.failed.v1": threading.Event()}


class Orchestrator:
    """Gives one command and cancels it."""

    name = "orchestrator"
    wiring: Wiring = Provided(lambda wiring: wiring)

    @answer(SubmitJob)
    def submit(self, _query: SubmitJob, caller: Caller) -> JobList:
        timeline = AssetReference(key="accounts/a/x", sha256="0" * 64, size_bytes=1, media_type="application/json")
        mix = MixAudio(task_id="task", attempt=1, deadline_s=60, timeline=timeline)
        envelope = enclose(mix, source="/studiomatic/orchestrator", cause=caller.envelope, job_id="job")
        self.wiring.publisher.publish([command(envelope, "renderer")])
        assert HEARD["attempt.started.v1"].wait(20)
        return JobList(jobs=())

    @answer(GetJob)
    def cancel(self, _query: GetJob, _caller: Caller) -> JobList:
        cancelling = JobCancelling(job_id="job", project_id="project")
        told = enclose(cancelling, source="/studiomatic/orchestrator", job_id="job")
        self.wiring.publisher.publish([fact(told, "orchestrator")])
        assert HEARD["attempt.failed.v1"].wait(20)
        return JobList(jobs=())

    @listen("orchestrator.attempts")
    def hear(self, envelope: Envelope) -> None:
        HEARD[envelope.type].set()


class Renderer:
    """Works until it is cancelled."""

    name = "renderer"

    @task("renderer", accepts=(MixAudio,))
    def mix(self, _command: MixAudio, context: TaskContext) -> TaskResult:
        context.cancelled.wait(30)
        context.raise_if_cancelled()
        return TaskResult()


configure_logging(LogFormat.JSON, "info", service=sys.argv[1])
services = {service.name: service for service in (Orchestrator, Renderer)}
run([services[sys.argv[1]]], load_settings(), started=lambda _runtime: print("ready", flush=True))
