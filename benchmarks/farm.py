"""What the real farm costs and how quickly it reacts; all figures of one run on the same private servers.

``python -m benchmarks.farm`` prints each figure with its promise and ends with status 1 if one is missed:

* a job on a farm with one renderer against the same job embedded;
* two renderers against one for the render stage of a video of 60 s;
* from submit to the first task started beside 10 and beside 10,000 waiting tasks of another account;
* a second renderer started while work waits, until it has some;
* a cancel at full load, until it is final;
* jobs accepted per second against plain inserts with confirmed publishes, four at a time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, Text, create_engine, insert

from benchmarks import embedded
from benchmarks.figure import Figure
from deploy.local.farm import Farm
from deploy.local.farm_process import FarmProcess
from deploy.local.farm_trials import FarmTrials
from deploy.local.servers import Servers
from shared.bus.outgoing import fact
from shared.bus.publisher import Publisher
from shared.config import Settings
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobQueued
from shared.contracts.projects import ProjectDraft
from shared.contracts.timeline import FrameSize
from shared.ids import AccountId, new_id
from shared.storage.configured import open_configured_store
from studiomatic.client import FolderClient

ROOT = Path(__file__).parents[1]
FULL_HD = FrameSize(width=1920, height=1080)
MINUTE = [5.0] * 12
FRAME_S = 1 / 30
FEW, MANY, MOST_SLIDES = 10, 10_000, 100
SAMPLES = 7
ACCEPTED, CALLERS = 200, 4
PLAIN_OVER_ACCEPTED = 20.0
"""A guard against getting slower: one submit is two remote calls, a plan and its facts. No promise."""


class Bench:
    """A farm with one renderer, and accounts that never share anything."""

    def __init__(self, servers: Servers) -> None:
        self.farm = Farm(servers, renderers=1)
        self.farm.start()
        self.trials = FarmTrials(self.farm)

    def close(self) -> None:
        self.trials.close()
        self.farm.close()

    def submit(
        self, seconds: Sequence[float], account: AccountId | None = None, **how: Any
    ) -> tuple[AccountId, str]:
        """Start a silent job, by default of a new account; returns both ids."""
        account = account or AccountId(new_id())
        return account, self.trials.submit(account, self.trials.silent_project(account, seconds, **how))

    def wait(self, *job_ids: str) -> None:
        until(
            lambda: (
                (states := self.trials.states(*job_ids)) and not {"queued", "running", "cancelling"} & {*states}
            )
        )
        if (states := set(self.trials.states(*job_ids))) - {"succeeded", "cancelled"}:
            raise RuntimeError(f"jobs ended as {states}; the logs are in {self.farm.folder}")

    def seconds_of(self, job_id: str, stage: str = "%") -> float:
        """From the first start to the last end of a stage, by default of the whole job."""
        attempts = self.trials.attempts(job_id, stage)
        began, ended = (each["started_at"] for each in attempts), (each["ended_at"] for each in attempts)
        return float((max(ended) - min(began)).total_seconds())

    @contextmanager
    def waiting(self, tasks: int) -> Iterator[None]:
        """Keep so many short render tasks of another account waiting inside a ``with`` block."""
        account = AccountId(new_id())
        lengths = [(30 + number) * FRAME_S for number in range(min(tasks + 4, MOST_SLIDES))]
        jobs = [
            self.trials.submit(
                account, self.trials.silent_project(account, lengths, pictures=1, seed=f"{account}{n}")
            )
            for n in range(max(1, tasks // MOST_SLIDES))
        ]
        until(lambda: self._ready(account) >= 0.99 * tasks, within_s=1_800)
        yield
        for job_id in jobs:
            self.trials.cancel(account, job_id)
        self.wait(*jobs)

    def first_start(self) -> float:
        """Seconds from a submit of a new account to the start of its first task."""
        account = AccountId(new_id())
        project = self.trials.silent_project(account, [1.0])
        began = time.perf_counter()
        job_id = self.trials.submit(account, project)
        until(lambda: self.trials.attempts(job_id))
        took = time.perf_counter() - began
        self.trials.cancel(account, job_id)
        self.wait(job_id)
        return took

    def _ready(self, account: AccountId) -> int:
        query = "SELECT ready FROM pool_shares WHERE account_id = :a AND pool = 'renderer'"
        return sum(row["ready"] for row in self.trials.rows("orchestrator", query, a=account))


def main() -> int:
    """Measure; returns the exit status."""
    servers = Servers(ROOT / ".run")
    kept = True
    try:
        bench = Bench(servers)
        for measure in (overhead, second_renderer, speed_up, cancelling, latency, accepting):
            figure = measure(bench)
            print(figure, flush=True)
            kept = kept and figure.kept
        bench.close()
    finally:
        servers.close()
    return 0 if kept else 1


def overhead(bench: Bench) -> Figure:
    """A job with one renderer against the same job embedded."""
    with tempfile.TemporaryDirectory() as folder:
        alone = embedded.farm(Path(folder), slots=1)["job"]
        client = FolderClient(Settings(data_dir=Path(folder)))
        draft = embedded.draft(client, Path(folder))
        account = warmed_up_account(bench)
        job_id = bench.trials.submit(
            account, bench.trials.project(account, handed_over(bench, account, draft, folder))
        )
        client.close()
    bench.wait(job_id)
    return Figure(name="farm path over embedded", value=bench.seconds_of(job_id) / alone, unit="x", most=1.15)


def handed_over(bench: Bench, account: AccountId, draft: ProjectDraft, folder: str) -> ProjectDraft:
    """The draft with its pictures brought from a data folder to the farm."""
    stored = open_configured_store(Settings(data_dir=Path(folder)))
    slides = []
    for slide in draft.slides:
        assert slide.image is not None
        with stored.open(slide.image.asset.key) as body:
            picture = bench.trials.hand_in(
                account, body.read(), width=slide.image.width, height=slide.image.height
            )
        slides.append(slide.model_copy(update={"image": picture}))
    return draft.model_copy(update={"slides": tuple(slides)})


def second_renderer(bench: Bench) -> Figure:
    """From a second renderer being there to its first work, while work waits."""
    _, job_id = bench.submit([4.0] * 8, size=FULL_HD)
    until(lambda: bench.trials.attempts(job_id))
    second = bench.farm.add_renderer()
    began = time.perf_counter()
    until(lambda: any(each["worker"] == second.worker for each in bench.trials.attempts(job_id)))
    took = time.perf_counter() - began
    bench.wait(job_id)
    return Figure(name="work for a second renderer", value=took, unit=" s", most=1.0)


def speed_up(bench: Bench) -> Figure:
    """Two renderers against one for the render stage of a minute."""
    seconds = []
    for spare in (None, bench.farm.processes["renderer-2"]):
        with without(bench.farm.processes["renderer-2"] if spare is None else None):
            account = warmed_up_account(bench)
            _, job_id = bench.submit(MINUTE, account, size=FULL_HD, pictures=len(MINUTE))
            bench.wait(job_id)
            seconds.append(bench.seconds_of(job_id, "render"))
    return Figure(name="two renderers against one", value=seconds[0] / seconds[1], unit="x", least=1.7)


@contextmanager
def without(process: FarmProcess | None) -> Iterator[None]:
    """Keep a process away inside a ``with`` block."""
    if process is not None:
        process.stop()
    yield
    if process is not None:
        process.start()


def cancelling(bench: Bench) -> Figure:
    """From a cancel at full load until it is final, which its child does not outlive."""
    took = []
    with bench.waiting(MOST_SLIDES):
        for _ in range(SAMPLES):
            account, job_id = bench.submit([10.0], size=FULL_HD)
            until(lambda job_id=job_id: bench.trials.attempts(job_id))
            began = time.perf_counter()
            bench.trials.cancel(account, job_id)
            until(lambda job_id=job_id: bench.trials.states(job_id) == ["cancelled"])
            took.append(time.perf_counter() - began)
    return Figure(name="cancel at full load, slowest", value=max(took), unit=" s", most=1.0)


def latency(bench: Bench) -> Figure:
    """Submit to first start beside many waiting tasks, against beside few."""
    few = []
    for _ in range(SAMPLES):
        with bench.waiting(FEW):
            few.append(bench.first_start())
    with bench.waiting(MANY):
        many = [bench.first_start() for _ in range(SAMPLES)]
    print(
        f"submit to first start: {statistics.median(few):.2f} s beside {FEW}, {statistics.median(many):.2f} s beside {MANY}"
    )
    ratio = statistics.median(many) / statistics.median(few)
    return Figure(name="first start beside 10,000 waiting tasks against 10", value=ratio, unit="x", most=1.5)


def accepting(bench: Bench) -> Figure:
    """Plain inserts with confirmed publishes, against submits; how many times as many there are per second."""
    account = AccountId(new_id())
    project = bench.trials.silent_project(account, [0.5])
    jobs: list[str] = []
    submits = rate(lambda: jobs.append(bench.trials.submit(account, project)))
    for job_id in jobs:
        bench.trials.cancel(account, job_id)
    bench.wait(*jobs)
    plain = rate(plain_accept(bench))
    print(f"accepted per second: {submits:.0f} jobs; {plain:.0f} plain inserts with confirmed publishes")
    return Figure(
        name="plain inserts and publishes over accepted jobs", value=plain / submits, unit="x", most=10.0
    )


def plain_accept(bench: Bench) -> Callable[[], None]:
    """The least that accepting takes: one row committed, one message confirmed."""
    engine = create_engine(bench.farm.administrator_database_url())
    table = Table("plain", MetaData(), Column("id", String(36), primary_key=True), Column("body", Text))
    table.create(engine)
    publishers = threading.local()

    def accept() -> None:
        envelope = enclose(
            JobQueued(job_id=new_id(), project_id="p", revision_id="r"), source="/studiomatic/plain"
        )
        with engine.begin() as connection:
            connection.execute(insert(table).values(id=envelope.id, body=envelope.model_dump_json()))
        if not hasattr(publishers, "own"):
            publishers.own = Publisher(bench.farm.rabbitmq.url(bench.farm.vhost))
        publishers.own.publish([fact(envelope, "orchestrator")])

    return accept


def rate(act: Callable[[], Any]) -> float:
    """How often per second some callers side by side can do something."""
    with ThreadPoolExecutor(CALLERS) as callers:
        began = time.perf_counter()
        for done in [callers.submit(act) for _ in range(ACCEPTED)]:
            done.result()
        return ACCEPTED / (time.perf_counter() - began)


def warmed_up_account(bench: Bench) -> AccountId:
    """An account that has had a tiny job, so that the start of its render children is not measured."""
    account, job_id = bench.submit([0.5, 0.6, 0.7, 0.8])
    bench.wait(job_id)
    return account


def until(condition: Callable[[], Any], *, within_s: float = 600.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {within_s:.0f} s")
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
