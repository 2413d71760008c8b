"""What an editing timeline names is brought beside it: everything, once, and nowhere else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.contracts.references import AssetReference
from shared.errors import InvalidInputError, NotFoundError
from studiomatic.editing_media import bring_media

STORED = {hashlib.sha256(data).hexdigest(): data for data in (b"picture", b"voice")}
PICTURE, VOICE = STORED


class Client:
    """Has the stored files of one account; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def download(self, asset: AssetReference, target: Path) -> None:
        self.asked.append(asset.key)
        if asset.sha256 not in STORED:
            raise NotFoundError("gone")
        target.write_bytes(STORED[asset.sha256])


def named(sha256: str, suffix: str = "png", **changes: Any) -> dict[str, Any]:
    """A media reference as renderers write it."""
    told = {"sha256": sha256, "size_bytes": len(STORED.get(sha256, b"")), "media_type": "image/png"}
    reference = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "target_url": f"media/{sha256}.{suffix}",
        "metadata": {"studiomatic": told},
    }
    return reference | changes


@pytest.fixture
def bring(tmp_path: Path):
    """Brings what a timeline with such references names."""

    def run(*references: dict[str, Any]) -> tuple[Client, dict[str, str]]:
        clips = [{"OTIO_SCHEMA": "Clip.2", "media_references": {"DEFAULT_MEDIA": node}} for node in references]
        tracks = {"OTIO_SCHEMA": "Stack.1", "children": [{"children": clips}]}
        (tmp_path / "timeline.otio").write_text(json.dumps({"tracks": tracks}))
        timeline = AssetReference(
            key="accounts/a/renders/j/e.timeline.otio",
            sha256="0" * 64,
            size_bytes=1,
            media_type="application/json",
        )
        job = SimpleNamespace(files=(SimpleNamespace(name="timeline.otio", asset=timeline),))
        client = Client()
        return client, bring_media(client, job, tmp_path)  # type: ignore[arg-type]

    return run


def test_every_file_is_brought_once_from_its_account(bring, tmp_path: Path) -> None:
    client, brought = bring(named(PICTURE), named(VOICE, "wav"), named(PICTURE))
    assert brought == {PICTURE: f"media/{PICTURE}.png", VOICE: f"media/{VOICE}.wav"}
    assert client.asked == [f"accounts/a/assets/{PICTURE}", f"accounts/a/assets/{VOICE}"]
    assert {path.read_bytes() for path in (tmp_path / "media").iterdir()} == set(STORED.values())


def test_a_file_that_is_there_is_not_brought_again_and_a_damaged_one_is(bring, tmp_path: Path) -> None:
    bring(named(PICTURE), named(VOICE, "wav"))
    (tmp_path / "media" / f"{VOICE}.wav").write_bytes(b"damaged")
    client, _ = bring(named(PICTURE), named(VOICE, "wav"))
    assert client.asked == [f"accounts/a/assets/{VOICE}"]


def test_what_is_gone_is_named_with_the_remedy(bring) -> None:
    with pytest.raises(NotFoundError, match=rf"{'f' * 64}\.png.*render the project again"):
        bring(named("f" * 64))


@pytest.mark.parametrize(
    "reference",
    [
        named(PICTURE, metadata={}),
        named(PICTURE, target_url="../../.bashrc"),
        named(PICTURE, target_url=f"media/../{PICTURE}.png"),
        named(PICTURE, target_url=f"/media/{PICTURE}.png"),
    ],
)
def test_a_timeline_that_tells_too_little_or_leads_elsewhere_is_refused(bring, tmp_path: Path, reference) -> None:
    with pytest.raises(InvalidInputError, match="does not tell where its media are"):
        bring(reference)
    assert [path.name for path in tmp_path.iterdir()] == ["timeline.otio"]


def test_a_job_without_an_editing_timeline_has_no_media(tmp_path: Path) -> None:
    assert bring_media(Client(), SimpleNamespace(files=()), tmp_path) == {}  # type: ignore[arg-type]
