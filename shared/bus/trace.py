"""W3C trace context: one trace per job request, a new span per message, both in every log line.

Source: W3C Trace Context Recommendation, section 3.2 (traceparent).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shared.contracts.envelope import Envelope

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_SAMPLED = "01"


def new_traceparent() -> str:
    """Start a trace."""
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-{_SAMPLED}"


def child_traceparent(parent: str | None) -> str:
    """Go on with a trace under a new span; a missing or malformed parent starts a new trace."""
    match = _TRACEPARENT.match(parent or "")
    if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return new_traceparent()
    return f"00-{match[1]}-{os.urandom(8).hex()}-{match[3]}"


def trace_fields(traceparent: str) -> dict[str, str]:
    """Trace and span id for log lines."""
    _version, trace_id, span_id, _flags = traceparent.split("-")
    return {"trace_id": trace_id, "span_id": span_id}


def continued(envelope: Envelope) -> Envelope:
    """The same message under a span of our own; what it causes carries that span as its parent."""
    return envelope.model_copy(update={"traceparent": child_traceparent(envelope.traceparent)})


@contextmanager
def bound_log(envelope: Envelope) -> Iterator[None]:
    """Put the ids of a message into every log line of the block."""
    fields = {
        "message_id": envelope.id,
        "message_type": envelope.type,
        "job_id": envelope.jobid,
        **(trace_fields(envelope.traceparent) if envelope.traceparent else {}),
    }
    with structlog.contextvars.bound_contextvars(**{k: v for k, v in fields.items() if v is not None}):
        yield
