"""JSON Schemas of messages: the whole CloudEvents envelope with the data in it.

A schema says what a reader may rely on and what a sender must give. Fields it does not name are allowed: readers
ignore what they do not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.contracts.accounts import AccountFact
from shared.contracts.attempts import AttemptFact
from shared.contracts.envelope import Envelope
from shared.contracts.jobs import JobFact
from shared.contracts.message import Command, Message, Query

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def message_schema(contract: type[Message], example: Json) -> Json:
    """The JSON Schema 2020-12 of one message as it travels.

    Args:
        example: A message as it was sent; becomes the schema's example.
    """
    definitions = definitions_of([contract], "#/$defs/{model}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:studiomatic:contract:{contract.type}",
        **envelope_schema(contract, f"#/$defs/{contract.__name__}"),
        "examples": [example],
        "$defs": definitions,
    }


def envelope_schema(contract: type[Message], data_reference: str) -> Json:
    """The envelope around the data of one contract.

    Args:
        data_reference: JSON pointer of the data's schema.
    """
    envelope = plain(Envelope.model_json_schema())
    properties = envelope["properties"] | {"type": {"const": contract.type}, "data": {"$ref": data_reference}}
    return {
        "title": contract.type,
        "description": summary(contract),
        "type": "object",
        "properties": properties,
        "required": sorted({*envelope["required"], "specversion", *attributes_of(contract)}),
    }


def attributes_of(contract: type[Message]) -> tuple[str, ...]:
    """Attributes of the envelope that a contract's messages always have, besides those of every CloudEvent."""
    if issubclass(contract, JobFact):
        return ("accountid", "jobid", "sequence")
    if issubclass(contract, Command | AttemptFact):
        return ("accountid", "jobid")
    if issubclass(contract, AccountFact) or (issubclass(contract, Query) and not contract.anonymous):
        return ("accountid",)
    return ()


def definitions_of(values: Iterable[type[BaseModel]], reference: str) -> Json:
    """Schemas of values and of all they are made of, by class name.

    Args:
        reference: How they refer to each other, with ``{model}`` for the name.
    """
    _, definitions = models_json_schema([(value, "validation") for value in values], ref_template=reference)
    return dict(sorted(plain(definitions["$defs"]).items()))


def plain(schema: Any) -> Any:
    """A schema with the docstring marks of Python taken out of its descriptions."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: plain_words(part) if name == "description" and isinstance(part, str) else plain(part)
        for name, part in schema.items()
    }


def plain_words(text: str) -> str:
    """A docstring as people read it anywhere: one line, names in backticks."""
    named = re.sub(r":class:`([^`]+)`", r"`\1`", text).replace("``", "`")
    return re.sub(r"\s+", " ", named).strip()


def summary(contract: type) -> str:
    """What a contract or value is for."""
    return plain_words(contract.__doc__ or "")
