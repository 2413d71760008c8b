"""The keyring at start: what does not fit is refused and named; a missing key is never replaced by a new one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.keyvault.crypto.keyring_files import FileKeyring, add_version, environment_keyring, make_keyring
from services.keyvault.keyring_source import KEYRING_FILE, configured_keyring
from services.keyvault.store import KeyvaultStore
from shared.clock import FixedClock
from shared.config import Environment, Settings
from shared.db import open_database
from shared.errors import ConfigurationError
from shared.migrate import migrate

EMBEDDED = {"bus_url": SecretStr("memory://")}


def test_another_keyring_is_refused_and_the_version_named(open_desk, keyring_path: Path) -> None:
    open_desk().put()
    keyring_path.unlink()
    make_keyring(keyring_path)
    with pytest.raises(ConfigurationError, match="version 1 of the keyring is another key"):
        open_desk()


def test_a_keyring_that_lacks_a_version_is_refused_and_the_version_named(
    open_desk, keyring_path: Path, rewrite_keyring
) -> None:
    first = keyring_path.read_text()
    desk = open_desk()
    add_version(keyring_path)
    desk.rotate()
    desk.put()
    rewrite_keyring(first)
    with pytest.raises(ConfigurationError, match="no version 2, which 1 user keys need"):
        open_desk()


def test_a_version_declared_destroyed_but_needed_is_refused(open_desk, keyring_path, rewrite_keyring) -> None:
    open_desk().put()
    add_version(keyring_path)
    entries = json.loads(keyring_path.read_text())["versions"]
    rewrite_keyring(json.dumps({"versions": [{"version": 1, "state": "destroyed"}, entries[1]]}))
    with pytest.raises(ConfigurationError, match="no version 1"):
        open_desk()


def test_a_version_that_nothing_needs_may_be_missing(open_desk, keyring_path: Path, rewrite_keyring) -> None:
    open_desk()
    add_version(keyring_path)
    entries = json.loads(keyring_path.read_text())["versions"]
    rewrite_keyring(json.dumps({"versions": entries[1:]}))
    open_desk().put()


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o660, 0o604, 0o700, 0o500])
def test_a_keyring_that_others_may_read_is_refused(keyring_path: Path, mode: int) -> None:
    keyring_path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"{mode:04o}"):
        FileKeyring(keyring_path)


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_keyring_that_only_its_user_may_read_is_used(keyring_path: Path, mode: int) -> None:
    keyring_path.chmod(mode)
    assert FileKeyring(keyring_path).current_version == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_keyring_of_another_user_is_refused(keyring_path: Path) -> None:
    os.chown(keyring_path, 65534, 65534)
    with pytest.raises(ConfigurationError, match="belong"):
        FileKeyring(keyring_path)


def _entry(**changes: object) -> dict[str, object]:
    return {"version": 1, "state": "active", "key": "", "check": ""} | changes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"versions": []}',
        '{"versions": 1}',
        '{"versions": [1]}',
        json.dumps({"versions": [_entry(key="AAAA")]}),
        json.dumps({"versions": [_entry(key="not base64!")]}),
        json.dumps({"versions": [_entry(key="A" * 43 + "=")]}),
        json.dumps({"versions": [_entry(version=0)]}),
        json.dumps({"versions": [_entry(version=65536)]}),
        json.dumps({"versions": [_entry(version="1")]}),
        json.dumps({"versions": [_entry(version=True)]}),
        json.dumps({"versions": [_entry(state="on")]}),
        json.dumps({"versions": [{"version": 1, "state": "destroyed"}]}),
    ],
)
def test_what_is_no_keyring_is_refused_without_showing_it(keyring_path: Path, rewrite_keyring, text: str) -> None:
    rewrite_keyring(text)
    with pytest.raises(ConfigurationError) as error:
        FileKeyring(keyring_path)
    assert "AAAA" not in error.value.message


def test_a_key_that_does_not_fit_its_check_value_is_refused(keyring_path: Path, rewrite_keyring) -> None:
    """A keyring that was damaged is found at start, and not when a user key does not open."""
    keyring = json.loads(keyring_path.read_text())
    key = keyring["versions"][0]["key"]
    keyring["versions"][0]["key"] = ("B" if key[0] == "A" else "A") + key[1:]
    rewrite_keyring(json.dumps(keyring))
    with pytest.raises(ConfigurationError, match="check value"):
        FileKeyring(keyring_path)


def test_two_active_or_two_equal_versions_are_refused(keyring_path: Path, rewrite_keyring) -> None:
    entry = json.loads(keyring_path.read_text())["versions"][0]
    for versions in ([entry, entry], [entry, entry | {"version": 2}]):
        rewrite_keyring(json.dumps({"versions": versions}))
        with pytest.raises(ConfigurationError):
            FileKeyring(keyring_path)


def test_a_keyring_is_never_overwritten(keyring_path: Path) -> None:
    before = keyring_path.read_bytes()
    with pytest.raises(FileExistsError):
        make_keyring(keyring_path)
    assert keyring_path.read_bytes() == before
    assert [path.name for path in keyring_path.parent.glob(".keyring*")] == []


def test_a_new_version_keeps_the_old_ones_and_the_mode(keyring_path: Path) -> None:
    before = FileKeyring(keyring_path).check_values()
    assert add_version(keyring_path) == 2
    after = FileKeyring(keyring_path)
    assert after.current_version == 2
    assert after.check_values().items() >= before.items()
    assert keyring_path.stat().st_mode & 0o777 == 0o400


def test_no_key_of_a_keyring_is_in_its_representation(keyring_path: Path) -> None:
    keyring = FileKeyring(keyring_path)
    key = json.loads(keyring_path.read_text())["versions"][0]["key"]
    root = keyring._keys[1]
    assert key not in repr(root)
    assert bytes(root.key).hex() not in repr(root)
    assert repr(bytes(root.key)) not in repr(root)


def test_a_data_folder_makes_its_keyring_once_and_says_so_loudly(desk, tmp_path: Path, capfd) -> None:
    settings = Settings(data_dir=tmp_path / "folder", **EMBEDDED)
    settings.data_dir.mkdir()
    store = _empty_store(tmp_path)
    first = configured_keyring(settings, store).check_values()
    assert (settings.data_dir / KEYRING_FILE).stat().st_mode & 0o077 == 0
    assert configured_keyring(settings, store).check_values() == first
    assert capfd.readouterr().out.count("keyring_made") == 1


def test_a_data_folder_whose_keyring_is_gone_gets_no_new_one(desk, tmp_path: Path) -> None:
    """Never a silent new key in the place of one that is needed."""
    settings = Settings(data_dir=tmp_path / "folder", **EMBEDDED)
    settings.data_dir.mkdir()
    with pytest.raises(ConfigurationError, match="version 1"):
        configured_keyring(settings, desk.store)
    assert not (settings.data_dir / KEYRING_FILE).exists()


def test_a_farm_without_keyring_does_not_start(desk, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, bus_url=SecretStr("amqp://localhost"))
    with pytest.raises(ConfigurationError, match="KEYRING_FILE"):
        configured_keyring(settings, desk.store)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        configured_keyring(settings.model_copy(update={"keyring_file": tmp_path / "none.json"}), desk.store)


def test_a_keyring_in_the_environment_is_for_development_and_warns(keyring_path: Path, capfd) -> None:
    keyring = environment_keyring(keyring_path.read_text())
    assert keyring.check_values() == FileKeyring(keyring_path).check_values()
    assert "keyring_in_environment" in capfd.readouterr().out
    with pytest.raises(ValueError, match="KEYRING_FILE"):
        Settings(
            environment=Environment.PRODUCTION,
            bus_url=SecretStr("amqps://localhost"),
            keyring=SecretStr(keyring_path.read_text()),
        )


def test_a_plug_in_that_is_not_installed_is_named(desk, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'vendor'"):
        configured_keyring(Settings(data_dir=tmp_path, keyring_kms="vendor"), desk.store)


def _empty_store(folder: Path) -> KeyvaultStore:
    database = open_database(f"sqlite:///{folder / 'empty'}", schema="keyvault")
    migrate(database, "keyvault")
    return KeyvaultStore(database, FixedClock())
