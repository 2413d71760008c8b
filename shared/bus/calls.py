"""What the two ends of a remote call agree on."""

from __future__ import annotations

from shared.contracts.attempts import ErrorInfo
from shared.contracts.message import Reply

DEADLINE_HEADER = "deadline"
"""RFC 3339 time after which nobody waits for the answer."""


class CallFailed(Reply):
    """The call was refused or failed; says why in words that may be shown."""

    type = "bus.call_failed.v1"
    error: ErrorInfo
