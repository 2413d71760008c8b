"""An account from its first letter to its last, in a data folder, as a person does it at a terminal."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from typer.testing import CliRunner

from studiomatic.cli import app as command_line

EMAIL = "ana.lima@example.org"
PASSWORD = "seven calm herons wade at dawn"
SECOND_PASSWORD = "three loud ravens argue at noon"
THIRD_PASSWORD = "nine slow otters drift at dusk"
BIRTH_DATE = "1990-02-28"
PROVIDER_KEY = "sk-canary-0123456789-4242"
OTHER_PROVIDER_KEY = "sk-canary-9876543210-7777"
LINK = re.compile(r"https?://\S+")

Ran = tuple[int, str]
Run = Callable[[tuple[str, ...], tuple[str, ...]], Ran]


class Person:
    """Types what a command asks for, and reads what it says to machines."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def does(self, *arguments: str, types: tuple[str, ...] = ()) -> Any:
        code, out = self._run((*arguments, "--json"), types)
        assert code == 0, (arguments, out)
        return json.loads(out.splitlines()[-1]) if out else None

    def is_refused(self, *arguments: str, types: tuple[str, ...] = ()) -> str:
        code, out = self._run((*arguments, "--json"), types)
        assert code == 1, (arguments, out)
        return str(json.loads(out.splitlines()[-1])["code"])

    def link(self, subject: str) -> str:
        """The link of the newest letter about something."""
        letters = self.does("account", "mails", "--limit", "20")
        letter = next(letter for letter in reversed(letters) if subject in letter["subject"].lower())
        return str(LINK.search(letter["text"])[0])


@pytest.fixture
def at_a_terminal(studio) -> Person:
    """Every command is a process."""

    def run(arguments: tuple[str, ...], lines: tuple[str, ...]) -> Ran:
        outcome = studio.run(*arguments, lines=lines)
        return outcome.code, outcome.out or outcome.err

    return Person(run)


@pytest.fixture
def in_process(studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """The same commands, loaded once: a second each is saved."""
    monkeypatch.setattr(command_line, "configure_logging", lambda *_, **__: None)
    for name, value in studio.environment.items():
        monkeypatch.setenv(name, value)

    def run(arguments: tuple[str, ...], lines: tuple[str, ...]) -> Ran:
        result = CliRunner().invoke(
            command_line.app, list(arguments), input="".join(f"{line}\n" for line in lines)
        )
        return result.exit_code, result.output

    return Person(run)


def sets_up_an_app(studio) -> tuple[str, list[str]]:
    """Scans the secret, types the app's code; returns the secret and the recovery codes."""
    process = studio.start("account", "two-factor", "enable", "--json", typing=True)
    secret = json.loads(process.stdout.readline())["secret"]
    out, err = process.communicate(f"{pyotp.TOTP(secret).now()}\n", timeout=120)
    assert process.returncode == 0, out + err
    return secret, json.loads(out)["recovery_codes"]


def test_an_account_from_its_first_letter_to_its_last(studio, at_a_terminal: Person, in_process: Person) -> None:
    """ASVS 5.0 6.2.3, 6.3.7, 6.4.1, 6.4.3, 6.5.1, 7.4.1, 7.4.3, 7.5.2: all of it with the command line alone."""
    ana = at_a_terminal
    ana.does("account", "register", "--email", EMAIL, "--name", "Ana Lima", types=(BIRTH_DATE, PASSWORD))
    ana.does("account", "confirm", types=(ana.link("confirm"),))
    assert ana.does("account", "login", "--email", EMAIL, types=(PASSWORD,))["state"] == "active"
    secret, recovery_codes = sets_up_an_app(studio)
    assert len(recovery_codes) == 10
    ana.does("account", "logout")
    next_code = pyotp.TOTP(secret).at(time.time() + 30)  # the one of now is used up
    assert ana.does("account", "login", "--email", EMAIL, types=(PASSWORD, next_code))["assurance"] == "aal2"
    key = ana.does("keys", "add", "openai", "--label", "mine", types=(PROVIDER_KEY,))
    assert key["last4"] == "4242"

    ana = in_process
    assert [each["record_id"] for each in ana.does("keys", "list")] == [key["record_id"]]
    assert ana.does("keys", "test", key["record_id"])["status"] == "not_checked"
    ana.does("keys", "remove", key["record_id"], "--yes")
    assert ana.does("keys", "list") == []

    session_file = studio.data / "session.json"
    elsewhere = session_file.read_bytes()
    session_file.unlink()
    ana.does("account", "login", "--email", EMAIL, types=(PASSWORD, recovery_codes[0]))
    assert len(ana.does("account", "sessions")) == 2
    assert [each["current"] for each in ana.does("account", "revoke", "--others")] == [True]
    here = session_file.read_bytes()
    session_file.write_bytes(elsewhere)
    assert ana.is_refused("account", "show") == "session_invalid"
    session_file.write_bytes(here)

    ana.does("account", "change-password", types=(PASSWORD, SECOND_PASSWORD))
    assert ana.does("account", "update", "--company", "Herons Ltd", "--country", "PT")["company"] == "Herons Ltd"
    ana.does("account", "forgot-password", "--email", EMAIL)
    ana.does("account", "reset-password", types=(ana.link("new password"), THIRD_PASSWORD))
    assert ana.is_refused("account", "show") == "session_invalid"
    ana.does("account", "login", "--email", EMAIL, types=(THIRD_PASSWORD, recovery_codes[1]))

    ana.does("account", "delete", "--yes")
    again = ana.does("account", "login", "--email", EMAIL, types=(THIRD_PASSWORD, recovery_codes[2]))
    assert again["state"] == "deletion_requested"
    ana.does("account", "keep")
    assert ana.does("account", "show")["state"] == "active"

    happened = {event["kind"] for event in ana.does("account", "events")}
    assert {"registered", "login", "factor_added", "password_changed", "password_reset"} <= happened
    canaries = (PASSWORD, SECOND_PASSWORD, THIRD_PASSWORD, PROVIDER_KEY, secret, *recovery_codes, BIRTH_DATE)
    assert {canary for canary in canaries if files_with(studio.data, canary)} == set()


def test_the_owner_of_a_data_folder_keeps_keys_without_an_account(studio, in_process: Person) -> None:
    """Whoever holds the folder vouches for himself; vault, audit and keyring are the same as on a farm."""
    owner = in_process

    key = owner.does("keys", "add", "zai", types=(PROVIDER_KEY,))
    assert owner.does("keys", "replace", key["record_id"], types=(OTHER_PROVIDER_KEY,))["last4"] == "7777"
    status = owner.does("vault", "rotate")
    assert status["current_version"] == 2
    assert status["user_keys"] == {"2": 1}, "what the old version wrapped is rewrapped"
    assert owner.does("vault", "rewrap-status") == status
    assert owner.does("keys", "list")[0]["last4"] == "7777"
    assert owner.does("vault", "verify-audit")["whole"] is True
    owner.does("keys", "add", "openai", "--platform", types=(PROVIDER_KEY,))
    assert [each["provider"] for each in owner.does("keys", "list", "--platform")] == ["openai"]
    assert [each["provider"] for each in owner.does("keys", "list")] == ["zai"]

    for name in ("keyring.json", "keys/keyvault.pem", "keys/auth.pem"):
        assert (studio.data / name).stat().st_mode & 0o077 == 0, name
    assert files_with(studio.data, PROVIDER_KEY) == files_with(studio.data, OTHER_PROVIDER_KEY) == []


def test_administrators_are_made_and_do_what_they_may(in_process: Person) -> None:
    """ASVS 5.0 6.3.2, 7.4.5: nobody is an administrator from the start; one ends what others may do."""
    for email in (EMAIL, "ben@example.org"):
        in_process.does("account", "register", "--email", email, "--name", "N", types=(BIRTH_DATE, PASSWORD))
        in_process.does("account", "confirm", types=(in_process.link("confirm"),))
    in_process.does("account", "login", "--email", EMAIL, types=(PASSWORD,))
    assert in_process.is_refused("account", "disable", "ben@example.org") == "not_permitted"

    in_process.does("account", "administrator", EMAIL)
    assert in_process.does("account", "show")["role"] == "administrator"
    in_process.does("account", "disable", "ben@example.org")
    in_process.does("account", "logout")
    assert (
        in_process.is_refused("account", "login", "--email", "ben@example.org", types=(PASSWORD,))
        == "credentials_invalid"
    )
    assert (
        in_process.is_refused("account", "administrator", "ben@example.org", types=("x" * 43,)) == "access_refused"
    )


def files_with(folder: Path, text: str) -> list[Path]:
    """Files that hold a text in any case, databases and logs included."""
    return [
        path for path in folder.rglob("*") if path.is_file() and text.lower().encode() in path.read_bytes().lower()
    ]
