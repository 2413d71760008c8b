"""The simulator as a whole: one port for each provider, one for result files, one to look inside."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.simulator.admin import Admin
from tests.simulator.case import Vendor
from tests.simulator.clock import VirtualClock
from tests.simulator.elevenlabs.endpoints import ELEVENLABS
from tests.simulator.files import Files
from tests.simulator.fixtures import scripts
from tests.simulator.host import ApiHost, DownloadHost, Host, RefusedHost
from tests.simulator.journal import Journal
from tests.simulator.keys import DEFAULT_USER, key_for
from tests.simulator.limits import Limiter
from tests.simulator.listener import Listener
from tests.simulator.minimax.endpoints import MINIMAX
from tests.simulator.openai.endpoints import COMPATIBLE, OPENAI
from tests.simulator.tasks import Tasks
from tests.simulator.tls import Certificates
from tests.simulator.turns import Turns
from tests.simulator.zai.endpoints import CODING_PATH, ZAI

#: Where nobody may go: another loopback address than that of the result files.
REFUSED_ADDRESS = "127.0.0.2"


class Simulator:
    """Real HTTP on loopback from ``start`` to ``stop``; also a context manager.

    Args:
        latency_s: Real seconds before each answer, as of a far provider.
        clock: Virtual time; give one that the client shares, or one that runs.
        write_script: Makes the content of a chat answer from the request's JSON; a value that is not a string is
            written as JSON. The usual one is :func:`tests.simulator.fixtures.scripts.write`.
    """

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        clock: VirtualClock | None = None,
        write_script: Callable[[dict[str, Any]], object] = scripts.write,
    ) -> None:
        self.latency_s, self.write_script = latency_s, write_script
        self.clock = clock or VirtualClock()
        self.journal = Journal()
        self.limiter = Limiter(self.clock)
        self.turns = Turns()
        self.tasks = Tasks()
        self.files = Files(self.clock, lambda: self.url("downloads"))
        self.vendors: dict[str, Vendor] = {one.name: one for one in (MINIMAX, ZAI, ELEVENLABS, OPENAI, COMPATIBLE)}
        self.certificates = Certificates()
        self._listeners: dict[str, Listener] = {}
        self._closed = socket.socket()

    def start(self) -> Simulator:
        """Open all ports."""
        hosts: dict[str, Host] = {
            "minimax": ApiHost("minimax", MINIMAX, self, "international"),
            "minimax-china": ApiHost("minimax-china", MINIMAX, self, "china"),
            "zai": ApiHost("zai", ZAI, self),
            "elevenlabs": ApiHost("elevenlabs", ELEVENLABS, self),
            "openai": ApiHost("openai", OPENAI, self),
            "compatible": ApiHost("compatible", COMPATIBLE, self),
            "downloads": DownloadHost("downloads", self),
        }
        for name, host in hosts.items():
            self._listeners[name] = Listener(host.serve, self.clock)
        self._open_refused()
        self._listeners["admin"] = Listener(Admin(self).serve, self.clock)
        for kind in Certificates.KINDS:
            served = ApiHost(f"tls-{kind}", MINIMAX, self, "international")
            self._listeners[f"tls-{kind}"] = Listener(
                served.serve, self.clock, tls=self.certificates.context(kind)
            )
        self._closed.bind(("127.0.0.1", 0))  # bound, never listening: whoever connects is refused
        return self

    def _open_refused(self) -> None:
        """The refused host: one port on several loopback addresses, wherever a hostile address may lead."""
        serve = RefusedHost("refused", self).serve
        first = self._listeners["refused"] = Listener(serve, self.clock, address=REFUSED_ADDRESS)
        for name, address in (("refused-localhost", "127.0.0.1"), ("refused-6", "::1")):
            with contextlib.suppress(OSError):  # the port is taken there, or there is no IPv6
                self._listeners[name] = Listener(serve, self.clock, address=address, port=first.port)

    def stop(self) -> None:
        """Close every port and connection, and wait for every thread."""
        for listener in self._listeners.values():
            listener.stop()
        self._listeners.clear()
        self._closed.close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._listeners)

    def url(self, host: str) -> str:
        """The base address of a host without a path, such as ``http://127.0.0.1:40001``."""
        if host == "closed":
            return f"http://127.0.0.1:{self._closed.getsockname()[1]}"
        listener = self._listeners[host]
        address = f"[{listener.address}]" if ":" in listener.address else listener.address
        return f"{'https' if host.startswith('tls-') else 'http'}://{address}:{listener.port}"

    def base_url(self, host: str) -> str:
        """What a client is to be configured with: the address with the vendor's own base path."""
        vendor = self.vendors.get(host)
        return self.url(host) + (vendor.base_path if vendor else "")

    def coding_url(self) -> str:
        """Where the keys of a Z.ai coding plan work (``coding-plan``), as a base URL."""
        return self.url("zai") + CODING_PATH

    def key(self, provider: str, case: str, user: str | None = None) -> str:
        """A key that chooses a case. Without ``user`` each call gives a key of its own, which starts afresh.

        Raises:
            KeyError: The provider has no such case, or there is no such provider.
        """
        vendor = provider.removesuffix("-plan").removesuffix("-legacy")
        self.vendors[vendor].cases[case.lower().removesuffix("-once")]
        return key_for(provider, case, user or f"{DEFAULT_USER[:5]}{secrets.token_hex(10)}")

    def keys_seen(self) -> set[str]:
        """Every key that came with a request to a provider."""
        return {one.key for one in self.journal.exchanges() if one.key}

    def reset(self) -> None:
        """Forget the journal, the sequences, the limits and the published files and the tasks; the ports stay."""
        self.journal.clear()
        self.turns.clear()
        self.limiter.clear()
        self.files.clear()
        self.tasks.clear()
