"""Wires auth: which store, which hashes, who answers what, and the loops of its own work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from services.auth.breaches import NoBreaches, SortedBreaches
from services.auth.handlers.address_change import AddressChange
from services.auth.handlers.administration import Administration
from services.auth.handlers.age_gate import AgeGate
from services.auth.handlers.confirmation import Confirmation
from services.auth.handlers.deletion import Deletion
from services.auth.handlers.factor_changes import FactorChanges
from services.auth.handlers.factor_removal import FactorRemoval
from services.auth.handlers.first_administrator import FirstAdministrator
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.login import Login
from services.auth.handlers.mail_delivery import MailDelivery
from services.auth.handlers.own_password import OwnPassword
from services.auth.handlers.own_sessions import OwnSessions
from services.auth.handlers.password_checks import Hasher, PasswordChecks, PasswordHashing
from services.auth.handlers.passwords import Passwords
from services.auth.handlers.pepper_check import require_right_peppers
from services.auth.handlers.policies import PolicyDesk, PolicyNotices
from services.auth.handlers.profile import Accounts, ProfileDesk
from services.auth.handlers.purging import Purging
from services.auth.handlers.reauthentication import Reauthentication
from services.auth.handlers.recovery import Recovery
from services.auth.handlers.registration import Registration
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import SecurityEvents, SecurityEventsOfAPerson
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.suspicions import Suspicions
from services.auth.handlers.sweeping import Sweeping
from services.auth.handlers.throttling import Throttling
from services.auth.handlers.tickets import Tickets
from services.auth.handlers.totp import Totp
from services.auth.handlers.usage import Usage
from services.auth.handlers.webauthn import Webauthn
from services.auth.hashing import AT_A_TIME, Argon2Hasher
from services.auth.mail.configured import open_way_out
from services.auth.mail.writing import LetterWriter
from services.auth.peppers import read_peppers
from services.auth.store import SERVICE, AuthStore
from services.auth.strength import Zxcvbn
from services.auth.tables import INBOX, MAILS, OUTBOX
from services.auth.vault import Ask, Keyvault
from services.auth.webauthn import WebauthnPasskeys
from shared.bus.inbox import Inbox
from shared.bus.offloading import offload
from shared.bus.outbox import Outbox
from shared.bus.relay import Publish, Relay
from shared.clock import Clock, SystemClock
from shared.config import PREFIX, Settings
from shared.contracts import accounts, factors, sessions
from shared.contracts.message import Query, Reply
from shared.db import Database, open_service_database
from shared.loop import Loop
from shared.migrate import migrate
from shared.signing import Signer

_FIRST_ADMINISTRATOR = """
There is no administrator yet. Whoever has an account with a confirmed address can become the first one,
within a day, with `studio account administrator` and this token, which is shown only here and now:

    {token}

"""

MAIL_INTERVAL_S = 5.0
"""How late a mail is tried again; a new one is sent at once."""

LOOK_INTERVAL_S = 60.0
"""How late somebody may learn of many failed logins, and how much longer than promised something is kept."""

Answers = Mapping[type[Query], Callable[[Any], Reply]]

_log = structlog.get_logger(__name__)

__all__ = ["SERVICE", "Auth", "AuthDesk"]


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What several use cases need."""

    store: AuthStore
    clock: Clock
    checks: PasswordChecks
    hashing: PasswordHashing
    throttling: Throttling
    second_factors: SecondFactors
    passkeys: WebauthnPasskeys
    vault: Keyvault
    signer: Signer
    identity: Identity
    sessions: Sessions
    events: SecurityEvents
    letters: Letters
    links: Links


class AuthDesk:
    """The use cases, in any process that can reach the database.

    Args:
        signer: Auth's own, for tickets and job tokens.
        ask: Asks keyvault about second factors.
        hasher: How passwords are hashed; with the recommended cost by default.

    Raises:
        ConfigurationError: The pepper is not the one that was used before, or a file cannot be used.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        signer: Signer,
        ask: Ask,
        clock: Clock,
        hasher: Hasher | None = None,
    ) -> None:
        self.store = store = AuthStore(database, clock)
        peppers = read_peppers(settings.pepper_file)
        require_right_peppers(store, peppers)
        events, letters, links = SecurityEvents(), Letters(), Links()
        throttling = Throttling(peppers.derived("throttling"))
        vault, passkeys = Keyvault(ask), WebauthnPasskeys(settings.public_url)
        self._parts = parts = _Parts(
            store=store,
            clock=clock,
            checks=PasswordChecks(Zxcvbn(), _breaches(settings)),
            hashing=PasswordHashing(hasher or Argon2Hasher(), peppers, offload=offload, at_a_time=AT_A_TIME),
            throttling=throttling,
            second_factors=SecondFactors(
                store, vault, passkeys, throttling=throttling, events=events, letters=letters, links=links
            ),
            passkeys=passkeys,
            vault=vault,
            signer=signer,
            identity=Identity(),
            sessions=Sessions(),
            events=events,
            letters=letters,
            links=links,
        )
        self.suspicions = Suspicions(store, letters)
        self.usage = Usage(store, parts.identity)
        self.sweeping = Sweeping(store)
        self.purging = Purging(store, clock)
        self.policy_notices = PolicyNotices(store, letters)
        self.first_administrator = FirstAdministrator(store, throttling, events)
        self.mail_delivery = MailDelivery(store, links, LetterWriter(settings.public_url), open_way_out(settings))
        changes = FactorChanges(parts.second_factors, sessions=parts.sessions, events=events, letters=letters)
        self.factor_removal = FactorRemoval(
            store,
            vault,
            parts.second_factors,
            sessions=parts.sessions,
            events=events,
            letters=letters,
            links=links,
        )
        self._answers: Answers = {
            **self._of_accounts(parts),
            **self._of_sessions(parts),
            **self._of_factors(parts, changes),
        }

    def answer(self, query: Query) -> Reply:
        """Answer a call."""
        return self._answers[type(query)](query)

    def _of_accounts(self, parts: _Parts) -> Answers:
        store, identity, events, letters = parts.store, parts.identity, parts.events, parts.letters
        registration = Registration(
            store, AgeGate(parts.clock), parts.throttling, parts.checks, parts.hashing, events, letters
        )
        confirmation = Confirmation(store, parts.links, letters, events, parts.throttling)
        moving = AddressChange(store, identity, parts.links, letters, parts.sessions, events, parts.throttling)
        shown = Accounts(parts.second_factors)
        profile = ProfileDesk(store, identity, shown)
        policies = PolicyDesk(store, identity, shown)
        deletion = Deletion(store, identity, parts.sessions, events, letters)
        administration = Administration(store, identity, parts.sessions, events, letters)
        return {
            accounts.RegisterAccount: registration.register,
            accounts.ConfirmAddress: confirmation.confirm,
            accounts.ResendConfirmation: confirmation.resend,
            accounts.ChangeAddress: moving.change,
            accounts.RevertAddressChange: moving.revert,
            accounts.GetAccount: profile.get,
            accounts.UpdateProfile: profile.update,
            accounts.PublishPolicy: policies.publish,
            accounts.GetPolicy: policies.get,
            accounts.AcceptPolicy: policies.accept,
            accounts.RequestDeletion: deletion.request,
            accounts.CancelDeletion: deletion.cancel,
            accounts.MakeFirstAdministrator: self.first_administrator.make,
            accounts.DisableAccount: administration.disable,
            accounts.EnableAccount: administration.enable,
            accounts.RecordUsage: self.usage.record,
        }

    def _of_sessions(self, parts: _Parts) -> Answers:
        own_password = OwnPassword(
            parts.store, parts.identity, parts.hashing, throttling=parts.throttling, events=parts.events
        )
        login = Login(
            parts.store,
            parts.sessions,
            parts.second_factors,
            checks=parts.checks,
            hashing=parts.hashing,
            throttling=parts.throttling,
            events=parts.events,
            suspicions=self.suspicions,
            links=parts.links,
        )
        reauthentication = Reauthentication(
            parts.store, own_password, parts.second_factors, sessions=parts.sessions, events=parts.events
        )
        own_sessions = OwnSessions(parts.store, parts.identity, parts.sessions, parts.events)
        passwords = Passwords(
            parts.store,
            own_password,
            parts.sessions,
            checks=parts.checks,
            hashing=parts.hashing,
            throttling=parts.throttling,
            events=parts.events,
            letters=parts.letters,
            links=parts.links,
        )
        return {
            sessions.LogIn: login.log_in,
            sessions.PassChallenge: login.pass_challenge,
            sessions.Reauthenticate: reauthentication.reauthenticate,
            sessions.CheckSession: own_sessions.check,
            sessions.LogOut: own_sessions.log_out,
            sessions.ListSessions: own_sessions.list,
            sessions.RevokeSession: own_sessions.revoke,
            sessions.RevokeAllSessions: own_sessions.revoke_all,
            sessions.ChangePassword: passwords.change,
            sessions.RequestPasswordReset: passwords.request_reset,
            sessions.ResetPassword: passwords.reset,
            sessions.JudgePassword: parts.checks.judge,
            sessions.ListSecurityEvents: SecurityEventsOfAPerson(parts.store, parts.identity).newest,
        }

    def _of_factors(self, parts: _Parts, changes: FactorChanges) -> Answers:
        store, identity, second_factors = parts.store, parts.identity, parts.second_factors
        totp = Totp(store, identity, parts.vault, changes, parts.throttling)
        webauthn = Webauthn(store, identity, parts.passkeys, second_factors, changes)
        recovery = Recovery(store, identity, second_factors, changes, events=parts.events, letters=parts.letters)
        tickets = Tickets(store, identity, parts.signer, parts.events)
        return {
            factors.BeginTotp: totp.begin,
            factors.EnableTotp: totp.enable,
            factors.DisableTotp: totp.disable,
            factors.RegenerateRecoveryCodes: recovery.regenerate,
            factors.BeginWebauthn: webauthn.begin,
            factors.EnableWebauthn: webauthn.enable,
            factors.ListFactors: recovery.list,
            factors.RemoveWebauthn: webauthn.remove,
            factors.BeginWebauthnAssertion: webauthn.begin_assertion,
            factors.RequestFactorRemoval: self.factor_removal.request,
            factors.CancelFactorRemoval: self.factor_removal.cancel,
            factors.IssueTicket: tickets.issue_ticket,
            factors.IssueJobToken: tickets.issue_job_token,
        }


class Auth:
    """The service: the use cases, and loops for its own work."""

    def __init__(self, settings: Settings, *, publish: Publish, epoch: str, signer: Signer, ask: Ask) -> None:
        self._database = open_service_database(settings, SERVICE)
        migrate(self._database, SERVICE)
        if settings.pepper_file is None and not settings.embedded:
            _log.warning("passwords_without_pepper", remedy=f"set {PREFIX}PEPPER_FILE, see docs/accounts.md")
        self.desk = AuthDesk(self._database, settings, signer=signer, ask=ask, clock=SystemClock())
        self.relay = Relay(self._database, Outbox(OUTBOX), publish, epoch, Inbox(INBOX))
        self._prints_token = not settings.embedded
        self._mailing = Loop("auth-mails", self.desk.mail_delivery.send_next, interval_s=MAIL_INTERVAL_S)
        self._database.watch(MAILS.name, self._mailing.nudge)
        looks = (
            Loop(f"auth-{name}", action, interval_s=LOOK_INTERVAL_S)
            for name, action in (
                ("sweeping", self.desk.sweeping.sweep),
                ("purging", self.desk.purging.purge_some),
                ("suspicions", self.desk.suspicions.look_for_failures),
                ("policies", self.desk.policy_notices.tell_some),
                ("lost-factors", self.desk.factor_removal.take_due),
            )
        )
        self._loops = (self._mailing, *looks)

    def start(self) -> None:
        """Send facts and mails, and do what is due; at the first start of a farm, print the first token."""
        if self._prints_token and (token := self.desk.first_administrator.offer()):
            sys.stderr.write(_FIRST_ADMINISTRATOR.format(token=token))
        self.relay.start()
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End the loops; what is stored goes on with the next start."""
        for loop in self._loops:
            loop.stop()
        self.relay.stop()
        self._database.close()


def _breaches(settings: Settings) -> SortedBreaches | NoBreaches:
    file = settings.breached_passwords_file
    return SortedBreaches(file) if file is not None else NoBreaches()
