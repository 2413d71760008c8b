"""Auth, keyvault and gdpr on the data folder, in plain threads: their use cases without bus and runtime.

Each is opened when it is first asked, because most commands need none of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from shared.bus.context import Caller
from shared.clock import SystemClock
from shared.config import Settings
from shared.contracts.envelope import enclose
from shared.contracts.message import Query, Reply
from shared.contracts.vault import ListAuditHeads, RotateKeyring
from shared.db import Database, open_service_database
from shared.errors import InvalidInputError
from shared.ids import AccountId
from shared.migrate import migrate
from shared.service_keys import ServiceKeys
from studiomatic.folder_keys import folder_keys

if TYPE_CHECKING:
    from services.auth.dependencies import AuthDesk
    from services.gdpr.handlers.audit_heads import AuditHeads
    from services.keyvault.dependencies import VaultDesk

R = TypeVar("R", bound=Reply)

log = logging.getLogger(__name__)

_EDGE = "edge"
_AUTH = "auth"


class FolderServices:
    """Answers questions with the handlers of the services; may be used beside a runtime and other clients.

    Args:
        account_id: In whose name keyvault is asked.
    """

    def __init__(self, settings: Settings, account_id: str | None = None) -> None:
        self._settings = settings
        self._account_id = account_id
        self._opened = _Opened(settings)

    def as_account(self, account_id: str) -> FolderServices:
        """The same databases for another account of this folder."""
        other = FolderServices(self._settings, account_id)
        other._opened = self._opened
        return other

    def ask(self, query: Query, reply: type[R]) -> R:
        """Ask the service that answers such a question.

        Raises:
            AccessRefusedError: One of `shared.contracts.refusals`, as the service refuses it.
        """
        if self._account_id is None and not query.anonymous:
            raise InvalidInputError("this asks in nobody's name; give an account with as_account()")
        return _expected(reply, self._opened.answer(query, self._account_id or "", _EDGE))

    def offer_administration(self) -> str | None:
        """A token for the first administrator: who holds the folder needs none printed; None when there is one."""
        return self._opened.auth.first_administrator.offer()

    def add_keyring_version(self) -> None:
        """Add a version to the keyring in the folder; keyvault uses it once it is told to rotate."""
        from services.keyvault.keyring_source import KEYRING_FILE, add_version

        _ = self._opened.keyvault  # makes the first version, where there is none
        add_version(self._settings.data_dir / KEYRING_FILE)

    def close(self) -> None:
        """Let go of the databases."""
        self._opened.close()


class _Opened:
    """The services that were asked so far."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._databases: list[Database] = []
        self._answers: dict[str, Callable[[Query, str, str], Reply]] = {
            "auth": self._answer_of_auth,
            "keyvault": self._answer_of_keyvault,
            "gdpr": self._answer_of_gdpr,
        }

    def answer(self, query: Query, account_id: str, signer: str) -> Reply:
        service = query.type.split(".", 1)[0]
        return self._answers[service](query, account_id, signer)

    def close(self) -> None:
        for database in self._databases:
            database.close()

    @cached_property
    def auth(self) -> AuthDesk:
        from services.auth.dependencies import AuthDesk

        return AuthDesk(
            self._database("auth"),
            self._settings,
            signer=self._keys.signer(_AUTH),
            ask=self._ask_keyvault_for_auth,
            clock=self._clock,
        )

    @cached_property
    def keyvault(self) -> VaultDesk:
        from services.keyvault.dependencies import VaultDesk
        from services.keyvault.keyring_source import configured_keyring
        from services.keyvault.probing import NobodyProbes

        return VaultDesk(
            self._database("keyvault"),
            lambda store: configured_keyring(self._settings, store),
            self._keys,
            self._clock,
            NobodyProbes(),
        )

    @cached_property
    def _audit_heads(self) -> AuditHeads:
        from services.gdpr.handlers.audit_heads import AuditHeads
        from services.gdpr.store import GdprStore

        return AuditHeads(GdprStore(self._database("gdpr"), self._clock))

    @cached_property
    def _keys(self) -> ServiceKeys:
        return folder_keys(self._settings.data_dir)

    def _database(self, service: str) -> Database:
        database = open_service_database(self._settings, service)
        self._databases.append(database)
        migrate(database, service)
        return database

    def _answer_of_auth(self, query: Query, _account_id: str, _signer: str) -> Reply:
        reply = self.auth.answer(query)
        self._send_mails()
        return reply

    def _answer_of_keyvault(self, query: Query, account_id: str, signer: str) -> Reply:
        envelope = enclose(query, source=f"/studiomatic/{signer}", account_id=account_id, clock=self._clock)
        caller = Caller(account_id=AccountId(account_id), envelope=envelope, signer=signer)
        reply = self.keyvault.answer(query, caller)
        if isinstance(query, RotateKeyring):
            self.keyvault.work_off()
        return reply

    def _answer_of_gdpr(self, query: Query, _account_id: str, _signer: str) -> Reply:
        if not isinstance(query, ListAuditHeads):
            raise InvalidInputError(f"nobody answers {query.type}")
        return self._audit_heads.list(query)

    def _ask_keyvault_for_auth(self, query: Query, reply: type[R], account_id: AccountId) -> R:
        return _expected(reply, self._answer_of_keyvault(query, account_id, _AUTH))

    def _send_mails(self) -> None:
        """At once, because no runtime may be there; what cannot be sent now waits for one."""
        from services.auth.domain.written_mail import TransportError

        try:
            self.auth.mail_delivery.send_all()
        except TransportError as error:
            log.warning("mail_waits: %s", error.message)


def _expected(reply: type[R], answer: Reply) -> R:
    if not isinstance(answer, reply):
        raise TypeError(f"the answer is a {answer.type}, no {reply.type}")
    return answer
