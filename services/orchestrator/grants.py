"""Narrows the job token that a person got from auth to one worker, one kind of task and a quarter of an hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.clock import Clock
from shared.contracts.grants import GRANT_LIFE_S, Grant
from shared.contracts.vault import Provider
from shared.grants import issue
from shared.ids import new_id
from shared.signing import Signer


class Grants:
    """Says which worker may have keys delivered for a job; worth nothing without the job token inside."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock

    def narrowed(
        self, job_token: str, *, actor: str, purpose: str, providers: Sequence[Provider], max_uses: int
    ) -> str:
        """The signed text of a grant, to be sent with the command of one task.

        Args:
            actor: The service that performs the task.
            purpose: Kind of the task.
            max_uses: Most deliveries; one for each call to a provider, and some for answers that get lost.
        """
        now = self._clock.now()
        grant = Grant(
            grant_id=new_id(),
            job_token=job_token,
            actor=actor,
            audience="keyvault",
            purpose=purpose,
            providers=tuple(providers),
            max_uses=max_uses,
            issued_at=now,
            expires_at=now + timedelta(seconds=GRANT_LIFE_S),
        )
        return issue(grant, self._signer)
