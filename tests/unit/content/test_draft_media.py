"""A draft refers to media of its own account, exactly as they are, and to nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference
from shared.contracts.revisions import MusicMode
from shared.errors import InvalidInputError
from shared.ids import AccountId
from shared.storage import asset_key

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
ONE_SECOND = b"\0" * (44 + 48_000 * 4)


@pytest.fixture
def media(desk, tmp_path: Path) -> Any:
    """A picture and a sound of an account."""

    def hand_in(account: str = ACCOUNT) -> dict[str, Any]:
        picture, sound = tmp_path / "bee.png", tmp_path / "bee.wav"
        picture.write_bytes(b"a picture")
        sound.write_bytes(ONE_SECOND)
        return {
            "image": desk.own_media.add_image(account, picture),
            "voice": desk.own_media.add_audio(account, sound),
        }

    return hand_in


def draft(**media: Any) -> ProjectDraft:
    plain = SlideDraft(title="a", narration="Bees dance.")
    return ProjectDraft(title="Bees", slides=(plain, plain.model_copy(update=media)))


def with_asset(reference: Any, **changes: Any) -> Any:
    """The reference with another asset inside."""
    return reference.model_copy(update={"asset": reference.asset.model_copy(update=changes)})


def refused(desk, made: ProjectDraft, match: str) -> str:
    """What both ways into the store answer."""
    project = desk.projects.create(ACCOUNT, draft())
    with pytest.raises(InvalidInputError, match=match) as creating:
        desk.projects.create(ACCOUNT, made)
    with pytest.raises(InvalidInputError, match=match) as revising:
        desk.projects.revise(ACCOUNT, project.project_id, made)
    assert desk.projects.get(ACCOUNT, project.project_id).revision_number == 1
    assert creating.value.message == revising.value.message
    return creating.value.message


def test_own_media_may_be_used_in_slides_and_as_music(desk, media) -> None:
    own = media()
    music = MusicDraft(mode=MusicMode.GIVEN, audio=own["voice"])
    made = draft(**own).model_copy(update={"music": music})
    project = desk.projects.create(ACCOUNT, made)
    assert desk.projects.revise(ACCOUNT, project.project_id, draft(**own)).revision_number == 2


def test_foreign_and_unknown_media_are_refused_alike_naming_the_slide(desk, media) -> None:
    own, foreign = media(), media(OTHER)
    nowhere = with_asset(own["image"], sha256="0" * 64, key=asset_key(AccountId(ACCOUNT), "0" * 64))

    answers = {
        refused(desk, draft(image=foreign["image"]), "the picture of slide 2"),
        refused(desk, draft(image=nowhere), "the picture of slide 2"),
    }

    assert len(answers) == 1
    refused(desk, draft(voice=foreign["voice"]), "the voice of slide 2")
    music = MusicDraft(mode=MusicMode.GIVEN, audio=foreign["voice"])
    refused(desk, draft().model_copy(update={"music": music}), "the music")


@pytest.mark.parametrize(
    "changes",
    [
        {"key": f"accounts/{OTHER}/assets/{'0' * 64}"},
        {"key": f"accounts/{ACCOUNT}/uploads/{'0' * 64}"},
        {"size_bytes": 1},
        {"media_type": "image/svg+xml"},
    ],
)
def test_a_reference_that_is_not_exactly_what_was_recorded_is_refused(desk, media, changes) -> None:
    refused(desk, draft(image=with_asset(media()["image"], **changes)), "the picture of slide 2")


def test_a_sound_is_no_picture_and_a_picture_no_sound(desk, media) -> None:
    own = media()
    refused(desk, draft(image=own["image"].model_copy(update={"asset": own["voice"].asset})), "the picture")
    refused(desk, draft(voice=own["voice"].model_copy(update={"asset": own["image"].asset})), "the voice")


@pytest.mark.parametrize("samples", [1, 47_999, 48_001, 10**15])
def test_a_sound_has_the_length_that_its_bytes_have(desk, media, samples: int) -> None:
    """An invented length would make a timeline of any length."""
    refused(desk, draft(voice=media()["voice"].model_copy(update={"samples": samples})), "the voice of slide 2")


def test_stored_objects_that_are_no_media_cannot_be_used(desk, media) -> None:
    body = b"[]"
    reference = media()["image"]
    fingerprint = desk.object_store.put(
        asset_key(AccountId(ACCOUNT), reference.asset.sha256), io.BytesIO(body), media_type="image/png"
    )
    asset = AssetReference(
        key=asset_key(AccountId(ACCOUNT), fingerprint.sha256),
        sha256=fingerprint.sha256,
        size_bytes=fingerprint.size_bytes,
        media_type="image/png",
    )
    refused(desk, draft(image=reference.model_copy(update={"asset": asset})), "the picture of slide 2")
