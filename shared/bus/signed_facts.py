"""Facts that count only with the signature of their owner: signed as they are sent, checked as they are read.

The signature covers the exact bytes and the route. A fact belongs to the one service that may publish it by the
topology; nobody else's signature is good for it, wherever it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from shared.bus.delivery import Delivery
from shared.bus.outgoing import OutgoingMessage, events_exchange, fact_key
from shared.bus.parcel import source_of
from shared.bus.topology import DEAD_EXCHANGE, TOPOLOGY, Topology
from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.contracts.message import Message, MessageKind, Protection
from shared.contracts.registry import MESSAGES
from shared.errors import NotGenuineError
from shared.service_keys import ServiceKeys
from shared.signing import SignatureInvalidError, Verifier, service_of

FACT_LIFE = timedelta(days=7)
"""An older fact is refused: inboxes forget ids after this time, so a replay of it would be new to them."""


def _owner(contract: type[Message]) -> str:
    """The one service that may publish a fact."""
    (owner,) = (
        rights.user
        for rights in TOPOLOGY.rights
        if re.search(rights.publishes.get(events_exchange(rights.user)) or "^$", contract.routing_key())
    )
    return owner


OWNERS: Mapping[str, str] = {
    name: _owner(contract)
    for name, contract in MESSAGES.items()
    if contract.kind is MessageKind.FACT and contract.protection is Protection.SIGNED
}
"""Wire name of each fact that must be signed to the service that signs it."""


def may_bring_signed_facts(queue: str, topology: Topology) -> bool:
    """Whether a queue is bound to where such facts are published."""
    exchanges = set(map(events_exchange, OWNERS.values()))
    return any(binding.queue == queue and binding.exchange in exchanges for binding in topology.bindings)


def signature_of(outgoing: OutgoingMessage, body: bytes, keys: ServiceKeys) -> dict[str, str]:
    """The headers of a fact that must be signed.

    Raises:
        ConfigurationError: This process has no key of the fact's owner.
    """
    signer = keys.signer(OWNERS[outgoing.envelope.type])
    return signer.headers(body, exchange=outgoing.exchange, routing_key=outgoing.routing_key)


def require_genuine(delivery: Delivery, fact: Envelope, pins: Verifier, clock: Clock) -> None:
    """Refuse a fact that is not from its owner; facts that need no signature pass.

    Raises:
        NotGenuineError: Says what is wrong, without anything of the content.
    """
    owner = OWNERS.get(fact.type)
    if owner is None:
        return
    try:
        signer = service_of(pins.verify(delivery.body, delivery.headers))
    except SignatureInvalidError:
        raise NotGenuineError(f"{fact.type} has no valid signature of a pinned key") from None
    if signer != owner or fact.source != source_of(owner):
        raise NotGenuineError(f"{fact.type} is {owner}'s to tell, not {signer}'s")
    signed_route = (delivery.headers["exchange"], delivery.headers["routing-key"])
    if signed_route != (events_exchange(owner), fact_key(fact.type)) or signed_route not in _routes(delivery):
        raise NotGenuineError(f"{fact.type} was signed for another route than it came by")
    if clock.now() - fact.time > FACT_LIFE:
        raise NotGenuineError(f"{fact.type} is older than {FACT_LIFE.days} days; it may be a repetition")


def _routes(delivery: Delivery) -> list[tuple[str, str]]:
    """The route by which it came; for a dead letter that was put back also the one before it died."""
    routes = [delivery.route]
    if delivery.route[0] in ("", DEAD_EXCHANGE):
        routes += _before_death(delivery.headers.get("x-death"))
    return routes


def _before_death(deaths: object) -> list[tuple[str, str]]:
    """From the header that brokers write; it is only believed where the signature says the same."""
    if not isinstance(deaths, list):
        return []
    return [
        (str(death.get("exchange", "")), str(key))
        for death in deaths
        if isinstance(death, Mapping)
        for key in (death.get("routing-keys") or ())
    ]
