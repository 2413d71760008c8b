"""What is wrong with a project file, in an author's words."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from shared.errors import InvalidInputError

T = TypeVar("T", bound=BaseModel)

_WORDS = {
    "extra_forbidden": "is no word of a project file; check the spelling",
    "string_type": "must be text; put it in quotes",
    "tuple_type": "must be a list, one `- ` for each",
    "missing": "is missing",
    "dict_type": "must be a block of `name: value` lines",
    "model_type": "must be a block of `name: value` lines",
    "string_pattern_mismatch": "is not written as expected; see docs/embedded.md",
    "multiple_of": "must be even: 4:2:0 video halves the picture",
    "greater_than": "must be over {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "enum": "must be {expected}",
    "string_too_short": "is empty",
    "string_too_long": "may have at most {max_length} characters",
    "too_long": "may be at most {max_length}",
}
"""Plainer words for what pydantic says, with its figures."""

_FORMS = ("Voice", "Music", "BrandWords", "str")
"""Names of the forms that an entry may have; no words of a project file."""

_YAML_HINTS = {
    "mapping values are not allowed": "put text that holds a colon in quotes",
    "cannot start any token": "indent with spaces, and put text that begins with a special character in quotes",
    "duplicate key": "say it once",
}
"""What to do about the commonest mistakes, by what the parser says."""


def checked(model: type[T], values: dict[str, Any]) -> T:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(problems_in(error)) from None


def problems_in(error: ValidationError) -> str:
    found = [
        f"{_place(problem['loc'])}{_words(problem)}"
        for problem in error.errors(include_url=False, include_input=False)[:4]
    ]
    return "; ".join(found)


def _words(problem: ErrorDetails) -> str:
    words = _WORDS.get(problem["type"])
    if words is None:
        return problem["msg"].removeprefix("Value error, ")
    return words.format(**problem.get("ctx", {}))


def _place(location: tuple[int | str, ...]) -> str:
    parts: list[str] = []
    for part in location:
        if isinstance(part, int) and parts and parts[-1] == "slides":
            parts[-1] = f"slide {part + 1}"
        elif not str(part).startswith(("function-", "literal[")) and part not in _FORMS:
            parts.append(str(part))
    return f"{', '.join(parts)}: " if parts else ""


def yaml_problem(error: YAMLError) -> str:
    """The line and what is wrong with it, without the parser's own place names."""
    if not isinstance(error, MarkedYAMLError) or error.problem is None:
        return " ".join(str(error).split())[:200]
    problem = " ".join(error.problem.split())[:120]
    hints = [hint for words, hint in _YAML_HINTS.items() if words in problem]
    place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
    return "; ".join([f"{place}{problem}", *hints])
