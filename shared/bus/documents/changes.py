"""What a changed schema would break: only an added optional field keeps a version.

A question may also offer more choices: whoever asks keeps those it knows. Whoever reads an answer or a fact would
meet a choice it does not know.

Words may change: they are not what programs elsewhere were written against.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.bus.documents.schemas import Json

_WORDS = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})


def breaking_changes(published: Json, current: Json, *, is_question: bool = False) -> list[str]:
    """Every difference that a program written against ``published`` could notice, each as one line.

    Both are schemas of messages; definitions they refer to are followed, so that renaming one is no change.
    """
    before, after = _inlined(published, published), _inlined(current, current)
    if is_question:
        before = _with_choices_of(after, before)
    return list(_differences(before, after, "message"))


def _differences(published: Any, current: Any, place: str) -> Iterator[str]:
    match published, current:
        case dict(), dict():
            yield from _field_differences(published, current, place)
            yield from _keyword_differences(published, current, place)
        case list(), list() if len(published) == len(current):
            for number, (before, after) in enumerate(zip(published, current, strict=True), 1):
                yield from _differences(before, after, f"{place} {number}")
        case _ if published != current:
            yield f"{place} was {published!r} and is {current!r}"


def _keyword_differences(published: Json, current: Json, place: str) -> Iterator[str]:
    for keyword in sorted({*published, *current} - {"properties", "required"}):
        if keyword not in published:
            yield f"{place} is now limited by {keyword} {current[keyword]!r}"
        elif keyword not in current:
            yield f"{place} is no longer limited by {keyword} {published[keyword]!r}"
        elif keyword == "default" and _only_grew(published[keyword], current[keyword]):
            continue
        else:
            yield from _differences(published[keyword], current[keyword], f"{place} ({keyword})")


def _field_differences(published: Json, current: Json, place: str) -> Iterator[str]:
    before, after = published.get("properties", {}), current.get("properties", {})
    for name, field in before.items():
        if name in after:
            yield from _differences(field, after[name], f"{place}.{name}")
        else:
            yield f"{place}.{name} was removed"
    needed_before, needed_after = set(published.get("required", ())), set(current.get("required", ()))
    for name in sorted(needed_after - needed_before):
        yield f"{place}.{name} is now required" if name in before else f"{place}.{name} was added as required"
    for name in sorted((needed_before - needed_after) & set(after)):
        yield f"{place}.{name} is no longer always there"


def _only_grew(published: Any, current: Any) -> bool:
    """Whether a default is the same but for fields that did not exist."""
    both = isinstance(published, dict) and isinstance(current, dict)
    return both and published.items() <= current.items()


def _with_choices_of(current: Any, published: Any) -> Any:
    """The published schema, with the choices of the current one wherever those only became more."""
    match published, current:
        case {"enum": list(before)}, {"enum": list(after)} if set(before) <= set(after):
            return {**published, "enum": after}
        case dict(), dict():
            return {name: _with_choices_of(current.get(name), part) for name, part in published.items()}
        case list(), list() if len(published) == len(current):
            return [_with_choices_of(after, before) for after, before in zip(current, published, strict=True)]
    return published


def _inlined(schema: Any, document: Json) -> Any:
    """A schema without words and references."""
    if isinstance(schema, list):
        return [_inlined(part, document) for part in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {name: part for name, part in schema.items() if name not in _WORDS}
    if "properties" in bare:  # its keys are names of fields, not words of the schema
        bare["properties"] = {name: _inlined(part, document) for name, part in bare["properties"].items()}
    target = bare.pop("$ref", None)
    if target is not None:
        bare = document["$defs"][target.removeprefix("#/$defs/")] | bare
        return _inlined(bare, document)
    return {name: part if name == "properties" else _inlined(part, document) for name, part in bare.items()}
