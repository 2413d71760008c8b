"""Waiting for messages and for time to pass, without polling."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from amqp import Message
from kombu import Connection

from shared.bus.memory.timetable import Timetable

Connect = Callable[[], Connection]


def test_a_look_without_patience_returns_at_once(connect: Connect) -> None:
    with pytest.raises(TimeoutError):
        connect().drain_events(timeout=0)


def test_a_wait_ends_after_its_time(connect: Connect) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        connect().drain_events(timeout=0.05)
    assert 0.05 <= time.monotonic() - began < 2


def test_a_waiting_reader_is_woken_by_a_message(connect: Connect) -> None:
    reader, writer = connect(), connect()
    received: list[float] = []
    channel = reader.channel()
    channel.queue_declare("inbox", auto_delete=False)
    channel.basic_consume("inbox", callback=lambda _message: received.append(time.monotonic()))
    thread = threading.Thread(target=reader.drain_events)
    thread.start()
    sent = time.monotonic()
    writer.channel().basic_publish(Message("wake up"), "", "inbox")
    thread.join(timeout=5)
    assert received[0] - sent < 1


def test_a_waiting_reader_does_not_use_the_processor(connect: Connect) -> None:
    """Nothing wakes it before its time is over."""
    reader = connect()
    began = time.thread_time()
    with pytest.raises(TimeoutError):
        reader.drain_events(timeout=0.3)
    assert time.thread_time() - began < 0.02


def test_appointments_are_kept_in_the_order_of_their_time() -> None:
    lock = threading.Lock()
    timetable = Timetable(lock)
    done: list[str] = []
    finished = threading.Event()
    now = time.monotonic()
    with lock:
        timetable.call_at(now + 0.06, finished.set)
        timetable.call_at(now + 0.04, lambda: done.append("second"))
        timetable.call_at(now + 0.02, lambda: done.append("first"))
        timetable.call_at(now + 0.03, lambda: done.append("never")).call_off()
    assert finished.wait(5)
    assert done == ["first", "second"]


def test_a_timetable_without_appointments_has_no_thread() -> None:
    lock = threading.Lock()
    timetable = Timetable(lock)
    done = threading.Event()
    worked: list[threading.Thread] = []

    def work() -> None:
        worked.append(threading.current_thread())
        done.set()

    for _ in range(2):
        done.clear()
        with lock:
            timetable.call_at(time.monotonic(), work)
        assert done.wait(5)
        worked[-1].join(5)
        assert not worked[-1].is_alive()
