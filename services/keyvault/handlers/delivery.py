"""Delivers a provider key to a worker: sealed to its one-time key, under a grant, after the audit has it.

The order of checks, cheap and harmless ones first: who signed, the clock, whether the request was seen before, the
grant and the job token in it, the account, the record, how often, and how many uses are left. Whatever fails, the
caller hears `denied`; the reason stands in the audit only. The decision and its audit row are one transaction. The
key is opened after that, so there is no delivery without a row; a row without a delivery, because the process died
or the answer was lost, is possible and harmless: the worker asks anew with another request.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.domain.grants import Denial, Holding, denial, skewed, standing
from services.keyvault.domain.limits import ALL_DELIVERIES, DELIVERIES, DENIALS, Exceeded
from services.keyvault.domain.records import KIND_OF, Record, UserKey
from services.keyvault.handlers import ports
from services.keyvault.handlers.audit import Audit
from services.keyvault.handlers.decisions import UNSIGNED
from services.keyvault.handlers.limits import LimitRows, Limits, LimitUnit, refusal
from shared.bus.context import Caller
from shared.clock import Clock
from shared.contracts.grants import Grant, JobToken
from shared.contracts.refusals import AccessRefusedError, KeyUnavailableError, RecordCorruptError, VaultDeniedError
from shared.contracts.vault import PLATFORM_ACCOUNT, DeliverKey, KeyDelivered, Provider
from shared.errors import InvalidInputError, StudiomaticError
from shared.grants import StatementInvalidError, check
from shared.signing import Verifier

PLATFORM_PROVIDERS = (Provider.MINIMAX, Provider.ZAI)
"""Whose keys the operator may provide for all; the privacy policy names no other receiver."""

Seal = Callable[..., str]
"""See ``services.keyvault.crypto.delivery.sealed_to``."""


REQUESTS_KEPT_FOR = timedelta(minutes=10)
"""Far longer than a request or a ticket is accepted, so that one that is forgotten is too old anyway."""

COUNTS_KEPT_FOR = timedelta(hours=1)
USED_RESOLUTION = timedelta(minutes=1)


class GrantUses(Protocol):
    """How often each grant was used."""

    def use(self, grant_id: str, *, most: int, expires_at: datetime) -> bool: ...
    def give_back(self, grant_id: str) -> None: ...
    def purge(self) -> int: ...


class Replays(ports.Replays, Protocol):
    """Ids of what is good once."""

    def purge(self, older_than: timedelta) -> int: ...


class Counts(LimitRows, Protocol):
    """Counters of limits."""

    def purge(self, older_than: timedelta) -> int: ...


class Holdings(Protocol):
    """How accounts stand, and their keys."""

    def look(self, account_id: str, session_id: str, provider: str, record_id: str | None) -> Holding: ...


class Unit(ports.Unit, LimitUnit, Protocol):
    """What a delivery needs of a transaction."""

    @property
    def holdings(self) -> Holdings: ...

    @property
    def grant_uses(self) -> GrantUses: ...
    @property
    def replays(self) -> Replays: ...
    @property
    def limits(self) -> Counts: ...


class Store(Protocol):
    """Keyvault's state."""

    def transaction(self) -> AbstractContextManager[Unit]: ...


class _RefusedError(Exception):
    """Carries a reason from a check to the audit, and no further.

    Args:
        over: The limit that is used up, if that is the reason.
    """

    def __init__(self, reason: str, over: Exceeded | None = None) -> None:
        super().__init__()
        self.reason = reason
        self.over = over


@dataclass
class _Case:
    """A request, and what the checks have found out so far."""

    query: DeliverKey
    caller: Caller
    grant: Grant | None = None
    job: JobToken | None = None
    record: Record | None = None
    subject: str | None = None

    @property
    def actor(self) -> str:
        return self.caller.signer or UNSIGNED


@dataclass(frozen=True, kw_only=True)
class _Approved:
    """What may be opened."""

    grant: Grant
    job: JobToken
    record: Record
    key: UserKey


class Deliveries:
    """Gives keys to workers."""

    def __init__(
        self,
        store: Store,
        audit: Audit,
        limits: Limits,
        user_keys: ports.UserKeys,
        seal: Seal,
        pins: Verifier,
        clock: Clock,
    ) -> None:
        self._store = store
        self._audit = audit
        self._limits = limits
        self._user_keys = user_keys
        self._seal = seal
        self._pins = pins
        self._clock = clock

    def deliver(self, query: DeliverKey, caller: Caller) -> KeyDelivered:
        """Deliver the key that a grant allows, sealed to the one-time key of this request.

        Raises:
            VaultDeniedError: Whatever does not fit; also when the audit cannot be written.
            RateLimitedError: Too many in a short time.
            RecordCorruptError: The record does not open; it is set aside.
            KeyUnavailableError: The keyring has not the version that sealed it.
            InvalidInputError: The one-time key is none.
        """
        approved = self._decided(query, caller)
        try:
            sealed = self._sealed(query, approved)
        except (RecordCorruptError, KeyUnavailableError, InvalidInputError) as error:
            self._take_back(approved, caller, error)
            raise
        return KeyDelivered(request_id=query.request_id, record_id=approved.record.record_id, sealed_secret=sealed)

    def forget_old(self) -> int:
        """Delete requests, uses and counts that decide nothing any more; returns how many there were."""
        with self._store.transaction() as unit:
            return (
                unit.replays.purge(REQUESTS_KEPT_FOR)
                + unit.grant_uses.purge()
                + unit.limits.purge(COUNTS_KEPT_FOR)
            )

    def _decided(self, query: DeliverKey, caller: Caller) -> _Approved:
        """Decide and write the audit, in one transaction that commits either way."""
        case = _Case(query, caller)
        with self._store.transaction() as unit:
            try:
                approved = self._checked(unit, case)
            except _RefusedError as refused:
                error = self._refused(unit, case, refused)
            else:
                self._touch(unit, approved.record)
                self._write(unit, case, AuditOutcome.ALLOWED)
                return approved
        raise error

    def _checked(self, unit: Unit, case: _Case) -> _Approved:
        self._check_request(unit, case)
        grant, job = self._genuine(case)
        record, key = self._found(self._looked_up(unit, case, job), case)
        self._check_limits(unit, case)
        if not unit.grant_uses.use(grant.grant_id, most=grant.max_uses, expires_at=grant.expires_at):
            raise _RefusedError(Denial.USED_UP)
        return _Approved(grant=grant, job=job, record=record, key=key)

    def _check_request(self, unit: Unit, case: _Case) -> None:
        if case.caller.signer is None:
            raise _RefusedError(Denial.UNSIGNED)
        if skewed(case.query.requested_at, unit.now):
            raise _RefusedError(Denial.SKEW)
        if not unit.replays.first_seen(case.query.request_id):
            raise _RefusedError(Denial.REPLAY)

    def _genuine(self, case: _Case) -> tuple[Grant, JobToken]:
        """The grant and its job token, both genuine, in time, and for this request."""
        try:
            grant = check(case.query.grant, Grant, self._pins, self._clock)
        except StatementInvalidError as error:
            raise _RefusedError(f"{Denial.GRANT}_{error.reason}") from None
        case.grant = grant
        try:
            job = check(grant.job_token, JobToken, self._pins, self._clock)
        except StatementInvalidError as error:
            raise _RefusedError(f"{Denial.JOB_TOKEN}_{error.reason}") from None
        case.job = job
        refused = denial(
            grant,
            job,
            actor=case.actor,
            account_id=case.caller.account_id,
            job_id=case.caller.envelope.jobid,
            provider=case.query.provider,
        )
        if refused is not None:
            raise _RefusedError(refused)
        return grant, job

    def _looked_up(self, unit: Unit, case: _Case, job: JobToken) -> Holding:
        """The key that was named; else the account's newest; else the operator's, where one is allowed."""
        account_id, query = case.caller.account_id, case.query
        own = unit.holdings.look(account_id, job.session_id, query.provider, query.record_id)
        case.subject = own.subject
        refused = standing(own)
        if refused is not None:
            raise _RefusedError(refused)
        if own.record is None and query.record_id is None and query.provider in PLATFORM_PROVIDERS:
            return unit.holdings.look(PLATFORM_ACCOUNT, job.session_id, query.provider, None)
        return own

    def _found(self, holding: Holding, case: _Case) -> tuple[Record, UserKey]:
        record = holding.record
        if record is None or record.provider != case.query.provider:
            raise _RefusedError(Denial.NO_RECORD)
        case.record = record
        if record.quarantined:
            raise _RefusedError(Denial.QUARANTINED)
        if holding.key is None:
            raise _RefusedError(Denial.NO_KEY)
        return record, holding.key

    def _check_limits(self, unit: Unit, case: _Case) -> None:
        account_id, provider = case.caller.account_id, case.query.provider
        buckets = {DELIVERIES.bucket(account_id, provider): DELIVERIES, ALL_DELIVERIES.bucket(): ALL_DELIVERIES}
        over = self._limits.count_all(unit, buckets)
        if over is not None:
            raise _RefusedError(over.limit.name, over)

    def _refused(self, unit: Unit, case: _Case, refused: _RefusedError) -> AccessRefusedError:
        """Write down why, unless that would only repeat what is written already."""
        if refused.over is not None:
            if refused.over.first:
                self._write(unit, case, AuditOutcome.LIMITED, refused.reason)
            return refusal(refused.over)
        over = self._limits.count(unit, DENIALS, case.actor)
        if over is None:
            self._write(unit, case, AuditOutcome.DENIED, refused.reason)
        elif over.first:
            self._write(unit, case, AuditOutcome.LIMITED, over.limit.name)
        return VaultDeniedError()

    def _touch(self, unit: Unit, record: Record) -> None:
        """Remember when it was used, to the minute: a write for each delivery would be too dear."""
        if record.last_used_at is None or unit.now - record.last_used_at >= USED_RESOLUTION:
            unit.records.touch(record.record_id, unit.now)

    def _sealed(self, query: DeliverKey, approved: _Approved) -> str:
        record = approved.record
        secret = self._user_keys.open(approved.key, KIND_OF[record.purpose], record.binding, record.sealed)
        try:
            return self._seal(
                query.reply_key, secret, request=query.model_dump_json().encode(), record_id=record.record_id
            )
        finally:
            secret[:] = bytes(len(secret))

    def _take_back(self, approved: _Approved, caller: Caller, error: StudiomaticError) -> None:
        """It was allowed but could not be done: the use does not count, and a damaged record is set aside."""
        record = approved.record
        with self._store.transaction() as unit:
            unit.grant_uses.give_back(approved.grant.grant_id)
            if isinstance(error, RecordCorruptError):
                unit.records.quarantine(record.record_id, record.sealed)
            self._audit.record(
                unit,
                actor=caller.signer or UNSIGNED,
                action=Action.DELIVER_KEY,
                account_id=caller.account_id,
                record_id=record.record_id,
                job_id=approved.job.job_id,
                grant_id=approved.grant.grant_id,
                outcome=AuditOutcome.FAILED,
                reason=error.code,
            )

    def _write(self, unit: Unit, case: _Case, outcome: AuditOutcome, reason: str = "") -> None:
        self._audit.record(
            unit,
            actor=case.actor,
            action=Action.DELIVER_KEY,
            account_id=case.caller.account_id,
            record_id=case.record.record_id if case.record else "",
            job_id=case.job.job_id if case.job else "",
            grant_id=case.grant.grant_id if case.grant else "",
            outcome=outcome,
            reason=reason,
            subject=case.subject,
        )
