"""The keyvault process with a keyring that does not fit: it ends, says which version is missing, and makes no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.keyvault.crypto.keyring_files import add_version, make_keyring

ROOT = Path(__file__).parents[3]


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


def test_the_process_refuses_a_wrong_keyring_and_names_the_version(
    desk, postgres_url: str, rabbitmq_vhost: str, tmp_path: Path
) -> None:
    desk.put()
    add_version(desk.keyring_path)
    desk.rotate()
    desk.put(account="01a20e67-f96c-7495-a999-000000000002")
    environment = {
        "PATH": os.environ["PATH"],
        "STUDIO_DATA_DIR": str(tmp_path / "data"),
        "STUDIO_BUS_URL": rabbitmq_vhost,
        "STUDIO_DATABASE_URL": postgres_url,
        "STUDIO_S3_BUCKET": "none",
        "STUDIO_S3_ACCESS_KEY": "none",
        "STUDIO_S3_SECRET_KEY": "none",
        "STUDIO_SIGNING_KEY_FILE": str(tmp_path / "keys" / "keyvault.pem"),
        "STUDIO_SIGNING_PINS_FILE": str(tmp_path / "keys" / "pins.json"),
    }
    lost = tmp_path / "lost.json"
    entries = json.loads(desk.keyring_path.read_text())["versions"]
    lost.write_text(json.dumps({"versions": [entries[0] | {"state": "active"}]}))
    lost.chmod(0o400)
    another = tmp_path / "another.json"
    make_keyring(another)

    for keyring, said in (
        (lost, "no version 2"),
        (another, "version 1 of the keyring is another key"),
        (tmp_path / "none.json", "cannot be read"),
        (None, "STUDIO_KEYRING_FILE"),
    ):
        chosen = {} if keyring is None else {"STUDIO_KEYRING_FILE": str(keyring)}
        assert said in _refusal(environment | chosen)
    assert not (tmp_path / "none.json").exists()
    assert not (tmp_path / "data" / "keyring.json").exists()


def _refusal(environment: dict[str, str]) -> str:
    """Run a process that must not start; returns the one line that says why."""
    done = subprocess.run(
        [sys.executable, "-m", "services", "keyvault"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line
