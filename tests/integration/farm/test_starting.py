"""What a service does at its start: makes its tables whoever else does, and refuses what cannot work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.errors import ServerUnavailableError
from deploy.local.farm import Farm

ROOT = Path(__file__).parents[3]


def refusal(service: str, environment: dict[str, str]) -> str:
    """Run a service that must not start; returns the one line that says why."""
    done = subprocess.run(
        [sys.executable, "-m", "services", service],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


def with_wrong_password(url: str) -> str:
    return url.replace(urlsplit(url).password or "", "wrong-password")


def test_two_processes_of_a_service_may_start_on_an_empty_database_at_once(idle_farm: Farm) -> None:
    first, second = idle_farm.processes["content-1"], idle_farm.processes["content-2"]
    first.launch()
    second.launch()
    first.wait_until_consuming()
    second.wait_until_consuming()
    migrations = (first.log_text() + second.log_text()).count('"event": "database_migrated"')
    assert migrations == 1


def test_a_wrong_broker_password_is_told_and_not_waited_out(idle_farm: Farm) -> None:
    environment = idle_farm.environment_of("renderer")
    environment["STUDIO_BUS_URL"] = with_wrong_password(environment["STUDIO_BUS_URL"])
    line = refusal("renderer", environment)
    assert "the broker refuses user 'renderer'" in line
    assert "STUDIO_BUS_URL" in line
    assert "wrong-password" not in line


def test_a_virtual_host_that_is_not_there_is_told(idle_farm: Farm) -> None:
    environment = idle_farm.environment_of("renderer")
    environment["STUDIO_BUS_URL"] = environment["STUDIO_BUS_URL"].rpartition("/")[0] + "/elsewhere"
    assert "virtual host 'elsewhere'" in refusal("renderer", environment)


def test_a_wrong_database_password_is_told(idle_farm: Farm) -> None:
    environment = idle_farm.environment_of("content")
    environment["STUDIO_DATABASE_URL"] = with_wrong_password(environment["STUDIO_DATABASE_URL"])
    line = refusal("content", environment)
    assert 'password authentication failed for user "studio_content"' in line
    assert line.endswith("[infrastructure.database]")
    assert "wrong-password" not in line


def test_the_key_of_another_service_is_refused(idle_farm: Farm) -> None:
    environment = idle_farm.environment_of("renderer")
    environment["STUDIO_SIGNING_KEY_FILE"] = idle_farm.environment_of("content")["STUDIO_SIGNING_KEY_FILE"]
    assert "is not pinned" in refusal("renderer", environment)


def test_a_key_that_others_may_read_is_refused(idle_farm: Farm, tmp_path: Path) -> None:
    environment = idle_farm.environment_of("renderer")
    copy = tmp_path / "key.pem"
    copy.write_bytes(Path(environment["STUDIO_SIGNING_KEY_FILE"]).read_bytes())
    copy.chmod(0o644)
    environment["STUDIO_SIGNING_KEY_FILE"] = str(copy)
    assert "has mode 0644" in refusal("renderer", environment)


def test_a_process_that_ends_while_starting_is_told_with_the_end_of_its_log(idle_farm: Farm) -> None:
    process = idle_farm.processes["renderer-1"]
    key = Path(idle_farm.environment_of("renderer")["STUDIO_SIGNING_KEY_FILE"])
    key.chmod(0o644)
    try:
        with pytest.raises(ServerUnavailableError) as caught:
            process.start()
    finally:
        key.chmod(0o600)
    assert "renderer-1 ended while starting" in caught.value.message
    assert "has mode 0644" in caught.value.message
