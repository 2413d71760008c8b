"""The vault's client: secrets leave it sealed to keyvault only, and every change carries a ticket of its own."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared import grants
from shared.clock import FixedClock
from shared.contracts.factors import Purpose
from shared.contracts.grants import TICKET_LIFE_S, Ticket
from shared.contracts.message import Query
from shared.contracts.vault import (
    KeyList,
    KeyRemoved,
    KeyStatus,
    KeySummary,
    KeyView,
    ListKeys,
    Provider,
    PutKey,
    RemoveKey,
    ReplaceKey,
    RewrapStatus,
    RotateKeyring,
)
from shared.errors import InvalidInputError, NotFoundError
from shared.sealing import SealingKey, SealInvalidError, secret_info
from shared.service_keys import ensure_keys
from studiomatic.client.vault import OwnersTickets, Vault

SECRET = b"sk-live-0123456789abcdef"
ACCOUNT = "account-1"


def summary(record_id: str = "record-1", provider: Provider = Provider.OPENAI) -> KeySummary:
    return KeySummary(
        record_id=record_id,
        provider=provider,
        label="",
        last4="cdef",
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
        status=KeyStatus.NOT_CHECKED,
    )


class Keyvault:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.key = SealingKey.one_time()
        self.asked: list[Any] = []

    def ask(self, query: Query, reply: type[Any]) -> Any:
        self.asked.append(query)
        match query:
            case ListKeys():
                return KeyList(keys=(summary("record-1", Provider.ZAI), summary("record-2")))
            case RemoveKey(record_id=record_id):
                return KeyRemoved(record_id=record_id)
            case RotateKeyring():
                return RewrapStatus(current_version=2, user_keys={1: 1}, running=True)
        return KeyView(key=summary())


@pytest.fixture
def keyvault() -> Keyvault:
    return Keyvault()


@pytest.fixture
def vault(keyvault: Keyvault) -> Vault:
    numbers = itertools.count(1)
    return Vault(keyvault, ACCOUNT, lambda purpose: f"ticket {next(numbers)} {purpose.value}", keyvault.key.public)


def test_a_new_key_is_readable_by_keyvault_only_and_bound_to_owner_and_provider(
    vault: Vault, keyvault: Keyvault
) -> None:
    vault.add(Provider.OPENAI, SECRET, "mine")

    (query,) = keyvault.asked
    assert isinstance(query, PutKey)
    assert SECRET.decode() not in query.model_dump_json()
    assert query.sealed_secret not in repr(query)
    assert keyvault.key.open(query.sealed_secret, info=secret_info(ACCOUNT, "openai")) == SECRET
    for foreign in (secret_info("account-2", "openai"), secret_info(ACCOUNT, "zai")):
        with pytest.raises(SealInvalidError):
            keyvault.key.open(query.sealed_secret, info=foreign)


def test_a_replacement_is_sealed_for_the_provider_of_the_record(vault: Vault, keyvault: Keyvault) -> None:
    vault.replace("record-1", SECRET)

    query = keyvault.asked[-1]
    assert isinstance(query, ReplaceKey)
    assert keyvault.key.open(query.sealed_secret, info=secret_info(ACCOUNT, "zai")) == SECRET


@pytest.mark.parametrize("secret", [b"", b"x" * 4097])
def test_a_key_that_the_vault_would_refuse_is_refused_before_it_is_sent(
    vault: Vault, keyvault: Keyvault, secret: bytes
) -> None:
    with pytest.raises(InvalidInputError, match="a key has 1 to 4096 bytes"):
        vault.add(Provider.OPENAI, secret)
    assert keyvault.asked == []


def test_a_key_that_is_not_there_is_not_replaced(vault: Vault, keyvault: Keyvault) -> None:
    with pytest.raises(NotFoundError, match="no key record-9"):
        vault.replace("record-9", SECRET)
    assert [type(query) for query in keyvault.asked] == [ListKeys]


def test_every_change_has_a_ticket_of_its_own_and_a_list_needs_none(vault: Vault, keyvault: Keyvault) -> None:
    vault.add(Provider.OPENAI, SECRET)
    vault.test("record-1")
    vault.keys()
    vault.remove("record-1")
    vault.rotate()

    tickets = [getattr(query, "ticket", None) for query in keyvault.asked]
    assert tickets == [
        "ticket 1 vault_write",
        "ticket 2 vault_write",
        "",
        "ticket 3 vault_write",
        "ticket 4 vault_administer",
    ]
    assert keyvault.asked[1].type == "keyvault.test_key.v1"


def test_the_owner_of_a_data_folder_vouches_for_himself_as_auth_would(tmp_path: Path) -> None:
    clock = FixedClock()
    keys = ensure_keys(tmp_path, ["auth", "keyvault"])
    tickets = OwnersTickets(ACCOUNT, keys.signer("auth"), clock)

    texts = [tickets.ticket_for(Purpose.VAULT_WRITE) for _ in range(2)]

    first, second = (grants.check(text, Ticket, keys.pins, clock) for text in texts)
    assert (first.account_id, first.audience, first.purpose) == (ACCOUNT, "keyvault", Purpose.VAULT_WRITE)
    assert first.expires_at - first.issued_at == timedelta(seconds=TICKET_LIFE_S)
    assert first.ticket_id != second.ticket_id
    clock.advance(TICKET_LIFE_S)
    with pytest.raises(grants.StatementInvalidError):
        grants.check(texts[0], Ticket, keys.pins, clock)


def test_keys_of_the_platform_are_the_administrators_affair(keyvault: Keyvault) -> None:
    vault = Vault(keyvault, "platform", lambda purpose: purpose.value, keyvault.key.public)

    vault.add(Provider.OPENAI, SECRET)
    vault.keys()
    vault.remove("record-1")

    assert [query.ticket for query in keyvault.asked] == ["vault_administer"] * 3
    assert keyvault.key.open(keyvault.asked[0].sealed_secret, info=secret_info("platform", "openai")) == SECRET
