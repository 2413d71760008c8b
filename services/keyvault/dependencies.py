"""Wires keyvault: which store, which keyring, who answers what, and the loops of its own work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.keyvault.crypto.codes import fitting_step
from services.keyvault.crypto.delivery import sealed_to
from services.keyvault.crypto.keyring import Keyring
from services.keyvault.crypto.user_keys import KeyringUserKeys
from services.keyvault.handlers.accounts import Accounts
from services.keyvault.handlers.admission import Admission
from services.keyvault.handlers.audit import Audit
from services.keyvault.handlers.decisions import Decisions
from services.keyvault.handlers.delivery import Deliveries
from services.keyvault.handlers.keyring_check import KeyringCheck
from services.keyvault.handlers.keys import Keys
from services.keyvault.handlers.limits import Limits
from services.keyvault.handlers.ports import KeyProbe
from services.keyvault.handlers.refused_calls import RefusedCalls
from services.keyvault.handlers.rotation import Resealing, Rewrapping, Rotation
from services.keyvault.handlers.shredding import Shredding
from services.keyvault.handlers.strongbox import Strongbox
from services.keyvault.handlers.tidying import Tidying
from services.keyvault.handlers.totp import Totp
from services.keyvault.handlers.verification import Verification
from services.keyvault.keyring_source import configured_keyring
from services.keyvault.probing import NobodyProbes
from services.keyvault.store import SERVICE, KeyvaultStore
from services.keyvault.tables import INBOX, OUTBOX
from shared.bus.context import Caller
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.relay import Publish, Relay
from shared.clock import Clock, SystemClock
from shared.config import Settings
from shared.contracts import vault
from shared.contracts.message import Query, Reply
from shared.db import Database, open_service_database
from shared.loop import Loop
from shared.migrate import migrate
from shared.service_keys import ServiceKeys

FORGET_INTERVAL_S = 5.0
"""How much longer than promised an unwrapped user key may be remembered."""
REWRAP_INTERVAL_S = 10.0
"""A rotation that another process was told of waits this long at most; one of this process is nudged."""
SIGN_INTERVAL_S = 30.0
TIDY_INTERVAL_S = 60.0

__all__ = ["SERVICE", "Keyvault", "VaultDesk"]


class VaultDesk:
    """The use cases, in any process that can reach the database and the keyring.

    Raises:
        ConfigurationError: The keyring lacks a version that is needed, or is another one than before.
    """

    def __init__(
        self,
        database: Database,
        keyring: Callable[[KeyvaultStore], Keyring],
        keys: ServiceKeys,
        clock: Clock,
        probe: KeyProbe,
    ) -> None:
        self.store = store = KeyvaultStore(database, clock)
        used = keyring(store)
        check = KeyringCheck(store, used)
        check.require_fitting()
        signer = keys.signer(SERVICE)
        self.user_keys = KeyringUserKeys(used, clock)
        self.audit = Audit(store, signer, keys.pins)
        limits = Limits(store, self.audit)
        self.refused_calls = RefusedCalls(store, self.audit, limits)
        decisions = Decisions(store, self.audit, limits)
        admission = Admission(keys.pins, clock)
        strongbox = Strongbox(self.user_keys)
        shredding = Shredding(decisions, admission, self.user_keys)
        self.rewrapping = Rewrapping(store, self.audit, self.user_keys)
        self.resealing = Resealing(store, self.user_keys, strongbox)
        self.accounts = Accounts(store, self.audit, shredding, self.user_keys)
        own_keys = Keys(store, decisions, admission, limits, strongbox, signer, probe)
        totp = Totp(decisions, admission, limits, strongbox, fitting_step)
        rotation = Rotation(decisions, admission, used, check, strongbox)
        self.deliveries = Deliveries(store, self.audit, limits, self.user_keys, sealed_to, keys.pins, clock)
        self._answers: Mapping[type[Query], Callable[[Any, Caller], Reply]] = {
            vault.PutKey: own_keys.put,
            vault.ReplaceKey: own_keys.replace,
            vault.RemoveKey: own_keys.remove,
            vault.ListKeys: own_keys.list,
            vault.TestKey: own_keys.test,
            vault.ExportKeyMetadata: own_keys.export,
            vault.DeliverKey: self.deliveries.deliver,
            vault.NewTotp: totp.make,
            vault.ConfirmTotp: totp.confirm,
            vault.CheckTotp: totp.check,
            vault.RemoveTotp: totp.remove,
            vault.RotateKeyring: rotation.rotate,
            vault.GetRewrapStatus: rotation.status,
            vault.VerifyAudit: Verification(decisions, admission, self.audit.verify).verify,
            vault.ShredUser: shredding.shred,
        }

    def answer(self, query: Query, caller: Caller) -> Reply:
        """Answer a call."""
        return self._answers[type(query)](query, caller)

    def work_off(self) -> None:
        """Rewrap and seal anew whatever waits for it; in a service loops do it."""
        while self.rewrapping.rewrap_some() or self.resealing.reseal_some():
            pass


class Keyvault:
    """The service: the use cases, and loops for its own work."""

    def __init__(self, settings: Settings, *, publish: Publish, epoch: str, keys: ServiceKeys) -> None:
        self._database = open_service_database(settings, SERVICE)
        migrate(self._database, SERVICE)
        clock = SystemClock()
        desk = VaultDesk(
            self._database, lambda store: configured_keyring(settings, store), keys, clock, NobodyProbes()
        )
        self.accounts = desk.accounts
        self.call_refused = desk.refused_calls.record
        self._desk = desk
        self._user_keys = desk.user_keys
        self._rewrapping = Loop("rewrap", desk.rewrapping.rewrap_some, interval_s=REWRAP_INTERVAL_S)
        self._resealing = Loop("reseal", desk.resealing.reseal_some, interval_s=REWRAP_INTERVAL_S)
        self._loops = (
            self._rewrapping,
            self._resealing,
            Loop("forget-keys", self._forget_keys, interval_s=FORGET_INTERVAL_S),
            Loop("sign-audit", desk.audit.sign_if_due, interval_s=SIGN_INTERVAL_S),
            Loop("tidy", Tidying(desk.store).tidy, interval_s=TIDY_INTERVAL_S),
            Loop("forget-requests", desk.deliveries.forget_old, interval_s=TIDY_INTERVAL_S),
        )
        self.relay = Relay(self._database, Outbox(OUTBOX), publish, epoch, Inbox(INBOX))

    def start(self) -> None:
        """Go on with what was under way."""
        for part in (self.relay, *self._loops):
            part.start()

    def stop(self) -> None:
        """End the loops and forget every key; what is stored goes on with the next start."""
        for loop in self._loops:
            loop.stop()
        self.relay.stop()
        self._user_keys.forget_all()
        self._database.close()

    def answer(self, query: Query, caller: Caller) -> Reply:
        """Answer a call."""
        reply = self._desk.answer(query, caller)
        if isinstance(query, vault.RotateKeyring):
            self._rewrapping.nudge()
            self._resealing.nudge()
        return reply

    def _forget_keys(self) -> int:
        self._user_keys.forget_old()
        return 0
