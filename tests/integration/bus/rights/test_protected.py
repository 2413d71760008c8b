"""Protected calls fit the rights of their users, whichever client makes them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.bus.rpc import RpcClient
from shared.contracts.vault import KeyList, ListKeys, ShredUser, UserShredded
from shared.errors import BrokerUnavailableError, ConfigurationError, NotGenuineError
from shared.ids import AccountId
from shared.service_keys import ServiceKeys, ensure_keys
from studiomatic.client import Client

PROGRAM = Path(__file__).parent / "programs" / "vault.py"
SOMEBODY = AccountId("somebody")
NAMES = ("keyvault", "gdpr", "edge")

UrlOf = Callable[[str], str]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory, url_of: UrlOf) -> Iterator[ServiceKeys]:
    """Everybody's keys, and a vault that has them, under the rights of its own broker user."""
    folder = tmp_path_factory.mktemp("keys")
    vault = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder)],
        env={**os.environ, "STUDIO_BUS_URL": url_of("keyvault")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert vault.stdout
    assert vault.stdout.readline() == "ready\n"
    yield ensure_keys(folder, NAMES)
    vault.kill()
    vault.wait()


def test_a_service_calls_with_its_own_key(keys: ServiceKeys, url_of: UrlOf) -> None:
    client = RpcClient(url_of("gdpr"), user="gdpr", keys=keys)
    try:
        shredded = client.call("keyvault", ShredUser(), UserShredded, account_id=SOMEBODY, timeout_s=25)
        assert shredded.records == 7
    finally:
        client.close()


def test_the_client_of_a_farm_signs_and_seals_as_services_do(keys: ServiceKeys, url_of: UrlOf) -> None:
    with Client(url_of("edge"), SOMEBODY, timeout_s=25, keys=keys) as client:
        assert client.ask(ListKeys(), KeyList).keys == ()


def test_a_client_without_keys_is_told_what_is_missing(keys: ServiceKeys, url_of: UrlOf) -> None:
    with Client(url_of("edge"), SOMEBODY) as client, pytest.raises(ConfigurationError, match="pinned"):
        client.ask(ListKeys(), KeyList)


def test_a_client_whose_key_is_not_pinned_at_the_service_is_told_so(
    keys: ServiceKeys, url_of: UrlOf, tmp_path: Path
) -> None:
    strange = ensure_keys(tmp_path, NAMES)
    mixed = ServiceKeys(pins=keys.pins, signers=strange.signers)
    words = "no valid signature of a key that is pinned at keyvault"
    with (
        Client(url_of("edge"), SOMEBODY, timeout_s=25, keys=mixed) as client,
        pytest.raises(NotGenuineError, match=words),
    ):
        client.ask(ListKeys(), KeyList)


def test_a_client_with_other_pins_believes_no_answer(keys: ServiceKeys, url_of: UrlOf, tmp_path: Path) -> None:
    """A vault that was set up anew is another one."""
    strange = ensure_keys(tmp_path, NAMES)
    mixed = ServiceKeys(pins=strange.pins, signers=keys.signers)
    with (
        Client(url_of("edge"), SOMEBODY, timeout_s=2, keys=mixed) as client,
        pytest.raises(BrokerUnavailableError, match="has no valid signature"),
    ):
        client.ask(ListKeys(), KeyList)
