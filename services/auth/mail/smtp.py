"""Mails over SMTP (RFC 5321), never without TLS and a certificate that fits the server's name.

``smtps://`` is encrypted from the start, ``smtp://`` must offer STARTTLS (RFC 3207) before anything is said.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from services.auth.domain.written_mail import MailDelayedError, MailRefusedError, TransportError, WrittenMail
from services.auth.mail.messages import Sender, message_of
from shared.config import PREFIX
from shared.errors import ConfigurationError

TIMEOUT_S = 20.0
"""How long a silent server is waited for."""
KEPT_OPEN_S = 20.0
"""How long a connection is kept for the next mail."""

_SMTPS_PORT = 465
_SUBMISSION_PORT = 587
_PERMANENT = range(500, 600)


class SmtpServer:
    """Hands mails to a server; one at a time, over a connection that is kept for a while.

    Args:
        url: ``smtps://user:password@host:465`` or ``smtp://user:password@host:587``.
        context: Which certificates are trusted; those of the system by default.

    Raises:
        ConfigurationError: The URL names no host.
    """

    def __init__(
        self,
        url: SecretStr,
        sender: Sender,
        *,
        context: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        parts = urlsplit(url.get_secret_value())
        if not parts.hostname:
            raise ConfigurationError(f"{PREFIX}SMTP_URL names no host")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (_SMTPS_PORT if self._implicit_tls else _SUBMISSION_PORT)
        self._user = unquote(parts.username or "")
        self._password = SecretStr(unquote(parts.password or ""))
        self._sender = sender
        self._context = context or ssl.create_default_context()
        self._timeout_s = timeout_s
        self._connection: smtplib.SMTP | None = None
        self._used_at = 0.0

    def send(self, mail: WrittenMail) -> None:
        """Hand a mail over; returns once the server has taken it on itself.

        Raises:
            MailRefusedError: The server will never take this mail.
            MailDelayedError: It wants this mail later.
            TransportError: It cannot be reached, or does not let us in.
        """
        message = message_of(mail, self._sender, eight_bit=False)
        try:
            self._connected().send_message(message, from_addr=self._sender.address)
            self._used_at = time.monotonic()
        except smtplib.SMTPRecipientsRefused as refusal:
            self._refused(next(iter(refusal.recipients.values()))[0])
        except smtplib.SMTPDataError as refusal:
            self._refused(refusal.smtp_code)
        except smtplib.SMTPNotSupportedError:
            raise MailRefusedError("smtputf8") from None  # the address has letters that this server does not know
        except smtplib.SMTPResponseException as error:  # sender or login: it is not this mail
            self.close()
            raise TransportError(f"the mail server refuses us with code {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TransportError(f"the mail server cannot be used ({type(error).__name__})") from None

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None and time.monotonic() - self._used_at > KEPT_OPEN_S:
            self.close()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        name, timeout = self._sender.domain, self._timeout_s
        if self._implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, local_hostname=name, timeout=timeout, context=self._context
            )
        else:
            connection = smtplib.SMTP(self._host, self._port, local_hostname=name, timeout=timeout)
        try:
            if not self._implicit_tls:
                _encrypt(connection, self._context)
            if self._user:
                connection.login(self._user, self._password.get_secret_value())
        except BaseException:
            connection.close()
            raise
        return connection

    def _refused(self, code: int) -> None:
        """A mail was refused; whether for ever, its code says (RFC 5321 section 4.2.1)."""
        self.close()
        if code in _PERMANENT:
            raise MailRefusedError(f"smtp_{code}") from None
        raise MailDelayedError(f"smtp_{code}") from None


def _encrypt(connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
    try:
        connection.starttls(context=context)
    except smtplib.SMTPNotSupportedError:
        raise TransportError("the mail server offers no STARTTLS; mails are not sent in the clear") from None
