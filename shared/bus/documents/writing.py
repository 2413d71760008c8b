"""All documents as text, and the check that they break nobody who reads the published ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from shared.bus.documents.asyncapi import document
from shared.bus.documents.changes import breaking_changes
from shared.bus.documents.guide import guide
from shared.bus.documents.pages import Pages
from shared.bus.documents.schemas import Json, message_schema
from shared.contracts.message import Query
from shared.contracts.registry import MESSAGES

SCHEMAS = "schemas"


class BreakingChangeError(Exception):
    """A published message would mean something else to a program that reads or sends it."""


def load_examples(folder: Path) -> dict[str, Json]:
    """One message of each type as it was sent, by wire name."""
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def generate(examples: Mapping[str, Json]) -> dict[str, str]:
    """Text of every document by its path below the folder of documents; the same code gives the same text."""
    schemas = {
        f"{SCHEMAS}/{name}.json": _text(message_schema(contract, examples[name]))
        for name, contract in MESSAGES.items()
    }
    return {
        "README.md": guide(examples),
        "asyncapi.json": _text(document(examples, version("studiomatic"))),
        **Pages(examples).all(),
        **schemas,
    }


def refuse_breaking_changes(published: Path, documents: Mapping[str, str]) -> None:
    """Compare the schemas in a folder with those that would replace them.

    Raises:
        BreakingChangeError: A message lost or changed a field, asks for more, or is no longer there.
    """
    broken = [
        f"{path.stem}: {change}"
        for path in sorted((published / SCHEMAS).glob("*.json"))
        for change in _changes(path, documents)
    ]
    if broken:
        raise BreakingChangeError(
            "\n  ".join(["published messages would break those who use them:", *broken])
            + "\nonly new optional fields keep a version: keep the old contract, and put the change into a new"
            " class with the next version in its wire name (docs/adr/0003). A version that was accepted for one"
            " release beside its successor may go: delete its schema and its golden file."
        )


def _changes(path: Path, documents: Mapping[str, str]) -> list[str]:
    current = documents.get(f"{SCHEMAS}/{path.name}")
    if current is None:
        return ["is no longer there"]
    is_question = issubclass(MESSAGES[path.stem], Query)
    return breaking_changes(json.loads(path.read_text()), json.loads(current), is_question=is_question)


def _text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
