"""A fact is handled at least once, in the order of its job, and never lost."""

from __future__ import annotations

import threading

import pytest

from shared.bus.listening import FactListener
from shared.errors import DatabaseUnavailableError, InvalidMessageError


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


def a_listener(handle, stopping: threading.Event) -> FactListener:
    return FactListener(queue="test", handle=handle, stopping=stopping)


def test_a_fact_is_acknowledged_after_it_was_handled(delivery, stopping) -> None:
    message = delivery()
    a_listener(lambda envelope: message.answers.append("handled"), stopping).hear(message)
    assert message.answers == ["handled", "ack"]


def test_a_fact_that_finds_no_database_is_tried_again_in_place(delivery, stopping) -> None:
    troubles = [DatabaseUnavailableError(), DatabaseUnavailableError()]

    def handle(_envelope):
        if troubles:
            raise troubles.pop()

    message = delivery()
    a_listener(handle, stopping).hear(message)
    assert (message.answers, troubles) == (["ack"], [])


def test_a_handler_that_crashes_gives_the_fact_back(delivery, stopping) -> None:
    message = delivery()
    a_listener(_crash, stopping).hear(message)
    assert message.answers == ["requeue"]


def test_a_fact_given_back_is_handled_when_it_comes_again(delivery, command, stopping) -> None:
    troubles, envelope = [ZeroDivisionError()], command()

    def handle(_envelope):
        if troubles:
            raise troubles.pop()

    listener = a_listener(handle, stopping)
    first, second = delivery(envelope), delivery(envelope)
    listener.hear(first)
    listener.hear(second)
    assert (first.answers, second.answers) == (["requeue"], ["ack"])


def test_a_fact_the_handler_cannot_read_is_dead_lettered(delivery, stopping) -> None:
    def handle(_envelope):
        raise InvalidMessageError("unknown version")

    message = delivery()
    a_listener(handle, stopping).hear(message)
    assert message.answers == ["dead_letter"]


def test_a_body_that_is_no_envelope_is_dead_lettered(delivery, stopping) -> None:
    message = delivery()
    message.body = b"nonsense"
    a_listener(_crash, stopping).hear(message)
    assert message.answers == ["dead_letter"]


def test_a_fact_that_waits_for_the_database_is_handed_back_when_the_process_must_stop(delivery, stopping) -> None:
    def handle(_envelope):
        stopping.set()
        raise DatabaseUnavailableError

    message = delivery()
    a_listener(handle, stopping).hear(message)
    assert message.answers == ["requeue"]


def test_facts_of_one_job_wait_for_each_other_and_those_of_others_do_not(delivery, command, stopping) -> None:
    begun, release, order = threading.Event(), threading.Event(), []

    def handle(envelope):
        if envelope.id == slow.id:
            begun.set()
            release.wait(60)
        order.append(envelope.id)

    slow, same_job, other_job = command(job_id="a"), command(job_id="a"), command(job_id="b")
    listener = a_listener(handle, stopping)
    threads = []
    for envelope in (slow, same_job, other_job):
        threads.append(threading.Thread(target=listener.hear, args=(delivery(envelope),), daemon=True))
        threads[-1].start()
        begun.wait(60)
    threads[2].join(60)
    assert order == [other_job.id]
    release.set()
    for thread in threads:
        thread.join(60)
    assert order == [other_job.id, slow.id, same_job.id]


def _crash(_envelope):
    raise ZeroDivisionError
