"""One address has one key, however it is spelled, and none passes for another."""

from __future__ import annotations

import pytest

from services.auth.domain.addresses import address_of
from shared.errors import InvalidInputError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.org", "ADA@EXAMPLE.ORG"),
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ("ada@MÜNCHEN.example", "ada@mu\u0308nchen.example"),
        ("ada@example.org", "ａｄａ@ｅｘａｍｐｌｅ.org"),
        ("jürgen@example.org", "JU\u0308RGEN@example.org"),
        ("иван@почта.рф", "ИВАН@ПОЧТА.РФ"),
        ("ada@example.org", " ada@example.org "),
    ],
)
def test_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    """ASVS 5.0 2.2.1: case-insensitive, normalised."""
    assert address_of(one).key == address_of(other).key


def test_the_local_part_is_shown_as_it_was_written() -> None:
    assert address_of("Ada.Lovelace@Example.org").shown == "Ada.Lovelace@example.org"


def test_parts_behind_a_plus_make_another_address() -> None:
    assert address_of("ada+studio@example.org").key != address_of("ada@example.org").key


@pytest.mark.parametrize(
    "homograph",
    [
        "pаypal@example.org",  # Cyrillic а
        "ada@exаmple.org",
        "ada@аррӏе.com",  # all Cyrillic, passes for Latin
        "асе@example.org",
        "οk@example.org",  # Greek omicron
        "ada@xn--80ak6aa92e.com",  # apple in Cyrillic
    ],
)
def test_homographs_are_refused(homograph: str) -> None:
    """ASVS 5.0 2.2.1; UTS 39 section 5."""
    with pytest.raises(InvalidInputError, match="letters"):
        address_of(homograph)


@pytest.mark.parametrize(
    "address",
    [
        "иван@почта.рф",
        "иван@example.org",
        "अजय@डाटा.भारत",
        "山田たろう@例え.jp",
        "김@example.kr",
        "ν.π@παράδειγμα.gr",
    ],
)
def test_addresses_of_every_script_are_accepted(address: str) -> None:
    """RFC 6531."""
    assert address_of(address).shown == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        '"ada lovelace"@example.org',
        "Ada <ada@example.org>",
        "ada@example.org, eve@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "ada\u200b@example.org",
        "ada\x7f@example.org",
        "ada@exa mple.org",
        "ada..b@example.org",
        "ada@-example.org",
        "x" * 65 + "@example.org",
        "ada@" + "x" * 64 + ".org",
        "ada@" + "x." * 130 + "org",
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(text: str) -> None:
    """RFC 5321 section 4.1.2; ASVS 5.0 2.2.1."""
    with pytest.raises(InvalidInputError) as refused:
        address_of(text)
    assert text == "" or text not in refused.value.message


def test_two_spellings_make_one_account(desk) -> None:
    """The key is unique in the database."""
    desk.register("ada@münchen.example")
    desk.register("ADA@xn--mnchen-3ya.example")
    assert desk.rows()["accounts"] == 1
    assert [template for template, _ in desk.told()] == ["confirm_address", "address_already_registered"]
