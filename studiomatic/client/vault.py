"""A person's own provider keys: seals them to keyvault, and carries the ticket that each change needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shared import grants
from shared.clock import Clock
from shared.contracts.factors import Purpose
from shared.contracts.grants import TICKET_LIFE_S, Ticket
from shared.contracts.vault import (
    PLATFORM_ACCOUNT,
    SECRET_MAX_BYTES,
    AuditHeadList,
    AuditVerified,
    GetRewrapStatus,
    KeyList,
    KeyRemoved,
    KeySummary,
    KeyView,
    ListAuditHeads,
    ListKeys,
    Provider,
    PutKey,
    RemoveKey,
    ReplaceKey,
    RewrapStatus,
    RotateKeyring,
    TestKey,
    VerifyAudit,
)
from shared.errors import InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.sealing import seal, secret_info
from shared.signing import Signer
from studiomatic.client.port import ServicePort

_AUDIENCE = "keyvault"

TicketFor = Callable[[Purpose], str]
"""Gets a ticket of auth for one purpose."""


class Vault:
    """The keys of one account, or with ``PLATFORM_ACCOUNT`` those that the operator provides.

    Args:
        client: Of the account whose keys these are.
        ticket_for: Proves to keyvault, with every change, that its owner wants it.
        sealing_key: Keyvault's pinned public key; nobody else can open what is sealed to it.
    """

    def __init__(self, client: ServicePort, account_id: str, ticket_for: TicketFor, sealing_key: str) -> None:
        self._client = client
        self._account_id = account_id
        self._ticket_for = ticket_for
        self._sealing_key = sealing_key
        self._of_platform = account_id == PLATFORM_ACCOUNT

    def keys(self) -> tuple[KeySummary, ...]:
        """All keys without their secrets, the newest first."""
        ticket = self._ticket() if self._of_platform else ""
        return self._client.ask(ListKeys(ticket=ticket), KeyList).keys

    def add(self, provider: Provider, secret: bytes, label: str = "") -> KeySummary:
        """Keep a key.

        Raises:
            InvalidInputError: It is empty or too long.
        """
        query = PutKey(
            ticket=self._ticket(),
            provider=provider,
            label=label,
            sealed_secret=self._sealed(provider, secret),
        )
        return self._client.ask(query, KeyView).key

    def replace(self, record_id: str, secret: bytes) -> KeySummary:
        """Put another secret in the place of one, under the same id.

        Raises:
            NotFoundError: There is no such key.
        """
        query = ReplaceKey(
            ticket=self._ticket(),
            record_id=record_id,
            sealed_secret=self._sealed(self._provider_of(record_id), secret),
        )
        return self._client.ask(query, KeyView).key

    def remove(self, record_id: str) -> None:
        """Forget a key; forgetting one that is gone changes nothing."""
        ticket = self._ticket()
        self._client.ask(RemoveKey(ticket=ticket, record_id=record_id), KeyRemoved)

    def test(self, record_id: str) -> KeySummary:
        """Ask the provider whether it accepts a key."""
        ticket = self._ticket()
        return self._client.ask(TestKey(ticket=ticket, record_id=record_id), KeyView).key

    def rotate(self) -> RewrapStatus:
        """Use the keyring's newest version from now on. For administrators, as all that follows."""
        return self._client.ask(RotateKeyring(ticket=self._ticket_for(Purpose.VAULT_ADMINISTER)), RewrapStatus)

    def rewrap_status(self) -> RewrapStatus:
        """How far the rewrap of user keys is."""
        return self._client.ask(GetRewrapStatus(ticket=self._ticket_for(Purpose.VAULT_ADMINISTER)), RewrapStatus)

    def verify_audit(self) -> AuditVerified:
        """Compute the audit chain anew, and compare it with the heads that gdpr keeps."""
        heads = self._client.ask(ListAuditHeads(), AuditHeadList).heads
        ticket = self._ticket_for(Purpose.VAULT_ADMINISTER)
        return self._client.ask(VerifyAudit(ticket=ticket, heads=heads), AuditVerified)

    def _ticket(self) -> str:
        """For one change of a key; platform keys are the administrators' affair."""
        return self._ticket_for(Purpose.VAULT_ADMINISTER if self._of_platform else Purpose.VAULT_WRITE)

    def _sealed(self, provider: Provider, secret: bytes) -> str:
        if not 1 <= len(secret) <= SECRET_MAX_BYTES:
            raise InvalidInputError(f"a key has 1 to {SECRET_MAX_BYTES} bytes")
        return seal(secret, self._sealing_key, info=secret_info(self._account_id, provider.value))

    def _provider_of(self, record_id: str) -> Provider:
        for key in self.keys():
            if key.record_id == record_id:
                return key.provider
        raise NotFoundError(f"there is no key {record_id}; see: studio keys list")


class OwnersTickets:
    """Tickets for the account of a data folder that nobody registered.

    They are signed with the folder's own key of auth: whoever holds the folder vouches for himself, as he could
    read everything in it anyway.
    """

    def __init__(self, account_id: str, signer: Signer, clock: Clock) -> None:
        self._account_id = account_id
        self._signer = signer
        self._clock = clock

    def ticket_for(self, purpose: Purpose) -> str:
        """A ticket as auth issues it, for a session of this moment."""
        now = self._clock.now()
        ticket = Ticket(
            ticket_id=new_id(),
            account_id=self._account_id,
            session_id=new_id(),
            audience=_AUDIENCE,
            purpose=purpose,
            issued_at=now,
            expires_at=now + timedelta(seconds=TICKET_LIFE_S),
        )
        return grants.issue(ticket, self._signer)
