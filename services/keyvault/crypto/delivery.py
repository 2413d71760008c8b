"""Seals a delivered key to the one-time key of the request that asked for it."""

from __future__ import annotations

from shared import sealing


def sealed_to(reply_key: str, secret: bytes | bytearray, *, request: bytes, record_id: str) -> str:
    """The secret, for whoever made exactly this request; Base64.

    Args:
        request: Its canonical bytes. They are bound in, so that the answer fits no other request.

    Raises:
        InvalidInputError: ``reply_key`` is no public key.
    """
    return sealing.seal(secret, reply_key, info=sealing.delivery_info(request, record_id))
