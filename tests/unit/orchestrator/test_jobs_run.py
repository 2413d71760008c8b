"""From submit to the end: order, retries, cancel, resume, and reports that come twice, late or out of order."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import update

from services.orchestrator.tables import JOBS
from shared.contracts.attempts import AttemptFailed, AttemptSucceeded, ErrorInfo
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobState, ResumeJob, Stage, SubmitJob, TaskState
from shared.contracts.revisions import MusicMode
from shared.contracts.tasks import AssembleVideo, AssemblyPlan, GenerateImage, SynthesizeVoice
from shared.contracts.timeline import Timeline
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.ids import new_id


def test_a_job_runs_through_all_its_tasks_and_succeeds(farm) -> None:
    job = farm.job(slides=3)

    farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED
    assert set(farm.tasks(job)) == {
        *(f"{part}/s{n}" for part in ("image", "voice") for n in (1, 2, 3)),
        *(f"segment/s{n}/0" for n in (1, 2, 3)),
        "music",
        "mix",
        "assemble",
    }
    assert set(farm.tasks(job).values()) == {TaskState.SUCCEEDED}


def test_a_topic_becomes_slides_before_anything_else(farm) -> None:
    job = farm.job(slides=0, needs_script=True)
    assert set(farm.tasks(job)) == {"script"}

    farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED
    assert {"image/w1", "voice/w2", "assemble"} <= set(farm.tasks(job))


def test_a_segment_is_rendered_before_other_slides_are_ready(farm) -> None:
    job = farm.job(slides=4)

    farm.perform_all(only=lambda c: getattr(c, "slide_id", "s1") == "s1")

    assert farm.tasks(job)["segment/s1/0"] is TaskState.SUCCEEDED
    assert "segment/s2/0" not in farm.tasks(job)


def test_given_parts_need_no_task(farm) -> None:
    job = farm.job(slides=1, music_mode=MusicMode.NONE)
    assert set(farm.tasks(job)) == {"image/s1", "voice/s1", "mix", "assemble"}


def test_a_silent_video_without_music_has_no_sound_to_mix(farm) -> None:
    job = farm.job(slides=2, silent=True, music_mode=MusicMode.NONE)

    performed = farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED
    assert "mix" not in farm.tasks(job)
    assemble = next(c for c in performed if isinstance(c, AssembleVideo))
    assert farm.objects.get(assemble.plan, AssemblyPlan).audio is None


def test_a_job_whose_parts_are_all_given_is_planned_while_the_farm_runs(farm) -> None:
    given = farm.given_slides(2)
    job = farm.job(slides=2, slides_outline=given, music_mode=MusicMode.NONE)
    assert farm.commands() == []

    assert farm.advance.advance_unplanned() == 1
    assert farm.advance.advance_unplanned() == 0
    farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED


def test_a_job_whose_stored_words_are_gone_fails_with_slide_and_remedy(farm) -> None:
    job = farm.job(slides=1, music_mode=MusicMode.NONE)
    farm.objects.lost = True
    farm.perform_all()

    view = farm.queries.get("acc", job)

    assert view.state is JobState.FAILED
    assert view.error.code == "not_found"
    assert (view.failed_stage, view.failed_slide) == (Stage.RENDER, 1)
    assert "word times of slide 1" in view.error.message
    assert "resume" in view.error.message


def test_a_worker_that_had_to_stop_is_a_loss_and_not_the_end_of_the_task(farm) -> None:
    job = farm.job(slides=1, silent=True, music_mode=MusicMode.NONE)
    ((envelope, command),) = farm.commands()
    names = farm.start(envelope, command)
    error = ErrorInfo(code="task_cancelled", message="stopping")
    farm.report(AttemptFailed(**names, error=error, duration_ms=1), envelope)
    farm.clock.advance(3)

    farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED


def test_the_assembly_gets_the_segments_in_order_and_the_whole_timeline(farm) -> None:
    farm.job(slides=3)

    assemble = next(c for c in farm.perform_all() if isinstance(c, AssembleVideo))

    plan = farm.objects.get(assemble.plan, AssemblyPlan)
    timeline = farm.objects.get(plan.timeline, Timeline)
    assert sum(segment.frames for segment in plan.segments) == timeline.frames
    assert [chapter.slide_id for chapter in timeline.chapters] == ["s1", "s2", "s3"]


def test_facts_of_a_job_are_numbered_without_gap_and_end_once(farm) -> None:
    job = farm.job(slides=2)
    farm.perform_all()

    facts = farm.queries.facts("acc", job, 0, 1000)

    assert [envelope.sequence for envelope in facts] == list(range(1, len(facts) + 1))
    types = [envelope.type for envelope in facts]
    assert types[:3] == ["job.queued.v1", "job.started.v1", "task.started.v1"]
    assert types[-1] == "job.succeeded.v1"
    assert types.count("job.started.v1") == 1


def test_progress_is_published_at_most_once_a_second(farm) -> None:
    job = farm.job(slides=5)
    farm.perform_all()
    assert farm.fact_types(job).count("job.progressed.v1") == 1


def test_the_same_submit_twice_is_one_job(farm) -> None:
    request = SubmitJob(project_id=farm.project(), idempotency_key="once")
    assert farm.submit.submit("acc", request) == farm.submit.submit("acc", request)


def test_a_key_cannot_be_used_for_another_request(farm) -> None:
    farm.submit.submit("acc", SubmitJob(project_id=farm.project(), idempotency_key="once"))
    with pytest.raises(ConflictError, match="once"):
        farm.submit.submit("acc", SubmitJob(project_id=farm.project(), idempotency_key="once"))


def test_the_same_key_of_two_accounts_is_two_jobs(farm) -> None:
    mine = farm.job(account="acc", key="k")
    theirs = farm.job(account="other", key="k")
    assert mine != theirs


def test_an_unknown_project_is_not_found_and_leaves_no_job(farm) -> None:
    with pytest.raises(NotFoundError):
        farm.submit.submit("acc", SubmitJob(project_id=new_id(), idempotency_key="k"))
    assert farm.queries.jobs("acc", None, 10).jobs == ()


@pytest.mark.parametrize("slides", [0, 101, 500])
def test_no_slides_and_too_many_slides_are_refused(farm, slides: int) -> None:
    with pytest.raises(InvalidInputError, match="slides"):
        farm.job(slides=slides)


def test_a_job_of_another_account_does_not_exist(farm) -> None:
    job = farm.job()
    for ask in (farm.queries.get, farm.queries.explain, farm.cancel.cancel):
        with pytest.raises(NotFoundError):
            ask("other", job)


def test_a_failed_attempt_is_tried_again_after_a_while(farm) -> None:
    job = farm.job(slides=1, music_mode=MusicMode.NONE)
    envelope, command = next(p for p in farm.commands() if isinstance(p[1], SynthesizeVoice))
    farm.fail(envelope, command)
    assert not [c for _, c in farm.commands() if isinstance(c, SynthesizeVoice)]

    farm.clock.advance(2.1)

    again = next(c for _, c in farm.commands() if isinstance(c, SynthesizeVoice))
    assert (again.task_id, again.attempt) == (command.task_id, 2)
    assert "task.retried.v1" in farm.fact_types(job)


def test_the_third_failure_fails_the_job_with_stage_slide_cause_and_remedy(farm) -> None:
    job = farm.job(slides=2, silent=True, music_mode=MusicMode.NONE)
    for _ in range(3):
        for envelope, command in farm.commands():
            if isinstance(command, GenerateImage) and command.slide_id == "s2":
                farm.fail(envelope, command)
            else:
                farm.succeed(envelope, command)
        farm.clock.advance(120)

    view = farm.queries.get("acc", job)

    assert view.state is JobState.FAILED
    assert (view.failed_stage, view.failed_slide) == ("images", 2)
    assert (view.error.code, view.error.message) == ("test.broken", "it broke; mend it")
    assert all(state.is_terminal for state in farm.tasks(job).values())


def test_what_cannot_be_mended_by_trying_fails_at_once(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = farm.commands()[0]
    farm.fail(envelope, command, retryable=False)
    assert farm.state(job) is JobState.FAILED
    assert farm.perform_all() == []


@pytest.mark.parametrize("ahead_s", [0, 7200, -7200], ids=["clock right", "ahead", "behind"])
def test_a_deferred_attempt_waits_and_uses_no_budget(farm, ahead_s: int) -> None:
    """As long as its worker asked for, whatever the time of that worker's clock."""
    job = farm.job(slides=1, silent=True, music_mode=MusicMode.NONE)
    for _ in range(5):
        envelope, command = next(p for p in farm.commands() if isinstance(p[1], GenerateImage))
        farm.defer(envelope, command, seconds=30, ahead_s=ahead_s)
        farm.clock.advance(29)
        assert not [c for _, c in farm.commands() if isinstance(c, GenerateImage)]
        farm.clock.advance(2)

    farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED


def test_a_limit_holds_back_the_other_tasks_of_its_kind_too(farm) -> None:
    farm.job(slides=3)
    images = [p for p in farm.commands() if isinstance(p[1], GenerateImage)]
    while not images:
        farm.perform_all(only=lambda c: isinstance(c, SynthesizeVoice))
        images = [p for p in farm.commands() if isinstance(p[1], GenerateImage)]
    farm.defer(*images[0], seconds=30)
    for pair in images[1:]:
        farm.succeed(*pair)

    assert not [c for c in farm.perform_all() if isinstance(c, GenerateImage)]

    farm.clock.advance(31)
    assert [c for c in farm.perform_all() if isinstance(c, GenerateImage)]


def test_a_lapsed_lease_gives_the_task_to_another_worker(farm) -> None:
    job = farm.job(slides=1, music_mode=MusicMode.NONE)
    envelope, command = farm.commands()[0]
    farm.start(envelope, command)

    assert farm.lapse() == 1

    farm.clock.advance(3)
    again = [c for _, c in farm.commands() if c.task_id == command.task_id]
    assert [c.attempt for c in again] == [2]
    assert farm.state(job) is JobState.RUNNING


def test_progress_keeps_the_lease(farm) -> None:
    farm.job(slides=1)
    envelope, command = farm.commands()[0]
    farm.start(envelope, command)
    for _ in range(8):
        farm.clock.advance(20)
        farm.progress(envelope, command)
        assert farm.recover.reap() == 0


def test_nothing_is_reaped_while_reports_cannot_be_heard_nor_within_one_lease_of_that(farm) -> None:
    farm.job(slides=1)
    farm.start(*farm.commands()[0])
    for queue in ("progress", "attempts"):
        farm.recover.connection_lost(queue)
    assert farm.lapse() == 0
    farm.recover.connection_back("progress")
    assert farm.lapse() == 0, "the other queue is still away"
    farm.recover.connection_back("attempts")
    assert farm.recover.reap() == 0
    assert farm.lapse() == 1


def test_nothing_is_reaped_within_one_lease_of_a_time_when_nobody_could_look(farm) -> None:
    """The database was away, the process was frozen, or the machine slept."""
    farm.job(slides=1)
    farm.start(*farm.commands()[0])
    farm.clock.advance(300)
    assert farm.recover.reap() == 0
    assert farm.lapse() == 1


def test_nothing_is_reaped_within_one_lease_of_a_start(farm) -> None:
    farm.job(slides=1)
    envelope, command = farm.commands()[0]
    farm.start(envelope, command)
    for _ in range(3):
        farm.clock.advance(20)
        farm.recover.reap()
    farm.recover.wait_one_lease()
    farm.clock.advance(20)
    assert farm.recover.reap() == 0


def test_an_execution_whose_task_another_has_done_counts_as_lost_until_it_reports(farm) -> None:
    job = farm.job(slides=1, silent=True, music_mode=MusicMode.NONE)
    ((envelope, command),) = farm.commands()
    silent = farm.start(envelope, command)
    farm.succeed(envelope, command)
    assert executions(farm, job) == {(silent["execution_id"], "lost", False)} | accepted(farm, job)
    farm.succeed(envelope, command, silent)
    assert executions(farm, job) == {(silent["execution_id"], "succeeded", False)} | accepted(farm, job)


def executions(farm, job: str) -> set[tuple[str, str, bool]]:
    """Id, state and acceptance of every execution of a job."""
    views = [attempt for task in farm.queries.explain("acc", job).tasks for attempt in task.attempts]
    return {(view.execution_id, view.state, view.accepted) for view in views}


def accepted(farm, job: str) -> set[tuple[str, str, bool]]:
    """Those of them that were accepted."""
    return {each for each in executions(farm, job) if each[2]}


def test_a_worker_lost_in_its_last_attempt_fails_the_job(farm) -> None:
    job = farm.job(slides=1, silent=True, music_mode=MusicMode.NONE)
    for _ in range(3):
        (pair,) = farm.commands()
        farm.start(*pair)
        farm.lapse()
        farm.lapse()  # the wait before the next attempt

    view = farm.queries.get("acc", job)

    assert view.state is JobState.FAILED
    assert view.error.code == "orchestrator.worker_lost"


def test_a_stale_attempt_cannot_finish_a_task(farm) -> None:
    job = farm.job(slides=1, silent=True, music_mode=MusicMode.NONE)
    ((envelope, command),) = farm.commands()
    names = farm.start(envelope, command)
    farm.lapse()
    farm.clock.advance(3)
    (second,) = farm.commands()

    farm.succeed(envelope, command, names)
    assert farm.tasks(job)["image/s1"] is TaskState.DISPATCHED

    farm.succeed(*second)
    (task,) = (t for t in farm.queries.explain("acc", job).tasks if t.task_id == command.task_id)
    assert [(a.attempt, a.accepted) for a in task.attempts] == [(1, False), (2, True)]


def test_of_two_executions_of_one_attempt_the_first_result_counts(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = farm.commands()[0]
    first, second = farm.start(envelope, command), farm.start(envelope, command)

    farm.succeed(envelope, command, second)
    farm.succeed(envelope, command, first)

    task = next(t for t in farm.queries.explain("acc", job).tasks if t.task_id == command.task_id)
    assert sorted(a.accepted for a in task.attempts) == [False, True]


def test_a_report_heard_twice_changes_nothing(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = farm.commands()[0]
    report = farm.succeed(envelope, command)
    before = farm.fact_types(job)

    farm.hear(report)
    farm.hear(report)

    assert farm.fact_types(job) == before


@pytest.mark.parametrize("seed", range(6))
def test_reports_may_come_in_any_order_and_twice(farm, seed: int) -> None:
    shuffle = random.Random(seed)
    job = farm.job(slides=3)
    while batch := farm.commands():
        late = []
        for envelope, command in batch:
            names = farm.names(command)
            result = farm.result_of(command).model_dump(mode="json")
            late.append((AttemptSucceeded(**names, result=result, duration_ms=1), envelope))
            late.append(late[-1])
        shuffle.shuffle(late)
        for fact, envelope in late:
            farm.report(fact, envelope)

    assert farm.state(job) is JobState.SUCCEEDED
    assert farm.fact_types(job).count("job.succeeded.v1") == 1


def test_cancelling_a_waiting_job_ends_it(farm) -> None:
    job = farm.job()
    assert farm.cancel.cancel("acc", job) is JobState.CANCELLED
    assert farm.commands() == []
    assert farm.fact_types(job)[-2:] == ["job.cancelling.v1", "job.cancelled.v1"]


def test_cancelling_waits_for_what_runs_and_then_ends(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = farm.commands()[0]
    names = farm.start(envelope, command)

    assert farm.cancel.cancel("acc", job) is JobState.CANCELLING
    assert farm.cancel.cancel("acc", job) is JobState.CANCELLING
    farm.succeed(envelope, command, names)

    assert farm.state(job) is JobState.CANCELLED
    assert farm.commands() == []


def test_a_cancelled_job_whose_worker_is_lost_ends_when_the_lease_is_over(farm) -> None:
    job = farm.job(slides=1)
    farm.start(*farm.commands()[0])
    farm.cancel.cancel("acc", job)
    farm.lapse()
    assert farm.state(job) is JobState.CANCELLED


def test_with_nothing_running_anywhere_a_cancel_ends_the_job_at_once(farm) -> None:
    job = farm.job(slides=1)
    farm.start(*farm.commands()[0])
    assert farm.cancel.cancel("acc", job, nothing_runs=True) is JobState.CANCELLED


def test_a_task_put_off_while_its_job_is_cancelled_ends_with_it(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = next(pair for pair in farm.commands() if isinstance(pair[1], GenerateImage))
    farm.start(envelope, command)
    farm.cancel.cancel("acc", job)

    farm.defer(envelope, command, seconds=3600)

    assert farm.state(job) is JobState.CANCELLED
    assert farm.tasks(job)["image/s1"] is TaskState.CANCELLED
    assert farm.commands() == []


def test_a_job_that_was_being_cancelled_when_everything_died_is_cancelled(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = farm.commands()[0]
    farm.start(envelope, command)
    assert farm.cancel.cancel("acc", job) is JobState.CANCELLING

    farm.recover.restart_everything()

    assert farm.state(job) is JobState.CANCELLED
    assert farm.commands() == []


def test_a_task_of_a_job_that_has_ended_is_never_dispatched(farm) -> None:
    job = farm.job(slides=1)
    with farm.database.transaction() as connection:
        connection.execute(update(JOBS).where(JOBS.c.job_id == job).values(state=JobState.CANCELLING.value))

    assert farm.commands() == []


def test_cancelling_while_the_video_is_assembled_cancels_the_job(farm) -> None:
    job = farm.job(slides=1, music_mode=MusicMode.NONE)
    farm.perform_all(only=lambda c: not isinstance(c, AssembleVideo))
    with farm.store.reading() as unit:
        assert {t.key: t.state for t in unit.tasks(job)}["assemble"] is TaskState.DISPATCHED
    farm.cancel.cancel("acc", job)
    assert farm.state(job) is JobState.CANCELLED


def test_an_ended_job_stays_as_it_is(farm) -> None:
    job = farm.job(slides=1)
    farm.perform_all()
    assert farm.cancel.cancel("acc", job) is JobState.SUCCEEDED


def test_resume_starts_a_new_job_linked_to_the_old_one(farm) -> None:
    job = farm.job(slides=1)
    farm.cancel.cancel("acc", job)

    resumed = farm.submit.resume("acc", ResumeJob(job_id=job, idempotency_key="r"))

    assert farm.submit.resume("acc", ResumeJob(job_id=job, idempotency_key="r")) == resumed
    assert farm.queries.get("acc", resumed).resumes == job
    farm.perform_all()
    assert farm.state(resumed) is JobState.SUCCEEDED


def test_only_an_ended_job_without_a_video_can_be_resumed(farm) -> None:
    running, done = farm.job(slides=1), farm.job(slides=1)
    with pytest.raises(ConflictError, match="queued"):
        farm.submit.resume("acc", ResumeJob(job_id=running, idempotency_key="a"))
    farm.perform_all()
    with pytest.raises(ConflictError, match="succeeded"):
        farm.submit.resume("acc", ResumeJob(job_id=done, idempotency_key="b"))


def test_after_the_broker_was_lost_everything_under_way_is_dispatched_again(farm) -> None:
    job = farm.job(slides=2)
    sent = farm.commands()
    names = farm.start(*sent[0])

    farm.recover.restart_everything()
    farm.recover.advance_all()
    again = farm.commands()

    assert {c.task_id for _, c in again} == {c.task_id for _, c in sent}
    assert {c.attempt for _, c in again} == {2}
    farm.succeed(*sent[0], names)
    for pair in again:
        farm.succeed(*pair)
    farm.perform_all()
    assert farm.state(job) is JobState.SUCCEEDED


def test_a_plan_that_was_not_advanced_before_a_crash_is_advanced_after_it(farm) -> None:
    job = farm.job(slides=1, music_mode=MusicMode.NONE)
    for envelope, command in farm.commands():
        names = farm.start(envelope, command)
        result = farm.result_of(command).model_dump(mode="json")
        fact = AttemptSucceeded(**names, result=result, duration_ms=1)
        farm.attempts.record(enclose(fact, source="/t", cause=envelope))
    assert "segment/s1/0" not in farm.tasks(job)

    farm.recover.advance_all()

    assert "segment/s1/0" in farm.tasks(job)


def test_a_command_set_aside_by_the_broker_is_sent_again_unless_a_worker_has_it(farm) -> None:
    farm.job(slides=1, music_mode=MusicMode.NONE)
    (_, lost), (envelope, taken) = farm.commands()[:2]
    farm.start(envelope, taken)

    farm.attempts.fail_undeliverable(lost.task_id, lost.attempt)
    farm.attempts.fail_undeliverable(taken.task_id, taken.attempt)
    farm.clock.advance(3)

    assert [c.task_id for _, c in farm.commands()] == [lost.task_id]


def test_explain_names_every_attempt_with_worker_times_and_error(farm) -> None:
    job = farm.job(slides=1)
    envelope, command = farm.commands()[0]
    farm.fail(envelope, command)
    farm.clock.advance(10)
    farm.perform_all()

    task = next(t for t in farm.queries.explain("acc", job).tasks if t.task_id == command.task_id)

    assert [(a.attempt, a.state, a.worker) for a in task.attempts] == [
        (1, "failed", "worker@test:1"),
        (2, "succeeded", "worker@test:1"),
    ]
    assert task.attempts[0].error.code == "test.broken"


def test_rendering_a_segment_takes_three_commits_and_three_durable_messages(farm, monkeypatch) -> None:
    farm.job(slides=2, silent=True, music_mode=MusicMode.NONE)
    images = [pair for pair in farm.commands() if isinstance(pair[1], GenerateImage)]
    for pair in images:
        farm.succeed(*pair)
    commits: list[str] = []
    begin = farm.database.transaction
    monkeypatch.setattr(farm.database, "transaction", lambda: commits.append("commit") or begin())
    with farm.store.transaction() as unit:
        (share,) = unit.shares("renderer")
        task = unit.claim("renderer", share, farm.clock.now())
    commits.clear()

    assert farm.dispatch.dispatch() == 2  # one commit hands over both segments
    dispatched = len(commits)
    (envelope, command), *_ = farm.commands()
    commits.clear()
    names = farm.start(envelope, command)
    started = len(commits)
    farm.succeed(envelope, command, names)

    assert task is not None
    assert (dispatched, started, len(commits) - started) == (1, 1, 1)
