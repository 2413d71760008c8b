"""Bring the pictures, sounds and videos that an editing timeline names, so that an editor finds every one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.contracts.jobs import JobView
from shared.contracts.references import AssetReference
from shared.errors import InvalidInputError, NotFoundError
from studiomatic.client import ClientPort

TIMELINE_FILE = "timeline.otio"

_NAME = re.compile(r"media/[0-9a-f]{64}\.[a-z0-9]{1,8}")


class _Named(BaseModel):
    """What a media reference of our timelines tells of its file."""

    sha256: str
    size_bytes: int
    media_type: str


def bring_media(client: ClientPort, job: JobView, folder: Path) -> dict[str, str]:
    """Write what ``timeline.otio`` names beside it; a file that is there already is not brought again.

    Args:
        folder: Where the files of the job are.
    Returns:
        SHA-256 of each file to its path in the folder.
    Raises:
        NotFoundError: One is not stored any more.
        InvalidInputError: The timeline tells too little of its media; an older renderer wrote it.
    """
    timeline = next((file.asset for file in job.files if file.name == TIMELINE_FILE), None)
    if timeline is None:
        return {}
    assets = {
        asset.sha256: (name, asset)
        for name, asset in _named(json.loads((folder / TIMELINE_FILE).read_bytes()), timeline)
    }
    (folder / "media").mkdir(exist_ok=True)
    for name, asset in assets.values():
        _bring(client, asset, folder / name)
    return {sha256: name for sha256, (name, _) in assets.items()}


def _named(node: Any, timeline: AssetReference) -> Iterator[tuple[str, AssetReference]]:
    """Every external reference in OTIO JSON: where its file is to lie, and the stored object."""
    if isinstance(node, list):
        for child in node:
            yield from _named(child, timeline)
    elif isinstance(node, dict):
        if str(node.get("OTIO_SCHEMA", "")).startswith("ExternalReference."):
            yield _reference(node, timeline)
        for child in node.values():
            yield from _named(child, timeline)


def _reference(node: dict[str, Any], timeline: AssetReference) -> tuple[str, AssetReference]:
    name = str(node.get("target_url"))
    try:
        told = _Named.model_validate(node.get("metadata", {}).get("studiomatic"))
    except ValidationError:
        told = None
    if told is None or not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"{TIMELINE_FILE} does not tell where its media are; render the project again, then fetch them"
        )
    # Media lie beside the renders of their account.
    key = f"{timeline.key.partition('/renders/')[0]}/assets/{told.sha256}"
    return name, AssetReference(key=key, **told.model_dump())


def _bring(client: ClientPort, asset: AssetReference, target: Path) -> None:
    if target.exists() and _digest(target) == asset.sha256:
        return
    try:
        client.download(asset, target)
    except NotFoundError:
        raise NotFoundError(
            f"{target.name}, which {TIMELINE_FILE} names, is not stored any more; render the project again"
        ) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
