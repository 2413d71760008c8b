"""The address of a broker, and what its refusals mean in plain words."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import pika
from pika.exceptions import (
    AMQPHeartbeatTimeout,
    AuthenticationError,
    ChannelClosedByBroker,
    ConnectionBlockedTimeout,
    ConnectionClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)
from pydantic import SecretStr

from shared.bus.errors import UnroutableError
from shared.errors import BrokerUnavailableError, ConfigurationError, StudiomaticError
from studiomatic.client.errors import BrokerRefusedError

CONNECT_S = 8.0
"""For name, TCP, TLS and login together."""

HEARTBEAT_S = 10
"""A silent connection is given up after two of these; half of what proxies usually allow."""

BLOCKED_S = 30.0
"""A broker in alarm takes no messages; after this the connection is given up, so that nothing waits inside it."""

_FORM = "amqp://USER:PASSWORD@HOST:5672/VHOST, or amqps:// for TLS"
_PORTS = {"amqp": 5672, "amqps": 5671}
_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")


@dataclass(frozen=True, kw_only=True)
class BrokerAddress:
    """Where a broker is and who we are there; its ``repr`` shows no password."""

    host: str
    port: int
    vhost: str
    user: str
    password: SecretStr
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def parameters(self) -> pika.ConnectionParameters:
        """How pika connects: one try, limited in time."""
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.vhost,
            credentials=pika.PlainCredentials(self.user, self.password.get_secret_value()),
            ssl_options=pika.SSLOptions(ssl.create_default_context(), self.host) if self.tls else None,
            heartbeat=HEARTBEAT_S,
            blocked_connection_timeout=BLOCKED_S,
            connection_attempts=1,
            socket_timeout=CONNECT_S,
            stack_timeout=CONNECT_S,
            client_properties={"connection_name": f"studiomatic client, process {os.getpid()}"},
        )


def parse_address(url: str, password: SecretStr | None = None) -> BrokerAddress:
    """Read an address.

    Args:
        url: ``amqp[s]://USER:PASSWORD@HOST[:PORT]/VHOST`` (RabbitMQ URI specification); special characters are
            percent-encoded; without a virtual host it is ``/``.
        password: Used when the address names none.
    Raises:
        ConfigurationError: It cannot be one; never shows it, for it may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"the broker's address cannot be read; write it like {_FORM}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigurationError(f"the broker's address cannot be read; write it like {_FORM}")
    user = unquote(parts.username or "")
    if parts.password is not None:
        password = SecretStr(unquote(parts.password))
    if not user or password is None:
        raise ConfigurationError(f"the broker's address lacks user or password; write it like {_FORM}")
    if not _NAME.match(user):
        raise ConfigurationError("the broker user's name may have letters, digits, '_', '.' and '-' only")
    return BrokerAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        vhost=unquote(parts.path.removeprefix("/")) or "/",
        user=user,
        password=password,
        tls=parts.scheme == "amqps",
    )


def explained(error: BaseException, address: BrokerAddress) -> StudiomaticError:
    """Say in our words what is wrong between us and a broker, and what to do."""
    if isinstance(error, StudiomaticError):
        return error
    refusals = (_refusal(cause, address) for cause in _causes(error))
    return next(filter(None, refusals), None) or BrokerUnavailableError(_absence(error, address))


def _refusal(error: BaseException, address: BrokerAddress) -> StudiomaticError | None:
    """The broker, or TLS, said no: trying again does not help."""
    match error:
        case ProbableAuthenticationError() | AuthenticationError() | ConnectionClosedByBroker(reply_code=403):
            return BrokerRefusedError(f"{address} refuses user {address.user!r}; check the user and the password")
        case ProbableAccessDeniedError() | ConnectionClosedByBroker(reply_code=530):
            return BrokerRefusedError(
                f"{address} has no virtual host {address.vhost!r} for user {address.user!r};"
                " check the end of the address"
            )
        case ChannelClosedByBroker(reply_code=403, reply_text=text):
            return BrokerRefusedError(f"{address} does not allow user {address.user!r} what it needs: {text}")
        case ChannelClosedByBroker(reply_code=404, reply_text=text):
            return UnroutableError(
                f"virtual host {address.vhost!r} of {address} lacks Studiomatic's exchanges and queues"
                f" ({text}); import the definitions, see deploy/rabbitmq"
            )
        case ChannelClosedByBroker(reply_code=406, reply_text=text):
            return BrokerRefusedError(
                f"a queue of this name exists with other properties: {text}; delete it first"
            )
        case ssl.SSLError():
            return BrokerRefusedError(f"no TLS with {address}: {_tls_reason(error)}")
        case IncompatibleProtocolError():
            return BrokerRefusedError(f"{address} is no AMQP 0-9-1 broker, or wants TLS; check port and amqps://")
    return None


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.verify_message}; set SSL_CERT_FILE to the certificate of its authority"
    return f"{getattr(error, 'reason', None) or 'handshake failed'}; is this its TLS port?"


def _absence(error: BaseException, address: BrokerAddress) -> str:
    """The broker is not there, or was lost: it may come back."""
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return f"there is no host {address.host!r}; check the broker's address"
            case ConnectionRefusedError():
                return f"nothing listens at {address}; check the address, or start the broker"
            case AMQPHeartbeatTimeout() | TimeoutError():
                return f"the broker at {address} does not answer; check the address and the network"
            case ConnectionBlockedTimeout():
                return f"the broker at {address} takes no messages: it is short of memory or disk"
            case ConnectionClosedByBroker():
                return f"the broker at {address} closed the connection"
    return f"the broker at {address} does not answer ({type(error).__name__}); check that it runs"


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what is inside it: pika wraps errors in arguments and attributes instead of chaining them."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting and len(found) < 20:
        each = waiting.pop()
        found.append(each)
        inside = [*each.args, getattr(each, "exception", None), *getattr(each, "exceptions", ())]
        inside += [each.__cause__, each.__context__]
        waiting += [part for part in inside if isinstance(part, BaseException) and part not in found]
    return found
