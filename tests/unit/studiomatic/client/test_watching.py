"""A watch hands out every fact of a job once and in order, whatever is lost, repeated or shuffled on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from shared.bus.errors import RpcTimeoutError
from shared.contracts.envelope import Envelope, enclose
from shared.contracts.jobs import FactList, JobQueued, JobStarted, JobState, JobSucceeded, JobView
from shared.errors import BrokerUnavailableError, NotFoundError
from studiomatic.client import watching
from studiomatic.client.nudges import KEPT_FACTS, Mailbox
from studiomatic.client.watching import Watch

JOB = "job"


def facts_of_a_job(count: int) -> list[Envelope]:
    """A whole history: it began, something happened, it succeeded."""
    middle = [JobStarted(job_id=JOB, project_id="p")] * (count - 2)
    first, last = (
        JobQueued(job_id=JOB, project_id="p", revision_id="r"),
        JobSucceeded(job_id=JOB, project_id="p", files=()),
    )
    return [
        enclose(fact, source="/test", job_id=JOB, sequence=number)
        for number, fact in enumerate((first, *middle, last), 1)
    ]


class Orchestrator:
    """Answers from what is stored; the rest happens when it is told to."""

    def __init__(self, history: list[Envelope], stored: int = 0, page: int = 100) -> None:
        self.history = history
        self.stored = stored
        self.page = page
        self.troubles: list[Exception] = []
        self.before_answer: Callable[[], None] = lambda: None

    def facts(self, after: int) -> FactList:
        self.before_answer()
        if self.troubles:
            raise self.troubles.pop(0)
        known = self.history[: self.stored]
        return FactList(facts=tuple(known[after : after + self.page]), last_sequence=len(known))

    def job(self) -> JobView:
        over = self.stored == len(self.history)
        return JobView(
            job_id=JOB,
            project_id="p",
            revision_id="r",
            state=JobState.SUCCEEDED if over else JobState.RUNNING,
            reason="",
            created_at=datetime(2030, 1, 1, tzinfo=UTC),
            percent=0,
            last_sequence=self.stored,
        )


class Nudges:
    """Gives the watch a mailbox that the test fills."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()

    @contextmanager
    def of_job(self, _job_id: str) -> Iterator[Mailbox]:
        yield self.mailbox


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_S", 0.001)
    monkeypatch.setattr(watching, "_PAUSE_S", 0.001)


def watched(orchestrator: Orchestrator, nudges: Nudges, after: int = 0) -> list[int]:
    watch = Watch(facts=orchestrator.facts, job=orchestrator.job, after_sequence=after)
    return [event.sequence for event in watch.events(nudges, JOB)]  # type: ignore[arg-type]


@pytest.mark.parametrize("page", [1, 3, 100])
@pytest.mark.parametrize("after", [0, 1, 6, 9])
def test_a_finished_job_is_told_from_any_start_and_in_pages_of_any_size(page: int, after: int) -> None:
    orchestrator = Orchestrator(facts_of_a_job(10), stored=10, page=page)
    assert watched(orchestrator, Nudges(), after) == list(range(after + 1, 11))


@pytest.mark.parametrize("after", [10, 11, 1_000_000])
def test_a_start_at_or_after_the_end_of_a_finished_job_ends_at_once(after: int) -> None:
    assert watched(Orchestrator(facts_of_a_job(10), stored=10), Nudges(), after) == []


def test_live_facts_in_order_are_handed_out_without_asking_again() -> None:
    orchestrator, nudges = Orchestrator(facts_of_a_job(10), stored=4), Nudges()
    asked = []
    orchestrator.before_answer = lambda: asked.append(1)
    for fact in orchestrator.history[4:]:
        nudges.mailbox.put(fact)
    assert watched(orchestrator, nudges) == list(range(1, 11))
    assert len(asked) == 1


def test_a_live_fact_after_a_lost_one_is_held_back_until_the_lost_one_is_there() -> None:
    orchestrator, nudges = Orchestrator(facts_of_a_job(6), stored=2), Nudges()

    def the_third_is_lost() -> None:
        nudges.mailbox.put(orchestrator.history[3])
        orchestrator.before_answer = lambda: setattr(orchestrator, "stored", 6)

    orchestrator.before_answer = the_third_is_lost
    assert watched(orchestrator, nudges) == [1, 2, 3, 4, 5, 6]


def test_lost_repeated_and_shuffled_live_facts_leave_no_gap_and_no_double() -> None:
    for seed in range(50):
        chance = random.Random(seed)
        orchestrator, nudges = Orchestrator(facts_of_a_job(30), stored=1, page=7), Nudges()

        def more_happens(
            orchestrator: Orchestrator = orchestrator, nudges: Nudges = nudges, chance: random.Random = chance
        ) -> None:
            orchestrator.stored = min(30, orchestrator.stored + chance.randint(0, 5))
            for fact in chance.choices(orchestrator.history[: orchestrator.stored], k=chance.randint(0, 6)):
                nudges.mailbox.put(fact)

        orchestrator.before_answer = more_happens
        assert watched(orchestrator, nudges) == list(range(1, 31)), seed


def test_a_fact_that_is_never_told_live_is_found_by_asking() -> None:
    orchestrator, nudges = Orchestrator(facts_of_a_job(5), stored=2), Nudges()
    rounds = iter([2, 2, 3, 5])
    orchestrator.before_answer = lambda: setattr(orchestrator, "stored", next(rounds, 5))
    assert watched(orchestrator, nudges) == [1, 2, 3, 4, 5]


def test_a_fact_of_a_newer_release_is_left_out_and_the_others_go_on() -> None:
    history = facts_of_a_job(6)
    history[2] = history[2].model_copy(update={"type": "job.applauded.v1"})
    history[3] = history[3].model_copy(update={"data": {"nothing": "fits"}})
    assert watched(Orchestrator(history, stored=6), Nudges()) == [1, 2, 5, 6]


def test_trouble_at_the_very_first_question_is_told() -> None:
    orchestrator = Orchestrator(facts_of_a_job(3), stored=3)
    orchestrator.troubles = [RpcTimeoutError("orchestrator did not answer")]
    with pytest.raises(RpcTimeoutError):
        watched(orchestrator, Nudges())


def test_trouble_later_on_is_outlived() -> None:
    orchestrator = Orchestrator(facts_of_a_job(6), stored=2, page=2)

    def trouble_once() -> None:
        if orchestrator.stored == 2:
            orchestrator.stored = 6
        elif not orchestrator.troubles:
            orchestrator.troubles = [BrokerUnavailableError(), RpcTimeoutError()]
            orchestrator.before_answer = lambda: None

    orchestrator.before_answer = trouble_once
    assert watched(orchestrator, Nudges()) == [1, 2, 3, 4, 5, 6]


def test_trouble_that_does_not_end_is_told_when_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE_S", 0.02)
    orchestrator = Orchestrator(facts_of_a_job(6), stored=2)
    watch = Watch(facts=orchestrator.facts, job=orchestrator.job, after_sequence=0)
    events = watch.events(Nudges(), JOB)  # type: ignore[arg-type]
    assert [next(events).sequence, next(events).sequence] == [1, 2]
    orchestrator.troubles = [BrokerUnavailableError("gone") for _ in range(10_000)]
    with pytest.raises(BrokerUnavailableError, match="gone"):
        next(events)


def test_a_job_that_is_deleted_meanwhile_ends_the_watch_with_not_found() -> None:
    orchestrator = Orchestrator(facts_of_a_job(6), stored=2)
    events = Watch(facts=orchestrator.facts, job=orchestrator.job, after_sequence=0).events(Nudges(), JOB)  # type: ignore[arg-type]
    next(events), next(events)
    orchestrator.troubles = [NotFoundError(), NotFoundError()]
    with pytest.raises(NotFoundError):
        next(events)


def test_a_slow_watch_is_told_to_ask_instead_of_filling_the_memory() -> None:
    mailbox = Mailbox()
    history = facts_of_a_job(KEPT_FACTS + 10)
    for fact in history[: KEPT_FACTS + 1]:
        mailbox.put(fact)
    mailbox.put(history[-1])
    assert mailbox.take(0) is None
    assert mailbox.take(0) == history[-1]
