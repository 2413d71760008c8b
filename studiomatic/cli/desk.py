"""What commands about accounts and keys share: the client, the session that is kept, and proofs of identity."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from shared.config import Settings
from shared.contracts.accounts import AccountView, ClientInfo, GetAccount, SessionQuery
from shared.contracts.message import Query, Reply
from shared.contracts.refusals import FreshAuthenticationNeededError, SessionInvalidError
from shared.contracts.sessions import Reauthenticate, SessionOpened, SessionRenewed
from shared.errors import InvalidInputError
from studiomatic import __version__
from studiomatic.cli.asking import ask_secret
from studiomatic.cli.places import open_services
from studiomatic.cli.second_factor import factor_arguments
from studiomatic.cli.session import chosen_settings, console, print_json
from studiomatic.kept_session import KeptSession, session_file

if TYPE_CHECKING:
    from studiomatic.client.folder_services import FolderServices

R = TypeVar("R", bound=Reply)

_LOOPBACK = "127.0.0.1"


class Desk:
    """One run of a command about accounts or keys.

    Args:
        bus: Address of a farm's broker, as given to the command.
        as_json: Machine-readable lines on standard output instead of words for people.
    """

    def __init__(self, *, bus: str | None, as_json: bool) -> None:
        self.as_json = as_json
        self.settings = chosen_settings(bus)
        self.file = session_file(self.settings)
        self.client = open_services(self.settings)

    def ask(self, query: Query, reply: type[R]) -> R:
        """Ask something that nobody need be logged in for."""
        return self.client.ask(query, reply)

    def ask_signed_in(self, query: type[SessionQuery], reply: type[R], **arguments: Any) -> R:
        """Ask something in the session that is kept; proves the identity again where that is needed.

        Raises:
            SessionInvalidError: Nobody is logged in, or not any more.
        """
        try:
            return self._asked(query, reply, arguments)
        except FreshAuthenticationNeededError:
            self._prove_again()
            return self._asked(query, reply, arguments)

    def session(self) -> KeptSession:
        """Who is logged in.

        Raises:
            SessionInvalidError: Nobody.
        """
        session = self.file.session()
        if session is None:
            raise SessionInvalidError("nobody is logged in here; log in with: studio account login")
        return session

    def keep(self, opened: SessionOpened, email: str) -> None:
        """Keep a session for the next commands."""
        self.file.keep(opened, email)

    def offered_administration(self) -> str | None:
        """The token with which the owner of a data folder makes the first administrator, while there is none."""
        if not self.settings.embedded:
            return None
        with self._folder_services() as services:
            return services.offer_administration()

    def add_keyring_version(self) -> None:
        """Make another version of the keyring that lies in the data folder; any other is its operator's."""
        if self.settings.embedded and self.settings.keyring_file is None:
            with self._folder_services() as services:
                services.add_keyring_version()

    def client_info(self, email: str | None = None) -> ClientInfo:
        """From where this person comes, and whether he was here before."""
        return ClientInfo(
            ip=_own_address(self.settings),
            user_agent=f"studio/{__version__}",
            device=None if email is None else self.file.device(email),
        )

    def emit(self, kind: str, **values: Any) -> None:
        """Print one line for machines; nothing if a person is reading."""
        if self.as_json:
            print_json({"event": kind, **values})

    def say(self, text: str) -> None:
        """Print words for a person; nothing if a machine is reading."""
        if not self.as_json:
            console.print(text, soft_wrap=True)

    @contextmanager
    def _folder_services(self) -> Iterator[FolderServices]:
        from studiomatic.client.folder_services import FolderServices

        services = FolderServices(self.settings)
        try:
            yield services
        finally:
            services.close()

    def _asked(self, query: type[SessionQuery], reply: type[R], arguments: dict[str, Any]) -> R:
        session = self.session()
        try:
            return self.client.ask(query(session=session.token, **arguments), reply)
        except SessionInvalidError:
            current = self.file.session()
            if current is not None and current.token != session.token:  # another command renewed it meanwhile
                return self.client.ask(query(session=current.token, **arguments), reply)
            self.file.forget()
            raise SessionInvalidError("the session has ended; log in again: studio account login") from None

    def _prove_again(self) -> None:
        session = self.session()
        account = self._asked(GetAccount, AccountView, {})
        self.say("[dim]this needs a fresh proof that it is you[/]")
        proof = {"password": ask_secret("password"), **factor_arguments(account.second_factors)}
        renewed = self._asked(Reauthenticate, SessionRenewed, {**proof, "client": self.client_info(session.email)})
        self.keep(renewed.session, session.email)


@contextmanager
def open_desk(bus: str | None = None, *, as_json: bool = False) -> Iterator[Desk]:
    """A desk that lets go of its connections and databases at the end."""
    desk = Desk(bus=bus, as_json=as_json)
    try:
        yield desk
    finally:
        desk.client.close()


def _own_address(settings: Settings) -> str:
    """The address with which this machine reaches the broker; its loopback for a data folder."""
    if settings.embedded:
        return _LOOPBACK
    parts = urlsplit(settings.bus_url.get_secret_value())
    try:
        where = socket.getaddrinfo(parts.hostname, parts.port or 5672, type=socket.SOCK_DGRAM)[0]
        with socket.socket(where[0], socket.SOCK_DGRAM) as probe:
            probe.connect(where[4])  # sends nothing: the system only chooses the way
            return str(probe.getsockname()[0])
    except (OSError, ValueError):
        raise InvalidInputError("the broker's address cannot be read") from None
