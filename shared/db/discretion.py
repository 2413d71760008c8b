"""What passes between an engine and its server: no text that cannot be stored, no values in what errors say.

A server repeats values in its errors (``DETAIL: Key (name)=(...) already exists``, ``CONTEXT: JSON data, line 1:
...``, ``LINE 1: INSERT ... VALUES ('...'``), and errors are logged with their tracebacks. They may be somebody's
text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import psycopg2
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import StatementError

from shared.errors import InvalidInputError
from shared.text import is_storable

_DATA_EXCEPTION = "22"
"""Class of PostgreSQL's errors (appendix A) whose very first line may repeat the value that is wrong."""


def make_discreet(engine: Engine) -> None:
    """Refuse unstorable text before it is sent, alike on both databases, and keep values out of errors.

    A statement then raises InvalidInputError for such text.
    """
    event.listen(engine, "before_cursor_execute", _refuse_unstorable_text)
    event.listen(engine, "handle_error", _forget_values)


def _refuse_unstorable_text(
    _connection: object, _cursor: object, _statement: str, parameters: object, *_: object
) -> None:
    if not all(is_storable(text) for text in _texts(parameters)):
        raise InvalidInputError("text with U+0000 or half of a surrogate pair cannot be stored; remove it")


def _texts(parameters: object) -> Iterator[str]:
    """All texts among the parameters of one statement or of many."""
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, Mapping):
        yield from _texts(tuple(parameters.values()))
    elif isinstance(parameters, list | tuple):
        for parameter in parameters:
            yield from _texts(parameter)


def _forget_values(context: ExceptionContext) -> None:
    """Shorten what the errors say in place: they are chained, and each is printed."""
    error = context.original_exception
    if not isinstance(error, psycopg2.Error) or error.pgcode is None:
        return
    words = _discreet_words(error)
    error.args = (words,)
    if isinstance(context.sqlalchemy_exception, StatementError):
        kind = type(error)
        context.sqlalchemy_exception.args = (f"({kind.__module__}.{kind.__qualname__}) {words}",)


def _discreet_words(error: psycopg2.Error) -> str:
    """Which rule was broken, of which table and column, never by what."""
    diag = error.diag
    names = (diag.table_name, diag.column_name, diag.constraint_name)
    place = ", ".join(name for name in names if name)
    hidden = str(error.pgcode).startswith(_DATA_EXCEPTION)
    message = "a value does not fit" if hidden else diag.message_primary or "refused"
    return f"{message} [SQLSTATE {error.pgcode}{': ' if place else ''}{place}]"
