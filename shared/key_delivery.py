"""The worker's side of a key delivery: one request, one one-time key, one secret.

    request = KeyRequest(grant=grant, provider=Provider.ZAI)
    reply = rpc.call("keyvault", request.query, KeyDelivered, account_id=account_id)
    secret = request.opened(reply)

A request is sent once. After a lost answer make another one: keyvault refuses the same one a second time.
"""

from __future__ import annotations

import uuid

from shared import sealing
from shared.clock import Clock, SystemClock
from shared.contracts.vault import DeliverKey, KeyDelivered, Provider
from shared.errors import StudiomaticError


class DeliveryInvalidError(StudiomaticError):
    """The answer is none to this request, or was opened before; make a new request."""

    code = "delivery_invalid"
    retryable = True


class KeyRequest:
    """Asks for one key, and opens the one answer.

    Args:
        grant: As the orchestrator gave it with the task.
        record_id: Which key; none: the newest of that provider.

    Attributes:
        query: What to send to keyvault.
    """

    def __init__(
        self, *, grant: str, provider: Provider, record_id: str | None = None, clock: Clock | None = None
    ) -> None:
        self._key: sealing.SealingKey | None = sealing.SealingKey.one_time()
        self.query = DeliverKey(
            request_id=uuid.uuid4().hex,
            grant=grant,
            record_id=record_id,
            provider=provider,
            reply_key=self._key.public,
            requested_at=(clock or SystemClock()).now(),
        )

    def opened(self, reply: KeyDelivered) -> bytes:
        """The secret, once: the one-time key is dropped, whatever comes of it.

        The bus has checked that keyvault signed the reply. Hand the bytes to what sends them and keep no copy.

        Raises:
            DeliveryInvalidError: It is of another request or record, does not open, or this is the second time.
        """
        key, self._key = self._key, None
        if key is None or reply.request_id != self.query.request_id:
            raise DeliveryInvalidError
        if self.query.record_id not in (None, reply.record_id):
            raise DeliveryInvalidError
        request = self.query.model_dump_json().encode()
        try:
            return key.open(reply.sealed_secret, info=sealing.delivery_info(request, reply.record_id))
        except sealing.SealInvalidError:
            raise DeliveryInvalidError from None
