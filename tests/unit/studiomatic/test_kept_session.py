"""The session that the command line keeps: for its owner only, one for each place."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.config import Settings
from shared.contracts.accounts import AccountState
from shared.contracts.sessions import Assurance, SessionOpened
from shared.errors import ConfigurationError
from studiomatic.kept_session import SessionFile, session_file

LATER = datetime(2030, 1, 1, tzinfo=UTC)
TOKEN = "t" * 43
DEVICE = "d" * 43


def opened(token: str = TOKEN, device: str | None = DEVICE) -> SessionOpened:
    return SessionOpened(
        token=token,
        session_id="session-1",
        account_id="account-1",
        assurance=Assurance.AAL1,
        state=AccountState.ACTIVE,
        idle_until=LATER,
        expires_at=LATER,
        device=device,
    )


@pytest.fixture
def file(tmp_path: Path) -> SessionFile:
    return SessionFile(tmp_path / "made" / "session.json")


def test_a_session_is_kept_and_forgotten_and_the_device_stays_known(file: SessionFile) -> None:
    assert file.session() is None
    file.keep(opened(), "Ana@example.org")
    kept = file.session()
    assert kept is not None
    assert (kept.token, kept.account_id, kept.email) == (TOKEN, "account-1", "Ana@example.org")

    file.forget()

    assert file.session() is None
    assert file.device(" ana@EXAMPLE.org") == DEVICE
    assert file.device("ben@example.org") is None
    assert TOKEN not in file.path.read_text()


def test_a_renewed_session_keeps_the_device(file: SessionFile) -> None:
    file.keep(opened(), "ana@example.org")
    file.keep(opened("n" * 43, device=None), "ana@example.org")

    assert file.session().token == "n" * 43
    assert file.device("ana@example.org") == DEVICE


def test_the_file_is_for_its_owner_only_whatever_the_umask(file: SessionFile) -> None:
    before = os.umask(0)
    try:
        file.keep(opened(), "ana@example.org")
    finally:
        os.umask(before)

    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.path.parent.iterdir()) == [file.path], "no draft is left behind"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_file_that_others_could_read_is_refused(file: SessionFile, mode: int) -> None:
    file.keep(opened(), "ana@example.org")
    file.path.chmod(mode)

    for use in (file.session, file.forget, lambda: file.keep(opened(), "ana@example.org")):
        with pytest.raises(ConfigurationError, match=f"mode {mode:04o}") as refused:
            use()
        assert TOKEN not in str(refused.value)


def test_a_link_to_another_file_is_not_followed(file: SessionFile, tmp_path: Path) -> None:
    other = SessionFile(tmp_path / "other.json")
    other.keep(opened(), "ana@example.org")
    file.path.parent.mkdir()
    file.path.symlink_to(other.path)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        file.session()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"session": {"token": "secret-token"}}', b"\xff\xfe"])
def test_a_damaged_file_is_named_and_not_shown(file: SessionFile, content: bytes) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    file.path.chmod(0o600)

    with pytest.raises(ConfigurationError, match="is damaged; delete it") as refused:
        file.session()
    assert "secret-token" not in str(refused.value)


def test_no_representation_shows_a_token(file: SessionFile) -> None:
    file.keep(opened(), "ana@example.org")
    assert TOKEN not in repr(file.session())


def test_each_place_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = session_file(Settings(data_dir=tmp_path / "data"))
    one, same, other, vhost = (
        session_file(Settings(data_dir=tmp_path / "data", bus_url=SecretStr(url))).path
        for url in ("amqp://ana:one@a/studio", "amqp://ben@a/studio", "amqp://ana@b/studio", "amqp://ana@a/other")
    )

    assert folder.path == tmp_path / "data" / "session.json"
    assert one == same, "user and password are no part of the place"
    assert len({one, other, vhost}) == 3
    assert one.parent == tmp_path / "config" / "studiomatic" / "sessions"
