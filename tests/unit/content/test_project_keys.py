"""The same key and draft make one project, however often and at once they are sent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import ConflictError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


def test_a_repeated_call_answers_the_project_that_was_made(desk) -> None:
    first = desk.projects.create(ACCOUNT, desk.draft(), "key")
    assert desk.projects.create(ACCOUNT, desk.draft(), "key") == first
    assert len(desk.projects.list(ACCOUNT).projects) == 1


def test_a_call_repeated_late_answers_the_revision_it_made_and_no_newer_one(desk) -> None:
    first = desk.projects.create(ACCOUNT, desk.draft(slides=1), "key")
    desk.projects.revise(ACCOUNT, first.project_id, desk.draft(slides=2))
    repeated = desk.projects.create(ACCOUNT, desk.draft(slides=1), "key")
    assert repeated.revision_id == first.revision_id
    assert repeated.draft == desk.draft(slides=1)


def test_a_key_with_another_draft_is_refused(desk) -> None:
    first = desk.projects.create(ACCOUNT, desk.draft(slides=1), "key")
    with pytest.raises(ConflictError, match=first.project_id):
        desk.projects.create(ACCOUNT, desk.draft(slides=2), "key")
    assert len(desk.projects.list(ACCOUNT).projects) == 1


def test_accounts_do_not_share_keys(desk) -> None:
    mine = desk.projects.create(ACCOUNT, desk.draft(slides=1), "key")
    theirs = desk.projects.create(OTHER, desk.draft(slides=2), "key")
    assert mine.project_id != theirs.project_id


def test_without_a_key_every_call_makes_a_project(desk) -> None:
    desk.projects.create(ACCOUNT, desk.draft())
    desk.projects.create(ACCOUNT, desk.draft())
    assert len(desk.projects.list(ACCOUNT).projects) == 2


def test_a_deleted_project_frees_its_key(desk) -> None:
    first = desk.projects.create(ACCOUNT, desk.draft(), "key")
    desk.projects.delete(ACCOUNT, first.project_id)
    assert desk.projects.create(ACCOUNT, desk.draft(), "key").project_id != first.project_id


def test_two_calls_at_once_make_one_project(desk, monkeypatch) -> None:
    """Both have found the key free before either stores its project."""
    both_looked = threading.Barrier(2, timeout=10)
    outline = desk.projects._outline

    def meet(*args: object) -> object:
        both_looked.wait()
        return outline(*args)

    monkeypatch.setattr(desk.projects, "_outline", meet)
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(desk.projects.create, ACCOUNT, desk.draft(), "key") for _ in range(2)]
        made = [call.result(timeout=20) for call in calls]

    assert made[0] == made[1]
    assert len(desk.projects.list(ACCOUNT).projects) == 1
