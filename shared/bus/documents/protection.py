"""What protects each message on its way, in words and for machines."""

from __future__ import annotations

from shared.bus.documents.schemas import Json
from shared.bus.signed_facts import OWNERS
from shared.contracts.message import Message, MessageKind, Protection
from shared.contracts.registry import CALLS

SIGNATURE_HEADERS: Json = {
    "kid": {"type": "string", "description": "Name of the pinned key that signed: `<service>-<8 hex digits>`"},
    "sig": {"type": "string", "description": "Ed25519 signature over the exact bytes of the body, Base64"},
}


def protection_of(contract: type[Message]) -> Protection:
    """How a message is protected; a reply is as its question."""
    if contract.kind is MessageKind.REPLY:
        kinds = {call.query.protection for call in CALLS if call.reply is contract}
        return kinds.pop() if len(kinds) == 1 else Protection.NONE
    return contract.protection


def protection_words(contract: type[Message]) -> tuple[str, ...]:
    """A sentence for people; none for what is not protected."""
    protection = protection_of(contract)
    if protection is Protection.NONE:
        return ()
    link = "[protected](README.md#protected-messages)"
    if contract.kind is MessageKind.FACT:
        return (f"It is {link}: signed by `{OWNERS[contract.type]}`.",)
    if protection is Protection.SEALED:
        return (f"It is {link}: signed, and sealed so that only the other end can read `data`.",)
    return (f"It is {link}: signed.",)
