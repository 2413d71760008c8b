"""Make something once: an equal request of the same account is answered from the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import structlog

from services.content.domain.ledger import LedgerState, ProviderRequest
from services.content.handlers.ports import Objects, Store
from shared.bus.context import TaskContext
from shared.clock import Clock
from shared.contracts.message import Value
from shared.contracts.references import AssetReference
from shared.errors import InfrastructureError

log = structlog.get_logger(__name__)

_POLL_S = 0.25
_RENEWALS_PER_LEASE = 3


class Made(Value):
    """Something that was made and stored: the stored objects it consists of, in a fixed order."""

    assets: tuple[AssetReference, ...]


R = TypeVar("R", bound=Made)


class Ledger:
    """Reserves before anything is asked, remembers what was stored, and waits for another who makes the same.

    Args:
        lease: How long a reservation holds; its maker renews it, and what a dead maker held is free after this.
    """

    def __init__(self, store: Store, objects: Objects, clock: Clock, *, lease: timedelta) -> None:
        self._store = store
        self._objects = objects
        self._clock = clock
        self._lease = lease

    def release_all(self) -> None:
        """The process that made things is gone, with everything it was making: do not wait for its leases."""
        with self._store.transaction() as unit:
            unit.release_all()

    def obtain(
        self, context: TaskContext, request: ProviderRequest, result: type[R], make: Callable[[], R]
    ) -> tuple[R, bool]:
        """The result of a request, made now or stored before.

        Returns:
            The result, and whether it was stored before.
        Raises:
            TaskCancelledError: The job was cancelled while another made the same.
        """
        stored = self._stored_or_reserved(context, request, result)
        if stored is not None:
            return stored, True
        try:
            with self._renewed(context, request):
                made = make()
        except BaseException:
            with self._store.transaction() as unit:
                unit.release(context.account_id, request.digest, context.execution_id)
            raise
        with self._store.transaction() as unit:
            for asset in made.assets:
                unit.add_asset(context.account_id, asset, request.provider)
            unit.record_stored(context.account_id, request.digest, made.model_dump(mode="json"))
        return made, False

    @contextmanager
    def _renewed(self, context: TaskContext, request: ProviderRequest) -> Iterator[None]:
        """Keep the reservation for as long as the block runs."""
        done = threading.Event()
        pause_s = self._lease.total_seconds() / _RENEWALS_PER_LEASE
        renewing = threading.Thread(
            target=self._renew, args=(context, request.digest, done, pause_s), name="ledger", daemon=True
        )
        renewing.start()
        try:
            yield
        finally:
            done.set()
            renewing.join()

    def _renew(self, context: TaskContext, digest: str, done: threading.Event, pause_s: float) -> None:
        while not done.wait(pause_s):
            try:
                with self._store.transaction() as unit:
                    until = self._clock.now() + self._lease
                    unit.renew_reservation(context.account_id, digest, context.execution_id, until)
            except InfrastructureError as error:
                log.warning("reservation_not_renewed", code=error.code, error=error.message)

    def _stored_or_reserved(self, context: TaskContext, request: ProviderRequest, result: type[R]) -> R | None:
        """The stored result, or none once the request is reserved for this execution."""
        while True:
            context.raise_if_cancelled()
            found, held = self._look_or_reserve(context, request, result)
            if not held:
                return found
            context.cancelled.wait(_POLL_S)

    def _look_or_reserve(
        self, context: TaskContext, request: ProviderRequest, result: type[R]
    ) -> tuple[R | None, bool]:
        """What is stored, and whether another makes it right now."""
        stored = self._read_stored(context.account_id, request, result)
        if stored is not None and all(self._objects.exists(asset) for asset in stored.assets):
            return stored, False
        now = self._clock.now()
        with self._store.transaction() as unit:
            entry = unit.ledger_entry(context.account_id, request.digest)
            if entry and entry.is_held_by_another(context.execution_id, now):
                return None, True
            unit.reserve(context.account_id, request, context.execution_id, now + self._lease)
            return None, False

    def _read_stored(self, account_id: str, request: ProviderRequest, result: type[R]) -> R | None:
        with self._store.reading() as unit:
            entry = unit.ledger_entry(account_id, request.digest)
        if entry is None or entry.state is not LedgerState.STORED or entry.result is None:
            return None
        return result.model_validate(entry.result)
