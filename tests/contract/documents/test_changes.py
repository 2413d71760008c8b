"""Only an added optional field keeps a version."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel, Field, create_model

from shared.bus.documents.changes import breaking_changes


class Inner(BaseModel):
    """A value inside."""

    name: str
    size: int = Field(default=1, ge=1)


class Published(BaseModel):
    """A message that was published."""

    title: str
    count: int = Field(ge=0, le=10)
    inner: Inner
    maybe: Inner | None = None
    several: tuple[Inner, ...] = ()
    preset: Inner = Inner(name="preset")


def with_fields(base: type[BaseModel] = Published, **fields: Any) -> dict[str, Any]:
    return create_model(base.__name__, __base__=base, **fields).model_json_schema()


class InnerWithMore(Inner):
    more: str | None = None


class Renamed(Inner):
    __doc__ = "The same value under another name and with other words."


@pytest.mark.parametrize(
    "current",
    [
        pytest.param(with_fields(), id="nothing"),
        pytest.param(with_fields(added=(str | None, None)), id="optional field"),
        pytest.param(with_fields(title=(str, Field(description="new words"))), id="words"),
        pytest.param(with_fields(inner=(Renamed, ...)), id="renamed value"),
        pytest.param(with_fields(inner=(InnerWithMore, ...)), id="optional field inside"),
        pytest.param(
            with_fields(maybe=(InnerWithMore | None, None)), id="optional field inside an optional value"
        ),
        pytest.param(with_fields(several=(tuple[InnerWithMore, ...], ())), id="optional field in a list"),
        pytest.param(
            with_fields(preset=(InnerWithMore, InnerWithMore(name="preset"))), id="optional field of a default"
        ),
    ],
)
def test_what_nobody_can_notice_is_no_break(current: dict[str, Any]) -> None:
    assert breaking_changes(Published.model_json_schema(), current) == []


@pytest.mark.parametrize(
    ("current", "says"),
    [
        pytest.param(with_fields(title=(int, ...)), "message.title (type)", id="retyped"),
        pytest.param(with_fields(title=(str | None, ...)), "message.title", id="may be null now"),
        pytest.param(with_fields(title=(str, "x")), "message.title is no longer always there", id="optional now"),
        pytest.param(with_fields(added=(str, ...)), "message.added was added as required", id="new and required"),
        pytest.param(with_fields(maybe=(Inner, ...)), "message.maybe is now required", id="required now"),
        pytest.param(with_fields(count=(int, Field(ge=0, le=9))), "message.count (maximum)", id="narrower"),
        pytest.param(with_fields(title=(str, Field(pattern="^x"))), "limited by pattern", id="limited now"),
        pytest.param(with_fields(count=(int, Field(ge=0))), "no longer limited by maximum", id="unlimited now"),
        pytest.param(with_fields(preset=(Inner, Inner(name="y"))), "message.preset (default)", id="other default"),
        pytest.param(
            with_fields(inner=(create_model("Inner", name=(int, ...), size=(int, 1)), ...)),
            "message.inner.name",
            id="inside",
        ),
    ],
)
def test_what_others_would_notice_is_named(current: dict[str, Any], says: str) -> None:
    changes = breaking_changes(Published.model_json_schema(), current)

    assert says in " ".join(changes)


def test_a_removed_field_is_named() -> None:
    published = with_fields(gone=(str | None, None))

    assert breaking_changes(published, Published.model_json_schema()) == ["message.gone was removed"]


def test_a_question_may_offer_more_choices_but_nothing_else_may() -> None:
    few, more = (
        with_fields(kind=(StrEnum("Kind", list(names)), ...), kinds=(list[StrEnum("Kinds", list(names))], []))
        for names in ("ab", "abc")
    )

    assert breaking_changes(few, more, is_question=True) == []
    assert len(breaking_changes(few, more)) == 2
    assert len(breaking_changes(more, few, is_question=True)) == 2
