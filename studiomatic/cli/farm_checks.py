"""Can this machine use a farm, and does the farm answer?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from shared.config import Settings
from shared.errors import StudiomaticError
from studiomatic.cli.findings import Finding, look
from studiomatic.cli.places import FarmPlace
from studiomatic.client import ClientPort

_TIMEOUT_S = 10.0
_PICTURE_SIZE = (64, 64)


def farm_findings(settings: Settings) -> list[Finding]:
    """Look at the broker, and if it lets us in at what answers behind it."""
    try:
        client = FarmPlace(settings, timeout_s=_TIMEOUT_S).client
    except StudiomaticError as error:
        return [Finding(subject="broker", fine=False, detail=error.message)]
    try:
        return [
            Finding(subject="broker", fine=True, detail=f"lets account {settings.account_id} in"),
            look("orchestrator", lambda: _orchestrator(client)),
            look("content", lambda: _content(client)),
            look("object store", lambda: _object_store(client)),
        ]
    finally:
        client.close()


def _orchestrator(client: ClientPort) -> str:
    client.list_jobs(limit=1)
    return "answers"


def _content(client: ClientPort) -> str:
    return f"answers, {len(client.list_projects().projects)} projects"


def _object_store(client: ClientPort) -> str:
    """Bring a tiny picture there and back, as a project's own media go."""
    with tempfile.TemporaryDirectory() as folder:
        picture, copy = Path(folder) / "doctor.png", Path(folder) / "copy"
        Image.new("RGB", _PICTURE_SIZE, "teal").save(picture)
        asset = client.add_image(picture).asset
        client.download(asset, copy)
        return f"took a picture in and gave {asset.size_bytes} bytes back"
