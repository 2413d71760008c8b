"""Mails as files, where there is no mail server: one ``.eml`` each, the newest last in the list."""

from __future__ import annotations

import os
from pathlib import Path

from services.auth.domain.written_mail import TransportError, WrittenMail
from services.auth.mail.messages import Sender, message_of


class MailFolder:
    """Puts mails into a folder that only its owner can read; links in them open accounts."""

    def __init__(self, folder: Path, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: WrittenMail) -> None:
        """Write one file, named by time and kind.

        Raises:
            TransportError: The disk is full, or nobody may write there.
        """
        written = message_of(mail, self._sender, eight_bit=True).as_bytes()
        name = f"{mail.written_at:%Y-%m-%dT%H-%M-%S.%fZ}-{mail.template.value}-{mail.mail_id[-6:]}.eml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(self._folder / name, written)
        except OSError as error:
            raise TransportError(f"the mail folder cannot be written ({error.strerror})") from None


def _write(path: Path, content: bytes) -> None:
    """All of the file or nothing; readable by its owner only from the first byte on."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
    part.replace(path)
