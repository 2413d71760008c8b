"""A client elsewhere hands in a picture and fetches it again, with nothing but what content answers."""

from __future__ import annotations

import hashlib
import io
import urllib.request
import wave
from pathlib import Path

import pytest
from PIL import Image

from services.content.handlers.own_media import OwnMedia
from services.content.handlers.remote_media import RemoteMedia
from services.content.objects import MediaIntake, StoredObjects
from services.content.transfers import StoreTransfers
from shared.contracts.media import AcceptMedia, MediaKind, OfferMedia
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.errors import BadMediaError, ConfigurationError, NotFoundError
from shared.media.sandbox import MediaSandbox
from shared.storage import DigestMismatchError, HttpUpload, S3Location, deliver

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


@pytest.fixture
def object_location(s3_location: S3Location) -> S3Location:
    return s3_location


@pytest.fixture
def remote_media(desk) -> RemoteMedia:
    """As content wires it: the real sandbox and a real bucket."""
    intake = MediaIntake(MediaSandbox(), StoredObjects(desk.object_store))
    return RemoteMedia(OwnMedia(desk.store, intake), StoreTransfers(desk.object_store))


def offer_of(body: bytes) -> OfferMedia:
    return OfferMedia(sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))


def accept_of(body: bytes, name: str = "bee.jpg") -> AcceptMedia:
    return AcceptMedia(media_kind=MediaKind.IMAGE, name=name, **offer_of(body).model_dump())


def put(remote_media: RemoteMedia, body: bytes, path: Path) -> None:
    path.write_bytes(body)
    permission = remote_media.offer(ACCOUNT, offer_of(body))
    deliver(HttpUpload(url=permission.url, headers=permission.headers), path)


def a_photo() -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 120, 10)).save(body, "JPEG")
    return body.getvalue()


def test_a_picture_goes_up_and_its_normalised_asset_comes_back(remote_media, tmp_path: Path) -> None:
    put(remote_media, a_photo(), tmp_path / "bee.jpg")

    image = remote_media.accept(ACCOUNT, accept_of(a_photo())).image

    assert (image.width, image.height, image.asset.media_type) == (64, 48, "image/png")
    url = remote_media.open_download(ACCOUNT, image.asset).url
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # an address of our own server
        body = answer.read()
    assert hashlib.sha256(body).hexdigest() == image.asset.sha256
    assert Image.open(io.BytesIO(body)).size == (64, 48)
    with pytest.raises(NotFoundError):
        remote_media.accept(ACCOUNT, accept_of(a_photo()))
    with pytest.raises(NotFoundError):
        remote_media.open_download(OTHER, image.asset)


def test_a_sound_goes_up_and_a_project_may_use_it(desk, remote_media, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "made.wav"), "wb") as made:
        made.setparams((1, 2, 22_050, 0, "NONE", ""))
        made.writeframes(b"\x10\x20" * 22_050)
    body = (tmp_path / "made.wav").read_bytes()
    put(remote_media, body, tmp_path / "voice.wav")

    upload = AcceptMedia(media_kind=MediaKind.AUDIO, name="voice.wav", **offer_of(body).model_dump())
    voice = remote_media.accept(ACCOUNT, upload).audio

    slide = SlideDraft(title="Bees", narration="Bees dance.", voice=voice)
    project = desk.projects.create(ACCOUNT, ProjectDraft(title="Bees", slides=(slide,)))
    assert project.draft.slides[0].voice == voice


def test_a_permission_is_for_the_offered_bytes_only(remote_media, tmp_path: Path) -> None:
    offered, other = b"x" * 100, tmp_path / "other"
    other.write_bytes(b"y" * 100)
    permission = remote_media.offer(ACCOUNT, offer_of(offered))

    with pytest.raises((DigestMismatchError, ConfigurationError)):
        deliver(HttpUpload(url=permission.url, headers=permission.headers), other)

    with pytest.raises(NotFoundError):
        remote_media.accept(ACCOUNT, accept_of(offered))


def test_what_is_no_picture_is_named_and_deleted(remote_media, tmp_path: Path) -> None:
    put(remote_media, b"no picture at all", tmp_path / "x")
    with pytest.raises(BadMediaError, match=r"holiday\.png"):
        remote_media.accept(ACCOUNT, accept_of(b"no picture at all", "holiday.png"))
    with pytest.raises(NotFoundError):
        remote_media.accept(ACCOUNT, accept_of(b"no picture at all", "holiday.png"))
