"""A fact that must be signed counts only from its owner, in its own bytes, by its own route."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.auth.service import AuthService
from services.content.service import ContentService
from services.gdpr.service import GdprService
from services.keyvault.service import KeyvaultService
from services.renderer.service import RendererService
from shared.bus.listening import FactListener
from shared.bus.outgoing import OutgoingMessage, fact
from shared.bus.run import _require_keys
from shared.bus.signed_facts import FACT_LIFE, OWNERS, may_bring_signed_facts, signature_of
from shared.bus.topology import TOPOLOGY
from shared.contracts.accounts import AccountEnabled, SessionRevoked
from shared.contracts.envelope import Envelope, enclose
from shared.contracts.message import MessageKind, Protection
from shared.contracts.registry import MESSAGES
from shared.errors import ConfigurationError
from shared.metrics import REGISTRY
from shared.service_keys import ServiceKeys
from shared.signing import load_pins, load_signer, make_key, write_pins

SERVICES = ("auth", "content", "keyvault")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    folder = tmp_path_factory.mktemp("keys")
    write_pins(folder / "pins.json", {each: make_key(folder / f"{each}.pem") for each in SERVICES})
    pins = load_pins(folder / "pins.json")
    return ServiceKeys(
        pins=pins, signers={each: load_signer(folder / f"{each}.pem", pins, [each]) for each in SERVICES}
    )


def an_ended_session(*, source: str = "/studiomatic/auth", age: timedelta = timedelta(0)) -> Envelope:
    revoked = SessionRevoked(account_id="account", session_id="session-of-somebody")
    envelope = enclose(revoked, source=source, account_id="account")
    return envelope.model_copy(update={"time": datetime.now(UTC) - age})


@dataclass
class Heard:
    """What a listener made of a delivery."""

    handled: list[Envelope]
    answers: list[str]

    @property
    def refused(self) -> bool:
        return not self.handled and self.answers == ["dead_letter"]


@pytest.fixture
def hear(delivery, keys: ServiceKeys) -> Callable[..., Heard]:
    """Give a fact to a listener that has the pins."""

    def give(
        envelope: Envelope,
        headers: dict[str, Any],
        *,
        route: tuple[str, str] = ("auth.events", "session.revoked"),
        body: bytes | None = None,
        pins: Any = None,
    ) -> Heard:
        handled: list[Envelope] = []
        message = delivery(envelope, headers=headers, route=route)
        message.body = body or message.body
        listener = FactListener(
            queue="keyvault.accounts",
            handle=handled.append,
            stopping=threading.Event(),
            pins=pins or keys.pins,
        )
        listener.hear(message)
        return Heard(handled, message.answers)

    return give


def signed(envelope: Envelope, keys: ServiceKeys) -> dict[str, Any]:
    return signature_of(fact(envelope, "auth"), envelope.encode(), keys)


def test_a_genuine_fact_is_handled(hear, keys: ServiceKeys) -> None:
    envelope = an_ended_session()
    heard = hear(envelope, signed(envelope, keys))
    assert [each.id for each in heard.handled] == [envelope.id]
    assert heard.answers == ["ack"]


def test_an_unsigned_fact_is_refused(hear) -> None:
    assert hear(an_ended_session(), {}).refused


def test_an_altered_fact_is_refused(hear, keys: ServiceKeys) -> None:
    envelope = an_ended_session()
    message = json.loads(envelope.encode())
    message["data"]["session_id"] = "another"
    assert hear(envelope, signed(envelope, keys), body=json.dumps(message).encode()).refused


def test_the_same_fact_in_other_bytes_is_refused(hear, keys: ServiceKeys) -> None:
    """What is signed is the exact bytes, never what somebody reads in them."""
    envelope = an_ended_session()
    assert hear(envelope, signed(envelope, keys), body=envelope.encode() + b" ").refused


@pytest.mark.parametrize("signer", ["content", "keyvault"])
def test_a_fact_signed_by_another_service_is_refused(hear, keys: ServiceKeys, signer: str) -> None:
    """Every service has a pinned key; only the owner of the exchange speaks there."""
    for source in ("/studiomatic/auth", f"/studiomatic/{signer}"):
        envelope = an_ended_session(source=source)
        route = {"exchange": "auth.events", "routing_key": "session.revoked"}
        assert hear(envelope, keys.signer(signer).headers(envelope.encode(), **route)).refused


def test_a_fact_in_the_name_of_another_service_is_refused(hear, keys: ServiceKeys) -> None:
    envelope = an_ended_session(source="/studiomatic/content")
    assert hear(envelope, signed(envelope, keys)).refused


def test_a_key_that_is_not_pinned_is_refused(hear, keys: ServiceKeys, tmp_path) -> None:
    make_key(tmp_path / "auth.pem")
    write_pins(tmp_path / "pins.json", {"auth": make_key(tmp_path / "other.pem")})
    others = load_pins(tmp_path / "pins.json")
    envelope = an_ended_session()
    assert hear(envelope, signed(envelope, keys), pins=others).refused


@pytest.mark.parametrize(
    "route",
    [("content.events", "session.revoked"), ("auth.events", "account.enabled"), ("", "keyvault.accounts")],
    ids=["another exchange", "another key", "past the exchanges"],
)
def test_a_rerouted_fact_is_refused(hear, keys: ServiceKeys, route: tuple[str, str]) -> None:
    envelope = an_ended_session()
    assert hear(envelope, signed(envelope, keys), route=route).refused


def test_a_fact_signed_for_another_route_is_refused(hear, keys: ServiceKeys) -> None:
    envelope = an_ended_session()
    for exchange, key in (("auth.events", "account.enabled"), ("content.events", "session.revoked")):
        headers = keys.signer("auth").headers(envelope.encode(), exchange=exchange, routing_key=key)
        assert hear(envelope, headers, route=(exchange, key)).refused
        assert hear(envelope, headers).refused


@pytest.mark.parametrize("route", [("", "keyvault.accounts"), ("studio.dead", "keyvault.accounts")])
def test_a_dead_letter_that_is_put_back_counts_by_its_first_route(
    hear, keys: ServiceKeys, route: tuple[str, str]
) -> None:
    envelope = an_ended_session()
    death = {"exchange": "auth.events", "routing-keys": ["session.revoked"], "queue": "keyvault.accounts"}
    headers = signed(envelope, keys)
    assert hear(envelope, {**headers, "x-death": [death]}, route=route).handled
    foreign = {**death, "exchange": "content.events"}
    assert hear(envelope, {**headers, "x-death": [foreign]}, route=route).refused
    for nonsense in ("x", [1], [{"exchange": "auth.events"}], [{"routing-keys": None}]):
        assert hear(envelope, {**headers, "x-death": nonsense}, route=route).refused


def test_a_fact_that_inboxes_have_forgotten_is_refused(hear, keys: ServiceKeys) -> None:
    late = an_ended_session(age=FACT_LIFE - timedelta(minutes=1))
    assert hear(late, signed(late, keys)).handled
    too_late = an_ended_session(age=FACT_LIFE + timedelta(minutes=1))
    assert hear(too_late, signed(too_late, keys)).refused


def test_a_refused_fact_is_counted_and_logged_without_its_content(
    hear, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"queue": "keyvault.accounts", "reason": "not_genuine"}

    def counted() -> float:
        return REGISTRY.get_sample_value("studio_messages_set_aside_total", labels) or 0.0

    before = counted()
    hear(an_ended_session(), {})
    assert counted() == before + 1
    shown = "".join(capsys.readouterr())
    assert "session-of-somebody" not in shown
    assert "no valid signature" in shown


def test_facts_that_need_no_signature_are_handled_without_any_key(delivery) -> None:
    handled: list[Envelope] = []
    FactListener(queue="q", handle=handled.append, stopping=threading.Event()).hear(delivery())
    assert len(handled) == 1


def test_every_signed_fact_has_one_owner_and_commands_are_left_to_the_broker() -> None:
    assert OWNERS["session.revoked.v1"] == "auth"
    assert OWNERS["vault.audit_head_signed.v1"] == "keyvault"
    for name, contract in MESSAGES.items():
        if contract.kind is MessageKind.FACT:
            assert (name in OWNERS) is (contract.protection is Protection.SIGNED)
            assert contract.protection is not Protection.SEALED, "facts have no one other end"
        if contract.kind is MessageKind.COMMAND:
            assert contract.protection is Protection.NONE


def test_without_a_key_of_the_owner_nothing_is_signed(keys: ServiceKeys) -> None:
    envelope = enclose(AccountEnabled(account_id="a"), source="/studiomatic/auth")
    message: OutgoingMessage = fact(envelope, "auth")
    with pytest.raises(ConfigurationError, match=r"no signing key of auth.*SIGNING_KEY_FILE"):
        signature_of(message, envelope.encode(), ServiceKeys(pins=keys.pins))


def test_queues_of_signed_facts_are_known() -> None:
    assert may_bring_signed_facts("keyvault.accounts", TOPOLOGY)
    assert may_bring_signed_facts("gdpr.audit_heads", TOPOLOGY)
    assert not may_bring_signed_facts("orchestrator.attempts", TOPOLOGY)


@pytest.mark.parametrize("service", ["auth", "keyvault", "gdpr", "content"])
def test_a_service_with_protected_messages_does_not_start_without_its_key(keys: ServiceKeys, service: str) -> None:
    classes = {each.name: each for each in (AuthService, ContentService, GdprService, KeyvaultService)}
    with pytest.raises(ConfigurationError, match=rf"no signing key of {service}.*SIGNING_PINS_FILE"):
        _require_keys([classes[service]], TOPOLOGY, ServiceKeys(pins=keys.pins))
    _require_keys([KeyvaultService], TOPOLOGY, keys)


def test_services_without_protected_messages_need_no_key() -> None:
    _require_keys([RendererService], TOPOLOGY, ServiceKeys())
