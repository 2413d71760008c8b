"""The template of render children: a process that has loaded all they need, has seen no file, and forks them.

One thread, so that a fork is a whole copy. It reads orders on standard input (see ``work``), tells nobody about
anybody, and ends with its parent, or when no child has lived for a while; its children end with it.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from services.renderer.orders import Born, ChildOrder, Ended, Ready, TemplateHello
from services.renderer.pipeline.identity import engine_identity
from services.renderer.worker import end_with_parent, live, name_process

# Whatever else runs on the machine, the parent's own answers included, goes before pixels.
_NICENESS = 10
_MESSAGE_BYTES = 1 << 14
_FILES = 3
# Where the template reads its orders and, in their place, a child writes its answers; a child opens nothing more.
_CONTROL = _ANSWERS = 3
_STATUS = 4


def main() -> None:
    """Fork children until standard input closes and the last has ended, or nobody asked for a while."""
    control = socket.socket(fileno=os.dup2(0, _CONTROL))
    control.setblocking(True)
    hello = TemplateHello.model_validate_json(control.recv(_MESSAGE_BYTES))
    end_with_parent(hello.parent, at_once=hello.ends_with_starter)
    os.nice(_NICENESS)
    ready = Ready(engine=engine_identity())
    gc.collect()  # ends the threads of an encoder that was asked for its version
    gc.freeze()  # a child that never looks at these objects never copies them
    os.write(1, ready.model_dump_json().encode() + b"\n")
    Template(control, hello.idle_seconds).serve()
    os._exit(0)


@dataclass(kw_only=True)
class _Offspring:
    """A child that was forked: what tells of its end, and where its end is told."""

    pid: int
    end: int
    status: int
    alive: bool = True


class Template:
    """Forks what is ordered, tells how each child ended, and ends those that nobody holds any more."""

    def __init__(self, control: socket.socket, idle_seconds: float) -> None:
        self._control = control
        self._idle_ms = round(idle_seconds * 1000)
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._open = True
        self._offspring: list[_Offspring] = []

    def serve(self) -> None:
        """Work until nobody can need it."""
        while self._open or self._anybody_lives():
            events = self._poll.poll(None if self._anybody_lives() else self._idle_ms)
            if not events:
                return
            self._handle(events[0][0])  # one at a time: each may close and reuse descriptors of the others

    def _anybody_lives(self) -> bool:
        return any(child.alive for child in self._offspring)

    def _handle(self, descriptor: int) -> None:
        if descriptor == self._control.fileno():
            self._take_order()
            return
        child = next(child for child in self._offspring if descriptor in (child.end, child.status))
        if descriptor == child.end:
            self._tell_end(child)
        elif child.alive:
            self._poll.unregister(child.status)
            signal.pidfd_send_signal(child.end, signal.SIGKILL)  # nobody holds it any more
        else:
            self._bury(child)

    def _take_order(self) -> None:
        message, files, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, _FILES)
        if message:
            self._fork(ChildOrder.model_validate_json(message), files)
        else:
            self._poll.unregister(self._control)
            self._open = False

    def _fork(self, order: ChildOrder, files: list[int]) -> None:
        template = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            traceback.print_exc()
        else:
            if pid == 0:
                self._become_child(order, files, template)
            self._watch(pid, os.dup(files[-1]))
        for descriptor in files:
            os.close(descriptor)

    def _watch(self, pid: int, status: int) -> None:
        child = _Offspring(pid=pid, end=os.pidfd_open(pid), status=status)
        self._offspring.append(child)
        self._poll.register(child.end, select.POLLIN)
        self._poll.register(child.status, 0)  # says only that its reader is gone

    def _tell_end(self, child: _Offspring) -> None:
        """Tell how it ended, but leave its process id taken: its holder may be about to kill it."""
        self._poll.unregister(child.end)
        child.alive = False
        how = os.waitid(os.P_PIDFD, child.end, os.WEXITED | os.WNOWAIT)
        assert how is not None  # noqa: S101  # it waits
        code = how.si_status if how.si_code == os.CLD_EXITED else -how.si_status
        try:
            os.write(child.status, Ended(exit_code=code).model_dump_json().encode() + b"\n")
        except BrokenPipeError:
            self._bury(child)

    def _bury(self, child: _Offspring) -> None:
        """It has ended, and nobody holds it any more."""
        os.waitpid(child.pid, 0)
        with suppress(KeyError):
            self._poll.unregister(child.status)
        os.close(child.end)
        os.close(child.status)
        self._offspring.remove(child)

    def _become_child(self, order: ChildOrder, files: list[int], template: int) -> NoReturn:
        try:
            os.setsid()
            end_with_parent(template, at_once=True)
            self._control.detach()
            _take_over(files)
            _tell_birth()
            live(order, requests=os.fdopen(0, "rb"), answers=os.fdopen(_ANSWERS, "wb", buffering=0))
        except BaseException:  # noqa: BLE001  # whatever happens, a child never becomes a second template
            traceback.print_exc()
            os._exit(1)
        os._exit(0)  # the reading thread may still wait for a line


def _take_over(files: list[int]) -> None:
    """Make the given files the child's own, and close all others; what libraries print goes nowhere."""
    requests, answers, status = files
    nowhere = os.open(os.devnull, os.O_WRONLY)
    # From the lowest up: a given file has a higher number than all these, or has been taken over before.
    for given, own in ((requests, 0), (nowhere, 1), (nowhere, 2), (answers, _ANSWERS), (status, _STATUS)):
        os.dup2(given, own)
    os.closerange(_STATUS + 1, os.sysconf("SC_OPEN_MAX"))


def _tell_birth() -> None:
    """Tell our process id, under a name of our own; the template alone tells more about us."""
    name_process()
    os.write(_STATUS, Born(pid=os.getpid()).model_dump_json().encode() + b"\n")
    os.close(_STATUS)
