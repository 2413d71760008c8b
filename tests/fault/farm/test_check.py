"""What an administrator is told about the real farm by the command that checks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]


def check(farm) -> subprocess.CompletedProcess[str]:
    s3 = farm.farm.s3_location()
    environment = {
        "STUDIO_DATABASE_URL": farm.farm.administrator_database_url(),
        "STUDIO_BUS_URL": farm.farm.rabbitmq.url(farm.farm.vhost),
        "STUDIO_S3_ENDPOINT": s3.endpoint,
        "STUDIO_S3_BUCKET": s3.bucket,
        "STUDIO_S3_ACCESS_KEY": s3.access_key.get_secret_value(),
        "STUDIO_S3_SECRET_KEY": s3.secret_key.get_secret_value(),
    }
    command = [sys.executable, "-m", "deploy.local.invariants"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_job_under_way_is_told_and_a_farm_at_rest_is_called_sound(farm) -> None:
    renderers = farm.renderers()
    for renderer in renderers:
        renderer.stop()
    job_id = farm.submit_silent(1.0)
    busy = check(farm)
    assert busy.returncode == 1, busy.stderr
    assert f"job {job_id} has not ended" in busy.stdout
    for renderer in renderers:
        renderer.start()
    farm.assert_succeeded(job_id)
    farm.assert_sound()
    resting = check(farm)
    assert (resting.returncode, resting.stdout) == (0, "the farm is sound\n"), resting.stderr
