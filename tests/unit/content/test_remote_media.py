"""Media of clients elsewhere: taken in once, thrown away when bad, and never another account's."""

from __future__ import annotations

import hashlib
import io
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from services.content.handlers.remote_media import MAX_WAITING, MAX_WORKING
from services.content.tables import ASSETS
from shared.bus.server import CALLS_AT_A_TIME
from shared.contracts.media import AcceptMedia, MediaKind, OfferMedia
from shared.errors import BadMediaError, ConfigurationError, InfrastructureError, InvalidInputError, NotFoundError
from shared.ids import AccountId
from shared.storage import upload_key

ACCOUNT = AccountId("01a20e67-f96c-7495-a999-000000000001")
OTHER = AccountId("01a20e67-f96c-7495-a999-000000000002")


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    """A file of the author on this machine."""
    path = tmp_path / "own.png"
    path.write_bytes(b"x")
    return path


def uploaded(desk, body: bytes, kind: MediaKind = MediaKind.IMAGE, account: AccountId = ACCOUNT) -> AcceptMedia:
    """Put a body where a permission would let it be put."""
    sha256 = hashlib.sha256(body).hexdigest()
    desk.object_store.put(upload_key(account, sha256), io.BytesIO(body), media_type="application/octet-stream")
    return AcceptMedia(media_kind=kind, sha256=sha256, size_bytes=len(body), name="bee.png")


def is_there(desk, upload: AcceptMedia) -> bool:
    return any(
        o.key.endswith(upload.sha256) for o in desk.object_store.list_objects(f"accounts/{ACCOUNT}/uploads/")
    )


def recorded(desk) -> set[tuple[str, str, str]]:
    with desk.database.reading() as connection:
        rows = connection.execute(select(ASSETS.c.account_id, ASSETS.c.key, ASSETS.c.origin))
        return {tuple(row) for row in rows}


def test_an_accepted_picture_is_an_asset_of_its_author_and_the_upload_is_gone(desk) -> None:
    upload = uploaded(desk, b"a picture")

    accepted = desk.remote_media.accept(ACCOUNT, upload)

    assert accepted.image is not None
    assert recorded(desk) == {(ACCOUNT, accepted.image.asset.key, "author")}
    assert not is_there(desk, upload)


def test_a_sound_is_taken_in_as_a_sound(desk) -> None:
    accepted = desk.remote_media.accept(ACCOUNT, uploaded(desk, b"a sound", MediaKind.AUDIO))
    assert accepted.audio is not None
    assert accepted.image is None


def test_what_was_never_uploaded_or_accepted_before_is_not_found_with_the_remedy(desk) -> None:
    upload = uploaded(desk, b"a picture")
    desk.remote_media.accept(ACCOUNT, upload)
    with pytest.raises(NotFoundError, match="offer the file and upload it"):
        desk.remote_media.accept(ACCOUNT, upload)


def test_another_accounts_upload_is_not_found(desk) -> None:
    upload = uploaded(desk, b"a picture")
    with pytest.raises(NotFoundError):
        desk.remote_media.accept(OTHER, upload)
    assert is_there(desk, upload)


def test_bad_media_is_named_as_its_author_names_it_and_deleted(desk) -> None:
    upload = uploaded(desk, b"bad picture")
    with pytest.raises(BadMediaError, match=r"bee\.png"):
        desk.remote_media.accept(ACCOUNT, upload)
    assert not is_there(desk, upload)
    assert recorded(desk) == set()


def test_bytes_that_are_not_the_announced_ones_are_never_accepted(desk) -> None:
    announced = uploaded(desk, b"a picture")
    desk.object_store.put(upload_key(ACCOUNT, announced.sha256), io.BytesIO(b"a forgery"), media_type="image/png")
    with pytest.raises(InvalidInputError, match="is not 9 bytes with SHA-256"):
        desk.remote_media.accept(ACCOUNT, announced)
    assert recorded(desk) == set()
    assert not is_there(desk, announced)


def test_an_upload_survives_trouble_of_ours(desk, monkeypatch) -> None:
    upload = uploaded(desk, b"a picture")

    def no_process(*_: object) -> None:
        raise InfrastructureError("the media process cannot be started")

    with monkeypatch.context() as trouble:
        trouble.setattr(desk.own_media, "add_image", no_process)
        with pytest.raises(InfrastructureError):
            desk.remote_media.accept(ACCOUNT, upload)
    assert desk.remote_media.accept(ACCOUNT, upload).image is not None


def test_many_uploads_at_once_leave_room_for_other_calls(desk, monkeypatch, eventually, own_file) -> None:
    upload = uploaded(desk, b"a picture")
    taking_in, go_on = [], threading.Event()
    image = desk.own_media.add_image(ACCOUNT, own_file)

    def slow(*_: object) -> object:
        taking_in.append(1)
        go_on.wait(10)
        return image

    monkeypatch.setattr(desk.own_media, "add_image", slow)
    monkeypatch.setattr(desk.remote_media._transfers, "discard", lambda *_: None)
    refused: list[Exception] = []

    def accept() -> None:
        try:
            desk.remote_media.accept(ACCOUNT, upload)
        except InfrastructureError as error:
            refused.append(error)

    threads = [threading.Thread(target=accept) for _ in range(CALLS_AT_A_TIME)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(refused) == CALLS_AT_A_TIME - MAX_WORKING - MAX_WAITING)
    eventually(lambda: len(taking_in) == MAX_WORKING)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(taking_in) == MAX_WORKING + MAX_WAITING < CALLS_AT_A_TIME
    assert all(error.retryable for error in refused)


def test_a_folder_gives_no_permissions_and_says_what_to_set(desk, own_file) -> None:
    image = desk.own_media.add_image(ACCOUNT, own_file)
    for ask in (
        lambda: desk.remote_media.offer(ACCOUNT, OfferMedia(sha256="0" * 64, size_bytes=1)),
        lambda: desk.remote_media.open_download(ACCOUNT, image.asset),
    ):
        with pytest.raises(ConfigurationError, match="STUDIO_S3_BUCKET"):
            ask()


def test_only_what_is_stored_in_the_own_account_can_be_fetched(desk, own_file) -> None:
    """A missing, a foreign, a raw and a strange object are answered alike."""
    asset = desk.own_media.add_image(ACCOUNT, own_file).asset
    upload = uploaded(desk, b"x")
    for account, changes in [
        (OTHER, {}),
        (ACCOUNT, {"sha256": "0" * 64}),
        (ACCOUNT, {"size_bytes": asset.size_bytes + 1}),
        (ACCOUNT, {"key": f"accounts/{ACCOUNT}/assets/{'0' * 64}"}),
        (ACCOUNT, {"key": f"accounts/{ACCOUNT}/uploads/{upload.sha256}"}),
        (ACCOUNT, {"key": f"accounts/{ACCOUNT}/../{OTHER}/assets/{asset.sha256}"}),
        (ACCOUNT, {"key": f"accounts/{ACCOUNT}0/assets/{asset.sha256}"}),
    ]:
        with pytest.raises(NotFoundError, match="there is no object"):
            desk.remote_media.open_download(account, asset.model_copy(update=changes))
