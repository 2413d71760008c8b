"""Requests that cannot be: refused in our words before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from shared.errors import InvalidInputError

P = ParamSpec("P")
T = TypeVar("T")


def refuses_in_words(method: Callable[P, T]) -> Callable[P, T]:
    """Turn what a contract says of wrong arguments into ``InvalidInputError``; values are not repeated."""

    @wraps(method)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except ValidationError as error:
            raise InvalidInputError(_problems(error)) from None
        except PydanticSerializationError:
            raise InvalidInputError(
                "the request holds text that is no Unicode; check where it comes from"
            ) from None

    return wrapped


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'the request'}: {problem['msg'].lower()}"
        for problem in error.errors(include_input=False, include_url=False, include_context=False)[:5]
    )
