"""Second-factor seeds: made, confirmed, checked and forgotten here, for auth, which never sees one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

from services.keyvault.crypto.wiping import wiped
from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.domain.codes import PENDING_FOR, SEED_BYTES, acceptable_steps, is_code
from services.keyvault.domain.records import NO_PROVIDER, Binding, Record, RecordPurpose
from services.keyvault.handlers.admission import AUTH, Admission
from services.keyvault.handlers.decisions import Decided, Decisions
from services.keyvault.handlers.ports import Limits, Unit
from services.keyvault.handlers.strongbox import Strongbox
from shared.bus.context import Caller
from shared.contracts.vault import (
    CheckTotp,
    ConfirmTotp,
    KeyStatus,
    NewTotp,
    RemoveTotp,
    TotpChecked,
    TotpMade,
    TotpRemoved,
)
from shared.ids import new_id
from shared.sealing import seal, totp_info

FittingStep = Callable[[bytearray, str, tuple[int, ...]], int | None]
"""The newest of some time steps at which a seed gives a code; see ``services.keyvault.crypto.codes``."""


class Totp:
    """What auth asks about time-based codes (RFC 6238)."""

    def __init__(
        self,
        decisions: Decisions,
        admission: Admission,
        limits: Limits,
        strongbox: Strongbox,
        fitting_step: FittingStep,
    ) -> None:
        self._decisions = decisions
        self._admission = admission
        self._limits = limits
        self._strongbox = strongbox
        self._fitting_step = fitting_step

    def make(self, query: NewTotp, caller: Caller) -> TotpMade:
        """Make a seed and seal it to a one-time key; an earlier pending one is forgotten.

        Raises:
            InvalidInputError: The one-time key is none.
            VaultDeniedError: Somebody else than auth asks, or the account was shredded.
            RateLimitedError: Too many in a short time; each would be a row of the audit, which is for ever.
        """
        if caller.signer == AUTH:
            self._limits.require_write(caller.account_id, actor=AUTH, action=Action.NEW_TOTP)
        return self._decisions.make(caller, Action.NEW_TOTP, lambda unit: self._make(unit, query, caller))

    def confirm(self, query: ConfirmTotp, caller: Caller) -> TotpChecked:
        """Make a seed the account's with its first code; an earlier seed is forgotten.

        Asked again about one that is confirmed already, because the answer was lost, it checks the code.
        """
        return self._decisions.make(caller, Action.CONFIRM_TOTP, lambda unit: self._confirm(unit, query, caller))

    def check(self, query: CheckTotp, caller: Caller) -> TotpChecked:
        """Whether a code is right now and was not used before; of two parallel calls with one code, one wins."""
        return self._decisions.make(caller, Action.CHECK_TOTP, lambda unit: self._check(unit, query, caller))

    def remove(self, _query: RemoveTotp, caller: Caller) -> TotpRemoved:
        """Forget the account's seeds; forgetting none changes nothing."""
        return self._decisions.make(caller, Action.REMOVE_TOTP, lambda unit: self._remove(unit, caller))

    def _make(self, unit: Unit, query: NewTotp, caller: Caller) -> Decided[TotpMade]:
        account_id = caller.account_id
        self._admit(unit, caller)
        unit.totp.remove(account_id, RecordPurpose.TOTP_PENDING)
        binding = Binding(
            account_id=account_id,
            record_id=new_id(),
            provider=NO_PROVIDER,
            purpose=RecordPurpose.TOTP_PENDING,
        )
        seed = os.urandom(SEED_BYTES)
        with wiped(seed) as buffer:
            box = seal(seed, query.reply_key, info=totp_info(account_id, binding.record_id))
            sealed, version = self._strongbox.seal(unit, binding, buffer)
        expires_at = unit.now + PENDING_FOR
        unit.records.add(
            Record(
                record_id=binding.record_id,
                account_id=account_id,
                provider=NO_PROVIDER,
                purpose=RecordPurpose.TOTP_PENDING,
                label="",
                last4="",
                user_key_version=version,
                sealed=sealed,
                status=KeyStatus.NOT_CHECKED,
                quarantined=False,
                last_step=None,
                created_at=unit.now,
                replaced_at=None,
                last_used_at=None,
                expires_at=expires_at,
            )
        )
        made = TotpMade(record_id=binding.record_id, sealed_seed=box, expires_at=expires_at)
        return Decided(reply=made, record_id=binding.record_id)

    def _confirm(self, unit: Unit, query: ConfirmTotp, caller: Caller) -> Decided[TotpChecked]:
        self._admit(unit, caller)
        pending = unit.totp.pending(caller.account_id, query.record_id)
        if pending is not None:
            return self._confirmed(unit, pending, query.code)
        confirmed = unit.totp.confirmed(caller.account_id)
        if confirmed is None or confirmed.record_id != query.record_id:
            return _wrong("no_record")
        return self._checked(unit, confirmed, query.code)

    def _confirmed(self, unit: Unit, pending: Record, code: str) -> Decided[TotpChecked]:
        """Seal the seed anew for its new purpose, so that nobody who writes to the table can confirm one."""
        with wiped(self._strongbox.open(unit, pending)) as seed:
            step = self._step(unit, seed, code)
            if step is None:
                return _wrong("code", pending)
            unit.totp.remove(pending.account_id, RecordPurpose.TOTP)
            binding = dataclasses.replace(pending.binding, purpose=RecordPurpose.TOTP)
            sealed, version = self._strongbox.seal(unit, binding, seed)
        unit.records.update(
            pending.record_id,
            purpose=RecordPurpose.TOTP,
            sealed=sealed,
            user_key_version=version,
            last_step=step,
            expires_at=None,
        )
        return Decided(reply=TotpChecked(valid=True), record_id=pending.record_id)

    def _check(self, unit: Unit, query: CheckTotp, caller: Caller) -> Decided[TotpChecked]:
        self._admission.require_signer(caller, AUTH)
        self._admission.require_not_shredded(unit, caller.account_id)
        record = unit.totp.confirmed(caller.account_id)
        return _wrong("no_record") if record is None else self._checked(unit, record, query.code)

    def _checked(self, unit: Unit, record: Record, code: str) -> Decided[TotpChecked]:
        with wiped(self._strongbox.open(unit, record)) as seed:
            step = self._step(unit, seed, code)
        if step is None:
            return _wrong("code", record)
        if not unit.totp.use_step(record.record_id, step):
            return _wrong("code_used", record)
        return Decided(reply=TotpChecked(valid=True), record_id=record.record_id)

    def _remove(self, unit: Unit, caller: Caller) -> Decided[TotpRemoved]:
        self._admission.require_signer(caller, AUTH)
        unit.accounts.lock(caller.account_id)
        for purpose in (RecordPurpose.TOTP, RecordPurpose.TOTP_PENDING):
            unit.totp.remove(caller.account_id, purpose)
        return Decided(reply=TotpRemoved())

    def _admit(self, unit: Unit, caller: Caller) -> None:
        self._admission.require_signer(caller, AUTH)
        unit.accounts.lock(caller.account_id)
        self._admission.require_not_shredded(unit, caller.account_id)

    def _step(self, unit: Unit, seed: bytearray, code: str) -> int | None:
        return self._fitting_step(seed, code, acceptable_steps(unit.now)) if is_code(code) else None


def _wrong(reason: str, record: Record | None = None) -> Decided[TotpChecked]:
    return Decided(
        reply=TotpChecked(valid=False),
        record_id="" if record is None else record.record_id,
        outcome=AuditOutcome.DENIED,
        reason=reason,
    )
