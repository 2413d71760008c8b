"""Auth as a process runs it: what it prints at its first start, and that letters leave at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from services.auth.dependencies import Auth
from shared.bus.outbox import DURABLE
from shared.config import Settings
from shared.contracts.accounts import GetPolicy, RegisterAccount
from shared.errors import NotFoundError
from shared.signing import Signer, key_id

FARM = {"bus_url": SecretStr("amqp://auth@localhost/farm")}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Auth]]:
    """Start auth on one data folder; its facts go nowhere."""
    running: list[Auth] = []

    def started(**settings: Any) -> Auth:
        key = Ed25519PrivateKey.generate()
        auth = Auth(
            Settings(data_dir=tmp_path, **settings),
            publish=lambda _messages: None,
            epoch=DURABLE,
            signer=Signer(key_id=key_id("auth", key.public_key()), private_key=key),
            ask=lambda *_: pytest.fail("nobody has a second factor"),
        )
        auth.start()
        running.append(auth)
        return auth

    yield started
    for auth in running:
        auth.stop()


def test_the_first_start_of_a_farm_prints_a_token_once(start, capsys) -> None:
    """ASVS 5.0 6.3.2."""
    start(**FARM)
    printed = capsys.readouterr().err
    assert "studio account administrator" in printed
    tokens = [line.strip() for line in printed.splitlines() if len(line.strip()) == 43]
    assert len(tokens) == 1
    start(**FARM)
    assert "studio account administrator" not in capsys.readouterr().err


def test_a_data_folder_needs_no_administrator_and_prints_nothing(start, capsys) -> None:
    auth = start()
    assert "administrator" not in capsys.readouterr().err
    with pytest.raises(NotFoundError):
        auth.desk.answer(GetPolicy())


def test_a_letter_leaves_as_soon_as_it_is_stored(start, client, tmp_path, eventually, monkeypatch) -> None:
    """No look at the table is waited for: the commit wakes the sender."""
    monkeypatch.setattr("services.auth.dependencies.MAIL_INTERVAL_S", 3_600.0)
    auth = start()
    auth.desk.answer(
        RegisterAccount(
            name="Ada",
            email="ada@example.org",
            password="thirteen plums on ice",
            birth_date=date(1990, 1, 1),
            client=client,
        )
    )
    eventually(lambda: list((tmp_path / "mail").glob("*-confirm_address-*.eml")), within_s=60)
