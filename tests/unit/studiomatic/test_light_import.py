"""The command line stays light: no framework, broker or codec is loaded by it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    *("nameko", "eventlet", "kombu", "av", "cv2", "boto3", "opentimelineio"),
    *("argon2", "webauthn", "zxcvbn", "jinja2", "pyotp", "segno"),
)


@pytest.mark.parametrize(
    "module", ["studiomatic", "studiomatic.client", "studiomatic.client.bus", "studiomatic.cli"]
)
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_the_client_of_a_farm_needs_no_database_library_and_no_service() -> None:
    program = "import sys; from studiomatic import Client; print(*(n for n in sys.modules if n.split('.')[0] in ('sqlalchemy', 'services')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
