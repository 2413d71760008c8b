"""The pages for people: one for each kind of message, one for the values inside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from shared.bus.documents.markdown import VALUES_PAGE, code, fields, names, page, table
from shared.bus.documents.protection import protection_words
from shared.bus.documents.routes import Route, routes
from shared.bus.documents.schemas import Json, definitions_of, summary
from shared.contracts.attempts import AttemptFact
from shared.contracts.calls import CallFailed
from shared.contracts.jobs import JobFact
from shared.contracts.message import Message
from shared.contracts.registry import ACCEPTED, CALLS, MESSAGES, Call
from shared.contracts.tasks import RESULTS

_REFERENCE = "#/{model}"
_GENERATED = "*Generated from the code by `make contracts`; see [how to read and send messages](README.md).*"


class Pages:
    """Writes the pages.

    Args:
        examples: A message as it was sent, by wire name.
    """

    def __init__(self, examples: Mapping[str, Json]) -> None:
        self._examples = examples
        self._values = definitions_of([*MESSAGES.values(), *RESULTS.values()], _REFERENCE)

    def all(self) -> dict[str, str]:
        """Text of each page by its file name."""
        return {
            "commands.md": self._commands(),
            "facts.md": self._facts(),
            "calls.md": self._calls(),
            VALUES_PAGE: self._inner_values(),
        }

    def _commands(self) -> str:
        intro = (
            "From the orchestrator to one worker pool: exchange `studio.commands`, routing key and queue are the"
            " name of the pool. A worker answers with the facts of its [attempt](facts.md#of-attempts);"
            " `attempt.succeeded` carries the result."
        )
        pools = [
            part
            for pool, commands in ACCEPTED.items()
            for part in (f"## Pool `{pool}`", *(self._command(command) for command in commands))
        ]
        return page("# Commands", _GENERATED, intro, *pools)

    def _command(self, command: type[Message]) -> str:
        result = RESULTS[command.type]
        return page(
            self._message(command),
            f"Result, `result` of `attempt.succeeded`: {summary(result)}",
            fields(self._values[result.__name__]),
        ).rstrip()

    def _facts(self) -> str:
        ways = [route for route in routes() if route.is_of_events]
        told = dict.fromkeys(message for route in ways for message in route.messages)
        numbered = [fact for fact in told if issubclass(fact, JobFact)]
        reports = [fact for fact in told if issubclass(fact, AttemptFact)]
        others = [fact for fact in told if fact not in (*numbered, *reports)]
        return page(
            "# Facts",
            _GENERATED,
            "## Of jobs and tasks",
            "What outsiders rely on. Every one has `accountid`, `jobid` and a `sequence` that counts the facts of"
            " its job from 1 without a gap.",
            *(self._fact(fact, ways) for fact in numbered),
            "## Of attempts",
            "Reports of workers to the orchestrator, about one execution of one attempt of a task.",
            *(self._fact(fact, ways) for fact in reports),
            "## Of accounts and of the vault",
            "Told to the services that must act on them.",
            *(self._fact(fact, ways) for fact in others),
        )

    def _fact(self, fact: type[Message], ways: Iterable[Route]) -> str:
        own = [way for way in ways if fact in way.messages]
        exchanges, readers = (
            names(way.exchange.name for way in own),
            sorted({u for way in own for u in way.subscribers}),
        )
        where = f"Exchange {exchanges}, routing key `{fact.routing_key()}`."
        if readers:
            where += f" May be subscribed to by {names(readers)}."
        return self._message(fact, where)

    def _calls(self) -> str:
        intro = (
            "A question and its answer, before a deadline. How to ask stands in [README.md](README.md#calls). "
            "Instead of the reply, [bus.call_failed.v1](#buscall_failedv1) may come, with one of the codes named."
        )
        services = [
            part
            for service in dict.fromkeys(call.service for call in CALLS)
            for part in (
                f"## Service `{service}`",
                *(self._call(call) for call in CALLS if call.service == service),
            )
        ]
        replies = [self._message(reply) for reply in dict.fromkeys(call.reply for call in CALLS)]
        return page("# Calls", _GENERATED, intro, *services, "## Replies", *replies, self._message(CallFailed))

    def _call(self, call: Call) -> str:
        reply = call.reply.type
        answer = f"Reply: [{reply}](#{_anchor(reply)})."
        if call.refused_with:
            answer += f" Refused with {names(error.code for error in call.refused_with)},"
            answer += " or with what [any call](README.md#errors) may be."
        return self._message(call.query, answer)

    def _message(self, contract: type[Message], *notes: str) -> str:
        """Heading, purpose, fields and example of one message."""
        return page(
            f"### {contract.type}",
            summary(contract),
            *notes,
            *protection_words(contract),
            fields(self._values[contract.__name__]),
            f"[Schema](schemas/{contract.type}.json), and an example of `data`:",
            code(self._examples[contract.type]["data"]),
        ).rstrip()

    def _inner_values(self) -> str:
        inner = [name for name in self._values if f'"{_REFERENCE.format(model=name)}"' in json.dumps(self._values)]
        return page("# Values inside messages", _GENERATED, *(self._value(name) for name in inner))

    def _value(self, name: str) -> str:
        schema = self._values[name]
        what = schema.get("description", "")
        if "enum" in schema:
            return page(
                f"## {name}", what, table(("Value",), ([f"`{value}`"] for value in schema["enum"]))
            ).rstrip()
        return page(f"## {name}", what, fields(schema)).rstrip()


def _anchor(heading: str) -> str:
    """Where GitHub puts a heading."""
    return heading.replace(".", "")
