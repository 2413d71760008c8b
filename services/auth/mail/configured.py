"""Which way mails go, by the settings."""

from __future__ import annotations

from services.auth.mail.folder import MailFolder
from services.auth.mail.messages import Sender
from services.auth.mail.smtp import SmtpServer
from shared.config import PREFIX, Environment, Settings
from shared.errors import ConfigurationError

FOLDER = "mail"


def open_way_out(settings: Settings) -> SmtpServer | MailFolder:
    """The mail server of the settings; without one, a folder in the data folder.

    Raises:
        ConfigurationError: Production without a mail server, or settings that cannot work.
    """
    sender = Sender(settings.mail_from)
    if settings.smtp_url is not None:
        return SmtpServer(settings.smtp_url, sender)
    if settings.environment is Environment.PRODUCTION:
        raise ConfigurationError(f"production needs a mail server: set {PREFIX}SMTP_URL=smtps://…")
    return MailFolder(settings.data_dir / FOLDER, sender)
