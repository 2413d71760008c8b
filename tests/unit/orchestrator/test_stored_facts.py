"""Stored facts are answered in order, to their owner only, and never as more than one message can hold."""

from __future__ import annotations

import pytest

from shared.contracts.envelope import MAX_BODY_BYTES, enclose
from shared.contracts.jobs import FactList, ListFacts
from shared.errors import NotFoundError
from shared.ids import new_id


def fetch_all(farm, job: str, limit: int) -> list[int]:
    """Page through all facts as a client does."""
    seen: list[int] = []
    while True:
        query = ListFacts(job_id=job, after_sequence=seen[-1] if seen else 0, limit=limit)
        page = farm.queries.fact_list("acc", query)
        seen += [fact.sequence for fact in page.facts]
        if seen[-1] == page.last_sequence:
            return seen


def fail_with_long_words(farm, slides: int) -> str:
    """A job with a fact of some 100 KiB for every slide."""
    job = farm.job(slides=slides, silent=True)
    while batch := farm.commands():
        for envelope, command in batch:
            farm.fail(envelope, command, message="ü" * 50_000)
    return job


def test_facts_are_paged_in_order_without_gap_or_double(farm) -> None:
    job = farm.job(slides=3)
    farm.perform_all()
    every = len(farm.fact_types(job))

    for limit in (1, 3, 200):
        assert fetch_all(farm, job, limit) == list(range(1, every + 1))


def test_after_the_last_fact_there_is_none(farm) -> None:
    job = farm.job()
    last = farm.queries.get("acc", job).last_sequence
    assert farm.queries.fact_list("acc", ListFacts(job_id=job, after_sequence=last)) == FactList(
        facts=(), last_sequence=last
    )


def test_another_accounts_facts_are_not_found_just_like_unknown_ones(farm) -> None:
    job = farm.job(account="acc")
    for account, asked in (("other", job), ("acc", new_id())):
        with pytest.raises(NotFoundError, match=asked):
            farm.queries.fact_list(account, ListFacts(job_id=asked))


def test_an_answer_is_cut_to_what_one_message_can_hold(farm) -> None:
    job = fail_with_long_words(farm, slides=6)

    page = farm.queries.fact_list("acc", ListFacts(job_id=job, limit=200))
    body = enclose(page, source="/studiomatic/orchestrator", account_id="acc", traceparent="0" * 55).encode()

    assert len(page.facts) < page.last_sequence
    assert MAX_BODY_BYTES // 2 < len(body) <= MAX_BODY_BYTES
    assert fetch_all(farm, job, 200) == list(range(1, page.last_sequence + 1))


def test_a_fact_as_large_as_a_message_does_not_stop_the_paging(farm, monkeypatch) -> None:
    monkeypatch.setattr("services.orchestrator.handlers.queries._FACTS_BYTES", 10)
    job = farm.job(slides=1)
    farm.perform_all()
    assert len(fetch_all(farm, job, 200)) == len(farm.fact_types(job))
