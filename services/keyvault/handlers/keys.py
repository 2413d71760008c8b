"""Provider keys of people and of the platform: put, replace, remove, list, test. Nobody reads one back."""

from __future__ import annotations

from services.keyvault.crypto.wiping import wiped
from services.keyvault.domain.audit import Action
from services.keyvault.domain.provider_keys import last4, require_usable
from services.keyvault.domain.records import Binding, Record, RecordPurpose
from services.keyvault.handlers.admission import EDGE, GDPR, Admission
from services.keyvault.handlers.decisions import Decided, Decisions, RefusedError
from services.keyvault.handlers.ports import KeyProbe, Limits, Store, Unit
from services.keyvault.handlers.strongbox import Strongbox
from shared.bus.context import Caller
from shared.contracts.vault import (
    PLATFORM_ACCOUNT,
    RECORDS_MAX,
    ExportKeyMetadata,
    KeyList,
    KeyRemoved,
    KeyStatus,
    KeySummary,
    KeyView,
    ListKeys,
    Provider,
    PutKey,
    RemoveKey,
    ReplaceKey,
    TestKey,
)
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.sealing import SealInvalidError, secret_info
from shared.signing import Signer

_PURPOSE = RecordPurpose.PROVIDER_KEY


class Keys:
    """What people do with their provider keys.

    Args:
        signer: Opens what was sealed to keyvault.
    """

    def __init__(
        self,
        store: Store,
        decisions: Decisions,
        admission: Admission,
        limits: Limits,
        strongbox: Strongbox,
        signer: Signer,
        probe: KeyProbe,
    ) -> None:
        self._store = store
        self._decisions = decisions
        self._admission = admission
        self._limits = limits
        self._strongbox = strongbox
        self._signer = signer
        self._probe = probe

    def put(self, query: PutKey, caller: Caller) -> KeyView:
        """Keep a provider key.

        Raises:
            ConflictError: The account has as many as it may have.
            InvalidInputError: It is not sealed for this account and provider, or is no key.
            VaultDeniedError, RateLimitedError.
        """
        self._count(caller, Action.PUT_KEY)
        return self._decisions.make(caller, Action.PUT_KEY, lambda unit: self._put(unit, query, caller))

    def replace(self, query: ReplaceKey, caller: Caller) -> KeyView:
        """Put another secret in the place of one, under the same id.

        Raises:
            NotFoundError: The account has no such key.
            InvalidInputError, VaultDeniedError, RateLimitedError: As for `put`.
        """
        self._count(caller, Action.REPLACE_KEY)
        return self._decisions.make(caller, Action.REPLACE_KEY, lambda unit: self._replace(unit, query, caller))

    def remove(self, query: RemoveKey, caller: Caller) -> KeyRemoved:
        """Forget a key; forgetting one that is gone changes nothing."""
        self._count(caller, Action.REMOVE_KEY)
        return self._decisions.make(caller, Action.REMOVE_KEY, lambda unit: self._remove(unit, query, caller))

    def list(self, query: ListKeys, caller: Caller) -> KeyList:
        """Which keys the account has; those of the platform are shown to administrators only.

        Raises:
            VaultDeniedError, RateLimitedError.
        """
        if caller.signer == EDGE:
            self._limits.require_read(caller.account_id, actor=EDGE, action=Action.LIST_KEYS)
        return self._decisions.make(caller, Action.LIST_KEYS, lambda unit: self._list(unit, query, caller))

    def export(self, _query: ExportKeyMetadata, caller: Caller) -> KeyList:
        """What an access request shows of the account's keys (GDPR Art. 15); for gdpr."""
        return self._decisions.make(caller, Action.EXPORT_KEY_METADATA, lambda unit: self._export(unit, caller))

    def test(self, query: TestKey, caller: Caller) -> KeyView:
        """Ask the provider whether it accepts a key; nothing waits for the provider inside a transaction.

        Raises:
            NotFoundError: The account has no such key.
            VaultDeniedError, RateLimitedError.
        """
        self._count(caller, Action.TEST_KEY)
        view = self._decisions.make(caller, Action.TEST_KEY, lambda unit: self._tested(unit, query, caller))
        key = view.key
        if key.status is KeyStatus.UNREADABLE:
            return view
        status = self._probe.probe(caller.account_id, key.record_id, key.provider)
        if status is KeyStatus.NOT_CHECKED:
            return view
        return self._marked(caller.account_id, key, status)

    def _put(self, unit: Unit, query: PutKey, caller: Caller) -> Decided[KeyView]:
        self._admit(unit, caller, query.ticket)
        if unit.records.count(caller.account_id, _PURPOSE) >= RECORDS_MAX:
            raise ConflictError(f"an account has at most {RECORDS_MAX} keys; remove one first")
        binding = Binding(
            account_id=caller.account_id, record_id=new_id(), provider=query.provider, purpose=_PURPOSE
        )
        sealed, version, shown = self._sealed(unit, binding, query.sealed_secret)
        record = Record(
            record_id=binding.record_id,
            account_id=caller.account_id,
            provider=query.provider,
            purpose=_PURPOSE,
            label=query.label,
            last4=shown,
            user_key_version=version,
            sealed=sealed,
            status=KeyStatus.NOT_CHECKED,
            quarantined=False,
            last_step=None,
            created_at=unit.now,
            replaced_at=None,
            last_used_at=None,
            expires_at=None,
        )
        unit.records.add(record)
        return Decided(reply=KeyView(key=_summary(record)), record_id=record.record_id)

    def _replace(self, unit: Unit, query: ReplaceKey, caller: Caller) -> Decided[KeyView]:
        self._admit(unit, caller, query.ticket)
        record = _existing(unit, caller.account_id, query.record_id)
        sealed, version, shown = self._sealed(unit, record.binding, query.sealed_secret)
        unit.records.update(
            record.record_id,
            sealed=sealed,
            user_key_version=version,
            last4=shown,
            status=KeyStatus.NOT_CHECKED,
            quarantined=False,
            replaced_at=unit.now,
            last_used_at=None,
        )
        replaced = _existing(unit, caller.account_id, query.record_id)
        return Decided(reply=KeyView(key=_summary(replaced)), record_id=record.record_id)

    def _remove(self, unit: Unit, query: RemoveKey, caller: Caller) -> Decided[KeyRemoved]:
        self._admission.require_owner(unit, caller, query.ticket, once=True)
        unit.accounts.lock(caller.account_id)
        removed = unit.records.remove(caller.account_id, query.record_id, _PURPOSE)
        return Decided(
            reply=KeyRemoved(record_id=query.record_id),
            record_id=query.record_id if removed else "",
            reason="" if removed else "no_record",
        )

    def _list(self, unit: Unit, query: ListKeys, caller: Caller) -> Decided[KeyList]:
        self._admission.require_signer(caller, EDGE)
        if caller.account_id == PLATFORM_ACCOUNT:
            self._admission.require_administrator(unit, caller, query.ticket, once=False)
        return Decided(reply=_listed(unit, caller.account_id))

    def _export(self, unit: Unit, caller: Caller) -> Decided[KeyList]:
        self._admission.require_signer(caller, GDPR)
        return Decided(reply=_listed(unit, caller.account_id))

    def _tested(self, unit: Unit, query: TestKey, caller: Caller) -> Decided[KeyView]:
        self._admission.require_owner(unit, caller, query.ticket, once=False)
        self._admission.require_open(unit, caller.account_id)
        record = _existing(unit, caller.account_id, query.record_id)
        return Decided(reply=KeyView(key=_summary(record)), record_id=record.record_id)

    def _marked(self, account_id: str, key: KeySummary, status: KeyStatus) -> KeyView:
        """Note what the provider says, if it still is the key that was asked about."""
        with self._store.transaction() as unit:
            record = _existing(unit, account_id, key.record_id)
            if record.replaced_at == key.replaced_at:
                unit.records.mark(record, status)
            return KeyView(key=_summary(_existing(unit, account_id, key.record_id)))

    def _admit(self, unit: Unit, caller: Caller, ticket: str) -> None:
        """Let one change of one account through at a time."""
        self._admission.require_owner(unit, caller, ticket, once=True)
        unit.accounts.lock(caller.account_id)
        self._admission.require_open(unit, caller.account_id)

    def _sealed(self, unit: Unit, binding: Binding, box: str) -> tuple[bytes, int, str]:
        """The sealed record, the version of its user key, and what is shown of the key."""
        try:
            opened = self._signer.open(box, info=secret_info(binding.account_id, binding.provider))
        except SealInvalidError:
            raise RefusedError(
                "seal", InvalidInputError("the key was sealed for another vault, account or provider")
            ) from None
        with wiped(opened) as secret:
            require_usable(secret)
            return *self._strongbox.seal(unit, binding, secret), last4(secret)

    def _count(self, caller: Caller, action: Action) -> None:
        """Only what the edge asks counts: nobody else can use up an account's changes."""
        if caller.signer == EDGE:
            self._limits.require_write(caller.account_id, actor=EDGE, action=action)


def _existing(unit: Unit, account_id: str, record_id: str) -> Record:
    record = unit.records.get(account_id, record_id, _PURPOSE)
    if record is None:
        raise RefusedError("no_record", NotFoundError("the account has no such key"))
    return record


def _listed(unit: Unit, account_id: str) -> KeyList:
    return KeyList(keys=tuple(map(_summary, unit.records.of_account(account_id, _PURPOSE))))


def _summary(record: Record) -> KeySummary:
    return KeySummary(
        record_id=record.record_id,
        provider=Provider(record.provider),
        label=record.label,
        last4=record.last4,
        created_at=record.created_at,
        replaced_at=record.replaced_at,
        last_used_at=record.last_used_at,
        status=record.status,
    )
