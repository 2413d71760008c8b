"""A private RabbitMQ broker."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.local.ports import HOST, ReservedPort, accepts_connections
from deploy.local.private_server import PrivateServer
from deploy.local.processes import GuardedProcess, Program
from deploy.local.programs import find_program
from deploy.local.rabbitmq_control import RabbitMQControl, erlang_binary
from deploy.local.run_folder import RunFolder

#: The host part must be one that epmd on the loopback address resolves.
_NODE = "studio@localhost"
_USER = "studio"
#: Defaults of RabbitMQ: publishers are blocked when less disk is free, or above this share of the memory.
_DISK_FREE_LIMIT_BYTES = 50_000_000
_MEMORY_WATERMARK = 0.4

_VHOSTS_OF_CONNECTIONS = "rabbit_networking:connection_info_all([vhost])"


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """What a queue holds now: messages ready for delivery, and consumers."""

    name: str
    ready: int
    consumers: int


@dataclass(frozen=True, kw_only=True)
class ConsumerState:
    """One consumer: the queue it reads, and the client's end of its connection."""

    queue: str
    client_port: int


class RabbitMQ(PrivateServer):
    """One broker node with its own Erlang cookie and port mapper (epmd).

    Quorum queues need a moment after a start, about 0.2 s, to find their leader.

    Raises:
        ServerUnavailableError: RabbitMQ is not installed.
    """

    def __init__(self, run: RunFolder) -> None:
        self._server = find_program("rabbitmq-server")
        super().__init__(run, "rabbitmq")
        self._password = secrets.token_urlsafe(16)
        self._inner_ports = (ReservedPort(), ReservedPort())
        self._write_settings()
        self._environment = {**os.environ, **self._node_environment()}
        self._control: RabbitMQControl | None = None
        self._alarmed = False

    def url(self, vhost: str = "/", *, user: str = _USER, password: str | None = None) -> str:
        """Return the AMQP address of a vhost, credentials included."""
        return f"amqp://{user}:{password or self._password}@{HOST}:{self.port}/{quote(vhost, safe='')}"

    def start(self) -> None:
        """Start the broker on the data it had, and wait until it accepts connections."""
        self._process = GuardedProcess(
            Program(
                command=[str(self._server)],
                log=self._folder / "rabbitmq.log",
                folder=self._folder,
                environment=self._environment,
                keep_open=(self._run.lock,),
            )
        )
        self._wait_until(lambda: accepts_connections(self.port))

    def stop(self) -> None:
        """Stop the broker in order; messages and topology stay on disk."""
        self._end(signal.SIGTERM)

    def heal(self) -> None:
        """Undo what a failed test may have left: a dead or frozen broker, an alarm."""
        super().heal()
        if self._alarmed:
            self.clear_alarms()

    def close(self) -> None:
        """End the broker at once, for good."""
        if self._control is not None:
            self._control.close()
        super().close()
        for port in self._inner_ports:
            port.close()

    # Vhosts and users

    def add_vhost(self, name: str) -> str:
        """Make a vhost, give the run's user all rights in it and return its address."""
        self.control(f"rabbit_vhost:add({erlang_binary(name)}, {erlang_binary(_USER)})")
        self.grant(_USER, name)
        return self.url(name)

    def has_vhost(self, name: str) -> bool:
        """Tell whether there is a vhost of this name."""
        return self.control(f"atom_to_list(rabbit_vhost:exists({erlang_binary(name)}))") == "true"

    def delete_vhost(self, name: str) -> None:
        """Delete a vhost with all its queues and connections."""
        self.control(f"rabbit_vhost:delete({erlang_binary(name)}, {erlang_binary(_USER)})")

    def add_user(self, name: str, password: str) -> None:
        """Make a user without rights."""
        texts = ", ".join(erlang_binary(text) for text in (name, password, _USER))
        self.control(f"rabbit_auth_backend_internal:add_user({texts})")

    def delete_user(self, name: str) -> None:
        """Delete a user and its rights."""
        self.control(f"rabbit_auth_backend_internal:delete_user({erlang_binary(name)}, {erlang_binary(_USER)})")

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
        self._raise_alarm("disk", f"rabbit_disk_monitor:set_disk_free_limit({1 << 60})")

    def raise_memory_alarm(self) -> None:
        """Let the broker believe that its memory is full: publishers are blocked."""
        self._raise_alarm("memory", "vm_memory_monitor:set_vm_memory_high_watermark(0.0)")

    def clear_alarms(self) -> None:
        """End both alarms."""
        self.control(
            f"begin rabbit_disk_monitor:set_disk_free_limit({_DISK_FREE_LIMIT_BYTES}), "
            f"vm_memory_monitor:set_vm_memory_high_watermark({_MEMORY_WATERMARK}) end"
        )
        self._alarmed = False

    def alarms(self) -> list[str]:
        """Return what is in alarm: ``disk``, ``memory``, both or nothing."""
        listing = "[[atom_to_list(What), $\\n] || {{resource_limit, What, _}, _} <- rabbit_alarm:get_alarms()]"
        return sorted(self.control(listing).split())

    def close_all_connections(self, reason: str = "closed by the operator") -> int:
        """Close every AMQP connection from the broker's side and return how many there were."""
        close = f"rabbit_networking:close_connection(Pid, {erlang_binary(reason)})"
        return int(self.control(_length_of(f"[{close} || Pid <- rabbit_networking:connections()]")))

    def connections(self, vhost: str | None = None) -> int:
        """Count the AMQP connections, to all vhosts or to one."""
        if vhost is None:
            return int(self.control(_length_of("rabbit_networking:connections()")))
        wanted = f"V =:= {erlang_binary(vhost)}"
        return int(self.control(_length_of(f"[V || [{{vhost, V}}] <- {_VHOSTS_OF_CONNECTIONS}, {wanted}]")))

    def queues(self, vhost: str = "/") -> dict[str, QueueState]:
        """Return the queues of a vhost by name."""
        listing = self.control(
            "[begin {ok, Ready, Consumers} = rabbit_amqqueue:stat(Queue), {resource, _, queue, Name} = "
            'amqqueue:get_name(Queue), io_lib:format(<<"~ts\\t~b\\t~b\\n">>, [Name, Ready, Consumers]) end '
            f"|| Queue <- rabbit_amqqueue:list({erlang_binary(vhost)})]"
        )
        rows = (line.split("\t") for line in listing.splitlines())
        return {name: QueueState(name=name, ready=int(ready), consumers=int(users)) for name, ready, users in rows}

    def consumers(self, vhost: str = "/") -> list[ConsumerState]:
        """Return the consumers of a vhost."""
        listing = self.control(
            "begin Ports = maps:from_list([{Connection, Port} || [{pid, Connection}, {peer_port, Port}] <- "
            "rabbit_networking:connection_info_all([pid, peer_port])]), "
            "Channels = maps:from_list([{Channel, maps:get(Connection, Ports, 0)} || "
            "[{pid, Channel}, {connection, Connection}] <- rabbit_channel:info_all([pid, connection])]), "
            "[begin {resource, _, queue, Name} = proplists:get_value(queue_name, Row), "
            "Port = maps:get(proplists:get_value(channel_pid, Row), Channels, 0), "
            'io_lib:format(<<"~ts\\t~b\\n">>, [Name, Port]) end '
            f"|| Row <- rabbit_amqqueue:consumers_all({erlang_binary(vhost)})] end"
        )
        rows = (line.split("\t") for line in listing.splitlines())
        return [ConsumerState(queue=name, client_port=int(port)) for name, port in rows]

    def control(self, expression: str) -> str:
        """Evaluate an Erlang expression in the broker and return its value as text.

        Raises:
            ServerCommandError: The broker is away, or the value is ``{error, Reason}``.
        """
        if self._control is None:
            log = self._folder / "control.log"
            self._control = RabbitMQControl(
                node=_NODE, environment=self._environment, log=log, keep_open=(self._run.lock,)
            )
        return self._control.evaluate(expression)

    def _raise_alarm(self, what: str, expression: str) -> None:
        # The broker raises it a moment after the setting; by then every connection has been told.
        self._alarmed = True
        self.control(expression)
        self._wait_until(lambda: what in self.alarms())

    def _write_settings(self) -> None:
        (self._folder / "home").mkdir()
        _write_private(self._folder / "home" / ".erlang.cookie", secrets.token_hex(16))
        _write_private(
            self._folder / "rabbitmq.conf",
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            f"default_user = {_USER}\n"
            f"default_pass = {self._password}\n"
            f"disk_free_limit.absolute = {_DISK_FREE_LIMIT_BYTES}\n",
        )
        (self._folder / "enabled_plugins").write_text("[].\n")

    def _node_environment(self) -> Mapping[str, str]:
        folder = self._folder
        distribution, mapper = self._inner_ports
        return {
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(mapper.number),
            "ERL_EPMD_ADDRESS": HOST,
            # Makes the script become the node, instead of staying as a parent that answers SIGTERM by rabbitmqctl.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_DIST_PORT": str(distribution.number),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            # One scheduler that never spins: the cores are shared with the tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }


def _length_of(expression: str) -> str:
    return f"integer_to_list(length({expression}))"


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
