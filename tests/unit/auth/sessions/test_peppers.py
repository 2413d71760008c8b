"""The key of the hash before Argon2id: kept apart, in versions, and never the wrong one."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.auth.peppers import read_peppers
from services.auth.tables import PASSWORDS, PEPPERS
from shared.errors import ConfigurationError


def pepper_file(folder: Path, mode: int = 0o400, **versions: bytes) -> Path:
    file = folder / f"pepper-{len(list(folder.iterdir()))}.json"
    file.write_text(json.dumps({name[1:]: base64.b64encode(key).decode() for name, key in versions.items()}))
    file.chmod(mode)
    return file


def version_of(desk: Any) -> int:
    with desk.database.reading() as connection:
        version: int = connection.scalar(select(PASSWORDS.c.pepper_version))
        return version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "peppers"
    made.mkdir()
    return made


def test_the_version_of_the_pepper_is_kept_with_the_hash(make_desk, folder) -> None:
    """Behaviour 46. ASVS 5.0 11.4.2; NIST SP 800-63B-4 3.1.1.2: an additional keyed hash."""
    desk = make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32))
    desk.person()
    assert version_of(desk) == 1
    assert desk.log_in().token


def test_without_a_pepper_the_version_is_0(desk) -> None:
    """Behaviour 46."""
    desk.person()
    assert version_of(desk) == 0


def test_a_hash_made_without_the_pepper_is_another_one(make_desk, folder) -> None:
    """NIST SP 800-63B-4 3.1.1.2: who has the database alone cannot try passwords."""
    desk = make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32))
    account = desk.person()
    assert not desk.hasher.fits(desk.phc(account), b"thirteen plums on ice")


def test_a_login_brings_the_hash_to_the_newest_pepper(make_desk, folder) -> None:
    """Behaviour 46. ASVS 5.0 11.4.2, 11.2.2."""
    make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32)).person()
    desk = make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32, v2=b"b" * 32))
    assert desk.log_in().token
    assert version_of(desk) == 2
    assert (
        make_desk(pepper_file=pepper_file(folder, v2=b"b" * 32)).log_in().token
    )  # nobody needs the first any more


def test_a_first_pepper_is_taken_up_at_login(make_desk, folder) -> None:
    """Behaviour 46."""
    make_desk().person()
    desk = make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32))
    assert desk.log_in().token
    assert version_of(desk) == 1


def test_a_wrong_pepper_refuses_to_start(make_desk, folder) -> None:
    """Behaviour 46. ASVS 5.0 11.2.2."""
    make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32))
    with pytest.raises(ConfigurationError, match="version 1 of the pepper is not the one"):
        make_desk(pepper_file=pepper_file(folder, v1=b"b" * 32))


@pytest.mark.parametrize("rest", [{}, {"v2": b"b" * 32}])
def test_a_missing_pepper_refuses_to_start_and_is_named(make_desk, folder, rest: dict[str, bytes]) -> None:
    """Behaviour 46. ASVS 5.0 11.2.2."""
    make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32)).person()
    with pytest.raises(ConfigurationError, match="version 1 of the pepper"):
        make_desk(**({"pepper_file": pepper_file(folder, **rest)} if rest else {}))


def test_the_database_holds_nothing_of_the_pepper(make_desk, folder) -> None:
    """ASVS 5.0 11.2.2: a value to compare with, from which nobody gets back."""
    desk = make_desk(pepper_file=pepper_file(folder, v1=b"a" * 32))
    with desk.database.reading() as connection:
        (row,) = connection.execute(select(PEPPERS)).all()
    assert row.version == 1
    assert len(row.check_value) == 64
    assert (b"a" * 32).hex() not in row.check_value
    assert "aaaa" not in repr(read_peppers(pepper_file(folder, v1=b"a" * 32)))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}x", '{"0": "YQ=="}', '{"1": "YQ=="}', '{"1": 5}', '{"one": "YQ=="}', '{"1": "not base64!"}'],
)
def test_a_file_of_another_form_is_refused_without_a_word_of_it(folder, text: str) -> None:
    file = folder / "pepper.json"
    file.write_text(text)
    file.chmod(0o400)
    with pytest.raises(ConfigurationError, match="must look like") as refused:
        read_peppers(file)
    assert "YQ==" not in refused.value.message


def test_a_file_that_others_can_read_is_refused(folder) -> None:
    with pytest.raises(ConfigurationError, match="0400"):
        read_peppers(pepper_file(folder, mode=0o444, v1=b"a" * 32))


def test_a_missing_file_is_named(folder) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_peppers(folder / "nowhere.json")
