"""``python -m shared.migrate`` upgrades what the settings name and explains itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from shared.migrate import services_with_history


def migrate_command(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shared.migrate", *arguments],
        env={"PATH": os.environ["PATH"], "STUDIO_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_all_services_are_upgraded_and_said_so_once(tmp_path: Path) -> None:
    first, second = migrate_command(tmp_path, "all"), migrate_command(tmp_path, "all")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stderr.count("database_migrated") == len(services_with_history())
    assert second.stderr == ""
    assert sorted(path.stem for path in (tmp_path / "db").glob("*.sqlite3")) == services_with_history()


def test_an_unknown_service_is_named_with_those_there_are(tmp_path: Path) -> None:
    ended = migrate_command(tmp_path, "nonsense")
    assert ended.returncode == 1
    assert "nonsense" in ended.stderr
    assert "orchestrator" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_arguments_it_says_how_to_use_it(tmp_path: Path) -> None:
    ended = migrate_command(tmp_path)
    assert ended.returncode == 2
    assert "usage: python -m shared.migrate" in ended.stderr
