"""Tasks ask a provider once: equal requests of one account are answered from what is stored."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from services.content.domain.ledger import LedgerEntry, LedgerState, ProviderRequest
from services.content.domain.requests import music_seconds, picture_size
from services.content.domain.words import estimate_words
from services.content.handlers.cancellations import Cancellations
from services.content.handlers.ledger import Made
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobCancelling
from shared.contracts.projects import Brief, SlideDraft
from shared.contracts.tasks import ComposeMusic, GenerateImage, SpokenWord, SynthesizeVoice, WriteScript
from shared.contracts.timeline import FrameSize
from shared.errors import NotFoundError, TaskCancelledError, TaskFailedError
from shared.storage.values import get_values

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


def names(project) -> dict:
    return {
        "task_id": "t",
        "attempt": 1,
        "deadline_s": 60,
        "project_id": project.project_id,
        "revision_id": project.revision_id,
    }


def picture(project, index: int = 0) -> GenerateImage:
    return GenerateImage(**names(project), slide_id=project.slide_ids[index])


def test_the_same_picture_is_asked_for_once(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())

    first = desk.produce.generate_image(picture(project), desk.context())
    again = desk.produce.generate_image(picture(project), desk.context())

    assert (first.reused, again.reused) == (False, True)
    assert first.image == again.image
    assert len(desk.fake.requests) == 1


def test_another_take_is_another_request(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft(slides=1))
    desk.produce.generate_image(picture(project), desk.context())
    slides = (project.draft.slides[0].model_copy(update={"image_take": 2}),)
    revised = desk.projects.revise(ACCOUNT, project.project_id, desk.draft().model_copy(update={"slides": slides}))

    assert not desk.produce.generate_image(picture(revised), desk.context()).reused
    assert [request.take for request in desk.fake.requests] == [1, 2]


def test_accounts_share_nothing(desk) -> None:
    mine = desk.projects.create(ACCOUNT, desk.draft())
    theirs = desk.projects.create(OTHER, desk.draft())

    first = desk.produce.generate_image(picture(mine), desk.context())
    second = desk.produce.generate_image(picture(theirs), desk.context(OTHER))

    assert not second.reused
    assert first.image.asset.key != second.image.asset.key
    assert first.image.asset.sha256 == second.image.asset.sha256


def test_another_accounts_slide_is_not_found(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    with pytest.raises(NotFoundError):
        desk.produce.generate_image(picture(project), desk.context(OTHER))
    assert desk.fake.requests == []


def test_a_failed_request_can_be_made_again_at_once(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    desk.fake.failure = TaskFailedError("the provider is tired", code="content.tired", retryable=True)
    with pytest.raises(TaskFailedError):
        desk.produce.generate_image(picture(project), desk.context())
    desk.fake.failure = None

    assert not desk.produce.generate_image(picture(project), desk.context()).reused


def test_a_request_whose_maker_died_is_taken_over_when_its_lease_is_over(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    width, height = picture_size(project.draft.size)
    request = ProviderRequest(
        kind="image",
        provider="fake",
        provider_version="1",
        parameters={"prompt": "T0", "width": width, "height": height},
        take=1,
    )
    with desk.store.transaction() as unit:
        unit.reserve(ACCOUNT, request, "dead", desk.clock.now())
    desk.clock.advance(1)

    assert not desk.produce.generate_image(picture(project), desk.context()).reused
    assert len(desk.fake.requests) == 1


def test_a_request_that_takes_longer_than_its_lease_stays_with_its_maker(desk, eventually) -> None:
    request = ProviderRequest(kind="image", provider="fake", provider_version="1", parameters={}, take=1)
    context = desk.context()

    def held_by_another() -> bool:
        with desk.store.reading() as unit:
            return unit.ledger_entry(ACCOUNT, request.digest).is_held_by_another("other", desk.clock.now())

    def slow() -> Made:
        desk.clock.advance(1)
        assert not held_by_another(), "its lease is over"
        eventually(held_by_another)
        return Made(assets=())

    assert desk.ledger.obtain(context, request, Made, slow) == (Made(assets=()), False)


def test_after_a_restart_nobody_waits_for_the_leases_of_the_dead(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    width, height = picture_size(project.draft.size)
    parameters = {"prompt": "T0", "width": width, "height": height}
    request = ProviderRequest(kind="image", provider="fake", provider_version="1", parameters=parameters, take=1)
    with desk.store.transaction() as unit:
        unit.reserve(ACCOUNT, request, "dead", desk.clock.now().replace(year=2031))

    desk.ledger.release_all()

    assert not desk.produce.generate_image(picture(project), desk.context()).reused


def test_a_request_that_another_makes_is_waited_for_and_not_made_twice(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    asked, go_on = threading.Event(), threading.Event()
    generate = desk.fake.generate

    def slow(request, target):
        asked.set()
        go_on.wait(10)
        return generate(request, target)

    desk.fake.generate = slow
    results = []
    first = threading.Thread(
        target=lambda: results.append(desk.produce.generate_image(picture(project), desk.context()))
    )
    first.start()
    asked.wait(10)
    second = threading.Thread(
        target=lambda: results.append(desk.produce.generate_image(picture(project), desk.context()))
    )
    second.start()
    go_on.set()
    first.join(20)
    second.join(20)

    assert sorted(result.reused for result in results) == [False, True]
    assert len(desk.fake.requests) == 1


def test_waiting_for_another_ends_with_a_cancel(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    width, height = picture_size(project.draft.size)
    request = ProviderRequest(
        kind="image",
        provider="fake",
        provider_version="1",
        parameters={"prompt": "T0", "width": width, "height": height},
        take=1,
    )
    with desk.store.transaction() as unit:
        unit.reserve(ACCOUNT, request, "another", desk.clock.now().replace(year=2031))
    context = desk.context()
    context.cancelled.set()
    with pytest.raises(TaskCancelledError):
        desk.produce.generate_image(picture(project), context)
    assert desk.fake.requests == []


def test_what_was_evicted_from_the_store_is_made_again(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    first = desk.produce.generate_image(picture(project), desk.context())
    desk.object_store.delete(first.image.asset.key)
    assert not desk.produce.generate_image(picture(project), desk.context()).reused


def test_word_times_are_stored_at_48_khz_and_lie_within_the_sound(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    command = SynthesizeVoice(**names(project), slide_id=project.slide_ids[0])

    voice = desk.produce.synthesize_voice(command, desk.context())

    words = get_values(desk.object_store, voice.words, SpokenWord)
    assert [(word.text, word.start_sample, word.end_sample) for word in words] == [("Hi", 0, 40_000)]
    assert desk.produce.synthesize_voice(command, desk.context()).words == voice.words


def test_a_script_is_written_once_for_each_brief(desk) -> None:
    draft = desk.draft().model_copy(update={"slides": (), "brief": Brief(topic="Bees", slides=3)})
    project = desk.projects.create(ACCOUNT, draft)
    command = WriteScript(**names(project))

    first = desk.produce.write_script(command, desk.context())
    again = desk.produce.write_script(command, desk.context())

    assert len(first.outline.slides) == 3
    assert again.outline == first.outline
    assert again.reused
    assert len(desk.fake.requests) == 1
    assert desk.projects.get(ACCOUNT, project.project_id).revision_number == 2


def test_music_survives_a_small_change_of_the_words(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft(slides=3))
    desk.produce.compose_music(ComposeMusic(**names(project)), desk.context())
    slides = (*project.draft.slides[:2], SlideDraft(narration="A few other words."))
    revised = desk.projects.revise(ACCOUNT, project.project_id, desk.draft().model_copy(update={"slides": slides}))
    assert desk.produce.compose_music(ComposeMusic(**names(revised)), desk.context()).reused


def test_a_late_command_of_a_cancelled_job_is_not_performed(desk) -> None:
    cancellations = Cancellations(desk.store)
    envelope = enclose(JobCancelling(job_id="job-1", project_id="p"), source="/t")
    cancellations.remember(envelope)
    cancellations.remember(envelope)

    cancellations.check("job-2")
    with pytest.raises(TaskCancelledError):
        cancellations.check("job-1")


def test_a_held_request_is_held_only_against_others_and_only_for_its_lease(desk) -> None:
    now = desk.clock.now()
    later = now.replace(year=2031)
    entry = LedgerEntry(state=LedgerState.RESERVED, execution_id="me", lease_until=later)
    assert not entry.is_held_by_another("me", now)
    assert entry.is_held_by_another("you", now)
    assert not entry.is_held_by_another("you", later)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (3840, 2160), (128, 128)])
def test_pictures_are_asked_for_larger_than_the_frame_in_its_shape(size: tuple[int, int]) -> None:
    width, height = picture_size(FrameSize(width=size[0], height=size[1]))
    assert size[0] <= width <= 4096
    assert size[1] <= height <= 4096
    assert abs(width / height - size[0] / size[1]) < 0.01


def test_music_is_asked_for_in_steps_and_never_too_long(desk) -> None:
    lengths = [music_seconds(desk.draft(slides=n)) for n in (1, 20, 100)]
    assert lengths == sorted(lengths)
    assert all(length % 30 == 0 and 30 <= length <= 180 for length in lengths)


@pytest.mark.parametrize("narration", ["one two three", "नमस्ते दुनिया।", "🐝 bees", "a"])
def test_estimated_words_cover_the_sound_in_order(narration: str) -> None:
    words = estimate_words(narration, 48_000)
    assert [word.text for word in words] == narration.split()
    assert words[0].start_sample == 0
    assert words[-1].end_sample == 48_000
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(words))


@pytest.mark.parametrize(("narration", "samples"), [("", 48_000), ("   ", 10), ("a b c", 2)])
def test_no_words_are_estimated_where_none_fit(narration: str, samples: int) -> None:
    assert estimate_words(narration, samples) == ()
