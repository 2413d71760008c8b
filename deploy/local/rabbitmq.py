"""A private RabbitMQ broker."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.local.errors import ServerUnavailableError
from deploy.local.ports import HOST, ReservedPort, accepts_connections
from deploy.local.processes import GuardedProcess, Program
from deploy.local.programs import find_program
from deploy.local.rabbitmq_control import RabbitMQControl, erlang_binary
from deploy.local.run_folder import RunFolder

#: Its own scripts, not the wrappers in /usr/sbin: those insist on root or the account rabbitmq.
_SCRIPTS = Path("/usr/lib/rabbitmq/bin")

_NODE = "studio@localhost"
_USER = "studio"
#: The default of RabbitMQ: publishers are blocked when less than this is free.
_DISK_FREE_LIMIT_BYTES = 50_000_000
#: The default of RabbitMQ: publishers are blocked above this share of the machine's memory.
_MEMORY_WATERMARK = 0.4
_START_S = 90.0
_STOP_S = 30.0


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """What a queue holds now: messages ready for delivery, and consumers."""

    name: str
    ready: int
    consumers: int


class RabbitMQ:
    """One broker node with its own folder, ports, Erlang cookie and port mapper (epmd).

    Data survives ``stop``, ``kill`` and ``restart``; ``close`` ends it for good.

    Raises:
        ServerUnavailableError: RabbitMQ is not installed; from ``start``, it has not started in time.
    """

    def __init__(self, run: RunFolder) -> None:
        self._program_path = find_program("rabbitmq-server", packages="rabbitmq-server", folders=[_SCRIPTS])
        self._run = run
        self._folder = run.folder_for("rabbitmq")
        self._log = self._folder / "rabbitmq.log"
        self._password = secrets.token_urlsafe(16)
        self._port, self._distribution_port, self._epmd_port = (ReservedPort() for _ in range(3))
        self._environment = self._write_settings()
        self._process: GuardedProcess | None = None
        self._control: RabbitMQControl | None = None

    @property
    def port(self) -> int:
        """AMQP port; the same for the whole run."""
        return self._port.number

    @property
    def alive(self) -> bool:
        """Whether the broker's process exists, answering or not."""
        return self._process is not None and self._process.alive

    def url(self, vhost: str = "/") -> str:
        """Return the AMQP address of a vhost, credentials included."""
        return f"amqp://{_USER}:{self._password}@{HOST}:{self.port}/{quote(vhost, safe='')}"

    def pids(self) -> list[int]:
        """List every process of the broker."""
        return [] if self._process is None else self._process.pids()

    # Life and death

    def start(self) -> None:
        """Start the broker on the data it had, and wait until it accepts connections.

        Quorum queues with data still need a moment, about 0.2 s, to find their leader.
        """
        self._process = GuardedProcess(
            Program(
                command=[str(self._program_path)],
                log=self._log,
                folder=self._folder,
                environment=self._environment,
                keep_open=(self._run.lock,),
            )
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the broker in order; messages and topology stay on disk."""
        process = self._started()
        process.send(signal.SIGTERM)
        process.wait(_STOP_S)

    def kill(self) -> None:
        """End the broker with SIGKILL, as a power cut of its process would."""
        process = self._started()
        process.send_to_all(signal.SIGKILL)
        process.wait(_STOP_S)

    def restart(self) -> None:
        """Stop in order and start again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the broker with SIGSTOP: connections stay open and nothing answers."""
        self._started().send_to_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo ``pause``."""
        self._started().send_to_all(signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the broker frozen inside a ``with`` block."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def heal(self) -> None:
        """Undo what a failed test may have left: a dead or frozen broker, an alarm."""
        if self.alive:
            self.resume()
        else:
            self.start()
        self.clear_alarms()

    def close(self) -> None:
        """End the broker at once and give its ports back."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.end()
        for port in (self._port, self._distribution_port, self._epmd_port):
            port.close()

    # Vhosts and users

    def add_vhost(self, name: str) -> str:
        """Make a vhost, give the run's user all rights in it and return its address."""
        vhost = erlang_binary(name)
        self.control(f"rabbit_vhost:add({vhost}, {erlang_binary(_USER)})")
        self.grant(_USER, name)
        return self.url(name)

    def delete_vhost(self, name: str) -> None:
        """Delete a vhost with all its queues and connections."""
        self.control(f"rabbit_vhost:delete({erlang_binary(name)}, {erlang_binary(_USER)})")

    def add_user(self, name: str, password: str) -> None:
        """Make a user without rights."""
        self.control(
            f"rabbit_auth_backend_internal:add_user({erlang_binary(name)}, {erlang_binary(password)}, "
            f"{erlang_binary(_USER)})"
        )

    def grant(self, user: str, vhost: str, *, configure: str = ".*", write: str = ".*", read: str = ".*") -> None:
        """Give a user rights in a vhost, as patterns of resource names."""
        texts = ", ".join(erlang_binary(text) for text in (user, vhost, configure, write, read, _USER))
        self.control(f"rabbit_auth_backend_internal:set_permissions({texts})")

    def import_definitions(self, definitions: str) -> None:
        """Import definitions, the JSON text that ``rabbitmqctl import_definitions`` reads."""
        self.control(f"rabbit_definitions:import_raw({erlang_binary(definitions)})")

    # Trouble on purpose

    def raise_disk_alarm(self) -> None:
        """Let the broker believe that its disk is full: publishers are blocked."""
        self.control(f"rabbit_disk_monitor:set_disk_free_limit({1 << 60})")

    def raise_memory_alarm(self) -> None:
        """Let the broker believe that its memory is full: publishers are blocked."""
        self.control("vm_memory_monitor:set_vm_memory_high_watermark(0.0)")

    def clear_alarms(self) -> None:
        """End both alarms."""
        self.control(f"rabbit_disk_monitor:set_disk_free_limit({_DISK_FREE_LIMIT_BYTES})")
        self.control(f"vm_memory_monitor:set_vm_memory_high_watermark({_MEMORY_WATERMARK})")

    def alarms(self) -> str:
        """Return the alarms in force as the broker prints them; ``[]`` when there are none."""
        return self.control("rabbit_alarm:get_alarms()") or "[]"

    def close_all_connections(self, reason: str = "closed by a test") -> int:
        """Close every AMQP connection from the broker's side and return how many there were."""
        explanation = erlang_binary(reason)
        return int(
            self.control(
                "integer_to_list(length([rabbit_networking:close_connection(Pid, "
                f"{explanation}) || Pid <- rabbit_networking:connections()]))"
            )
        )

    def connections(self) -> int:
        """Count the AMQP connections."""
        return int(self.control("integer_to_list(length(rabbit_networking:connections()))"))

    def queues(self, vhost: str = "/") -> dict[str, QueueState]:
        """Return the queues of a vhost by name."""
        listing = self.control(
            "[begin {ok, Ready, Consumers} = rabbit_amqqueue:stat(Queue), {resource, _, queue, Name} = "
            'amqqueue:get_name(Queue), io_lib:format(<<"~ts\\t~b\\t~b\\n">>, [Name, Ready, Consumers]) end '
            f"|| Queue <- rabbit_amqqueue:list({erlang_binary(vhost)})]"
        )
        states = (_queue_state(line) for line in listing.splitlines())
        return {state.name: state for state in states}

    def control(self, expression: str) -> str:
        """Evaluate an Erlang expression in the broker and return its value as text."""
        if self._control is None:
            self._control = RabbitMQControl(
                node=_NODE, environment=self._environment, log=self._folder / "control.log"
            )
        return self._control.evaluate(expression)

    def _started(self) -> GuardedProcess:
        if self._process is None or not self._process.alive:
            raise ServerUnavailableError("The private RabbitMQ is not running; start() it first.")
        return self._process

    def _wait_until_ready(self) -> None:
        process = self._started()
        deadline = time.monotonic() + _START_S
        while not accepts_connections(self.port):
            if not process.alive:
                raise ServerUnavailableError(f"The private RabbitMQ ended while starting.{process.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerUnavailableError(
                    f"The private RabbitMQ accepts no connections after {_START_S:.0f} s.{process.log_tail()}"
                )
            time.sleep(0.05)

    def _write_settings(self) -> Mapping[str, str]:
        home = self._folder / "home"
        home.mkdir()
        cookie = home / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        settings = self._folder / "rabbitmq.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            f"default_user = {_USER}\n"
            f"default_pass = {self._password}\n"
            f"disk_free_limit.absolute = {_DISK_FREE_LIMIT_BYTES}\n"
        )
        plugins = self._folder / "enabled_plugins"
        plugins.write_text("[].\n")
        return {**os.environ, **self._node_environment(), "HOME": str(home)}

    def _node_environment(self) -> Mapping[str, str]:
        folder = self._folder
        return {
            "ERL_EPMD_PORT": str(self._epmd_port.number),
            "ERL_EPMD_ADDRESS": HOST,
            # Makes the script become the node, instead of staying as a parent that answers SIGTERM by rabbitmqctl.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port.number),
            "RABBITMQ_BASE": str(folder),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            # One scheduler that never spins: two cores are shared with the tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }


def _queue_state(line: str) -> QueueState:
    name, ready, consumers = line.split("\t")
    return QueueState(name=name, ready=int(ready), consumers=int(consumers))
