"""The port to look inside from another process: the journal, the clock, the cases, the fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulator.answer import Answer, bytes_answer, json_answer
from tests.simulator.connection import Connection, Sending
from tests.simulator.fixtures import shelf
from tests.simulator.keys import DEFAULT_USER, key_for
from tests.simulator.reading import Request

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

HELP = """\
GET    /                      this help and all ports
GET    /journal               every exchange; ?host=&endpoint=&case=&user=&key= narrow it
DELETE /journal               forget it
GET    /violations            what was wrong about any request; an empty list is a pass
GET    /clock                 the virtual time
POST   /clock                 {"advance_s": 3600} or {"speed": 100}
GET    /cases                 provider -> cases with their story and a key of ?user=
GET    /fixtures/<name>       the bytes of speech.mp3, speech.wav, music.mp3, picture.jpeg ...
POST   /reset                 forget the journal, sequences, limits and files
"""


class Admin:
    """Answers in JSON; it is not part of the journal."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def serve(self, request: Request, connection: Connection) -> bool:
        Sending(self._answer(request), connection, self._simulator.clock.now()).run(
            on_headers=_nothing, on_last=_nothing
        )
        return request.fault is None

    def _answer(self, request: Request) -> Answer:
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/"): self._help,
            ("GET", "/journal"): self._journal,
            ("DELETE", "/journal"): self._forget,
            ("GET", "/violations"): lambda _: json_answer(self._simulator.journal.violations()),
            ("GET", "/clock"): self._time,
            ("POST", "/clock"): self._move,
            ("GET", "/cases"): self._cases,
            ("POST", "/reset"): self._reset,
        }
        if (request.method, request.path) in routes:
            return routes[request.method, request.path](request)
        name = request.path.removeprefix("/fixtures/")
        if request.method == "GET" and name in shelf.NAMES:
            return bytes_answer(shelf.fixture(name), shelf.media_type(name))
        return json_answer({"error": "no such page", "help": HELP.splitlines()}, 404)

    def _help(self, _: Request) -> Answer:
        ports = {name: self._simulator.base_url(name) for name in (*self._simulator.hosts, "closed")}
        return json_answer({"ports": ports, "help": HELP.splitlines(), "fixtures": list(shelf.NAMES)})

    def _journal(self, request: Request) -> Answer:
        facts: dict[str, object] = dict(request.query)
        return bytes_answer(self._simulator.journal.as_json(**facts), "application/json")

    def _forget(self, _: Request) -> Answer:
        self._simulator.journal.clear()
        return json_answer([])

    def _time(self, _: Request) -> Answer:
        return json_answer({"now": self._simulator.clock.now().isoformat()})

    def _move(self, request: Request) -> Answer:
        try:
            wish: dict[str, Any] = json.loads(request.body)
        except ValueError:
            return json_answer({"error": "the body is not JSON", "help": HELP.splitlines()}, 400)
        if "speed" in wish:
            self._simulator.clock.run(float(wish["speed"]))
        self._simulator.clock.advance(float(wish.get("advance_s", 0)))
        return self._time(request)

    def _cases(self, request: Request) -> Answer:
        user = dict(request.query).get("user", DEFAULT_USER)
        return json_answer(
            {
                name: {
                    row.id: {"story": row.story, "key": key_for(name, row.id, user)}
                    for row in vendor.cases.values()
                }
                for name, vendor in self._simulator.vendors.items()
            }
        )

    def _reset(self, _: Request) -> Answer:
        self._simulator.reset()
        return json_answer([])


def _nothing() -> None:
    """Nobody has to know how far an answer of this port is."""
