"""User keys in memory: copies that are zeroed, remembered for a minute at most, and only for exactly their row."""

from __future__ import annotations

import dataclasses

import pytest

from services.keyvault.crypto import user_keys as module
from services.keyvault.crypto.keyring import LocalKeyring, new_root_key
from services.keyvault.crypto.user_keys import KeyringUserKeys
from services.keyvault.crypto.wiping import wipe, wiped
from services.keyvault.domain.records import Binding, Kind
from shared.clock import FixedClock
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError

BINDING = Binding(account_id="account", record_id="record", provider="zai", purpose="provider_key")


class CountingKeyring(LocalKeyring):
    """Counts how often a user key is unwrapped, and keeps what it gave away."""

    def __init__(self) -> None:
        super().__init__((new_root_key(1),))
        self.given: list[bytearray] = []

    def unwrap(self, version: int, wrapped: bytes, binding: Binding) -> bytearray:
        self.given.append(super().unwrap(version, wrapped, binding))
        return self.given[-1]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def keyring() -> CountingKeyring:
    return CountingKeyring()


@pytest.fixture
def user_keys(keyring: CountingKeyring, clock: FixedClock) -> KeyringUserKeys:
    return KeyringUserKeys(keyring, clock)


def test_a_user_key_is_unwrapped_once_a_minute(user_keys, keyring, clock) -> None:
    key = user_keys.make("account", 1, clock.now())
    sealed = user_keys.seal(key, Kind.PROVIDER_KEY, BINDING, b"secret")
    for _ in range(5):
        assert user_keys.open(key, Kind.PROVIDER_KEY, BINDING, sealed) == b"secret"
    assert len(keyring.given) == 1
    clock.advance(60)
    user_keys.open(key, Kind.PROVIDER_KEY, BINDING, sealed)
    assert len(keyring.given) == 2


def test_what_was_unwrapped_is_zeroed_after_each_use(user_keys, keyring, clock) -> None:
    key = user_keys.make("account", 1, clock.now())
    user_keys.seal(key, Kind.PROVIDER_KEY, BINDING, b"secret")
    user_keys.rewrapped(key)
    assert [bytes(given) for given in keyring.given] == [bytes(32)] * 2


@pytest.mark.parametrize("how", ["old", "all", "account", "another row"])
def test_what_is_forgotten_is_zeroed(user_keys, clock, how: str) -> None:
    key = user_keys.make("account", 1, clock.now())
    user_keys.seal(key, Kind.PROVIDER_KEY, BINDING, b"secret")
    buffer = user_keys._remembered["account", 1].key
    assert any(buffer)
    if how == "old":
        assert user_keys.forget_old() == 0
        clock.advance(60)
        assert user_keys.forget_old() == 1
    elif how == "all":
        user_keys.forget_all()
    elif how == "account":
        user_keys.forget("account")
    else:
        user_keys.seal(user_keys.rewrapped(key), Kind.PROVIDER_KEY, BINDING, b"secret")
    assert not any(buffer)


def test_no_more_than_so_many_are_remembered(user_keys, clock, monkeypatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MOST", 3)
    for number in range(5):
        key = user_keys.make(f"account-{number}", 1, clock.now())
        user_keys.seal(key, Kind.PROVIDER_KEY, BINDING, b"secret")
        first = user_keys._remembered.get(("account-0", 1))
    assert first is None
    assert len(user_keys._remembered) == 3


def test_what_is_remembered_is_not_used_for_another_row(user_keys, clock) -> None:
    """A row that was swapped in the database is opened, not recalled."""
    mine = user_keys.make("account", 1, clock.now())
    sealed = user_keys.seal(mine, Kind.PROVIDER_KEY, BINDING, b"secret")
    theirs = user_keys.make("other", 1, clock.now())
    swapped = dataclasses.replace(mine, wrapped=theirs.wrapped)
    with pytest.raises(RecordCorruptError):
        user_keys.open(swapped, Kind.PROVIDER_KEY, BINDING, sealed)


def test_a_user_key_is_bound_to_its_account_and_version(user_keys, clock) -> None:
    key = user_keys.make("account", 1, clock.now())
    for changed in ({"account_id": "other"}, {"version": 2}):
        with pytest.raises(RecordCorruptError):
            user_keys.rewrapped(dataclasses.replace(key, **changed))


def test_a_key_under_a_version_that_is_gone_is_unavailable_not_corrupt(user_keys, clock) -> None:
    """It opens again when the operator brings the version back; nothing is set aside, and no key is made."""
    key = dataclasses.replace(user_keys.make("account", 1, clock.now()), keyring_version=9)
    with pytest.raises(KeyUnavailableError):
        user_keys.open(key, Kind.PROVIDER_KEY, BINDING, b"x" * 164)


def test_pseudonyms_say_nothing_and_last_as_long_as_the_account(user_keys, clock) -> None:
    first, other = (user_keys.make("account", 1, clock.now()) for _ in range(2))
    assert len(first.pseudonym) == 64
    assert first.pseudonym != other.pseudonym  # of another random key: nobody computes it from the account
    assert user_keys.make("account", 2, clock.now(), first.pseudonym).pseudonym == first.pseudonym


@pytest.mark.parametrize("secret", [b"", b"x", b"a secret of the test", bytearray(b"a secret of the test")])
def test_wiped_secrets_are_zeros(secret: bytes | bytearray) -> None:
    own = bytearray(secret) if isinstance(secret, bytearray) else bytes(bytearray(secret))
    with wiped(own) as buffer:
        assert buffer == secret
    assert not any(buffer)
    if len(own) > 1:
        assert not any(own)


def test_wiping_leaves_shared_bytes_alone() -> None:
    """The interpreter has one object for each single byte."""
    wipe(b"x")
    wipe(b"")
    assert bytes(bytearray(b"x")) == b"x"


def test_a_secret_is_wiped_also_when_its_use_fails() -> None:
    own = bytearray(b"a secret of the test")
    with pytest.raises(RuntimeError), wiped(own) as buffer:
        raise RuntimeError
    assert not any(own)
    assert not any(buffer)


def test_no_key_is_in_a_representation(user_keys, clock) -> None:
    key = user_keys.make("account", 1, clock.now())
    user_keys.seal(key, Kind.PROVIDER_KEY, BINDING, b"secret")
    remembered = user_keys._remembered["account", 1]
    assert repr(bytes(remembered.key))[2:-1] not in repr(remembered) + repr(key)
    assert repr(key.wrapped)[2:-1] not in repr(key)
