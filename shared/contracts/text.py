"""Values whose texts can be stored and sent."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.text import is_storable, is_visible


def only_storable(value: Any) -> Any:
    """The value itself, for a validator.

    Raises:
        PydanticCustomError: A text in it, at any depth of lists and tables, cannot be stored.
    """
    if isinstance(value, str):
        if not is_storable(value):
            raise PydanticCustomError(
                "unstorable_text", "Text must not hold U+0000 or half of a surrogate pair; remove it"
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            only_storable(key)
            only_storable(item)
    elif isinstance(value, list | tuple):
        for item in value:
            only_storable(item)
    return value


def only_visible(line: str) -> str:
    """The line itself, for a validator.

    Raises:
        PydanticCustomError: It has characters that nobody can see.
    """
    if not is_visible(line):
        raise PydanticCustomError(
            "invisible_text", "Text must not hold control or invisible characters; remove them"
        )
    return line


Line = Annotated[str, AfterValidator(only_visible)]
"""A line that people read."""
