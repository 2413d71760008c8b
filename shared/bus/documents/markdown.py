"""Parts of pages for people: tables, fields of a value, examples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from shared.bus.documents.schemas import Json

VALUES_PAGE = "values.md"

_LIMITS = {
    "minimum": "from {}",
    "exclusiveMinimum": "over {}",
    "maximum": "to {}",
    "exclusiveMaximum": "under {}",
    "pattern": "like `{}`",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows."""
    lines = [_row(cells) for cells in rows]
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines]) if lines else ""


def fields(schema: Json) -> str:
    """The fields of an object as a table: name, type, what else there is to know."""
    required = schema.get("required", ())
    rows = [(f"`{name}`", kind(field), _notes(field, name in required)) for name, field in _properties(schema)]
    return table(("Field", "Type", ""), rows) or "No fields."


def kind(schema: Json) -> str:
    """A type in words, with a link where it is a value of its own."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}]({VALUES_PAGE}#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])}"
    return f"{schema.get('type', 'any')}{' (time)' if schema.get('format') == 'date-time' else ''}"


def code(value: object) -> str:
    """A value as a block of JSON."""
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"


def names(values: Iterable[str]) -> str:
    """Names in code letters, separated by commas."""
    return ", ".join(f"`{value}`" for value in values)


def page(*parts: str) -> str:
    """Parts of a page, one blank line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _properties(schema: Json) -> Iterable[tuple[str, Json]]:
    properties: Json = schema.get("properties", {})
    return properties.items()


def _notes(field: Json, is_required: bool) -> str:
    notes = [field.get("description", "").rstrip("."), *_limits(field)]
    if not is_required:
        notes.append(f"by default {json.dumps(field['default'])}" if _has_a_default(field) else "optional")
    return "; ".join(note for note in notes if note)


def _has_a_default(field: Json) -> bool:
    """Whether leaving a field out means more than that it is not there."""
    return field.get("default") is not None and not isinstance(field["default"], dict)


def _limits(field: Json) -> list[str]:
    places = [field, *field.get("anyOf", ())]
    return [text.format(place[limit]) for place in places for limit, text in _LIMITS.items() if limit in place]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
