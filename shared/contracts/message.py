"""What every message has in common: immutable, versioned by its wire name, tolerant when read."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from shared.contracts.text import only_storable
from shared.errors import InvalidInputError


class Value(BaseModel):
    """A frozen value inside messages; readers ignore fields they do not know.

    Its texts can be stored and sent everywhere: none holds U+0000 or half of a surrogate pair.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_bytes="base64")

    @field_validator("*")
    @classmethod
    def _holds_storable_text(cls, value: Any) -> Any:
        return only_storable(value)


class MessageKind(StrEnum):
    """The two kinds of message, and the two halves of a question."""

    COMMAND = "command"  # a request to one worker pool; imperative; may be refused
    FACT = "fact"  # something that happened; past tense; anyone may listen
    QUERY = "query"  # arguments of a remote call, answered before a deadline
    REPLY = "reply"  # the answer of a remote call


class Protection(StrEnum):
    """What keeps a message true and private on its way; the broker and whoever traces it are not trusted."""

    NONE = "none"  # the broker's own rights are enough
    SIGNED = "signed"  # by its sender, over the exact bytes and the route; of a call, question and answer are
    SEALED = "sealed"  # signed, and only the other end can read it; calls only


class Message(Value):
    """A message body; its class is a contract with a wire name, a version and a golden file.

    Subclasses set ``type`` to ``<owner>.<snake_case>.v<n>``. Adding an optional field keeps the version;
    any other change is a new class with the next version.
    """

    type: ClassVar[str]
    kind: ClassVar[MessageKind]
    protection: ClassVar[Protection] = Protection.NONE

    @classmethod
    def version(cls) -> int:
        """Version of the contract, from 1."""
        return int(cls.type.rsplit(".v", 1)[1])

    @classmethod
    def routing_key(cls) -> str:
        """The wire name without its version, e.g. ``attempt.started``; facts are routed by it."""
        return cls.type.rsplit(".v", 1)[0]


class Command(Message):
    """A request to perform one attempt of a task."""

    kind = MessageKind.COMMAND


class Fact(Message):
    """Something that has happened."""

    kind = MessageKind.FACT


class Query(Message):
    """Arguments of a remote call.

    Raises:
        InvalidInputError: They do not fit; says which and why, never a value.
    """

    kind = MessageKind.QUERY
    anonymous: ClassVar[bool] = False
    """Whether its envelope may name no account: nobody is logged in yet, or a session in it says who."""

    def __init__(self, **arguments: Any) -> None:
        try:
            super().__init__(**arguments)
        except ValidationError as error:
            raise InvalidInputError(_complaint(error)) from None


class Reply(Message):
    """Answer of a remote call."""

    kind = MessageKind.REPLY


def _complaint(error: ValidationError) -> str:
    """Which arguments are wrong and why, in words without their values."""
    problems = error.errors(include_input=False, include_url=False)[:5]
    return "; ".join(f"{_place(problem['loc'])}: {problem['msg']}" for problem in problems)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "arguments"
