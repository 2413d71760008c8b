"""Makes messages (RFC 5322) of letters."""

from __future__ import annotations

from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from services.auth.domain.addresses import address_of
from services.auth.domain.written_mail import MailRefusedError, WrittenMail
from shared.config import PREFIX
from shared.errors import ConfigurationError, InvalidInputError

LONGEST_LINE = 998
"""RFC 5322 section 2.1.1; links must not be broken."""


class Sender:
    """From whom letters come.

    Args:
        written: ``Name <address>``.

    Raises:
        ConfigurationError: That is no address.
    """

    def __init__(self, written: str) -> None:
        name, address = parseaddr(written)
        local, at, domain = address.rpartition("@")
        if not (local and at and domain and address.isascii() and written.isprintable()):
            raise ConfigurationError(f"{PREFIX}MAIL_FROM must have the form: Name <address@example.com>")
        self.address = address
        self.domain = domain
        self.header = HeaderAddress(display_name=name, username=local, domain=domain)


def message_of(mail: WrittenMail, sender: Sender, *, eight_bit: bool) -> EmailMessage:
    """The message with both forms of the letter.

    The policy of the library refuses line breaks in headers, so that no value can add one.

    Args:
        eight_bit: Leave words that are not ASCII readable in the raw message; for files.

    Raises:
        MailRefusedError: The address is none.
    """
    message = EmailMessage(policy=SMTP.clone(max_line_length=LONGEST_LINE))
    message["From"] = sender.header
    message["To"] = _header_address(mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = f"<{mail.mail_id}.{mail.tries}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    message.set_content(mail.text, cte=_encoding(mail.text, eight_bit))
    message.add_alternative(mail.html, subtype="html", cte=_encoding(mail.html, eight_bit))
    message["Content-Language"] = mail.language
    return message


def _header_address(recipient: str) -> HeaderAddress:
    """The recipient with the domain as machines write it."""
    try:
        domain = address_of(recipient).key.rpartition("@")[2]
        return HeaderAddress(username=recipient.rpartition("@")[0], domain=domain)
    except (InvalidInputError, ValueError):
        raise MailRefusedError("no_address") from None


def _encoding(text: str, eight_bit: bool) -> str:
    if text.isascii():
        return "7bit"
    return "8bit" if eight_bit else "quoted-printable"
