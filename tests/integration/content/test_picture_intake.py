"""What is known of a picture once it is taken in, and where the camera goes for it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from services.content.objects import MediaIntake, StoredObjects
from services.orchestrator.domain.motion import motion_for
from shared.contracts.revisions import SlideLook
from shared.contracts.timeline import FrameSize
from shared.media.sandbox import MediaSandbox
from shared.storage import FolderLocation, open_store

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"


@pytest.fixture
def intake(tmp_path: Path) -> MediaIntake:
    return MediaIntake(MediaSandbox(), StoredObjects(open_store(FolderLocation(path=tmp_path / "objects"))))


def a_photo(spot: tuple[int, int]) -> bytes:
    photo, body = Image.new("RGB", (640, 360), "#708070"), io.BytesIO()
    photo.paste("#D02020", (spot[0] - 20, spot[1] - 20, spot[0] + 20, spot[1] + 20))
    photo.save(body, "JPEG")
    return body.getvalue()


def test_the_camera_goes_to_what_stands_out_in_the_picture_that_was_taken_in(
    intake: MediaIntake, tmp_path: Path
) -> None:
    path = tmp_path / "bee.jpg"
    path.write_bytes(a_photo(spot=(160, 180)))
    image = intake.take_image(ACCOUNT, path, "bee.jpg")
    assert image.interest is not None
    assert image.interest.x_permille == pytest.approx(250, abs=30)
    motion = motion_for(image, SlideLook(), FrameSize(width=1920, height=1080), 5)
    assert motion.end.centre_x_permille < motion.start.centre_x_permille


def test_a_plain_picture_has_no_point_of_interest(intake: MediaIntake, tmp_path: Path) -> None:
    Image.new("RGB", (640, 360), "#708070").save(tmp_path / "plain.png")
    assert intake.take_image(ACCOUNT, tmp_path / "plain.png", "plain.png").interest is None
