"""What cannot be asked is refused in words, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from shared.errors import InvalidInputError
from studiomatic.client.bus import AccountClient


class Nowhere:
    """A wire that must not be used."""

    timeout_s = 1.0

    @property
    def nudges(self) -> Nowhere:
        return self

    def of_job(self, _job_id: str) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.mark.parametrize(
    ("ask", "place"),
    [
        (lambda client: client.list_jobs(limit=100_000), "limit"),
        (lambda client: client.submit("p", idempotency_key="k", priority=99), "priority"),
        (lambda client: client.submit("p", idempotency_key=""), "idempotency_key"),
        (lambda client: client.get_job("a\0b"), "job_id"),
        (lambda client: client.get_job("a\ud800b"), "job_id"),
        (lambda client: next(client.watch("a\0b")), "job_id"),
        (lambda client: client.watch("j", after_sequence=-5), "after_sequence"),
        (lambda client: client.add_image(Path("/nowhere/meadow.png")), "meadow.png"),
    ],
)
def test_a_request_that_cannot_be_is_refused_with_its_place(
    ask: Callable[[AccountClient], object], place: str
) -> None:
    with pytest.raises(InvalidInputError, match=place) as refused:
        ask(AccountClient(Nowhere(), "account"))
    assert "pydantic" not in refused.value.message.lower()
