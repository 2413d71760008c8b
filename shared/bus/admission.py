"""Asks the broker once, at start, whether it lets this process in: a wrong password is no outage to wait out."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

import structlog
from amqp.exceptions import AccessRefused, NotAllowed, NotFound

from shared.bus.connection import broker_connection, connection_errors
from shared.config import PREFIX
from shared.errors import ConfigurationError

log = structlog.get_logger(__name__)


def require_admission(url: str) -> None:
    """Check user, password and virtual host; a broker that is away is not an answer and is left to the readers.

    Raises:
        ConfigurationError: The broker is there and refuses.
    """
    connection = broker_connection(url)
    try:
        connection.connect()
    except (AccessRefused, NotAllowed, NotFound) as error:
        raise ConfigurationError(
            f"the broker refuses user {connection.userid!r} on virtual host {connection.virtual_host!r}:"
            f" {error.reply_text}; correct {PREFIX}BUS_URL"
        ) from None
    except connection_errors(connection) as error:
        log.warning("broker_unreachable", error=type(error).__name__)
    finally:
        connection.close()
