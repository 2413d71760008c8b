"""An account from its first letter to its last, in a data folder, as a person does it at a terminal."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pyotp

EMAIL = "ana.lima@example.org"
PASSWORD = "seven calm herons wade at dawn"
SECOND_PASSWORD = "three loud ravens argue at noon"
THIRD_PASSWORD = "nine slow otters drift at dusk"
PROVIDER_KEY = "sk-canary-0123456789-4242"
LINK = re.compile(r"https?://\S+")


class Person:
    """Types what a command asks for, and reads what it says to machines."""

    def __init__(self, studio) -> None:
        self.studio = studio

    def does(self, *arguments: str, types: tuple[str, ...] = ()) -> Any:
        outcome = self.studio.run(*arguments, "--json", lines=types)
        assert outcome.code == 0, (arguments, outcome.out, outcome.err)
        return json.loads(outcome.out.splitlines()[-1]) if outcome.out else None

    def is_refused(self, *arguments: str, types: tuple[str, ...] = ()) -> str:
        outcome = self.studio.run(*arguments, "--json", lines=types)
        assert outcome.code == 1, (arguments, outcome.out, outcome.err)
        return str(outcome.event("error")["code"])

    def link(self, subject: str) -> str:
        """The link of the newest letter about something."""
        letters = self.does("account", "mails", "--limit", "20")
        letter = next(letter for letter in reversed(letters) if subject in letter["subject"].lower())
        return LINK.search(letter["text"])[0]

    def sets_up_an_app(self) -> tuple[str, list[str]]:
        """Scans the secret, types the app's code; returns the secret and the recovery codes."""
        process = self.studio.start("account", "two-factor", "enable", "--json", typing=True)
        secret = json.loads(process.stdout.readline())["secret"]
        out, err = process.communicate(f"{pyotp.TOTP(secret).now()}\n", timeout=60)
        assert process.returncode == 0, out + err
        return secret, json.loads(out)["recovery_codes"]


def test_an_account_from_its_first_letter_to_its_last(studio) -> None:
    """ASVS 5.0 6.2.3, 6.3.7, 6.4.1, 6.4.3, 6.5.1, 7.4.1, 7.4.3, 7.5.2: all of it with the command line alone."""
    ana = Person(studio)

    ana.does("account", "register", "--email", EMAIL, "--name", "Ana Lima", types=("1990-02-28", PASSWORD))
    ana.does("account", "confirm", types=(ana.link("confirm"),))
    assert ana.does("account", "login", "--email", EMAIL, types=(PASSWORD,))["state"] == "active"

    secret, recovery_codes = ana.sets_up_an_app()
    assert len(recovery_codes) == 10
    ana.does("account", "logout")
    next_code = pyotp.TOTP(secret).at(time.time() + 30)  # the one of now is used up
    assert ana.does("account", "login", "--email", EMAIL, types=(PASSWORD, next_code))["assurance"] == "aal2"

    key = ana.does("keys", "add", "openai", "--label", "mine", types=(PROVIDER_KEY,))
    assert key["last4"] == "4242"
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
    assert ana.does("account", "show")["email"] == EMAIL
    ana.does("account", "forgot-password", "--email", EMAIL)
    ana.does("account", "reset-password", types=(ana.link("password"), THIRD_PASSWORD))
    assert ana.is_refused("account", "show") == "session_invalid"
    ana.does("account", "login", "--email", EMAIL, types=(THIRD_PASSWORD, recovery_codes[1]))

    ana.does("account", "delete", "--yes")
    again = ana.does("account", "login", "--email", EMAIL, types=(THIRD_PASSWORD, recovery_codes[2]))
    assert again["state"] == "deletion_requested"
    ana.does("account", "keep")
    assert ana.does("account", "show")["state"] == "active"

    happened = {event["kind"] for event in ana.does("account", "events")}
    assert {"registered", "login", "factor_added", "password_changed", "password_reset"} <= happened
    for canary in (PASSWORD, SECOND_PASSWORD, THIRD_PASSWORD, PROVIDER_KEY, secret, *recovery_codes, "1990-02-28"):
        assert files_with(studio.data, canary) == []


def test_the_owner_of_a_data_folder_keeps_keys_without_an_account(studio) -> None:
    """Whoever holds the folder vouches for himself; the vault, its audit and its keyring are the same as on a farm."""
    owner = Person(studio)

    key = owner.does("keys", "add", "zai", types=(PROVIDER_KEY,))
    assert owner.does("keys", "replace", key["record_id"], types=("sk-canary-9876543210-7777",))["last4"] == "7777"
    assert owner.does("vault", "rotate")["current_version"] == 2
    status = owner.does("vault", "rewrap-status")
    assert status["user_keys"].keys() <= {"1", "2"}
    assert owner.does("keys", "list")[0]["last4"] == "7777"
    assert owner.does("vault", "verify-audit")["whole"] is True

    for name in ("keyring.json", "keys/keyvault.pem", "keys/auth.pem"):
        assert (studio.data / name).stat().st_mode & 0o077 == 0, name
    assert files_with(studio.data, PROVIDER_KEY) == files_with(studio.data, "sk-canary-9876543210-7777") == []


def files_with(folder: Path, text: str) -> list[Path]:
    """Files that hold a text, databases and logs included."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and text.casefold() in path.read_bytes().decode("latin-1").casefold()
    ]
