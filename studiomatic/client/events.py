"""Stored and live facts of jobs as a client hands them out."""

from __future__ import annotations

import logging

from shared.contracts.envelope import Envelope, read
from shared.contracts.jobs import JOB_FACTS, JobCancelled, JobFailed, JobSucceeded
from shared.errors import InvalidMessageError
from studiomatic.client.port import JobEvent

log = logging.getLogger(__name__)

ENDINGS = frozenset((JobSucceeded.type, JobFailed.type, JobCancelled.type))
"""Types of the facts that end a job."""

_CONTRACTS = {contract.type: contract for contract in JOB_FACTS}


def event_of(envelope: Envelope) -> JobEvent | None:
    """Read a fact; none if it is of a type or shape that this release does not know."""
    contract = _CONTRACTS.get(envelope.type)
    if contract is None or envelope.sequence is None:
        return None
    try:
        return JobEvent(sequence=envelope.sequence, fact=read(envelope, contract), envelope=envelope)
    except InvalidMessageError as error:
        log.warning("fact_unreadable: %s", error.message)
        return None
