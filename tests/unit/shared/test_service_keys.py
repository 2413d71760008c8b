"""A folder's keys are made once, whoever comes first, and a process signs only as what it is."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shared.config import Settings
from shared.errors import ConfigurationError
from shared.service_keys import ServiceKeys, configured_keys, ensure_keys
from shared.signing import make_key, write_pins

SERVICES = ("auth", "keyvault", "edge")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_folder_gets_a_key_for_each_service_and_their_pins(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "keys", SERVICES)

    for service in SERVICES:
        headers = keys.signer(service).headers(b"x", exchange="e", routing_key="r")
        assert keys.pins.service_of(keys.pins.verify(b"x", headers)) == service
        assert keys.pins.sealing_key_of(service) == keys.signer(service).sealing_key.public


def test_everything_in_the_folder_is_its_owners_only(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "keys", SERVICES)

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_what_is_there_is_kept_and_only_what_is_missing_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ensure_keys(folder, SERVICES)
    before = contents(folder)

    ensure_keys(folder, SERVICES)
    assert contents(folder) == before

    ensure_keys(folder, (*SERVICES, "gdpr"))
    after = contents(folder)
    assert {name: after[name] for name in before if name != "pins.json"} == {
        name: before[name] for name in before if name != "pins.json"
    }
    assert list(json.loads(after["pins.json"]))[:3] == list(json.loads(before["pins.json"]))


def test_a_pin_that_was_lost_is_written_again_and_foreign_ones_stay(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ensure_keys(folder, SERVICES)
    pins = json.loads((folder / "pins.json").read_text())
    foreign = json.loads(
        ensure_keys(tmp_path / "other", ["gdpr"]) and (tmp_path / "other" / "pins.json").read_text()
    )
    first = next(iter(pins))
    left = foreign | {name: entry for name, entry in pins.items() if name != first}
    (folder / "pins.json").write_text(json.dumps(left))

    ensure_keys(folder, SERVICES)

    assert json.loads((folder / "pins.json").read_text()) == left | {first: pins[first]}


def test_processes_that_come_first_together_agree(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from shared.service_keys import ensure_keys;"
        "keys = ensure_keys(Path(sys.argv[1]), ('auth', 'keyvault', 'edge'));"
        "print(*(keys.signer(each).key_id for each in ('auth', 'keyvault', 'edge')))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "keys")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    said = {process.communicate(timeout=60)[0] for process in running}

    assert len(said) == 1
    assert said.pop().split() == list(json.loads((tmp_path / "keys" / "pins.json").read_text()))


@pytest.mark.parametrize("damage", ["no json", "{", '{"auth-00000000": {"sign": "x", "seal": "y"}}'])
def test_damaged_pins_are_told_and_not_overwritten(tmp_path: Path, damage: str) -> None:
    ensure_keys(tmp_path, SERVICES)
    (tmp_path / "pins.json").write_text(damage)

    with pytest.raises(ConfigurationError, match=r"pins\.json"):
        ensure_keys(tmp_path, SERVICES)

    assert (tmp_path / "pins.json").read_text() == damage


def test_a_key_that_others_could_read_is_refused(tmp_path: Path) -> None:
    ensure_keys(tmp_path, SERVICES)
    (tmp_path / "auth.pem").chmod(0o644)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        ensure_keys(tmp_path, SERVICES)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="cannot be made"):
        ensure_keys(tmp_path / "file" / "keys", SERVICES)


def test_a_process_has_the_key_that_its_settings_name(tmp_path: Path) -> None:
    write_pins(tmp_path / "pins.json", {name: make_key(tmp_path / f"{name}.pem") for name in ("auth", "gdpr")})
    settings = Settings(signing_key_file=tmp_path / "auth.pem", signing_pins_file=tmp_path / "pins.json")

    keys = configured_keys(settings, ["auth", "renderer"])

    assert set(keys.signers) == {"auth"}
    with pytest.raises(ConfigurationError, match=r"no signing key of renderer.*STUDIO_SIGNING_KEY_FILE"):
        keys.signer("renderer")
    with pytest.raises(ConfigurationError, match="is not pinned"):
        configured_keys(settings, ["gdpr"])


def test_services_that_share_a_process_may_share_a_key_that_is_pinned_for_both(tmp_path: Path) -> None:
    key = make_key(tmp_path / "both.pem")
    write_pins(tmp_path / "pins.json", {"auth": key, "gdpr": key})
    settings = Settings(signing_key_file=tmp_path / "both.pem", signing_pins_file=tmp_path / "pins.json")

    keys = configured_keys(settings, ["auth", "gdpr"])

    assert {service: signer.service for service, signer in keys.signers.items()} == {
        "auth": "auth",
        "gdpr": "gdpr",
    }


def test_without_settings_there_are_no_keys_and_nobody_is_believed(tmp_path: Path) -> None:
    assert configured_keys(Settings(), ["auth"]) == ServiceKeys()
    assert ServiceKeys().pins.public_keys == {}


def test_no_representation_shows_a_key(tmp_path: Path) -> None:
    assert "private_key" not in repr(ensure_keys(tmp_path, SERVICES))
